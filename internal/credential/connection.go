package credential

import (
	"maps"
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

// connection is that of the tokens which a made: what the reply says of it, and what the callback did. A value that equals
// one of the tokens is left out: a server that repeats one must not have it shown.
func (a Attempt) connection(t oauth.Token) map[string]string {
	all := map[string]string{}
	for _, name := range a.ReplyMembers {
		connectTo(all, name, t.Extra[name].Reveal())
	}
	maps.Copy(all, a.Callback)
	maps.DeleteFunc(all, func(_, value string) bool {
		return slices.ContainsFunc([]secret.String{t.AccessToken, t.RefreshToken, t.IDToken}, func(s secret.String) bool {
			return !s.IsEmpty() && s.Equal(secret.New(value))
		})
	})
	if len(all) == 0 {
		return nil
	}
	return all
}

// connectTo puts a value into a connection if it can be one.
func connectTo(into map[string]string, name, value string) {
	unprintable := strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f })
	if value != "" && len(value) <= maxConnection && !unprintable {
		into[name] = value
	}
}
