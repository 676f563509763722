package credential

import (
	"cmp"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

type wireClient struct {
	Registration            string            `json:"registration,omitempty"`
	Platform                string            `json:"platform,omitempty"`
	PlatformParameters      map[string]string `json:"platform_parameters,omitempty"`
	PlatformOverrides       string            `json:"platform_overrides,omitempty"`
	Issuer                  string            `json:"issuer,omitempty"`
	ClientID                string            `json:"client_id,omitempty"`
	ClientSecret            string            `json:"client_secret,omitempty"`
	TokenEndpointAuthMethod string            `json:"token_endpoint_auth_method,omitempty"`
	SigningAlg              string            `json:"token_endpoint_auth_signing_alg,omitempty"`
	PrivateKey              string            `json:"private_key,omitempty"`
	PrivateKeyID            string            `json:"private_key_id,omitempty"`
	TLSCertificate          string            `json:"tls_client_certificate,omitempty"`
	TLSPrivateKey           string            `json:"tls_client_private_key,omitempty"`
	RequirePushed           bool              `json:"require_pushed_authorization_requests,omitempty"`
	DPoPBound               bool              `json:"dpop_bound_access_tokens,omitempty"`
	Authorization           string            `json:"authorization_endpoint,omitempty"`
	Token                   string            `json:"token_endpoint,omitempty"`
	Revocation              string            `json:"revocation_endpoint,omitempty"`
	Introspection           string            `json:"introspection_endpoint,omitempty"`
	RegistrationURL         string            `json:"registration_endpoint,omitempty"`
	DeviceAuthorization     string            `json:"device_authorization_endpoint,omitempty"`
	PushedAuthorization     string            `json:"pushed_authorization_request_endpoint,omitempty"`
	Rotation                Rotation          `json:"rotation,omitempty"`
	OnReuse                 Reuse             `json:"on_reuse,omitempty"`
	GracePeriod             time.Duration     `json:"grace_period,omitempty"`
	IdleLifetime            time.Duration     `json:"idle_lifetime,omitempty"`
	AbsoluteLifetime        time.Duration     `json:"absolute_lifetime,omitempty"`
	ErrorLimit              int               `json:"error_limit,omitempty"`
	ErrorWindow             time.Duration     `json:"error_window,omitempty"`
	CallLimit               int               `json:"call_limit,omitempty"`
	CallWindow              time.Duration     `json:"call_window,omitempty"`

	Rest *Rest `json:"-"`
}

type wireTokens struct {
	Access                string            `json:"access_token,omitempty"`
	Refresh               string            `json:"refresh_token,omitempty"`
	ID                    string            `json:"id_token,omitempty"`
	Type                  string            `json:"token_type,omitempty"`
	Scopes                []string          `json:"scopes,omitempty"`
	IssuedAt              *time.Time        `json:"issued_at,omitempty"`
	Lifetime              time.Duration     `json:"lifetime,omitempty"`
	ExpiresAt             *time.Time        `json:"expires_at,omitempty"`
	RefreshTokenExpiresAt *time.Time        `json:"refresh_token_expires_at,omitempty"`
	AuthorizationEndsAt   *time.Time        `json:"authorization_ends_at,omitempty"`
	RefreshIssuedAt       *time.Time        `json:"refresh_issued_at,omitempty"`
	Extra                 map[string]string `json:"extra,omitempty"`
	Connection            map[string]string `json:"connection,omitempty"`
	LookedUp              map[string]string `json:"looked_up,omitempty"`
	ProofKey              string            `json:"proof_key,omitempty"`
	ProofNonce            string            `json:"proof_nonce,omitempty"`
	DerivedFrom           string            `json:"derived_from,omitempty"`
	Proved                bool              `json:"proved,omitempty"`

	Rest *Rest `json:"-"`
}

type wireGrant struct {
	Type       string            `json:"grant_type,omitempty"` // empty: client_credentials
	Scopes     []string          `json:"scopes,omitempty"`
	Resource   []string          `json:"resource,omitempty"`
	Audience   []string          `json:"audience,omitempty"`
	Parameters map[string]string `json:"parameters,omitempty"`
	Secrets    map[string]string `json:"secrets,omitempty"`

	Assertion   *wireAssertion `json:"assertion,omitempty"`
	SubjectPair string         `json:"subject_token_pair,omitempty"`

	Rest *Rest `json:"-"`
}

type wireAssertion struct {
	PrivateKey string        `json:"private_key"`
	KeyID      string        `json:"key_id,omitempty"`
	Algorithm  string        `json:"algorithm,omitempty"`
	Issuer     string        `json:"issuer,omitempty"`
	Subject    string        `json:"subject,omitempty"`
	Audience   []string      `json:"audience,omitempty"`
	Lifetime   time.Duration `json:"lifetime"`
	Claims     string        `json:"claims,omitempty"`

	Rest *Rest `json:"-"`
}

// encodeGrant puts what a former version can read where it looks for it.
func encodeGrant(g *Grant) (former, current *wireGrant) {
	switch {
	case g == nil:
		return nil, nil
	case g.Type == oauth.GrantClientCredentials && len(g.Resource)+len(g.Audience)+len(g.Secrets) == 0:
		return &wireGrant{Scopes: g.Scopes, Parameters: g.Parameters, Rest: g.Rest}, nil
	}
	w := &wireGrant{
		Type: g.Type, Scopes: g.Scopes, Resource: g.Resource, Audience: g.Audience, Parameters: g.Parameters, Secrets: revealed(g.Secrets),
		SubjectPair: g.SubjectPair, Rest: g.Rest,
	}
	if a := g.Assertion; a != nil {
		w.Assertion = &wireAssertion{
			PrivateKey: a.PrivateKey.Reveal(), KeyID: a.KeyID, Algorithm: a.Algorithm, Issuer: a.Issuer, Subject: a.Subject,
			Audience: a.Audience, Lifetime: a.Lifetime, Claims: a.Claims, Rest: a.Rest,
		}
	}
	return nil, w
}

func decodeGrant(w *wireGrant) *Grant {
	if w == nil {
		return nil
	}
	g := &Grant{
		Type: cmp.Or(w.Type, oauth.GrantClientCredentials), Scopes: w.Scopes, Resource: w.Resource, Audience: w.Audience,
		Parameters: w.Parameters, Secrets: wrapped(w.Secrets), SubjectPair: w.SubjectPair, Rest: w.Rest,
	}
	if a := w.Assertion; a != nil {
		g.Assertion = &Assertion{
			PrivateKey: secret.New(a.PrivateKey), KeyID: a.KeyID, Algorithm: a.Algorithm, Issuer: a.Issuer, Subject: a.Subject,
			Audience: a.Audience, Lifetime: a.Lifetime, Claims: a.Claims, Rest: a.Rest,
		}
	}
	return g
}

// revealed spells secrets out, for what is about to be sealed. Nil stays nil, and empty stays
// empty: a server that has told no metadata of a client is another thing than one whose answer is not known.
func revealed(secrets map[string]secret.String) map[string]string {
	if secrets == nil {
		return nil
	}
	texts := make(map[string]string, len(secrets))
	for name, s := range secrets {
		texts[name] = s.Reveal()
	}
	return texts
}

func wrapped(texts map[string]string) map[string]secret.String {
	if texts == nil {
		return nil
	}
	secrets := make(map[string]secret.String, len(texts))
	for name, text := range texts {
		secrets[name] = secret.New(text)
	}
	return secrets
}

func encodeClient(c Client) *wireClient {
	return &wireClient{
		Registration: c.Registration, Platform: c.Platform, PlatformParameters: c.PlatformParameters,
		PlatformOverrides: c.PlatformOverrides, Issuer: c.Issuer,
		ClientID: c.ClientID, ClientSecret: c.ClientSecret.Reveal(), TokenEndpointAuthMethod: c.TokenEndpointAuthMethod,
		SigningAlg: c.TokenEndpointAuthSigningAlg, PrivateKey: c.PrivateKey.Reveal(), PrivateKeyID: c.PrivateKeyID,
		TLSCertificate: c.TLSClientCertificate, TLSPrivateKey: c.TLSClientPrivateKey.Reveal(),
		RequirePushed: c.RequirePushedAuthorizationRequests, DPoPBound: c.DPoPBoundAccessTokens,
		Authorization: c.AuthorizationEndpoint, Token: c.TokenEndpoint, Revocation: c.RevocationEndpoint,
		Introspection: c.IntrospectionEndpoint, RegistrationURL: c.RegistrationEndpoint,
		DeviceAuthorization: c.DeviceAuthorizationEndpoint, PushedAuthorization: c.PushedAuthorizationRequestEndpoint,
		Rotation: c.Policy.Rotation, OnReuse: c.Policy.OnReuse, GracePeriod: c.Policy.GracePeriod,
		IdleLifetime: c.Policy.IdleLifetime, AbsoluteLifetime: c.Policy.AbsoluteLifetime,
		ErrorLimit: c.Policy.ErrorBudget.Limit, ErrorWindow: c.Policy.ErrorBudget.Window,
		CallLimit: c.Policy.TokenCalls.Limit, CallWindow: c.Policy.TokenCalls.Window,
		Rest: c.Rest,
	}
}

func decodeClient(w *wireClient) Client {
	if w == nil {
		return Client{}
	}
	return Client{
		Registration: w.Registration, Platform: w.Platform, PlatformParameters: w.PlatformParameters,
		PlatformOverrides: w.PlatformOverrides, Issuer: w.Issuer,
		ClientID: w.ClientID, ClientSecret: secret.New(w.ClientSecret), TokenEndpointAuthMethod: w.TokenEndpointAuthMethod,
		TokenEndpointAuthSigningAlg: w.SigningAlg, PrivateKey: secret.New(w.PrivateKey), PrivateKeyID: w.PrivateKeyID,
		TLSClientCertificate: w.TLSCertificate, TLSClientPrivateKey: secret.New(w.TLSPrivateKey),
		RequirePushedAuthorizationRequests: w.RequirePushed, DPoPBoundAccessTokens: w.DPoPBound,
		AuthorizationEndpoint: w.Authorization, TokenEndpoint: w.Token, RevocationEndpoint: w.Revocation,
		IntrospectionEndpoint: w.Introspection, RegistrationEndpoint: w.RegistrationURL,
		DeviceAuthorizationEndpoint: w.DeviceAuthorization, PushedAuthorizationRequestEndpoint: w.PushedAuthorization,
		Policy: RefreshTokenPolicy{
			Rotation: w.Rotation, OnReuse: w.OnReuse, GracePeriod: w.GracePeriod,
			IdleLifetime: w.IdleLifetime, AbsoluteLifetime: w.AbsoluteLifetime,
			ErrorBudget: ErrorBudget{Limit: w.ErrorLimit, Window: w.ErrorWindow},
			TokenCalls:  CallLimit{Limit: w.CallLimit, Window: w.CallWindow},
		},
		Rest: w.Rest,
	}
}

func encodeTokens(t Tokens) *wireTokens {
	w := &wireTokens{
		Access: t.Access.Reveal(), Refresh: t.Refresh.Reveal(), ID: t.ID.Reveal(), Type: t.Type, Scopes: t.Scopes,
		IssuedAt: optional(t.IssuedAt), Lifetime: t.Lifetime, ExpiresAt: optional(t.ExpiresAt), RefreshTokenExpiresAt: optional(t.RefreshTokenExpiresAt),
		AuthorizationEndsAt: optional(t.AuthorizationEndsAt), RefreshIssuedAt: optional(t.RefreshIssuedAt), Connection: t.Connection,
		LookedUp: t.LookedUp, ProofKey: t.ProofKey.Reveal(), ProofNonce: t.ProofNonce, Proved: t.Proved, DerivedFrom: t.DerivedFrom,
		Rest: t.Rest,
	}
	w.Extra = revealed(t.Extra)
	return w
}

func decodeTokens(w *wireTokens) Tokens {
	if w == nil {
		return Tokens{}
	}
	t := Tokens{
		Access: secret.New(w.Access), Refresh: secret.New(w.Refresh), ID: secret.New(w.ID), Type: w.Type, Scopes: w.Scopes,
		IssuedAt: value(w.IssuedAt), Lifetime: w.Lifetime, ExpiresAt: value(w.ExpiresAt), RefreshTokenExpiresAt: value(w.RefreshTokenExpiresAt),
		AuthorizationEndsAt: value(w.AuthorizationEndsAt), RefreshIssuedAt: value(w.RefreshIssuedAt), Connection: w.Connection,
		LookedUp: w.LookedUp, ProofKey: secret.New(w.ProofKey), ProofNonce: w.ProofNonce, Proved: w.Proved, DerivedFrom: w.DerivedFrom,
		Rest: w.Rest,
	}
	t.Extra = wrapped(w.Extra)
	return t
}

type wireDevice struct {
	Code                    string        `json:"device_code,omitempty"`
	UserCode                string        `json:"user_code,omitempty"`
	VerificationURI         string        `json:"verification_uri,omitempty"`
	VerificationURIComplete string        `json:"verification_uri_complete,omitempty"`
	ExpiresAt               *time.Time    `json:"expires_at,omitempty"`
	Interval                time.Duration `json:"interval,omitempty"`
	NextPoll                *time.Time    `json:"next_poll,omitempty"`
	Lost                    bool          `json:"lost,omitempty"`
	Inputs                  string        `json:"inputs,omitempty"`
	Before                  string        `json:"before,omitempty"`
	Scopes                  []string      `json:"scopes,omitempty"`

	Rest *Rest `json:"-"`
}

func encodeDevice(d *Device) *wireDevice {
	if d == nil {
		return nil
	}
	return &wireDevice{
		Code: d.Code.Reveal(), UserCode: d.UserCode, VerificationURI: d.VerificationURI, VerificationURIComplete: d.VerificationURIComplete,
		ExpiresAt: optional(d.ExpiresAt), Interval: d.Interval, NextPoll: optional(d.NextPoll), Lost: d.Lost,
		Inputs: d.Inputs, Before: d.Before, Scopes: d.Scopes, Rest: d.Rest,
	}
}

func decodeDevice(w *wireDevice) *Device {
	if w == nil {
		return nil
	}
	return &Device{
		Code: secret.New(w.Code), UserCode: w.UserCode, VerificationURI: w.VerificationURI, VerificationURIComplete: w.VerificationURIComplete,
		ExpiresAt: value(w.ExpiresAt), Interval: w.Interval, NextPoll: value(w.NextPoll), Lost: w.Lost,
		Inputs: w.Inputs, Before: w.Before, Scopes: w.Scopes, Rest: w.Rest,
	}
}
