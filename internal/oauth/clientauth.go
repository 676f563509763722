package oauth

import (
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// The methods of client authentication at the token endpoint, by their names in the IANA registry (RFC 7591 §2, OpenID Connect
// Core 1.0 §9, RFC 8705 §2).
const (
	ClientSecretBasic       = "client_secret_basic"
	ClientSecretPost        = "client_secret_post"
	ClientSecretJWT         = "client_secret_jwt"
	PrivateKeyJWT           = "private_key_jwt"
	TLSClientAuth           = "tls_client_auth"
	SelfSignedTLSClientAuth = "self_signed_tls_client_auth"
	None                    = "none"
)

// AuthMethods are all of them.
func AuthMethods() []string {
	return []string{ClientSecretBasic, ClientSecretPost, ClientSecretJWT, PrivateKeyJWT, TLSClientAuth, SelfSignedTLSClientAuth, None}
}

// BySecret tells whether a client secret is what a method proves the client with.
func BySecret(method string) bool {
	return method == ClientSecretBasic || method == ClientSecretPost || method == ClientSecretJWT
}

// ByCertificate tells whether a certificate is what a method proves the client with.
func ByCertificate(method string) bool {
	return method == TLSClientAuth || method == SelfSignedTLSClientAuth
}

// ClientAuth says who the client is and how it proves that. The method is always explicit: finding out by trying sends a
// request twice, and the second would replay a spent token.
type ClientAuth struct {
	Method       string
	ClientID     string
	ClientSecret secret.String // required by the methods of BySecret, unused by the others

	PrivateKey secret.String // required by private_key_jwt; see ParsePrivateKey
	KeyID      string
	SigningAlg string // empty: see ParsePrivateKey and SecretSigner
	Audience   string // of an assertion; empty: the endpoint that it is sent to

	// What is shown in every TLS handshake, if set: required by the methods of ByCertificate, and with any other it binds the
	// tokens to the certificate where the server does that (RFC 8705 §3). PEM.
	Certificate    string
	CertificateKey secret.String
}

// Check returns an error, wrapping ErrRequest, if no request can be made with a.
func (a ClientAuth) Check() error {
	switch {
	case !slices.Contains(AuthMethods(), a.Method):
		return fmt.Errorf("%w: unknown client authentication %q", ErrRequest, a.Method)
	case BySecret(a.Method) && a.ClientSecret.IsEmpty():
		return fmt.Errorf("%w: client authentication %s needs a client secret", ErrRequest, a.Method)
	case a.Method == PrivateKeyJWT && a.PrivateKey.IsEmpty():
		return fmt.Errorf("%w: client authentication %s needs a private key", ErrRequest, a.Method)
	case ByCertificate(a.Method) && a.Certificate == "":
		return fmt.Errorf("%w: client authentication %s needs a certificate", ErrRequest, a.Method)
	case a.ClientID == "":
		return fmt.Errorf("%w: there is no client id", ErrRequest)
	}
	if _, err := a.signer(); err != nil {
		return err
	}
	_, err := a.certificate()
	return err
}

// signer is what signs the assertions of a; the zero Signer if there are none.
func (a ClientAuth) signer() (Signer, error) {
	switch a.Method {
	case ClientSecretJWT:
		return SecretSigner(a.ClientSecret, a.SigningAlg)
	case PrivateKeyJWT:
		return ParsePrivateKey(a.PrivateKey, a.KeyID, a.SigningAlg)
	}
	return Signer{}, nil
}

// certificate is what a shows in the handshake; nil: nothing.
func (a ClientAuth) certificate() (*tls.Certificate, error) {
	if a.Certificate == "" && a.CertificateKey.IsEmpty() {
		return nil, nil
	}
	c, err := ParseClientCertificate(a.Certificate, a.CertificateKey)
	if err != nil {
		return nil, err
	}
	return c.pair(), nil
}

// apply puts the authentication into header or form, never into both: a client must not use two methods in one request
// (RFC 6749 §2.3). What it returns must not be shown, wherever a server quotes it.
func (a ClientAuth) apply(header http.Header, form url.Values, endpoint string, m moment) (secret.String, error) {
	switch a.Method {
	case ClientSecretBasic:
		header.Set("Authorization", a.basic())
		return secret.String{}, nil
	case ClientSecretPost:
		form.Set("client_secret", a.ClientSecret.Reveal())
	case ClientSecretJWT, PrivateKeyJWT:
		assertion, err := a.assertion(endpoint, m)
		if err != nil {
			return secret.String{}, err
		}
		form.Set("client_assertion_type", assertionType)
		form.Set("client_assertion", assertion.Reveal())
		form.Set("client_id", a.ClientID) // OPTIONAL in RFC 7521 §4.2, and some servers find the key by it
		return assertion, nil
	}
	form.Set("client_id", a.ClientID) // REQUIRED by RFC 8705 §2 where the certificate says the rest
	return secret.String{}, nil
}

func (a ClientAuth) basic() string { return BasicHeader(a.ClientID, a.ClientSecret).Reveal() }

// BasicHeader is the value of the Authorization header of client_secret_basic. Id and secret are form-encoded before they are
// joined (RFC 6749 §2.3.1 and Appendix B): a secret may hold a colon or any other character.
func BasicHeader(id string, password secret.String) secret.String {
	pair := url.QueryEscape(id) + ":" + url.QueryEscape(password.Reveal())
	return secret.New("Basic " + base64.StdEncoding.EncodeToString([]byte(pair)))
}

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" // RFC 7523 §2.2

// assertionSlack is for how long an assertion holds beyond the call that it was made for, and how far back it starts: clocks
// that are this far apart do no harm. FAPI 2.0 wants servers to take ten seconds of the one, and most take a minute of the other.
const (
	assertionSlack     = time.Minute
	assertionBackdated = 10 * time.Second
)

// moment is what an assertion needs besides the client: the time of the call, how long that may take, and randomness.
type moment struct {
	now    time.Time
	within time.Duration
	random io.Reader
}

var errNoClock = errors.New("there is no clock and randomness for a client assertion")

// id is a new identifier (jti) for what is signed at m.
func (m moment) id() (string, error) {
	if m.now.IsZero() || m.random == nil {
		return "", errNoClock
	}
	return randomText(m.random)
}

// assertion makes one (RFC 7523 §3), for one request: its jti is new, and it holds for as long as the call may take.
func (a ClientAuth) assertion(endpoint string, m moment) (secret.String, error) {
	signer, err := a.signer()
	if err != nil {
		return secret.String{}, err
	}
	id, err := m.id()
	if err != nil {
		return secret.String{}, err
	}
	audience := a.Audience
	if audience == "" {
		audience, _, _ = strings.Cut(endpoint, "?")
	}
	from := m.now.Add(-assertionBackdated).Unix()
	return signer.Sign(map[string]any{
		"iss": a.ClientID, "sub": a.ClientID, "aud": audience, "jti": id,
		"iat": from, "nbf": from, "exp": m.now.Add(m.within + assertionSlack).Unix(),
	})
}
