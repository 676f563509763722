package provider

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// source is one way in which a token pair may get its tokens: a grant by its name in the configuration.
type source struct {
	name    string
	value   *types.Object
	inputs  []string // members that bring a code or token, which is used once
	secrets []string // members that a write-only twin can stand in for; inputs are among them
}

// sources are all of them, in one place: whatever goes for every grant goes by this list.
func (m *tokenPairModel) sources() []source {
	return []source{
		{grantAuthorizationCode, &m.AuthorizationCode, []string{"callback_url", "code"}, []string{"callback_url", "code", "code_verifier"}},
		{grantPreauthenticated, &m.Preauthenticated, []string{"access_token", "refresh_token"},
			[]string{"access_token", "refresh_token", "dpop_private_key"}},
		{grantClientCredentials, &m.ClientCredentials, nil, nil},
		{grantDeviceCode, &m.DeviceCode, nil, nil},
		{grantPassword, &m.Password, nil, []string{"password"}},
		{grantImplicit, &m.Implicit, []string{"callback_url"}, []string{"callback_url"}},
		{grantJWTBearer, &m.JWTBearer, []string{"assertion"}, []string{"assertion", "private_key"}},
		{grantTokenExchange, &m.TokenExchange, nil, []string{"subject_token", "actor_token"}},
		{grantExtension, &m.ExtensionGrant, nil, []string{"sensitive_parameters"}},
	}
}

// source is the grant that the model has; the zero value where it has none, as after an import.
func (m *tokenPairModel) source() source {
	for _, s := range m.sources() {
		if !s.value.IsNull() {
			return s
		}
	}
	return source{}
}

// grantPath is where the model's grant stands.
func (m *tokenPairModel) grantPath() path.Path {
	return path.Root(cmp.Or(m.source().name, grantAuthorizationCode))
}

// mints tells whether the client asks for the tokens by a grant that it can make again at any time.
func (m *tokenPairModel) mints() bool {
	switch s := m.source(); s.name {
	case grantClientCredentials, grantPassword, grantTokenExchange, grantExtension:
		return true
	case grantJWTBearer:
		return !s.value.IsUnknown() && signsAssertion(*s.value)
	}
	return false
}

// signsAssertion tells whether a jwt_bearer object signs its assertion here. With a version alone the write-only key was brought by an
// earlier run.
func signsAssertion(o types.Object) bool {
	return either(o, "private_key") != absent || !memberInt(o, "private_key_wo_version").IsNull()
}

// grant is what the record keeps of a grant that the client can make again at any time; nil for the others.
func (m *tokenPairModel) grant() *credential.Grant {
	s := m.source()
	if s.name == "" || s.value.IsUnknown() || !m.mints() {
		return nil
	}
	o := *s.value
	switch s.name {
	case grantPassword:
		g := requestOf(oauth.GrantPassword, o)
		g.Parameters["username"] = member(o, "username").ValueString()
		g.Secrets = map[string]secret.String{"password": secretOf(o, "password")}
		return g
	case grantJWTBearer:
		return jwtBearerOf(o)
	case grantTokenExchange:
		return tokenExchangeOf(o)
	case grantExtension:
		g := requestOf(member(o, "grant_type").ValueString(), o)
		g.Parameters = knownStrings(o, "parameters")
		g.Secrets = secretsOf(o, "sensitive_parameters")
		return g
	}
	return clientCredentialsOf(o)
}

func jwtBearerOf(o types.Object) *credential.Grant {
	g := requestOf(oauth.GrantJWTBearer, o)
	g.Audience = nil // it is the assertion's
	a := credential.Assertion{
		PrivateKey: secretOf(o, "private_key"), KeyID: member(o, "key_id").ValueString(), Algorithm: member(o, "algorithm").ValueString(),
		Issuer: member(o, "issuer").ValueString(), Subject: member(o, "subject").ValueString(), Audience: listOf(o, "audience"),
		Lifetime: cmp.Or(durationOf(member(o, "lifetime")), defaultAssertion), Claims: member(o, "claims").ValueString(),
	}
	g.Assertion = &a
	return g
}

const accessTokenType = "urn:ietf:params:oauth:token-type:access_token" // RFC 8693 §3

func tokenExchangeOf(o types.Object) *credential.Grant {
	g := requestOf(oauth.GrantTokenExchange, o)
	g.Parameters["subject_token_type"] = cmp.Or(member(o, "subject_token_type").ValueString(), accessTokenType)
	if wanted := member(o, "requested_token_type").ValueString(); wanted != "" {
		g.Parameters["requested_token_type"] = wanted
	}
	g.Secrets = map[string]secret.String{}
	if g.SubjectPair = member(o, "subject_token_pair").ValueString(); g.SubjectPair == "" {
		g.Secrets["subject_token"] = secretOf(o, "subject_token")
	}
	if actor := secretOf(o, "actor_token"); !actor.IsEmpty() || isGiven(memberInt(o, "actor_token_wo_version")) {
		g.Secrets["actor_token"] = actor
		g.Parameters["actor_token_type"] = cmp.Or(member(o, "actor_token_type").ValueString(), accessTokenType)
	}
	return g
}

