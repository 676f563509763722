package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// A registration that the server makes for this resource. The token store is the truth, and the state a copy of it.

// wish is what a configuration wants of the server.
func (r *appRegistrationResource) wish(config appRegistrationModel, attachment string) credential.Wish {
	w := credential.Wish{Client: config.client(), Metadata: config.metadata(), Attachment: attachment}
	w.Client.ClientID, w.Client.ClientSecret = "", secret.String{} // the server's to give
	w.InitialToken = secret.New(config.InitialAccessToken.ValueString())
	if wo := config.InitialAccessTokenWO.ValueString(); wo != "" {
		w.InitialToken = secret.New(wo)
	}
	return w
}

func (r *appRegistrationResource) register(
	ctx context.Context, plan *appRegistrationModel, config appRegistrationModel, mem *memory, diags *diag.Diagnostics,
) {
	about := r.about(plan.Name)
	reg, notices, err := r.session.manager.Register(ctx, about.name, r.wish(config, mem.Attachment))
	warnNotices(about, notices, diags)
	if err != nil {
		addEngineError(diags, refusedAt(err, config), "Unable to Register App", about, err)
		return
	}
	plan.absorb(reg, r.session.secretsInState)
	mem.saw(reg, r.knownStoreID(ctx, diags))
	warnRegistered(about, reg, diags)
	warnEndlessRotation(about, reg, durationOf(config.RotateBefore), config.RotateBefore.ValueString(), diags)
	r.warnPlaintext(diags)
}

// knownStoreID is the store's id. A failure is a warning: what the server has given is in hand.
func (r *appRegistrationResource) knownStoreID(ctx context.Context, diags *diag.Diagnostics) string {
	id, err := r.session.storeID(ctx)
	if err != nil {
		diags.AddWarning("Unable to Read Token Store", sentence(err))
	}
	return id
}

func (r *appRegistrationResource) warnPlaintext(diags *diag.Diagnostics) {
	if !r.session.sealed {
		warnPlaintextStore(r.session, diags)
	}
}

// readRegistered asks the server, unless the record is not this resource's or its store not the state's: a former home may
// keep an old copy, whose token is spent. id is that of the store.
func (r *appRegistrationResource) readRegistered(
	ctx context.Context, state *appRegistrationModel, reg credential.Registration, mem *memory, id string, diags *diag.Diagnostics,
) {
	about := r.about(state.Name)
	if reg.Dynamic == nil || reg.Attachment.ID != mem.Attachment {
		addEngineError(diags, path.Root("name"), "Unable to Read App Registration", about, &credential.Error{Kind: credential.KindAttached})
		return
	}
	switch {
	case mem.StoreID == "" || mem.StoreID == id:
	case mem.isBehind(reg): // it was moved here
		mem.Verdict = verdictSeed
		diags.AddWarning("App Registration in Another Token Store", fmt.Sprintf(
			"The state of %s belongs to another token store than %s, which has it too, as new or newer. The next apply goes on here. Until then nothing is sent.", about, r.session.location))
		return
	default:
		diags.AddWarning("App Registration Lives in Another Token Store", elsewhere(about))
		return
	}
	if err := r.heal(ctx, *state, *mem); err != nil { // the state stays: it has what the store lacks
		warnManaging(about, credential.Notice{Code: credential.NoticeUnchecked, Err: err, Managing: true}, diags)
		return
	}
	reg, notices, err := r.session.manager.CheckRegistration(ctx, about.name)
	warnNotices(about, notices, diags)
	if err != nil {
		addEngineError(diags, path.Root("name"), "Unable to Read App Registration", about, err)
		return
	}
	mem.saw(reg, id)
	state.absorb(reg, r.session.secretsInState)
	state.drift(reg.Dynamic)
	now := r.session.now()
	before := durationOf(state.RotateBefore)
	at := reg.Dynamic.SecretExpiresAt
	if before > 0 && !at.IsZero() && !now.Before(at.Add(-before)) && reg.Dynamic.IsManageable() {
		mem.Verdict = verdictRotate
	}
	warnEndlessRotation(about, reg, before, state.RotateBefore.ValueString(), diags)
	warnSecretExpiry(about, reg.Dynamic, now, mem.Verdict == verdictRotate, diags)
}

