package oauth

import (
	"fmt"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// RefreshForm is the request of RFC 6749 §6. scope is not sent, which asks for what was granted before; resource says where the next
// access token is for (RFC 8707 §2.2). extra adds parameters; one that belongs to the protocol is an error that names it.
func RefreshForm(refreshToken secret.String, resource []string, extra map[string]string) (Form, error) {
	if refreshToken.IsEmpty() {
		return Form{}, fmt.Errorf("%w: there is no refresh token", ErrRequest)
	}
	targets, err := targetFields(resource, nil)
	if err != nil {
		return Form{}, err
	}
	return newForm(append([]field{
		{"grant_type", secret.New("refresh_token")},
		{"refresh_token", refreshToken},
		{"scope", secret.String{}},
	}, targets...), extra)
}
