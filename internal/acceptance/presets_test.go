//go:build unix

package acceptance_test

import (
	"net/url"
	"strings"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/platform"
)

// presetsAt are the presets that ship, with the sandbox at base in the place of the servers that they name. What is looked
// up keeps its path there.
func presetsAt(base string) credential.Presets {
	shipped := platform.Presets()
	return func(id string, parameters map[string]string, overrides string) (credential.Preset, error) {
		p, err := shipped(id, parameters, overrides)
		p.Issuer, p.AuthorizationEndpoint, p.TokenEndpoint = base, base+"/authorize", base+"/token"
		if p.RevocationEndpoint != "" {
			p.RevocationEndpoint = base + "/revoke"
		}
		if p.IntrospectionEndpoint != "" {
			p.IntrospectionEndpoint = base + "/introspect"
		}
		lookUps := make([]credential.LookUp, len(p.LookUps))
		for i, l := range p.LookUps {
			_, path, _ := strings.Cut(strings.TrimPrefix(l.URL, "https://"), "/")
			lookUps[i] = credential.LookUp{Name: l.Name, URL: base + "/" + path, Pick: l.Pick}
		}
		p.LookUps = lookUps
		return p, err
	}
}

// hostedAt are the presets that ship, with base in the place of each server's origin: paths stay as they are.
func hostedAt(base string) credential.Presets {
	shipped := platform.Presets()
	return func(id string, parameters map[string]string, overrides string) (credential.Preset, error) {
		p, err := shipped(id, parameters, overrides)
		for _, address := range []*string{&p.Issuer, &p.AuthorizationEndpoint, &p.TokenEndpoint, &p.RevocationEndpoint, &p.IntrospectionEndpoint} {
			*address = moved(*address, base)
		}
		p.LookUps = append([]credential.LookUp(nil), p.LookUps...)
		for i := range p.LookUps {
			p.LookUps[i].URL = moved(p.LookUps[i].URL, base)
		}
		return p, err
	}
}

func moved(address, base string) string {
	u, err := url.Parse(strings.ReplaceAll(address, "{access_token}", "ACCESS-TOKEN"))
	if address == "" || err != nil {
		return address
	}
	return strings.ReplaceAll(base+strings.TrimPrefix(u.String(), u.Scheme+"://"+u.Host), "ACCESS-TOKEN", "{access_token}")
}