func (r *appRegistrationResource) updateRegistered(
	ctx context.Context, plan *appRegistrationModel, config, state appRegistrationModel, mem *memory, diags *diag.Diagnostics,
) {
	about, m := r.about(plan.Name), r.session.manager
	wish := r.wish(config, mem.Attachment)
	reg, err := m.Registration(ctx, about.name)
	if credential.IsKind(err, credential.KindNotFound) && mem.Verdict == verdictSeed {
		mem.StoreID = ""
		reg, err = r.restore(ctx, state, wish, diags)
	}
	if err != nil {
		addEngineError(diags, path.Root("name"), "Unable to Update App Registration", about, err)
		return
	}
	if reg.Dynamic == nil || diags.HasError() || !r.rightStore(ctx, *mem, reg, about, diags) {
		return
	}
	if mem.Verdict != verdictSeed {
		err = r.heal(ctx, state, *mem)
	}
	if err == nil {
		reg, err = m.Registration(ctx, about.name)
	}
	if err != nil {
		addEngineError(diags, path.Root("name"), "Unable to Update App Registration", about, err)
		return
	}
	keepSecrets(&wish.Client, config.inputs(), withID(reg.Client, wish.Client.ClientID))
	if _, ok := wish.Metadata["software_statement"]; !ok && isGiven(config.SoftwareStatementWOVersion) {
		wish.Metadata["software_statement"] = reg.Dynamic.Wanted["software_statement"] // write-only, and not brought along in this run
	}
	rotate := mem.Verdict == verdictRotate || !mapOrNull(plan.RotateWhenChanged).Equal(mapOrNull(state.RotateWhenChanged))
	was := reg.Client.ClientSecret
	names := append(reg.Dynamic.Changes(wish.Metadata), reg.Dynamic.Drifted()...)
	reg, notices, err := m.UpdateRegistration(ctx, about.name, wish, rotate)
	warnNotices(about, notices, diags)
	switch {
	case errors.Is(err, credential.ErrNotManageable):
		refuseUnmanaged(about, names, rotate, diags)
		return
	case err != nil:
		addEngineError(diags, refusedAt(err, config), "Unable to Update App Registration", about, err)
		return
	}
	if rotate && !was.IsEmpty() && reg.Client.ClientSecret.Equal(was) {
		warnNotRotated(about, reg.Dynamic, diags)
	}
	uri, issued := plan.RegistrationClientURI, plan.ClientIDIssuedAt // planned as they were
	plan.absorb(reg, r.session.secretsInState)
	if !uri.IsUnknown() {
		plan.RegistrationClientURI, plan.ClientIDIssuedAt = uri, issued
	}
	mem.saw(reg, r.knownStoreID(ctx, diags))
	if len(names) > 0 {
		warnReplaced(about, reg.Dynamic, diags)
	}
}

// saw notes the record that a state goes by.
func (m *memory) saw(reg credential.Registration, storeID string) {
	m.StoreID, m.Family, m.Generation = storeID, reg.Record.Family, reg.Record.Generation
}

// isBehind tells whether a record is the one that the state goes by, or a newer one of it.
func (m *memory) isBehind(reg credential.Registration) bool {
	return reg.Record.Family == m.Family && reg.Record.Generation >= m.Generation
}

// rightStore reports a store other than the state's that holds an older record. It returns false then.
func (r *appRegistrationResource) rightStore(
	ctx context.Context, mem memory, reg credential.Registration, about subject, diags *diag.Diagnostics,
) bool {
	id, err := r.session.storeID(ctx)
	switch {
	case err != nil:
		diags.AddError("Unable to Read Token Store", sentence(err))
		return false
	case mem.StoreID != "" && mem.StoreID != id && !mem.isBehind(reg):
		diags.AddAttributeError(path.Root("name"), "App Registration Lives in Another Token Store", elsewhere(about))
		return false
	}
	return true
}

// withID is a stored client under the client_id of a configuration that names none.
func withID(c credential.Client, id string) credential.Client {
	c.ClientID = id
	return c
}

// restore brings a registration from the state into a store that does not have it.
func (r *appRegistrationResource) restore(
	ctx context.Context, state appRegistrationModel, wish credential.Wish, diags *diag.Diagnostics,
) (credential.Registration, error) {
	about := r.about(state.Name)
	if !r.session.secretsInState {
		refuseRestore(about, diags)
		return credential.Registration{}, nil
	}
	c, d := wish.Client, state.dynamic()
	c.ClientID, c.ClientSecret = state.ClientID.ValueString(), secret.New(state.ClientSecret.ValueString())
	err := r.session.manager.RestoreRegistration(ctx, about.name, credential.Registration{
		Client: c, Attachment: credential.Attachment{ID: wish.Attachment}, Dynamic: &d,
	})
	if err != nil {
		return credential.Registration{}, err
	}
	return r.session.manager.Registration(ctx, about.name)
}

