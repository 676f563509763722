package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func (*appRegistrationResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config appRegistrationModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	// Whether http:// is allowed is known to the provider's configuration alone, which validate does not have.
	checkClient(path.Empty(), config.member, config.PlatformParameters, config.RefreshTokenPolicy, true, &resp.Diagnostics)
	config.checkKind(&resp.Diagnostics)
}

// checkKind refuses what goes with the other kind of registration only.
func (m *appRegistrationModel) checkKind(diags *diag.Diagnostics) {
	if m.registers() {
		for _, name := range []string{"client_secret", "client_secret_wo"} {
			if isGiven(m.member(name)) {
				diags.AddAttributeError(path.Root(name), "Contradicting Attributes", fmt.Sprintf(
					"%s goes with client_id. Without that the client is registered, and the server gives it a secret. Write client_id too, or remove %[1]s.", name))
			}
		}
		return
	}
	if m.ClientID.IsUnknown() {
		return
	}
	for _, name := range m.registeredOnly() {
		diags.AddAttributeError(path.Root(name), "Contradicting Attributes", fmt.Sprintf(
			"%s is for a client that this resource registers. client_id names one that exists already: nothing about it is sent to the server. Remove %[1]s, or client_id.", name))
	}
}

// registeredOnly lists what is configured and means nothing for a client that was made elsewhere, sorted.
func (m *appRegistrationModel) registeredOnly() []string {
	values := map[string]attr.Value{
		"extra_metadata": m.ExtraMetadata, "initial_access_token": m.InitialAccessToken, "initial_access_token_wo": m.InitialAccessTokenWO,
		"software_statement_wo": m.SoftwareStatementWO, "rotate_when_changed": m.RotateWhenChanged, "rotate_before": m.RotateBefore,
		"deregister_on_destroy": m.DeregisterOnDestroy,
	}
	for _, f := range metadataFields() {
		values[f.name] = f.value(m)
	}
	for _, both := range []string{
		"redirect_uris", "token_endpoint_auth_method", "token_endpoint_auth_signing_alg",
		"require_pushed_authorization_requests", "dpop_bound_access_tokens",
	} {
		delete(values, both)
	}
	var names []string
	for name, v := range values {
		if isGiven(v) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (r *appRegistrationResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || r.session == nil {
		return
	}
	var plan, state, config appRegistrationModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	creating := req.State.Raw.IsNull()
	if !creating {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if !creating && plan.Name.IsUnknown() {
		unknownName(&resp.Diagnostics)
		return
	}
	if !r.session.isUnknown() {
		r.checkAgainstSession(ctx, req, config, &resp.Diagnostics)
	}
	mem := readMemory(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if !creating && mem.Registered && config.ClientID.IsUnknown() {
		unknownClientID(&resp.Diagnostics)
		return
	}
	change := registrationPlan{
		creating: creating, registered: mem.Registered, verdict: mem.Verdict,
		writes: creating || r.session.isUnknown() || mem.Verdict != verdictNone || changes(plan, config, state),
	}
	if replace := change.replaces(config, state); len(replace) > 0 {
		resp.RequiresReplace = append(resp.RequiresReplace, replace...)
		change.creating, change.writes = true, true
	}
	if !change.creating && mem.Registered && differs(config.RegistrationEndpoint, state.RegistrationEndpoint) {
		warnEndpointChanged(r.about(state.Name), state, &resp.Diagnostics)
	}
	if change.unmanaged(state) {
		r.warnUnmanaged(plan, state, &resp.Diagnostics)
	}
	change.compute(&plan, config, state, r.session)
	plan.Client = r.clientObject(config, plan.ClientID, change.writes)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

func (r *appRegistrationResource) checkAgainstSession(
	ctx context.Context, req resource.ModifyPlanRequest, config appRegistrationModel, diags *diag.Diagnostics,
) {
	secrets := []string{"software_statement", "initial_access_token"}
	for _, s := range clientSecrets() {
		secrets = append(secrets, s.name)
	}
	for _, name := range secrets {
		if !r.session.secretsInState {
			r.session.rejectPlainSecret(ctx, req.Config.GetAttribute, path.Root(name), diags)
		}
	}
	for _, s := range clientSecrets() {
		if r.session.stateOnly && isGiven(config.member(s.name+"_wo")) {
			noWriteOnly(path.Root(s.name+"_wo"), diags)
		}
	}
	config.checkKind(diags) // once more: at apply more is known
	if r.session.stateOnly && config.registers() {
		diags.AddAttributeError(path.Root("client_id"), "Registration Without a Token Store",
			`Without client_id the client is registered at the server, which may replace its secret and the token of its registration with every call. token_store = "state" `+
				"would lose those with every plan that is not applied. Nothing was sent. Set token_store to a folder, or give the client_id of a client that exists already.")
	}
	checkClient(path.Empty(), config.member, config.PlatformParameters, config.RefreshTokenPolicy, r.session.insecure, diags)
}

// configured is all that a user writes but for client_id and client_secret, in a fixed order.
func (m appRegistrationModel) configured() []attr.Value {
	all := []attr.Value{
		m.SoftwareStatementWOVersion, m.ExtraMetadata, m.InitialAccessToken, m.InitialAccessTokenWOVersion, mapOrNull(m.RotateWhenChanged),
		m.RotateBefore, m.DeregisterOnDestroy,
	}
	for _, f := range metadataFields() {
		all = append(all, f.value(&m))
	}
	inputs := m.inputs().Attributes()
	delete(inputs, "client_id")
	delete(inputs, "client_secret")
	for _, name := range slices.Sorted(maps.Keys(inputs)) {
		all = append(all, inputs[name])
	}
	return all
}

// changes tells whether a plan changes anything that a user writes. What the server gives stands for nothing.
func changes(plan, config, state appRegistrationModel) bool {
	given := !config.registers() && (!config.ClientID.Equal(state.ClientID) || !config.ClientSecret.Equal(state.ClientSecret))
	return given || !slices.EqualFunc(plan.configured(), state.configured(), attr.Value.Equal)
}

// registrationPlan is what a plan is going to do with a registration.
type registrationPlan struct {
	creating   bool // also by a replacement
	registered bool // the state's client was registered by this resource
	verdict    verdict
	writes     bool
}

func differs(a, b types.String) bool { return isGiven(a) && isGiven(b) && !a.Equal(b) }

// replaces lists the attributes whose change makes another client of it. Rule 5: only values that are known and not null count.
func (p registrationPlan) replaces(config, state appRegistrationModel) []path.Path {
	if p.creating {
		return nil
	}
	switch {
	case !p.registered && config.registers() && isGiven(state.ClientID), p.registered && differs(config.ClientID, state.ClientID):
		return []path.Path{path.Root("client_id")}
	case !p.registered:
		return nil
	}
	var replace []path.Path
	for name, change := range map[string]bool{"issuer": differs(config.Issuer, state.Issuer), "platform": differs(config.Platform, state.Platform)} {
		if change {
			replace = append(replace, path.Root(name))
		}
	}
	return replace
}

// unmanaged tells whether a change is planned that the server takes no call for.
func (p registrationPlan) unmanaged(state appRegistrationModel) bool {
	return !p.creating && p.registered && p.writes && state.RegistrationClientURI.IsNull()
}

// compute plans what the server gives. It is unknown where the apply decides: an update may bring another secret and another
// token, and others may have brought some before it.
func (p registrationPlan) compute(plan *appRegistrationModel, config, state appRegistrationModel, s *session) {
	registers := config.registers() || p.registered && !p.creating && !config.ClientID.IsUnknown()
	given := []*types.String{
		&plan.RegistrationClientURI, &plan.RegistrationAccessToken, &plan.ClientIDIssuedAt, &plan.ClientSecretExpiresAt, &plan.RegisteredMetadata,
	}
	switch {
	case config.ClientID.IsUnknown():
		for _, v := range given {
			*v = types.StringUnknown()
		}
		if plan.ClientID, plan.ClientSecret = types.StringUnknown(), config.ClientSecret; config.ClientSecret.IsNull() {
			plan.ClientSecret = types.StringUnknown()
		}
	case !registers:
		for _, v := range given {
			*v = types.StringNull()
		}
		plan.ClientID, plan.ClientSecret = config.ClientID, config.ClientSecret
	case p.creating || p.writes:
		for _, v := range append(given, &plan.ClientSecret) {
			*v = types.StringUnknown()
		}
		plan.ClientID = types.StringUnknown()
		if !p.creating {
			// These stay, or the next read shows otherwise: an update that makes them unknown would worry people for nothing.
			plan.ClientID, plan.ClientIDIssuedAt, plan.RegistrationClientURI = state.ClientID, state.ClientIDIssuedAt, state.RegistrationClientURI
		}
	default:
		plan.ClientID, plan.ClientSecret, plan.RegistrationClientURI = state.ClientID, state.ClientSecret, state.RegistrationClientURI
		plan.RegistrationAccessToken, plan.ClientIDIssuedAt = state.RegistrationAccessToken, state.ClientIDIssuedAt
		plan.ClientSecretExpiresAt, plan.RegisteredMetadata = state.ClientSecretExpiresAt, state.RegisteredMetadata
	}
	if registers && !s.isUnknown() && !s.secretsInState {
		plan.ClientSecret, plan.RegistrationAccessToken = types.StringNull(), types.StringNull()
	}
}

// clientObject plans the computed client member by member. A whole unknown object would make core complain about
// sensitivity; registration alone is unknown while apply has the record still to write. The secret of a client that was
// registered here is not in it: a copy would be stale as soon as the server gives another one.
func (r *appRegistrationResource) clientObject(config appRegistrationModel, clientID types.String, writes bool) types.Object {
	values := map[string]attr.Value{}
	for name, v := range config.inputs().Attributes() {
		if _, ok := clientType()[name]; ok {
			values[name] = v
		}
	}
	values["client_id"] = clientID
	if writes {
		values["registration"] = types.StringUnknown()
	}
	if r.session != nil && !r.session.isUnknown() && !r.session.secretsInState {
		for _, s := range clientSecrets() {
			values[s.name] = types.StringNull()
		}
	}
	return types.ObjectValueMust(clientType(), values)
}

// changedNames lists the metadata attributes that a plan changes.
func changedNames(plan, state appRegistrationModel) []string {
	var names []string
	for _, f := range metadataFields() {
		if !f.value(&plan).Equal(f.value(&state)) {
			names = append(names, f.name)
		}
	}
	if !plan.SoftwareStatementWOVersion.Equal(state.SoftwareStatementWOVersion) {
		names = append(names, "software_statement_wo")
	}
	if !plan.ExtraMetadata.Equal(state.ExtraMetadata) {
		names = append(names, "extra_metadata")
	}
	return names
}

// warnUnmanaged tells in the plan what the apply cannot do.
func (r *appRegistrationResource) warnUnmanaged(plan, state appRegistrationModel, diags *diag.Diagnostics) {
	names := changedNames(plan, state)
	if !mapOrNull(plan.RotateWhenChanged).Equal(mapOrNull(state.RotateWhenChanged)) {
		names = append(names, "rotate_when_changed")
	}
	if len(names) == 0 {
		return
	}
	diags.AddAttributeWarning(path.Root(names[0]), "Registration Cannot Be Updated", fmt.Sprintf(
		"The server offers no management of %s (RFC 7592), so an apply cannot change %s there. %s",
		r.about(state.Name), strings.Join(names, ", "), howToReplace()))
}

// howToReplace says how another client is registered in the place of one.
func howToReplace() string {
	return "To register another client with the new values instead: terraform apply -replace=ADDRESS. It has another client_id, so the token pairs that use it are replaced too, and must be authorized again."
}
