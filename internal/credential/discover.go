package credential

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// ErrNoIssuer says that a callback URL lacks what its server puts into every one.
var ErrNoIssuer = errors.New("the callback URL names no iss, although the metadata of the issuer say that it does (RFC 9207 §2.4)")

// What a completed client may lack when an endpoint is about to be used.

func lacksToken(c Client) bool { return c.TokenEndpoint == "" }

func lacksAuthorization(c Client) bool { return c.AuthorizationEndpoint == "" }

func lacksDevice(c Client) bool { return lacksToken(c) || c.DeviceAuthorizationEndpoint == "" }

// lacksRevocation: where a preset describes the server, it has no such endpoint.
func lacksRevocation(c Client) bool {
	return lacksToken(c) || c.RevocationEndpoint == "" && !c.described()
}

func lacksIntrospection(c Client) bool {
	return lacksToken(c) || c.IntrospectionEndpoint == "" && !c.described()
}

// described tells whether a preset knows the server of c.
func (c Client) described() bool {
	p := c.Preset()
	return p.TokenEndpoint != "" && p.Serves(c.TokenEndpoint)
}

// located returns the completed client c with what its server says of itself, if c lacks something and has an issuer. It may ask
// the server, and so never stands between a claim and its commit. Nothing of the answer is ever stored. Its error is an
// *Error, or the context's.
func (m *Manager) located(ctx context.Context, c Client, lacks func(Client) bool) (Client, error) {
	if c.Issuer == "" || m.servers == nil || !lacks(c) {
		return c, nil
	}
	metadata, err := m.servers.Find(ctx, c.Issuer)
	var failed *oauth.DiscoveryError
	switch {
	case err == nil:
		return c.told(metadata), nil
	case ctx.Err() != nil:
		return c, ctx.Err()
	case errors.As(err, &failed) && failed.Transient:
		return c, &Error{Kind: KindNotSent, Err: err}
	}
	return c, &Error{Kind: KindConfiguration, Err: err}
}

// told returns c with what the metadata of its issuer say and neither configuration nor preset does. Of a server other than that
// of a configured token_endpoint nothing is taken: who gets the tokens must not depend on a mix of two.
func (c Client) told(m oauth.Metadata) Client {
	c.asked = true
	if c.TokenEndpoint != "" && !describes(m, c.TokenEndpoint) {
		return c
	}
	if c.TLSClientCertificate != "" {
		m = m.ByCertificate()
	}
	c.metadata = &m
	c.AuthorizationEndpoint = cmp.Or(c.AuthorizationEndpoint, m.AuthorizationEndpoint)
	c.TokenEndpoint = cmp.Or(c.TokenEndpoint, m.TokenEndpoint)
	c.RevocationEndpoint = cmp.Or(c.RevocationEndpoint, m.RevocationEndpoint)
	c.IntrospectionEndpoint = cmp.Or(c.IntrospectionEndpoint, m.IntrospectionEndpoint)
	c.RegistrationEndpoint = cmp.Or(c.RegistrationEndpoint, m.RegistrationEndpoint)
	c.DeviceAuthorizationEndpoint = cmp.Or(c.DeviceAuthorizationEndpoint, m.DeviceAuthorizationEndpoint)
	c.PushedAuthorizationRequestEndpoint = cmp.Or(c.PushedAuthorizationRequestEndpoint, m.PushedAuthorizationRequestEndpoint)
	if c.TokenEndpointAuthMethod == "" && !c.ClientSecret.IsEmpty() && c.PrivateKey.IsEmpty() {
		c.TokenEndpointAuthMethod = among(m.TokenEndpointAuthMethods, oauth.ClientSecretBasic)
	}
	return c.signing(m.TokenEndpointAuthSigningAlgs)
}

// describes tells whether m is of the server of a token endpoint: at its own host, or at the one for certificates.
func describes(m oauth.Metadata, tokenEndpoint string) bool {
	for _, known := range []string{m.TokenEndpoint, m.MTLSEndpointAliases["token_endpoint"]} {
		if known != "" && (Preset{TokenEndpoint: known}).Serves(tokenEndpoint) {
			return true
		}
	}
	return false
}

// missing completes the error that an endpoint is missing.
func (c Client) missing(what error) error {
	switch {
	case !c.asked:
		return what
	case c.metadata == nil:
		return fmt.Errorf("%w, and what the metadata of its issuer say is not used: their token_endpoint is of another server than the client's", what)
	}
	return fmt.Errorf("%w, and the metadata of its issuer name none", what)
}

// namesItself tells whether the server of c puts its issuer into every callback.
func (c Client) namesItself() bool { return c.metadata != nil && c.metadata.IssuerInResponses }

// accountable returns c as its error budget knows it: by its token endpoint. Where that is not known its error tells a notice why.
func (m *Manager) accountable(ctx context.Context, c Client) (Client, error) {
	c = c.completed()
	if c.Policy.ErrorBudget == (ErrorBudget{}) {
		return c, nil
	}
	c, err := m.located(ctx, c, lacksToken)
	if failed := (*oauth.DiscoveryError)(nil); errors.As(err, &failed) {
		err = failed
	}
	return c, err
}
