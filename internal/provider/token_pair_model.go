package provider

import (
	"context"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

func (m *tokenPairModel) volatileStrings() []*types.String {
	return []*types.String{
		&m.Status, &m.AuthorizationURL, &m.AuthorizationURLExpiresAt, &m.UserCode, &m.VerificationURI, &m.VerificationComplete,
		&m.AccessToken, &m.RefreshToken, &m.IDToken, &m.DPoPPrivateKey, &m.TokenType,
		&m.IssuedAt, &m.ExpiresAt, &m.RefreshTokenExpiresAt, &m.ReauthorizeBy, &m.LastRotatedAt,
	}
}

// setVolatileUnknown makes every attribute unknown that an apply may change.
func (m *tokenPairModel) setVolatileUnknown() {
	for _, s := range m.volatileStrings() {
		*s = types.StringUnknown()
	}
	m.Scopes = types.SetUnknown(types.StringType)
	m.Generation = types.Int64Unknown()
	m.Extra, m.Connection = types.MapUnknown(types.StringType), types.MapUnknown(types.StringType)
}

// narrow makes null again what grant, client and settings do not give, and what is not there now: a plan that lists it as known after
// apply says nothing. Whatever the apply finds, it keeps to that.
func (m *tokenPairModel) narrow(state tokenPairModel, s *session) {
	var never []*types.String
	if m.DeviceCode.IsNull() {
		never = append(never, &m.UserCode, &m.VerificationURI, &m.VerificationComplete)
	}
	if m.AuthorizationCode.IsNull() && m.Implicit.IsNull() {
		never = append(never, &m.AuthorizationURLExpiresAt)
	}
	if bound := memberBool(m.Client, "dpop_bound_access_tokens"); !m.Client.IsUnknown() && !bound.IsUnknown() && !bound.ValueBool() {
		never = append(never, &m.DPoPPrivateKey)
	}
	if !s.isUnknown() && !s.secretsInState {
		never = append(never, &m.AccessToken, &m.RefreshToken, &m.IDToken, &m.DPoPPrivateKey)
		if state.Extra.IsNull() {
			m.Extra = types.MapNull(types.StringType)
		}
	}
	was := map[*types.String]*types.String{}
	former := state.volatileStrings()
	for i, v := range m.volatileStrings() {
		was[v] = former[i]
	}
	for _, v := range never {
		if was[v].IsNull() {
			*v = types.StringNull()
		}
	}
}

// keepPlanned puts back what was planned as null.
func (m *tokenPairModel) keepPlanned(planned tokenPairModel) {
	filled := m.volatileStrings()
	for i, v := range planned.volatileStrings() {
		if v.IsNull() {
			*filled[i] = *v
		}
	}
	if planned.Extra.IsNull() {
		m.Extra = planned.Extra
	}
}

// fill sets every computed attribute from the record.
func (m *tokenPairModel) fill(r credential.Record, storeID string, s *session, now time.Time) {
	m.ID = m.Name
	m.StoreID, m.StoreLocation = optionalString(storeID), optionalString(s.location)
	m.setVolatileNull()

	status := r.StatusAt(now)
	if r.IsTombstone() {
		status = credential.StatusAuthorizationRequired
	}
	m.Status = types.StringValue(string(status))
	if p, ok := r.NewestPending(); ok && r.OffersURL() && p.Usable(now) {
		m.AuthorizationURL, m.AuthorizationURLExpiresAt = types.StringValue(p.URL), timeValue(p.ExpiresAt)
	}
	if r.Device.Waits(now) {
		m.UserCode, m.VerificationURI = types.StringValue(r.Device.UserCode), types.StringValue(r.Device.VerificationURI)
		m.VerificationComplete = optionalString(r.Device.VerificationURIComplete)
	}
	m.Generation = types.Int64Value(r.Generation)
	m.LastRotatedAt = timeValue(r.LastRotatedAt)
	m.RefreshTokenExpiresAt = timeValue(r.IdleDeadline())
	m.ReauthorizeBy = timeValue(r.AbsoluteDeadline())

	t := r.Tokens
	if r.Generation == 0 {
		return
	}
	if s.secretsInState && status != credential.StatusRevoked {
		m.RefreshToken = secretValue(t.Refresh) // it outlives the access token
		if oauth.IsDPoP(t.Type) {
			m.DPoPPrivateKey = secretValue(t.ProofKey) // and so does the key, which both may be bound to
		}
	}
	if t.Scopes != nil {
		m.Scopes = setOf(t.Scopes)
	}
	m.Connection = mapFrom(t.Connection)
	gone := status.Ended() && (!t.Alive(now, 0) || status == credential.StatusRevoked)
	if gone || t.Access.IsEmpty() {
		return
	}
	m.TokenType = optionalString(t.Type)
	m.IssuedAt, m.ExpiresAt = timeValue(t.IssuedAt), timeValue(t.ExpiresAt)
	if s.secretsInState {
		m.AccessToken, m.IDToken = secretValue(t.Access), secretValue(t.ID)
		m.Extra = extraOf(t.Extra)
	}
}

func (m *tokenPairModel) setVolatileNull() {
	for _, s := range m.volatileStrings() {
		*s = types.StringNull()
	}
	m.Scopes = types.SetNull(types.StringType)
	m.Generation = types.Int64Null()
	m.Extra, m.Connection = types.MapNull(types.StringType), types.MapNull(types.StringType)
}

// clearWriteOnly nulls what may not enter state.
func (m *tokenPairModel) clearWriteOnly() {
	m.Client = withoutWriteOnly(m.Client)
	for _, s := range m.sources() {
		*s.value = withoutWriteOnly(*s.value)
	}
}

func withoutWriteOnly(o types.Object) types.Object {
	if o.IsNull() || o.IsUnknown() {
		return o
	}
	values := o.Attributes()
	for name := range values {
		if strings.HasSuffix(name, "_wo") {
			values[name] = nullOf(values[name])
		}
	}
	return types.ObjectValueMust(o.AttributeTypes(context.Background()), values)
}

// replica is what the state knows of the credential. family comes from the private state.
func (m *tokenPairModel) replica(family string) credential.Replica {
	p := credential.Replica{Family: family, Generation: m.Generation.ValueInt64(), Minted: m.mints()}
	p.Unauthorized = credential.Status(m.Status.ValueString()).Ended()
	t := &p.Tokens
	t.Access, t.Refresh, t.ID = secret.New(m.AccessToken.ValueString()), secret.New(m.RefreshToken.ValueString()), secret.New(m.IDToken.ValueString())
	t.Type, t.ProofKey = m.TokenType.ValueString(), secret.New(m.DPoPPrivateKey.ValueString())
	for _, e := range m.Scopes.Elements() {
		if s, ok := e.(types.String); ok {
			t.Scopes = append(t.Scopes, s.ValueString())
		}
	}
	t.IssuedAt, t.ExpiresAt = timeFrom(m.IssuedAt), timeFrom(m.ExpiresAt)
	t.RefreshTokenExpiresAt = timeFrom(m.RefreshTokenExpiresAt)
	if connection, ok := stringsOf(m.Connection); ok && len(connection) > 0 {
		t.Connection = connection
	}
	for k, e := range m.Extra.Elements() {
		if s, ok := e.(types.String); ok {
			if t.Extra == nil {
				t.Extra = map[string]secret.String{}
			}
			t.Extra[k] = secret.New(s.ValueString())
		}
	}
	return p
}

// setup is what the configuration says besides tokens. m must come from the configuration, for write-only secrets.
func (m *tokenPairModel) setup(s *session) credential.Setup {
	client := clientFrom(m.Client)
	if s.stateOnly {
		client.Registration = "" // there is no store to look a secret up in; the client object holds it
	}
	setup := credential.Setup{Client: client, Grant: m.grant(), Inputs: m.inputs(), Refresh: m.refreshSettings(), Source: m.source().name}
	if s := m.source(); setup.Grant == nil && s.name != "" {
		setup.Resource = listOf(*s.value, "resource")
	}
	return setup
}

func policyOrNull(o types.Object) types.Object {
	if o.IsNull() {
		return types.ObjectNull(policyType())
	}
	return o
}