// dynamic is what a state knows of a client that the server has made.
func (m *appRegistrationModel) dynamic() credential.Dynamic {
	d := credential.Dynamic{
		URI: m.RegistrationClientURI.ValueString(), Token: secret.New(m.RegistrationAccessToken.ValueString()),
		IssuedAt: timeFrom(m.ClientIDIssuedAt), SecretExpiresAt: timeFrom(m.ClientSecretExpiresAt), Wanted: m.metadata(),
		Current: map[string]secret.String{},
	}
	current := map[string]json.RawMessage{}
	_ = json.Unmarshal([]byte(m.RegisteredMetadata.ValueString()), &current) // written by this program
	for name, raw := range current {
		d.Current[name] = secret.New(string(raw))
	}
	d.Answered = d.Current
	return d
}

// heal brings the token and the secret of a state that is ahead of the store into it, before the store's spent ones are sent.
func (r *appRegistrationResource) heal(ctx context.Context, state appRegistrationModel, mem memory) error {
	return r.session.manager.HealRegistration(ctx, state.Name.ValueString(), credential.RegistrationReplica{
		Family: mem.Family, Generation: mem.Generation, Dynamic: state.dynamic(),
		Client: credential.Client{ClientID: state.ClientID.ValueString(), ClientSecret: secret.New(state.ClientSecret.ValueString())},
	})
}

func (r *appRegistrationResource) deregister(ctx context.Context, state appRegistrationModel, mem memory, diags *diag.Diagnostics) {
	about := r.about(state.Name)
	about.destroying = true
	call := state.DeregisterOnDestroy.IsNull() || state.DeregisterOnDestroy.ValueBool()
	if r.session.stateOnly {
		if call {
			refuseLostDestroy(about, diags)
		}
		return
	}
	reg, err := r.session.manager.Registration(ctx, about.name)
	absent := credential.IsKind(err, credential.KindNotFound) && credential.AsError(err).Reason != credential.ReasonDeleted
	switch {
	case absent && call && state.RegistrationClientURI.IsNull():
		warnManaging(about, credential.Notice{Code: credential.NoticeNotManaged, Err: credential.ErrNotManageable}, diags)
	case absent && call:
		refuseLostDestroy(about, diags)
	case err == nil && call && r.rightStore(ctx, mem, reg, about, diags):
		if err := r.heal(ctx, state, mem); err != nil {
			addEngineError(diags, path.Root("name"), "Unable to Deregister App", about, err)
		}
	}
	if diags.HasError() {
		return
	}
	notices, err := r.session.manager.Deregister(ctx, about.name, mem.Attachment, call)
	warnNotices(about, notices, diags)
	if err != nil {
		addEngineError(diags, path.Root("name"), "Unable to Deregister App", about, err)
	}
}

// absorb takes over what the server gives.
func (m *appRegistrationModel) absorb(reg credential.Registration, secrets bool) {
	d := reg.Dynamic
	m.ClientID, m.ClientSecret = types.StringValue(reg.Client.ClientID), secretValue(reg.Client.ClientSecret)
	m.RegistrationClientURI, m.RegistrationAccessToken = optionalString(d.URI), secretValue(d.Token)
	m.ClientIDIssuedAt, m.ClientSecretExpiresAt = timeValue(d.IssuedAt), timeValue(d.SecretExpiresAt)
	m.RegisteredMetadata = registeredMetadata(d)
	if !secrets {
		m.ClientSecret, m.RegistrationAccessToken = types.StringNull(), types.StringNull()
	}
}

// withoutSecrets takes out what must not be in the state.
func (m *appRegistrationModel) withoutSecrets() {
	for _, v := range []*types.String{
		&m.ClientSecret, &m.PrivateKey, &m.TLSClientPrivateKey, &m.RegistrationAccessToken, &m.SoftwareStatement, &m.InitialAccessToken,
	} {
		*v = types.StringNull()
	}
}

// refusedAt is the attribute that a refusal is about, as far as its code tells (RFC 7591 §3.2.2).
func refusedAt(err error, config appRegistrationModel) path.Path {
	var e *credential.Error
	if !errors.As(err, &e) {
		return path.Root("name")
	}
	given := func(name string, value types.String) path.Path {
		if isGiven(value) {
			return path.Root(name)
		}
		return path.Root(name + "_wo")
	}
	switch code := e.Verdict.Code; {
	case e.Verdict.Class == oauth.BadClient && (isGiven(config.InitialAccessToken) || isGiven(config.InitialAccessTokenWO)):
		return given("initial_access_token", config.InitialAccessToken)
	case code == "invalid_redirect_uri":
		return path.Root("redirect_uris")
	case strings.HasSuffix(code, "_software_statement") && (isGiven(config.SoftwareStatement) || isGiven(config.SoftwareStatementWO)):
		return given("software_statement", config.SoftwareStatement)
	case errors.Is(err, credential.ErrNoRegistrationEndpoint):
		return path.Root("registration_endpoint")
	}
	return path.Root("name")
}

// uniqueNames joins names, sorted, each once.
func uniqueNames(names []string) string {
	names = slices.Clone(names)
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", ")
}
