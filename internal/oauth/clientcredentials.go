package oauth

import (
	"cmp"
	"strings"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// ClientCredentialsForm is the request of RFC 6749 §4.4.2. No scopes means that scope is not sent; an empty separator is the
// space of §3.3. extra adds parameters; one that belongs to the protocol is an error that names it.
func ClientCredentialsForm(scopes []string, separator string, extra map[string]string) (Form, error) {
	return newForm([]field{
		{"grant_type", secret.New("client_credentials")},
		{"scope", secret.New(strings.Join(normalScopes(scopes), cmp.Or(separator, " ")))},
	}, extra)
}
