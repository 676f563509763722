package credential

import (
	"errors"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// Client is a client as configured. Endpoints carry their RFC 8414 names.
type Client struct {
	Registration            string // name of the registration whose secret and redirect URI are used; may be empty
	Platform                string
	PlatformParameters      map[string]string
	PlatformOverrides       string // JSON: what a user knows better of Platform; empty: nothing
	Issuer                  string
	ClientID                string
	ClientSecret            secret.String // empty: that of the registration, if any
	TokenEndpointAuthMethod string        // empty: see method

	// What the methods with keys need; the names are those of the registered client metadata.
	TokenEndpointAuthSigningAlg string        // empty: that of the key
	PrivateKey                  secret.String // PEM or JWK; empty: that of the registration, if any
	PrivateKeyID                string        // kid; empty: that of the JWK
	TLSClientCertificate        string        // PEM, the client's own first; empty: with its key that of the registration
	TLSClientPrivateKey         secret.String // PEM

	RequirePushedAuthorizationRequests bool // false: only where the server requires them (RFC 9126 §5)
	DPoPBoundAccessTokens              bool // RFC 9449 §5.2

	AuthorizationEndpoint              string
	TokenEndpoint                      string
	RevocationEndpoint                 string
	IntrospectionEndpoint              string
	RegistrationEndpoint               string
	DeviceAuthorizationEndpoint        string
	PushedAuthorizationRequestEndpoint string

	Policy RefreshTokenPolicy

	Rest *Rest

	preset   *Preset // of Platform; nil: none
	noPreset string  // why Platform has none

	asked    bool            // the issuer was asked for its metadata
	metadata *oauth.Metadata // what it said; nil: that is not used
}

// Errors of a client that cannot be used as configured. Nothing was sent.
var (
	ErrNoTokenEndpoint        = errors.New("the client has no token_endpoint")
	ErrNoRegistrationEndpoint = errors.New("the client has no registration_endpoint")
	ErrNoClientID             = errors.New("the client has no client_id")
	ErrOtherClientID          = errors.New("the registration is of another client_id")
	ErrNoRegistration         = errors.New("the registration is not in this token store")
)

// attempt begins what a commit needs to know of a call.
func (c Client) attempt(purpose Purpose) Attempt {
	p := c.Preset()
	return Attempt{
		Purpose: purpose, TokenPath: p.Dialect.TokenPath, ScopeSeparator: p.Dialect.ScopeSeparator, Expiries: p.Dialect.Expiries,
		Lifetime: p.Lifetime, ReplyMembers: p.ReplyMembers, binding: c.binding(),
	}
}

// usable tells what is missing for a call to the token endpoint.
func (c Client) usable() error {
	if c.noPreset != "" {
		return errors.New(c.noPreset)
	}
	if c.ClientID == "" {
		return ErrNoClientID
	}
	if c.TokenEndpoint == "" {
		return c.missing(ErrNoTokenEndpoint)
	}
	return c.provable()
}

// SameApp tells whether two clients are the same app at the same server, so that a credential of the one may be
// adopted for the other. Nobody is asked for that: where neither has a token endpoint the issuer stands for it, and where one
// has, nobody knows. Then they count as different, since a copy of the tokens is kept for the way back.
func (c Client) SameApp(other Client) bool {
	if c.ClientID != other.ClientID || c.noPreset != "" || other.noPreset != "" {
		return false
	}
	a, b := c.completed(), other.completed()
	if a.TokenEndpoint == "" && b.TokenEndpoint == "" {
		return a.Issuer == b.Issuer
	}
	return a.TokenEndpoint == b.TokenEndpoint
}
