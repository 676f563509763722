//go:build unix

package acceptance_test

import (
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
