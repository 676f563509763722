package provider

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/platform"
)

func clientCredentialsAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		MarkdownDescription: "The client gets tokens for itself, as a machine and for no user: the first apply brings one, and nobody ever has to authorize. " +
			"There is no refresh token; whenever a token ends, the client asks for the next. `{}` will do for most servers. " +
			"A change gets a new token at once. " + oneGrant,
		Optional: true,
		Attributes: requestInputs(
			"Null or `[]`: none are sent, and the server decides. Those that the client's `platform` wants of a person who authorizes are not among them.",
			"for some platforms they are needed, as `tenant_id` is for Visma Connect",
		),
	}
}

func pathClientCredentials() path.Path { return path.Root("client_credentials") }

// validateClientCredentials checks what a request for a token of the client's own will be made of.
func (m *tokenPairModel) validateClientCredentials(diags *diag.Diagnostics) {
	if !isGiven(m.ClientCredentials) {
		return
	}
	at := pathClientCredentials().AtName("extra_parameters")
	parameters, settled := parametersOf(m.ClientCredentials)
	validateRequest(pathClientCredentials(), m.ClientCredentials, oauth.GrantRequest{Type: oauth.GrantClientCredentials}, diags)
	if !isGiven(m.Client) {
		return
	}
	if preset, known, _ := presetNamesOf(m.Client).find(); known && settled {
		for _, name := range preset.ClientCredentialsParameters {
			if _, ok := parameters[name]; !ok {
				diags.AddAttributeError(at, "Missing Attribute", fmt.Sprintf("client_credentials.extra_parameters lacks %q: %s gives a client no token without it.",
					name, platformName(member(m.Client, "platform"))))
			}
		}
	}
	m.validateConfidential(diags)
}

// validateConfidential: who cannot prove to be the client gets no tokens in its name (RFC 6749 §4.4).
func (m *tokenPairModel) validateConfidential(diags *diag.Diagnostics) {
	const why = "client_credentials is for clients that authenticate themselves (RFC 6749 §4.4)."
	method, client := member(m.Client, "token_endpoint_auth_method"), path.Root("client")
	if method.ValueString() == oauth.None {
		diags.AddAttributeError(client.AtName("token_endpoint_auth_method"), "Contradicting Attributes", `client.token_endpoint_auth_method cannot be "none": `+why)
	}
	proves := !member(m.Client, "tls_client_certificate").IsNull()
	for _, s := range clientSecrets() {
		proves = proves || either(m.Client, s.name) != absent || !memberInt(m.Client, s.name+"_wo_version").IsNull()
	}
	if method.IsNull() && !proves && member(m.Client, "registration").IsNull() {
		diags.AddAttributeError(client.AtName("client_secret"), "Missing Attribute", "client.client_secret is needed, or client.private_key, or a tls_client_certificate: "+why)
	}
}

func platformName(id types.String) string {
	if e, ok := platform.Find(id.ValueString()); ok {
		return e.Name
	}
	return "the server"
}

// otherGrant tells whether the record has another grant than the state: a change of it broke off, or the state is an old copy.
// A state that was just imported has none.
func (m *tokenPairModel) otherGrant(record credential.Record) bool {
	name := m.source().name
	return name != "" && (record.Mints() != m.mints() || record.Source != "" && record.Source != name)
}

// mintsAnew tells whether the apply will, or may, drop what the tokens of the state are made from: the grant, or the server
// of a client that gets its tokens by a grant of its own.
func (m *tokenPairModel) mintsAnew(state tokenPairModel) bool {
	is, was := m.source(), state.source()
	if m.mints() != state.mints() || m.mints() && (is.name != was.name || !is.value.Equal(*was.value)) {
		return true
	}
	if !m.mints() || m.Client.Equal(state.Client) {
		return false
	}
	same := platformParameters(m.Client).Equal(platformParameters(state.Client)) &&
		memberBool(m.Client, "dpop_bound_access_tokens").ValueBool() == memberBool(state.Client, "dpop_bound_access_tokens").ValueBool()
	for _, name := range []string{"token_endpoint", "platform", "platform_overrides", "issuer"} {
		same = same && member(m.Client, name).Equal(member(state.Client, name))
	}
	return !same
}

// warnOtherGrant tells what becomes of the tokens of an authorization when the client gets its own, and the other way round.
func warnOtherGrant(about subject, before, after credential.Record, at path.Path, diags *diag.Diagnostics) {
	switch {
	case before.Mints() == after.Mints():
	case after.Mints() && before.Generation > 0:
		diags.AddAttributeWarning(at, "Another Grant",
			fmt.Sprintf("The client gets the tokens of %s for itself from now on. The ones that came from an authorization were not revoked; they are kept aside, and used again if %s is taken out.", about, at))
	case !after.Mints() && after.Generation > 0:
		diags.AddWarning("Another Grant",
			fmt.Sprintf("The tokens of %s come from an authorization again: those that were kept aside while the client got its own are in use again.", about))
	}
}
