package provider

import (
	"fmt"
	"strings"

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
			"One of this, `authorization_code` and `preauthenticated`. A change gets a new token at once.",
		Optional: true,
		Attributes: requestInputs(
			"Null or `[]`: none are sent, and the server decides. Those that the client's `platform` wants of a person who authorizes are not among them.",
			"for some platforms they are needed, as `tenant_id` is for Visma Connect",
		),
	}
}

func pathClientCredentials() path.Path { return path.Root("client_credentials") }

// validateOneGrant checks that it is known where the tokens come from, and that it is one place.
func (m *tokenPairModel) validateOneGrant(diags *diag.Diagnostics) {
	missing := true
	var all []string
	for _, g := range []struct {
		name  string
		value types.Object
	}{
		{"authorization_code", m.AuthorizationCode}, {"preauthenticated", m.Preauthenticated}, {"client_credentials", m.ClientCredentials},
	} {
		missing = missing && g.value.IsNull()
		if isGiven(g.value) {
			all = append(all, g.name)
		}
	}
	if missing {
		diags.AddAttributeError(path.Root("authorization_code"), "Missing Grant",
			"A token pair needs to know where its tokens come from: authorization_code = {} for a person who authorizes in a browser, "+
				"client_credentials = {} for a client that gets tokens for itself, or preauthenticated = { refresh_token = … } for tokens obtained elsewhere.")
	}
	if n := len(all) - 1; n > 0 {
		diags.AddAttributeError(path.Root(all[n]), "Contradicting Grants",
			fmt.Sprintf("%s and %s cannot be used together. Keep one of them.", strings.Join(all[:n], ", "), all[n]))
	}
}

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

// clientCredentials is what the record keeps of the grant; nil where tokens come from an authorization.
func (m *tokenPairModel) grant() *credential.Grant {
	if !isGiven(m.ClientCredentials) {
		return nil
	}
	return clientCredentialsOf(m.ClientCredentials)
}

// otherGrant tells whether the record has another grant than the state: a change of it broke off, or the state is an old copy.
// A state that was just imported has none.
func (m *tokenPairModel) otherGrant(record credential.Record) bool {
	minting, authorized := !m.ClientCredentials.IsNull(), !m.AuthorizationCode.IsNull() || !m.Preauthenticated.IsNull()
	return record.Mints() != minting && (minting || authorized)
}

// mintsAnew tells whether the apply will, or may, drop what the tokens of the state are made from: the grant, or the server
// of a client that gets its tokens for itself.
func (m *tokenPairModel) mintsAnew(state tokenPairModel) bool {
	if !m.ClientCredentials.Equal(state.ClientCredentials) {
		return true
	}
	if m.ClientCredentials.IsNull() || m.Client.Equal(state.Client) {
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
func warnOtherGrant(about subject, before, after credential.Record, diags *diag.Diagnostics) {
	switch {
	case before.Mints() == after.Mints():
	case after.Mints() && before.Generation > 0:
		diags.AddAttributeWarning(pathClientCredentials(), "Another Grant",
			fmt.Sprintf("The client gets the tokens of %s for itself from now on. The ones that came from an authorization were not revoked; they are kept aside, and used again if client_credentials is taken out.", about))
	case !after.Mints() && after.Generation > 0:
		diags.AddWarning("Another Grant",
			fmt.Sprintf("The tokens of %s come from an authorization again: those that were kept aside while the client got its own are in use again.", about))
	}
}

// explainMint says what went wrong for a client that gets its tokens for itself: there is no refresh token that could be
// used up, and no person who could help by authorizing. It returns nil for an error that is not special to that.
func explainMint(about subject, e *credential.Error) []string {
	const nothing = "Nothing was used up: the client can ask again at any time, and nobody has to authorize."
	switch e.Kind {
	case credential.KindConfiguration:
		if e.Verdict.Class == "" {
			return nil
		}
		return []string{fmt.Sprintf("The authorization server gives the client of %s no token: %s", about, cause(e, "it does not accept the request.")), nothing,
			"Check that the app may use client_credentials, and check the grant's scopes and extra_parameters and the client's endpoints. Then run again."}
	case credential.KindBadClient:
		return []string{notAccepted(about, e), nothing, checkProofOf(e)}
	case credential.KindNotSent:
		return []string{fmt.Sprintf("The authorization server was not reached for %s: %s", about, cause(e, "no connection.")), "Nothing was sent.", "Check the network and the endpoint, then run again."}
	case credential.KindUnknown:
		return []string{fmt.Sprintf("The client of %s asked for a token, and no usable reply came: %s", about, cause(e, "the server seems to be in trouble.")), nothing, "Run again."}
	case credential.KindLater:
		if e.Reason == credential.ReasonBudget {
			return nil
		}
		return []string{fmt.Sprintf("The client of %s can get no token before %s: %s.", about, moment(e.Until), reasonText(e.Reason)), nothing, "Run again after that time."}
	case credential.KindStrategy:
		return explainMintStrategy(about, e)
	case credential.KindRefused:
		return []string{fmt.Sprintf("The API refuses the access token of %s, although the client has just got it: refresh.probe.url answered 401 before and after.", about), nothing,
			"Check that refresh.probe.url belongs to this platform and account, and that the scopes allow to read it. Every run that meets this asks for one token."}
	}
	return nil
}

func explainMintStrategy(about subject, e *credential.Error) []string {
	what := "has expired"
	if e.Record.Tokens.Access.IsEmpty() {
		what = "has still to be asked for"
	}
	if e.Reason == credential.ReasonAtApply {
		return []string{fmt.Sprintf("The access token of %s %s, and its refresh.strategy is at_apply: only an apply of the resource gets one.", about, what), "Nothing was sent.",
			"Apply the configuration that holds the oauth_token_pair."}
	}
	return []string{fmt.Sprintf("The access token of %s %s, and its refresh.strategy is never.", about, what), "Nothing was sent.", "Choose another refresh.strategy."}
}

// warnMinted tells what a success still has to say of a token that the client got for itself. Such a token is worth no more
// than another request, so that it was rescued, or could not be, is nothing to tell.
func warnMinted(about subject, n credential.Notice, diags *diag.Diagnostics) {
	switch n.Code {
	case credential.NoticeNotStored:
		diags.AddWarning("New Access Token Not in the Token Store",
			fmt.Sprintf("The client of %s has got an access token, but the token store %s could not be written: %s\n\n"+
				"This run uses it. Should it be lost, the next run asks for another: nothing was used up.", about, about.session.location, clause(n.Err)))
	case credential.NoticeNotRevoked:
		diags.AddWarning("Token Not Revoked",
			fmt.Sprintf("%s was removed here, but its access token was not revoked: %s It ends by itself.", capital(about.String()), notRevoked(n.Err)))
	}
}
