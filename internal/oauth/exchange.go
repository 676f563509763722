package oauth

import (
	"fmt"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// ExchangeForm is the request of RFC 6749 §4.1.3, with the verifier of RFC 7636 §4.5. redirectURI is the one of the
// authorization request, empty if there was none; an empty codeVerifier is not sent. resource
// says where the first access token is for (RFC 8707 §2.2). extra adds parameters; one that
// belongs to the protocol is an error that names it.
func ExchangeForm(
	code secret.String, redirectURI string, codeVerifier secret.String, resource []string, extra map[string]string,
) (Form, error) {
	if code.IsEmpty() {
		return Form{}, fmt.Errorf("%w: there is no authorization code", ErrRequest)
	}
	if !codeVerifier.IsEmpty() {
		if err := CheckCodeVerifier(codeVerifier); err != nil {
			return Form{}, err
		}
	}
	targets, err := targetFields(resource, nil)
	if err != nil {
		return Form{}, err
	}
	return newForm(append([]field{
		{"grant_type", secret.New("authorization_code")},
		{"code", code},
		{"redirect_uri", secret.New(redirectURI)},
		{"code_verifier", codeVerifier},
	}, targets...), extra)
}