// secretOf is a secret member, plain or write-only.
func secretOf(o types.Object, name string) secret.String {
	return secret.New(cmp.Or(member(o, name).ValueString(), member(o, name+"_wo").ValueString()))
}

// secretsOf is a map of secrets, plain or write-only.
func secretsOf(o types.Object, name string) map[string]secret.String {
	all := map[string]secret.String{}
	for _, n := range []string{name, name + "_wo"} {
		for key, text := range knownStrings(o, n) {
			all[key] = secret.New(text)
		}
	}
	return all
}

// keepGrantSecrets gives a grant the write-only secrets that an ordinary update does not bring again.
func keepGrantSecrets(g *credential.Grant, s source, stored *credential.Grant) {
	if g == nil || stored == nil || g.Type != stored.Type {
		return
	}
	for _, name := range s.secrets {
		if !isGiven(memberInt(*s.value, name+"_wo_version")) {
			continue
		}
		switch {
		case name == "sensitive_parameters":
			if len(g.Secrets) == 0 {
				g.Secrets = stored.Secrets
			}
		case name == "private_key":
			if g.Assertion != nil && stored.Assertion != nil && g.Assertion.PrivateKey.IsEmpty() {
				g.Assertion.PrivateKey = stored.Assertion.PrivateKey
			}
		case g.Secrets[name].IsEmpty() && !stored.Secrets[name].IsEmpty():
			g.Secrets[name] = stored.Secrets[name]
		}
	}
}

// rejectSecrets reports what the provider's settings have no place for: with secrets_in_state = false plain secrets of the grant,
// with token_store = "state" write-only ones.
func (m *tokenPairModel) rejectSecrets(s *session, diags *diag.Diagnostics) {
	grant := m.source()
	if grant.name == "" || grant.value.IsUnknown() {
		return
	}
	for _, name := range grant.secrets {
		members := grant.value.Attributes()
		at := path.Root(grant.name).AtName(name)
		switch plain, hidden := members[name], members[name+"_wo"]; {
		case !s.secretsInState && isGiven(plain):
			s.rejectPlain(at, diags)
		case s.stateOnly && isGiven(hidden):
			noWriteOnly(path.Root(grant.name).AtName(name+"_wo"), diags)
		}
	}
	if pair := member(m.TokenExchange, "subject_token_pair"); s.stateOnly && !m.TokenExchange.IsNull() && isGiven(pair) {
		diags.AddAttributeError(path.Root(grantTokenExchange).AtName("subject_token_pair"), "No Token Store",
			`token_exchange.subject_token_pair looks another token pair up in the token store, and token_store = "state" has none. Set token_store to a folder, or give the access token as subject_token.`)
	}
}

// brings tells whether the plan's grant brings a code or token that the state's does not.
func (s source) brings(state types.Object) bool {
	is := *s.value
	if is.IsUnknown() {
		return len(s.inputs) > 0
	}
	if is.IsNull() {
		return false
	}
	return slices.ContainsFunc(s.inputs, func(name string) bool {
		if v := member(is, name); !v.IsNull() && !v.Equal(member(state, name)) {
			return true
		}
		v := memberInt(is, name+"_wo_version")
		return !v.IsNull() && (state.IsNull() || !v.Equal(memberInt(state, name+"_wo_version")))
	})
}

// validateSources checks that it is known where the tokens come from, and that it is one place.
func (m *tokenPairModel) validateSources(diags *diag.Diagnostics) {
	missing := true
	var all []string
	for _, s := range m.sources() {
		missing = missing && s.value.IsNull()
		if isGiven(*s.value) {
			all = append(all, s.name)
		}
	}
	if missing {
		diags.AddAttributeError(path.Root(grantAuthorizationCode), "Missing Grant",
			"A token pair needs to know where its tokens come from: authorization_code = {} for a person who authorizes in a browser, device_code = {} for one who does so on another device, "+
				"client_credentials = {} for a client that gets tokens for itself, jwt_bearer for an assertion, token_exchange for a token in place of another, or preauthenticated = { refresh_token = … } for tokens obtained elsewhere.")
	}
	if n := len(all) - 1; n > 0 {
		diags.AddAttributeError(path.Root(all[n]), "Contradicting Grants",
			fmt.Sprintf("%s and %s cannot be used together. Keep one of them.", joined(all[:n]), all[n]))
	}
}
