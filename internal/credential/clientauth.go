package credential

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// method is how the client proves itself at a token endpoint. It is never found out by trying: a second request would spend a
// single-use token twice.
func (c Client) method() string {
	switch {
	case c.TokenEndpointAuthMethod != "":
		return c.TokenEndpointAuthMethod
	case !c.ClientSecret.IsEmpty():
		return oauth.ClientSecretBasic // the default of RFC 7591 §2
	case !c.PrivateKey.IsEmpty():
		return oauth.PrivateKeyJWT
	}
	return oauth.None
}

// auth returns the explicit client authentication for a token endpoint.
func (c Client) auth() oauth.ClientAuth { return c.authBy(c.method()) }

// revocationAuth is auth for the revocation endpoint, which some servers hold apart.
func (c Client) revocationAuth() oauth.ClientAuth {
	method := c.method()
	if !oauth.BySecret(method) {
		return c.authBy(method) // there is nothing to choose between
	}
	if own := c.Preset().RevocationEndpointAuthMethod; own != "" {
		return c.authBy(own)
	}
	if c.metadata != nil {
		method = among(c.metadata.RevocationEndpointAuthMethods, method)
	}
	return c.authBy(method)
}

// authBy hands out what the method needs, and nothing else.
func (c Client) authBy(method string) oauth.ClientAuth {
	a := oauth.ClientAuth{
		Method: method, ClientID: c.ClientID, SigningAlg: c.TokenEndpointAuthSigningAlg, Audience: c.audience(),
		Certificate: c.TLSClientCertificate, CertificateKey: c.TLSClientPrivateKey,
	}
	if oauth.BySecret(method) {
		a.ClientSecret = c.ClientSecret
	}
	if method == oauth.PrivateKeyJWT {
		a.PrivateKey, a.KeyID = c.PrivateKey, c.PrivateKeyID
	}
	return a
}

// What a platform wants as the audience of client assertions.
const (
	AudienceIssuer        = "issuer"
	AudienceTokenEndpoint = "token_endpoint"
	AudienceEndpoint      = "endpoint" // the one that is called
)

// audience is who a client assertion is meant for. The issuer is what draft-ietf-oauth-rfc7523bis demands and RFC 9126 §2
// makes every server take; where none is known, the token endpoint stands for the server (RFC 7523 §3), also at its other endpoints.
func (c Client) audience() string {
	wants := c.Preset().ClientAssertionAudience
	if wants == AudienceEndpoint {
		return ""
	}
	if wants == AudienceTokenEndpoint || c.asked && c.metadata == nil { // of another server than the client's
		return c.TokenEndpoint
	}
	return cmp.Or(c.Issuer, c.TokenEndpoint)
}

// provable tells what is missing, or wrong, in what the client proves itself with. Nothing is sent or spent before that.
func (c Client) provable() error {
	lacks := func(what string) error {
		return fmt.Errorf("token_endpoint_auth_method is %s, but there is no %s", c.method(), what)
	}
	switch method := c.method(); {
	case oauth.BySecret(method) && c.ClientSecret.IsEmpty():
		return lacks("client_secret")
	case method == oauth.PrivateKeyJWT && c.PrivateKey.IsEmpty():
		return lacks("private_key")
	case oauth.ByCertificate(method) && c.TLSClientCertificate == "":
		return lacks("tls_client_certificate")
	case c.TokenEndpointAuthMethod == "" && method == oauth.None && c.TLSClientCertificate != "":
		return ErrCertificateMethod
	case c.TokenEndpointAuthMethod == "" && method != oauth.PrivateKeyJWT && !c.PrivateKey.IsEmpty():
		return ErrKeyOrSecret
	}
	if err := c.auth().Check(); err != nil {
		return err
	}
	return c.secureForCertificate()
}

// shown is the certificate alone, for a call that has another proof or none.
func (c Client) shown(endpoint string) oauth.ClientAuth {
	if !oauth.TakesCertificate(endpoint) {
		return oauth.ClientAuth{}
	}
	return oauth.ClientAuth{Certificate: c.TLSClientCertificate, CertificateKey: c.TLSClientPrivateKey}
}

// showing makes a call of a protected resource show the certificate that its token may be bound to (RFC 8705 §3).
func (m *Manager) showing(ctx context.Context, c Client) context.Context {
	if c.TLSClientCertificate == "" {
		return ctx
	}
	if proved, err := m.proved(ctx, c); err == nil {
		c = proved
	}
	return oauth.ShowCertificate(ctx, c.TLSClientCertificate, c.TLSClientPrivateKey)
}

// Errors of a client whose method cannot be guessed.
var (
	ErrCertificateMethod = errors.New(`the client has a certificate, and token_endpoint_auth_method does not say whether the server knows it ` +
		`by its CA ("tls_client_auth"), by itself ("self_signed_tls_client_auth"), or not at all ("none")`)
	ErrKeyOrSecret = errors.New("the client has a client_secret and a private_key, and token_endpoint_auth_method does not say which of them proves it")
)

// secureForCertificate tells which endpoint a certificate could not be shown to. What was discovered without being asked for stops
// nothing: a client may never call it, and the call itself is refused before anything is sent.
func (c Client) secureForCertificate() error {
	if c.TLSClientCertificate == "" {
		return nil
	}
	var found oauth.Metadata
	if c.metadata != nil {
		found = *c.metadata
	}
	for _, e := range []struct{ name, address, discovered string }{
		{"token_endpoint", c.TokenEndpoint, ""}, {"revocation_endpoint", c.RevocationEndpoint, found.RevocationEndpoint},
		{"introspection_endpoint", c.IntrospectionEndpoint, found.IntrospectionEndpoint},
		{"registration_endpoint", c.RegistrationEndpoint, found.RegistrationEndpoint},
		{"device_authorization_endpoint", c.DeviceAuthorizationEndpoint, found.DeviceAuthorizationEndpoint},
		{"pushed_authorization_request_endpoint", c.PushedAuthorizationRequestEndpoint, found.PushedAuthorizationRequestEndpoint},
	} {
		if e.address != "" && e.address != e.discovered && !oauth.TakesCertificate(e.address) {
			return fmt.Errorf("%s is %s, and a certificate can be shown to https:// only", e.name, e.address)
		}
	}
	return nil
}

// among returns the method if the server takes it, or does not say what it takes (RFC 8414 §2); else another one that it takes and
// that a client secret will do for. Where there is none the server is left to say so: a refused client spends nothing.
func among(supported []string, method string) string {
	for _, m := range []string{method, oauth.ClientSecretBasic, oauth.ClientSecretPost, oauth.ClientSecretJWT} {
		if slices.Contains(supported, m) {
			return m
		}
	}
	return method
}

// signing returns c with a signing algorithm that its server takes, if it has said which, and the configuration has not. What is
// configured is sent: the server is left to refuse it.
func (c Client) signing(supported []string) Client {
	signs := c.method() == oauth.ClientSecretJWT || c.method() == oauth.PrivateKeyJWT
	if c.TokenEndpointAuthSigningAlg != "" || supported == nil || !signs {
		return c
	}
	for _, alg := range oauth.SigningAlgorithms() {
		candidate := c
		candidate.TokenEndpointAuthSigningAlg = alg
		if slices.Contains(supported, alg) && candidate.auth().Check() == nil {
			return candidate
		}
	}
	return c
}
