package provider

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

func (*tokenPairResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config tokenPairModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	config.validateGrants(&resp.Diagnostics)
	config.validateRefresh(&resp.Diagnostics)
	config.validateGrantRequest(&resp.Diagnostics)
	if !config.Client.IsNull() && !config.Client.IsUnknown() {
		// Whether http:// is allowed is known to the provider's configuration alone, which validate does not have.
		checkClient(path.Root("client"), func(name string) types.String { return memberText(config.Client, name) },
			platformParameters(config.Client), policyOf(config.Client), true, &resp.Diagnostics)
		config.validateAuthorization(&resp.Diagnostics)
	}
}

// validateGrants checks what the grants say together. A value that is not known yet may turn out null, so it contradicts
// nothing.
func (m *tokenPairModel) validateGrants(diags *diag.Diagnostics) {
	code, pre := m.AuthorizationCode, m.Preauthenticated
	m.validateSources(diags)
	if isGiven(pre) {
		access, refresh := either(pre, "access_token"), either(pre, "refresh_token")
		// With a version alone the write-only token was brought by an earlier run, and is not at hand any more.
		brought := isGiven(memberInt(pre, "access_token_wo_version")) || isGiven(memberInt(pre, "refresh_token_wo_version"))
		if access == absent && refresh == absent && !brought {
			diags.AddAttributeError(path.Root("preauthenticated").AtName("refresh_token"), "Missing Attribute", "preauthenticated.refresh_token is needed, or preauthenticated.access_token, or both.")
		}
		if isGiven(member(pre, "expires_at")) && access == absent {
			diags.AddAttributeError(path.Root("preauthenticated").AtName("expires_at"), "Missing Attribute", "preauthenticated.expires_at is the expiry of preauthenticated.access_token, and there is none.")
		}
	}
	bound := memberBool(m.Client, "dpop_bound_access_tokens")
	if key, at := m.input(pre, "preauthenticated", "dpop_private_key"); isGiven(pre) && !key.IsEmpty() && !bound.IsUnknown() && !bound.ValueBool() {
		diags.AddAttributeError(at, "Contradicting Attributes", "preauthenticated.dpop_private_key goes with client.dpop_bound_access_tokens = true: else no request proves that key.")
	}
	if !isGiven(code) {
		return
	}
	if either(code, "callback_url") == given && either(code, "code") == given {
		diags.AddAttributeError(path.Root("authorization_code").AtName("code"), "Contradicting Attributes", "authorization_code.callback_url holds the code already. Remove it, or remove authorization_code.code.")
	}
	if either(code, "code_verifier") == given && either(code, "code") == absent {
		diags.AddAttributeError(path.Root("authorization_code").AtName("code_verifier"), "Contradicting Attributes", "authorization_code.code_verifier goes with authorization_code.code. A callback_url brings the verifier of its own authorization.")
	}
}

// validateAuthorization checks what an authorization URL will be made of.
func (m *tokenPairModel) validateAuthorization(diags *diag.Diagnostics) {
	s := m.source()
	if s.name != grantAuthorizationCode && s.name != grantImplicit || !isGiven(*s.value) {
		return
	}
	grant, at := *s.value, path.Root(s.name)
	endpoint, settled := authorizationEndpoint(m.Client)
	if settled && endpoint == "" && !discovers(m.Client) && either(grant, "code") == absent {
		diags.AddAttributeError(path.Root("client").AtName("authorization_endpoint"), "Missing Attribute",
			"client.authorization_endpoint is needed to make the authorization_url that a person opens. Write it, or set client.issuer to have it discovered.")
	}
	if memberBool(m.Client, "require_pushed_authorization_requests").ValueBool() && !discovers(m.Client) && either(grant, "code") == absent {
		m.validatePushing(diags)
	}
	if member(grant, "redirect_uri").IsNull() && member(m.Client, "registration").IsNull() {
		diags.AddAttributeError(at.AtName("redirect_uri"), "Missing Attribute", fmt.Sprintf("%s.redirect_uri is needed: the client names no registration whose first redirect_uris could be used.", at))
	}
	request := oauth.AuthorizationRequest{
		Endpoint: "https://authorization.invalid/authorize", ClientID: "id", RedirectURI: "https://client.invalid/callback", State: "state",
	}
	if oauth.CheckEndpoint(endpoint, true) == nil {
		request.Endpoint = endpoint // whose query may name a parameter already
	}
	preset, _, _ := presetNamesOf(m.Client).find()
	request.Extra = preset.AuthorizationParameters
	if _, err := oauth.AuthorizationURL(request); err != nil {
		diags.AddAttributeError(path.Root("client").AtName("authorization_endpoint"), "Invalid Attribute Value", fmt.Sprintf("client.authorization_endpoint cannot be used: %s.", err))
		return
	}
	request.Extra = knownStrings(grant, "extra_parameters")
	if len(listOf(grant, "resource")) > 0 { // which is checked where it stands
		request.Resource = []string{"urn:given"}
	}
	request.Audience = listOf(grant, "audience")
	if _, err := oauth.AuthorizationURL(request); err != nil {
		diags.AddAttributeError(at.AtName("extra_parameters"), "Invalid Attribute Value", fmt.Sprintf("%s.extra_parameters cannot be used: %s.", at, err))
	}
}

