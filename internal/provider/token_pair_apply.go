package provider

import (
	"context"
	"errors"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

func (r *tokenPairResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan, config tokenPairModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() || !r.session.needSettings("oauth_token_pair", &resp.Diagnostics) {
		return
	}
	about := r.about(plan.Name)
	attachment, err := newAttachment(r.session.deps.Random)
	if err != nil {
		resp.Diagnostics.AddError("Unable to Create Token Pair", sentence(err))
		return
	}
	mem := memory{Attachment: attachment}
	var eng engine
	if err = r.session.create(credential.PairKey(about.name)); err == nil {
		eng, err = r.session.engineFor(ctx, about.name, mem)
	}
	if err == nil {
		_, err = eng.Attach(ctx, about.name, attachment, config.setup(r.session))
	}
	if err != nil {
		addEngineError(&resp.Diagnostics, pathName(), "Unable to Create Token Pair", about, err)
		return
	}
	result, ok := r.authorize(ctx, eng, config, tokenPairModel{}, about, &resp.Diagnostics)
	if !ok {
		return // no state: nothing is tainted, and the record waits for the next apply
	}
	r.finish(ctx, eng, &plan, &mem, result.Record, about, &resp.Diagnostics)
	r.warnOnWrite(about, result, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(setNameIdentity(ctx, resp.Identity, plan.Name)...)
	writeMemory(ctx, resp.Private, mem, &resp.Diagnostics)
}

func (r *tokenPairResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state, config tokenPairModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(setNameIdentity(ctx, resp.Identity, plan.Name)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	mem := readMemory(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !r.session.needSettings("oauth_token_pair", &resp.Diagnostics) {
		return
	}
	about := r.about(plan.Name)
	eng, err := r.session.engineFor(ctx, about.name, mem)
	if err != nil {
		resp.Diagnostics.AddError("Unable to Update Token Pair", sentence(err))
		return
	}
	if !r.prepare(ctx, eng, config, state, plan, &mem, about, &resp.Diagnostics) {
		return // the prior state is kept
	}
	result, ok := r.authorize(ctx, eng, config, state, about, &resp.Diagnostics)
	if !ok {
		// The record may have moved on; the private state of the state-only mode must not fall behind it.
		if err := eng.keep(ctx, &mem); err == nil {
			writeMemory(ctx, resp.Private, mem, &resp.Diagnostics)
		}
		return
	}
	r.finish(ctx, eng, &plan, &mem, result.Record, about, &resp.Diagnostics)
	r.warnOnWrite(about, result, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	writeMemory(ctx, resp.Private, mem, &resp.Diagnostics)
}

// prepare makes sure that the record is in the store and says what the configuration says. It spends nothing.
func (r *tokenPairResource) prepare(ctx context.Context, eng engine, config, state, plan tokenPairModel, mem *memory, about subject, diags *diag.Diagnostics) bool {
	storeID, err := r.session.storeID(ctx)
	if err != nil {
		addEngineError(diags, pathName(), "Unable to Update Token Pair", about, err)
		return false
	}
	// With -refresh=false, or from an old plan, this is the first that is seen of the store.
	before, err := eng.Heal(ctx, about.name, state.replica(mem.Family))
	if !rightStore(before, err, storeID, state, plan, *mem, about, diags) {
		return false
	}
	switch {
	case credential.IsKind(err, credential.KindNotFound):
		if r.session.implicit {
			refuseImplicitSeed(pathName(), about, state.StoreLocation.ValueString(), diags)
			return false
		}
		if mem.Attachment == "" {
			if mem.Attachment, err = newAttachment(r.session.deps.Random); err != nil {
				diags.AddError("Unable to Update Token Pair", sentence(err))
				return false
			}
		}
		replica := state.replica(mem.Family)
		replica.Used = usedInputs(config, state)
		_, err = eng.Seed(ctx, about.name, mem.Attachment, config.setup(r.session), replica)
	case err == nil && before.IsTombstone():
		_, err = eng.Attach(ctx, about.name, mem.Attachment, config.setup(r.session), usedInputs(config, state)...)
		if err == nil {
			_, err = eng.MarkAttached(ctx, about.name, mem.Attachment)
		}
	case err == nil:
		setup := config.setup(r.session)
		keepSecret(&setup.Client, config.Client, before.Client)
		var after credential.Record
		after, err = eng.Configure(ctx, about.name, setup)
		if err == nil && before.Client.ClientID != after.Client.ClientID && before.Generation > 0 {
			warnOtherClient(about, diags)
		}
	}
	if err != nil {
		addEngineError(diags, pathName(), "Unable to Update Token Pair", about, err)
		return false
	}
	return true
}

// authorize spends what the configuration brings, refreshes what is due, and offers an authorization URL. It returns
// false after an error that leaves nothing to put into state. A live token in hand always ends well: an error would taint
// the resource, and the next apply would revoke it.
func (r *tokenPairResource) authorize(ctx context.Context, eng engine, config, state tokenPairModel, about subject, diags *diag.Diagnostics) (credential.Result, bool) {
	var result credential.Result
	ok := true
	switch {
	case !config.AuthorizationCode.IsNull():
		result, ok = r.takeCode(ctx, eng, config, state, about, diags)
	case !config.Preauthenticated.IsNull():
		ok = r.takeTokens(ctx, eng, config, state, about, diags)
	}
	if ok && result.Record.Status == "" {
		result, ok = r.refresh(ctx, eng, config, state, about, diags)
	}
	if !ok {
		return credential.Result{}, false
	}
	warnNotices(about, result.Notices, diags)

	var offerDiags diag.Diagnostics
	offered, ok := r.offer(ctx, eng, config, about, &offerDiags)
	if !ok && !result.Record.Tokens.Alive(r.session.deps.Clock.Now(), 0) {
		diags.Append(offerDiags...)
		return credential.Result{}, false
	}
	if p, has := offered.NewestPending(); has {
		result.Record.Pending = append(slices.Clip(result.Record.Pending), p) // the token in hand may be ahead of the store
	}
	return result, true
}

// refresh asks for a token that is good for the time after the apply.
func (r *tokenPairResource) refresh(ctx context.Context, eng engine, config, state tokenPairModel, about subject, diags *diag.Diagnostics) (credential.Result, bool) {
	record, err := eng.Peek(ctx, about.name)
	result := credential.Result{Record: record}
	if err == nil && record.Generation > 0 && record.Status != credential.StatusAuthorizationRequired {
		result, err = eng.Token(ctx, about.name, r.session.ask(credential.AskerApply))
		if e := credential.AsError(err); err != nil && tolerable(e, state) {
			result.Record, err = e.Record, nil
		}
	}
	if err != nil {
		addEngineError(diags, grantPath(config), "Unable to Refresh Token Pair", about, err)
	}
	return result, err == nil
}

// tolerable tells whether an apply may end well without a fresh token: the credential exists and its status says why.
// A first apply whose tokens were refused fails instead, and leaves no state.
func tolerable(e *credential.Error, state tokenPairModel) bool {
	switch e.Kind {
	case credential.KindUnknown, credential.KindStrategy:
		return true
	case credential.KindAuthorize:
		return !state.ID.IsNull() || e.Reason == credential.ReasonNoRefreshToken
	default:
		return false
	}
}

func grantPath(config tokenPairModel) path.Path {
	if !config.Preauthenticated.IsNull() {
		return path.Root("preauthenticated")
	}
	return path.Root("authorization_code")
}

// takeCode exchanges the code of the configuration, unless it was used before.
func (r *tokenPairResource) takeCode(ctx context.Context, eng engine, config, state tokenPairModel, about subject, diags *diag.Diagnostics) (credential.Result, bool) {
	grant := config.AuthorizationCode
	x := credential.Exchange{Scopes: scopesOf(grant)}
	callback, at := config.input(grant, "authorization_code", "callback_url")
	if !callback.IsEmpty() {
		cb, err := oauth.ParseCallback(callback)
		if err != nil {
			diags.AddAttributeError(at, "Invalid Callback URL", sentence(err)+" Nothing was sent.")
			return credential.Result{}, false
		}
		if cb.Error != "" {
			r.denied(ctx, eng, cb, at, about, diags)
			return credential.Result{}, false
		}
		x.FromCallback, x.Code, x.State, x.Issuer = true, cb.Code, cb.State, cb.Issuer
	} else if x.Code, at = config.input(grant, "authorization_code", "code"); x.Code.IsEmpty() {
		return credential.Result{}, true // nothing brought: the person has still to authorize
	}
	x.CodeVerifier, _ = config.input(grant, "authorization_code", "code_verifier")
	var ok bool
	if x.RedirectURI, ok = r.redirectURI(ctx, config, diags); !ok {
		return credential.Result{}, false
	}
	result, err := eng.ExchangeCode(ctx, about.name, x)
	if err == nil {
		return result, true
	}
	warnNotices(about, result.Notices, diags)
	var e *credential.Error
	if errors.As(err, &e) && e.Kind == credential.KindConsumed {
		return credential.Result{}, consumedCode(e.Record, config, state, at, about, diags)
	}
	r.exchangeFailed(ctx, eng, config, err, at, about, diags)
	return credential.Result{}, false
}

// denied reports an answer like error=access_denied. Nothing is spent; the URL stays good if its state is still pending.
func (r *tokenPairResource) denied(ctx context.Context, eng engine, cb oauth.Callback, at path.Path, about subject, diags *diag.Diagnostics) {
	record, err := eng.Peek(ctx, about.name)
	if err == nil {
		err = &credential.Error{Kind: credential.KindDenied, Record: record, Verdict: oauth.Verdict{
			Class: oauth.Reauthorize, Code: cb.Error, Description: cb.ErrorDescription, ErrorURI: cb.ErrorURI,
		}}
	}
	addEngineError(diags, at, "Unable to Authorize Token Pair", about, err)
}

// exchangeFailed reports a failed exchange with a fresh URL.
func (r *tokenPairResource) exchangeFailed(ctx context.Context, eng engine, config tokenPairModel, err error, at path.Path, about subject, diags *diag.Diagnostics) {
	var e *credential.Error
	if errors.As(err, &e) && e.Kind != credential.KindStore {
		var quiet diag.Diagnostics
		if record, ok := r.offer(ctx, eng, config, about, &quiet); ok && record.Status != "" {
			e.Record = record
		}
	}
	about.code = true
	addEngineError(diags, at, "Unable to Exchange Authorization Code", about, err)
}

// takeTokens adopts tokens that were obtained elsewhere.
func (r *tokenPairResource) takeTokens(ctx context.Context, eng engine, config, state tokenPairModel, about subject, diags *diag.Diagnostics) bool {
	grant := config.Preauthenticated
	brought := credential.Brought{ExpiresAt: timeFrom(member(grant, "expires_at"))}
	brought.Access, _ = config.input(grant, "preauthenticated", "access_token")
	var at path.Path
	brought.Refresh, at = config.input(grant, "preauthenticated", "refresh_token")
	if brought.Access.IsEmpty() && brought.Refresh.IsEmpty() {
		return true // write-only tokens that an ordinary update does not bring again
	}
	record, used, err := eng.Adopt(ctx, about.name, brought)
	if err != nil {
		addEngineError(diags, at, "Unable to Adopt Tokens", about, err)
		return false
	}
	if used && config.brings(state) { // an ordinary update brings the same input along, and everything is as it should be
		warnUsedInput(about, record, at, diags)
	}
	return true
}

// offer makes the authorization URL where the configuration asks for one.
func (r *tokenPairResource) offer(ctx context.Context, eng engine, config tokenPairModel, about subject, diags *diag.Diagnostics) (credential.Record, bool) {
	if config.AuthorizationCode.IsNull() || member(config.Client, "authorization_endpoint").ValueString() == "" {
		return credential.Record{}, true
	}
	uri, ok := r.redirectURI(ctx, config, diags)
	if !ok {
		return credential.Record{}, false
	}
	record, err := eng.OfferAuthorization(ctx, about.name, credential.Authorization{
		RedirectURI: uri, Scopes: scopesOf(config.AuthorizationCode), Extra: knownStrings(config.AuthorizationCode, "extra_parameters"),
	})
	if err != nil {
		addEngineError(diags, path.Root("authorization_code"), "Unable to Offer Authorization", about, err)
		return credential.Record{}, false
	}
	return record, true
}

// redirectURI is the grant's, else the registration's first.
func (r *tokenPairResource) redirectURI(ctx context.Context, config tokenPairModel, diags *diag.Diagnostics) (string, bool) {
	if uri := member(config.AuthorizationCode, "redirect_uri").ValueString(); uri != "" {
		return uri, true
	}
	name := member(config.Client, "registration").ValueString()
	if name != "" && !r.session.stateOnly {
		reg, err := r.session.manager.Registration(ctx, name)
		if err == nil && len(reg.RedirectURIs) > 0 {
			return reg.RedirectURIs[0], true
		}
	}
	diags.AddAttributeError(path.Root("authorization_code").AtName("redirect_uri"), "Missing Attribute",
		"authorization_code.redirect_uri is needed: no registration with redirect_uris was found in the token store. Nothing was sent.")
	return "", false
}

// finish fills the plan's unknown values. Planned known ones are returned verbatim, or core would call the result inconsistent.
func (r *tokenPairResource) finish(ctx context.Context, eng engine, plan *tokenPairModel, mem *memory, record credential.Record, about subject, diags *diag.Diagnostics) {
	storeID, err := r.session.storeID(ctx)
	if err != nil {
		addEngineError(diags, pathName(), "Unable to Read Token Store", about, err)
	}
	if err := eng.keep(ctx, mem); err != nil {
		diags.AddError("Unable to Keep Token Pair", sentence(err))
	}
	plan.fill(record, storeID, r.session, r.session.deps.Clock.Now())
	plan.clearWriteOnly()
	mem.Family, mem.StoreID, mem.Verdict = record.Family, storeID, verdictNone
}

func (r *tokenPairResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state tokenPairModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	mem := readMemory(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !r.session.needSettings("oauth_token_pair", &resp.Diagnostics) {
		return
	}
	about := r.about(state.Name)
	eng, err := r.session.engineFor(ctx, about.name, mem)
	if err != nil {
		resp.Diagnostics.AddError("Unable to Destroy Token Pair", sentence(err))
		return
	}
	storeID, err := r.session.storeID(ctx)
	if err != nil {
		addEngineError(&resp.Diagnostics, pathName(), "Unable to Destroy Token Pair", about, err)
		return
	}
	if was := state.StoreID.ValueString(); was != "" && was != storeID {
		refuseForeignDestroy(about, state, storeID, &resp.Diagnostics)
		return
	}
	// A store that was restored holds an old token, whose revocation may leave the newer one of the state alive.
	_, err = eng.Heal(ctx, about.name, state.replica(mem.Family))
	var notices []credential.Notice
	if err == nil || credential.IsKind(err, credential.KindNotFound) {
		notices, err = eng.Delete(ctx, about.name, mem.Family, state.RevokeOnDestroy.ValueBool())
	}
	warnNotices(about, notices, &resp.Diagnostics)
	switch {
	case credential.IsKind(err, credential.KindForeignFamily):
		warnForeignFamily(about, &resp.Diagnostics)
	case err != nil:
		addEngineError(&resp.Diagnostics, pathName(), "Unable to Destroy Token Pair", about, err)
	}
}

// scopesOf reads the scopes of a grant, sorted; nil for null, which is not the same as none.
func scopesOf(grant types.Object) []string {
	set, ok := grant.Attributes()["scopes"].(types.Set)
	if !ok || set.IsNull() {
		return nil
	}
	scopes := []string{}
	for _, e := range set.Elements() {
		if s, ok := e.(types.String); ok {
			scopes = append(scopes, s.ValueString())
		}
	}
	slices.Sort(scopes)
	return scopes
}

func typesTrue() types.Bool { return types.BoolValue(true) }

func refreshObjectFrom(r credential.RefreshSettings) types.Object {
	t := map[string]attr.Type{"strategy": types.StringType, "before_expiry": types.StringType, "earliest": types.StringType}
	if r == (credential.RefreshSettings{}) {
		return types.ObjectNull(t)
	}
	return types.ObjectValueMust(t, map[string]attr.Value{
		"strategy": optionalString(string(r.Strategy)), "before_expiry": optionalDuration(r.BeforeExpiry), "earliest": optionalDuration(r.Earliest),
	})
}
