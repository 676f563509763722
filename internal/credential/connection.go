package credential

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// maxConnection bounds one value of a connection, in bytes. What is longer, or holds control characters, is no address or id.
const maxConnection = 2048

// fromCallback picks what belongs into the connection out of a callback's parameters.
func (p Preset) fromCallback(parameters map[string]string) map[string]string {
	picked := map[string]string{}
	for _, name := range p.CallbackParameters {
		connectTo(picked, name, parameters[name])
	}
	return picked
}

// connection is that of the tokens which a made: what the reply says of it, and what the callback did. It is shown to
// everybody, so nothing gets in that holds one of the secrets, in any spelling a URL has.
func (a Attempt) connection(t oauth.Token, secrets ...secret.String) map[string]string {
	all := map[string]string{}
	for _, name := range a.ReplyMembers {
		connectTo(all, name, t.Extra[name].Reveal())
	}
	maps.Copy(all, a.Callback)
	secrets = append(secrets, t.AccessToken, t.RefreshToken, t.IDToken)
	maps.DeleteFunc(all, func(_, value string) bool {
		return slices.ContainsFunc(secrets, func(s secret.String) bool { return shows(value, s) })
	})
	if len(all) == 0 {
		return nil
	}
	return all
}

func shows(text string, s secret.String) bool {
	if s.IsEmpty() {
		return false
	}
	decoded, err := url.QueryUnescape(text)
	return strings.Contains(text, s.Reveal()) || err == nil && strings.Contains(decoded, s.Reveal())
}

// connectTo puts a value into a connection if it can be one: no list or object, no text out of bounds, and no URL that has
// room for a secret.
func connectTo(into map[string]string, name, value string) {
	unprintable := strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f })
	if value == "" || len(value) > maxConnection || unprintable || strings.HasPrefix(value, "{") || strings.HasPrefix(value, "[") {
		return
	}
	if u, err := url.Parse(value); strings.Contains(value, "://") && (err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "") {
		return
	}
	into[name] = value
}