// validatePushing: what has to be pushed needs to know where to (RFC 9126).
func (m *tokenPairModel) validatePushing(diags *diag.Diagnostics) {
	preset, settled, _ := presetNamesOf(m.Client).find()
	const name = "pushed_authorization_request_endpoint"
	if settled && preset.PushedAuthorizationRequestEndpoint == "" && member(m.Client, name).IsNull() {
		at := path.Root("client").AtName(name)
		diags.AddAttributeError(at, "Missing Attribute",
			fmt.Sprintf("%s is needed: client.require_pushed_authorization_requests is true. Write it, or set client.issuer to have it discovered. Nothing was sent.", at))
	}
}

// ModifyPlan is pure: configuration, prior state and private state in, plan out. It runs again at apply, in another
// process, and must come to the same answer; what depends on clock or store was decided by Read.
func (r *tokenPairResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || r.session == nil {
		return
	}
	if r.nothingToPlan(ctx, req, &resp.Diagnostics) && !r.session.walk.holds() {
		return
	}
	var plan, state, config tokenPairModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	creating := req.State.Raw.IsNull()
	if !creating {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	defer func() { r.tellHeld(plan, state, resp) }()
	if !r.session.isUnknown() {
		r.checkAgainstSession(ctx, req, config, &resp.Diagnostics)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if creating {
		plan.narrow(state, r.session)
		resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
		return
	}
	if plan.Name.IsUnknown() {
		unknownName(&resp.Diagnostics)
		return
	}
	mem := readMemory(ctx, req.Private, &resp.Diagnostics)
	resp.RequiresReplace.Append(replacedBy(plan, state, mem, r.session.walk.plans(state.Name.ValueString()))...)
	if len(resp.RequiresReplace) > 0 {
		plan.ID, plan.StoreID, plan.StoreLocation = types.StringUnknown(), types.StringUnknown(), types.StringUnknown()
		plan.setVolatileUnknown()
		plan.narrow(tokenPairModel{}, r.session) // of the new one
		resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
		return
	}

	acts := r.session.isUnknown() || mem.Verdict.authorizes() || plan.brings(state) || plan.mintsAnew(state) || otherClient(plan, state) ||
		mem.Verdict == verdictClient && !plan.Client.Equal(state.Client)
	if !acts && mem.Verdict != verdictOfferMore && !plan.Status.IsUnknown() {
		return // no difference anywhere
	}
	plan.setVolatileUnknown()
	plan.narrow(state, r.session)
	plan.ID, plan.StoreID, plan.StoreLocation = state.ID, state.StoreID, state.StoreLocation
	if acts {
		plan.ID = types.StringUnknown() // consumers wait for the apply that authorizes or rotates
	}
	if r.session.isUnknown() || mem.Verdict == verdictSeed || mem.Verdict == verdictUnread || state.StoreID.IsNull() {
		plan.StoreID, plan.StoreLocation = types.StringUnknown(), types.StringUnknown()
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

// tellHeld tells what Read has left to the plan to tell: all but what the plan puts an end to. What does not succeed in that, the apply
// tells itself.
func (r *tokenPairResource) tellHeld(plan, state tokenPairModel, resp *resource.ModifyPlanResponse) {
	for _, held := range r.session.walk.take(state.Name.ValueString()) {
		mended := len(resp.RequiresReplace) > 0 || plan.brings(state) || held.mends != nil && held.mends(plan, state)
		if !mended || resp.Diagnostics.HasError() {
			resp.Diagnostics.Append(held.diags...)
		}
	}
}

// nothingToPlan tells quickly what holds for most resources of most plans: no difference, and nothing left to an apply.
func (r *tokenPairResource) nothingToPlan(ctx context.Context, req resource.ModifyPlanRequest, diags *diag.Diagnostics) bool {
	return !r.session.isUnknown() && r.session.secretsInState && !r.session.stateOnly && req.Plan.Raw.Equal(req.State.Raw) &&
		readMemory(ctx, req.Private, diags).Verdict == verdictNone
}

// replacedBy lists what makes a new resource: another name, and another client_id or issuer where both are known.
// A value first learnt at apply, or unknown before, never replaces: that would revoke a good credential. Nor does the
// return to a client_id whose tokens wait in the record: they would be dropped with it.
func replacedBy(plan, state tokenPairModel, mem memory, planning bool) path.Paths {
	var paths path.Paths
	if !plan.Name.Equal(state.Name) {
		paths = append(paths, path.Root("name"))
	}
	if !planning || plan.Client.IsUnknown() || state.Client.IsUnknown() || plan.Client.IsNull() || state.Client.IsNull() {
		return paths
	}
	for _, name := range []string{"client_id", "issuer"} {
		was, is := member(state.Client, name), member(plan.Client, name)
		back := name == "client_id" && slices.Contains(mem.Aside, is.ValueString())
		if was.ValueString() != "" && is.ValueString() != "" && !was.Equal(is) && !back {
			paths = append(paths, path.Root("client").AtName(name))
		}
	}
	return paths
}

// otherClient tells whether the apply will, or may, go on with another client_id than the state's.
func otherClient(plan, state tokenPairModel) bool {
	if plan.Client.IsUnknown() || state.Client.IsNull() {
		return plan.Client.IsUnknown()
	}
	was, is := member(state.Client, "client_id"), member(plan.Client, "client_id")
	return is.IsUnknown() || was.ValueString() != "" && !was.Equal(is)
}

// brings tells whether the plan holds a code or token that the state does not.
func (m *tokenPairModel) brings(state tokenPairModel) bool {
	former := state.sources()
	for i, s := range m.sources() {
		if s.brings(*former[i].value) {
			return true
		}
	}
	return false
}

func (r *tokenPairResource) checkAgainstSession(ctx context.Context, req resource.ModifyPlanRequest, config tokenPairModel, diags *diag.Diagnostics) {
	var secrets []path.Path
	for _, s := range clientSecrets() {
		secrets = append(secrets, path.Root("client").AtName(s.name))
	}
	config.rejectSecrets(r.session, diags)
	for _, p := range secrets {
		switch {
		case !r.session.secretsInState:
			r.session.rejectPlainSecret(ctx, req.Config.GetAttribute, p, diags)
		case r.session.stateOnly:
			steps := p.Steps()
			last := steps[len(steps)-1].String()
			twin := p.ParentPath().AtName(last + "_wo")
			var v types.String
			diags.Append(req.Config.GetAttribute(ctx, twin, &v)...)
			if isGiven(v) {
				noWriteOnly(twin, diags)
			}
		}
	}
	config.checkProbe(r.session.insecure, diags)
	config.validateGrantRequest(diags)
	if config.Client.IsNull() || config.Client.IsUnknown() {
		return
	}
	checkClient(path.Root("client"), func(name string) types.String { return memberText(config.Client, name) },
		platformParameters(config.Client), policyOf(config.Client), r.session.insecure, diags)
	s := config.source()
	redirects := s.name == grantAuthorizationCode || s.name == grantImplicit
	if r.session.stateOnly && redirects && isGiven(*s.value) && member(*s.value, "redirect_uri").IsNull() {
		at := path.Root(s.name).AtName("redirect_uri")
		diags.AddAttributeError(at, "Missing Attribute",
			fmt.Sprintf(`%s is needed: with token_store = "state" there is no store to look the registration's redirect_uris up in.`, at))
	}
}

// usedInputs are the codes and tokens that have led to the credential in the state. A store that does not know them, such
// as a new one, must not send them again.
func usedInputs(config, state tokenPairModel) []secret.String {
	models := []tokenPairModel{state}
	if !config.brings(state) {
		models = append(models, config) // write-only inputs are in no state
	}
	var used []secret.String
	for _, m := range models {
		used = append(used, m.inputs()...)
	}
	return used
}

// inputs are the tokens, the code and the assertion that m brings.
func (m *tokenPairModel) inputs() []secret.String {
	var inputs []secret.String
	for _, name := range []string{"access_token", "refresh_token"} {
		token, _ := m.input(m.Preauthenticated, "preauthenticated", name)
		inputs = append(inputs, token)
	}
	code, _ := m.input(m.AuthorizationCode, "authorization_code", "code")
	inputs = append(inputs, code)
	callback, _ := m.input(m.AuthorizationCode, "authorization_code", "callback_url")
	if cb, err := oauth.ParseCallback(callback); err == nil {
		inputs = append(inputs, cb.Code)
	}
	callback, _ = m.input(m.Implicit, grantImplicit, "callback_url")
	if cb, err := oauth.ParseImplicit(callback, oauth.Dialect{}); err == nil {
		inputs = append(inputs, cb.Token.AccessToken)
	}
	assertion, _ := m.input(m.JWTBearer, grantJWTBearer, "assertion")
	return append(inputs, assertion)
}

// input returns a secret of the configuration, plain or write-only, and where it stands.
func (m *tokenPairModel) input(o types.Object, root, name string) (secret.String, path.Path) {
	if v := member(o, name); v.ValueString() != "" {
		return secret.New(v.ValueString()), path.Root(root).AtName(name)
	}
	return secret.New(member(o, name+"_wo").ValueString()), path.Root(root).AtName(name + "_wo")
}
