package credential

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// Preset is what is known of the authorization server of a platform. It stands in where a configuration says nothing, and is
// never stored: the record keeps the client as configured. The zero value is plain OAuth of which nothing is known.
type Preset struct {
	Issuer                             string
	AuthorizationEndpoint              string
	TokenEndpoint                      string
	RevocationEndpoint                 string
	IntrospectionEndpoint              string
	RegistrationEndpoint               string
	DeviceAuthorizationEndpoint        string
	PushedAuthorizationRequestEndpoint string

	TokenEndpointAuthMethod      string // of a client with a secret
	RevocationEndpointAuthMethod string // empty: as at the token endpoint
	ClientAssertionAudience      string // AudienceIssuer, AudienceTokenEndpoint or AudienceEndpoint; empty: the issuer, if it is known

	AuthorizationParameters map[string]string // in every authorization URL; {state} stands for the state
	TokenParameters         map[string]string // with every code
	RefreshParameters       map[string]string // with every refresh token
	// ClientCredentialsParameters are what a request for a token of the client's own must name besides.
	ClientCredentialsParameters []string

	Scopes []string // asked for where none are configured
	NoPKCE bool

	// What belongs into the connection of a token pair, by name: members of the token reply, and parameters of the callback.
	ReplyMembers, CallbackParameters []string
	LookUps                          []LookUp // what else belongs there

	Policy     RefreshTokenPolicy
	Earliest   time.Duration // no refresh before this long after issue; 0: none known
	Lifetime   time.Duration // of an access token, where the server tells none; 0: not known; Endless: it does not expire
	Introspect bool          // the introspection endpoint tells when an access token expires of which the reply does not
	Dialect    oauth.Dialect
}

// Presets finds the preset of a platform, as overrides change it; without a platform it is what these alone say. Its error is
// for people.
type Presets func(platform string, parameters map[string]string, overrides string) (Preset, error)

// known returns c with its platform's preset.
func (m *Manager) known(c Client) Client {
	c.preset, c.noPreset = nil, ""
	if c.Platform == "" && c.PlatformOverrides == "" {
		return c
	}
	if m.presets == nil {
		c.noPreset = fmt.Sprintf("the platform %q is not known here", c.Platform)
		return c
	}
	preset, err := m.presets(c.Platform, c.PlatformParameters, c.PlatformOverrides)
	if err != nil {
		c.noPreset = err.Error()
		return c
	}
	c.preset = &preset
	return c
}

// withPresets returns r with the presets of its clients.
func (m *Manager) withPresets(r Record) Record {
	r.Client = m.known(r.Client)
	for i := range r.Aside {
		r.Aside[i].Client = m.known(r.Aside[i].Client)
	}
	return r
}

// Preset is what is known of the client's platform.
func (c Client) Preset() Preset {
	if c.preset == nil {
		return Preset{}
	}
	return *c.preset
}

// Serves tells whether a configured token endpoint is of the preset's own server: none is, and one that stands beside the
// preset's, if it has one. With one of another server the preset's endpoints are those of somebody else.
func (p Preset) Serves(tokenEndpoint string) bool {
	own, err := url.Parse(tokenEndpoint)
	known, knownErr := url.Parse(p.TokenEndpoint)
	return tokenEndpoint == "" || p.TokenEndpoint == "" || err == nil && knownErr == nil && own.Scheme == known.Scheme && own.Host == known.Host
}

// completed returns c with what its preset knows and the configuration does not say. The secret is c's own, so the method
// of authentication follows from whether there is one.
func (c Client) completed() Client {
	p := c.Preset()
	if !p.Serves(c.TokenEndpoint) { // who gets the tokens must not depend on a mix of two servers
		p = Preset{TokenEndpointAuthMethod: p.TokenEndpointAuthMethod, ClientAssertionAudience: p.ClientAssertionAudience}
	}
	c.Issuer = cmp.Or(c.Issuer, p.Issuer)
	c.AuthorizationEndpoint = cmp.Or(c.AuthorizationEndpoint, p.AuthorizationEndpoint)
	c.TokenEndpoint = cmp.Or(c.TokenEndpoint, p.TokenEndpoint)
	c.RevocationEndpoint = cmp.Or(c.RevocationEndpoint, p.RevocationEndpoint)
	c.IntrospectionEndpoint = cmp.Or(c.IntrospectionEndpoint, p.IntrospectionEndpoint)
	c.RegistrationEndpoint = cmp.Or(c.RegistrationEndpoint, p.RegistrationEndpoint)
	c.DeviceAuthorizationEndpoint = cmp.Or(c.DeviceAuthorizationEndpoint, p.DeviceAuthorizationEndpoint)
	c.PushedAuthorizationRequestEndpoint = cmp.Or(c.PushedAuthorizationRequestEndpoint, p.PushedAuthorizationRequestEndpoint)
	if !c.ClientSecret.IsEmpty() && c.PrivateKey.IsEmpty() {
		c.TokenEndpointAuthMethod = cmp.Or(c.TokenEndpointAuthMethod, p.TokenEndpointAuthMethod)
	}
	c.Policy = c.EffectivePolicy()
	return c
}

// EffectivePolicy is the client's refresh_token_policy, with what its preset knows where that says nothing.
func (c Client) EffectivePolicy() RefreshTokenPolicy {
	own, known := c.Policy, c.Preset().Policy
	return RefreshTokenPolicy{
		Rotation: cmp.Or(own.Rotation, known.Rotation), OnReuse: cmp.Or(own.OnReuse, known.OnReuse),
		GracePeriod: cmp.Or(own.GracePeriod, known.GracePeriod), IdleLifetime: cmp.Or(own.IdleLifetime, known.IdleLifetime),
		AbsoluteLifetime: cmp.Or(own.AbsoluteLifetime, known.AbsoluteLifetime),
		ErrorBudget:      cmp.Or(own.ErrorBudget, known.ErrorBudget), TokenCalls: cmp.Or(own.TokenCalls, known.TokenCalls),
		idlePresumed: own.IdleLifetime == 0, absolutePresumed: own.AbsoluteLifetime == 0,
	}
}

// lifetime is for how long an access token that nobody here knows counts as worth keeping. One without end counts like one of
// which nothing is known: for its sake a refresh token must not wait for ever.
func (c Client) lifetime() time.Duration {
	if d := c.Preset().Lifetime; d != 0 && d != Endless {
		return d
	}
	return AssumedLifetime
}

// scopes are those of a configuration; nil stands for the preset's.
func (p Preset) scopes(configured []string) []string {
	if configured == nil {
		return p.Scopes
	}
	return configured
}

// authorizationParameters are the preset's, with what a configuration says over them.
func (p Preset) authorizationParameters(over map[string]string, state string) map[string]string {
	all := maps.Clone(p.AuthorizationParameters)
	for name, value := range all {
		if value == "{state}" {
			all[name] = state
		}
	}
	if all == nil {
		return over
	}
	maps.Copy(all, over)
	return all
}
