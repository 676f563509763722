package oauth

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// The methods of client authentication at the token endpoint, by their names in the IANA registry (RFC 7591 §2).
const (
	ClientSecretBasic = "client_secret_basic"
	ClientSecretPost  = "client_secret_post"
	None              = "none"
)

// ClientAuth says who the client is and how it proves that. The method is always explicit: finding out by trying sends a
// request twice, and the second would replay a spent token.
type ClientAuth struct {
	Method       string
	ClientID     string
	ClientSecret secret.String // required by client_secret_basic and client_secret_post, unused by none
}

// Check returns an error, wrapping ErrRequest, if no request can be made with a.
func (a ClientAuth) Check() error {
	switch a.Method {
	case ClientSecretBasic, ClientSecretPost:
		if a.ClientSecret.IsEmpty() {
			return fmt.Errorf("%w: client authentication %s needs a client secret", ErrRequest, a.Method)
		}
	case None:
	default:
		return fmt.Errorf("%w: unknown client authentication %q", ErrRequest, a.Method)
	}
	if a.ClientID == "" {
		return fmt.Errorf("%w: there is no client id", ErrRequest)
	}
	return nil
}

// apply puts the authentication into header or form, never into both: a client must not use two methods in one request
// (RFC 6749 §2.3).
func (a ClientAuth) apply(header http.Header, form url.Values) {
	switch a.Method {
	case ClientSecretBasic:
		header.Set("Authorization", a.basic())
	case ClientSecretPost:
		form.Set("client_id", a.ClientID)
		form.Set("client_secret", a.ClientSecret.Reveal())
	case None:
		form.Set("client_id", a.ClientID)
	}
}

func (a ClientAuth) basic() string { return BasicHeader(a.ClientID, a.ClientSecret).Reveal() }

// BasicHeader is the value of the Authorization header of client_secret_basic. Id and secret are form-encoded before they are
// joined (RFC 6749 §2.3.1 and Appendix B): a secret may hold a colon or any other character.
func BasicHeader(id string, password secret.String) secret.String {
	pair := url.QueryEscape(id) + ":" + url.QueryEscape(password.Reveal())
	return secret.New("Basic " + base64.StdEncoding.EncodeToString([]byte(pair)))
}
