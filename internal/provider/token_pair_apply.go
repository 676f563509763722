package provider

import (
	"context"
	"errors"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
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
	a := applying{session: r.session, eng: eng, config: config, about: about, diags: &resp.Diagnostics}
	result, ok := a.authorize(ctx)
	if !ok && !a.spentWithoutStore(ctx, &result) {
		return // no state: nothing is tainted, and the record waits for the next apply
	}
	a.finish(ctx, &plan, &mem, result.Record)
	r.warnOnWrite(about, result, a.told, &resp.Diagnostics)
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
	a := applying{session: r.session, eng: eng, config: config, state: state, about: about, diags: &resp.Diagnostics}
	if !a.prepare(ctx, plan, &mem) {
		return // the prior state is kept
	}
	result, ok := a.authorize(ctx)
	if !ok {
		a.takeBack(ctx, &mem)
		// The record may have moved on; the private state of the state-only mode must not fall behind it.
		if err := eng.keep(ctx, &mem); err == nil {
			writeMemory(ctx, resp.Private, mem, &resp.Diagnostics)
		}
		return
	}
	a.finish(ctx, &plan, &mem, result.Record)
	about.polled, about.headline = a.about.polled, a.about.headline
	r.warnOnWrite(about, result, a.told, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	writeMemory(ctx, resp.Private, mem, &resp.Diagnostics)
}

// spentWithoutStore tells whether a first apply that failed leaves a state all the same: with token_store = "state" nothing
// else remembers that the input was sent. Its errors become warnings, since an error would have the resource made again, and
// the input sent again.
func (a *applying) spentWithoutStore(ctx context.Context, result *credential.Result) bool {
	if !a.session.stateOnly {
		return false
	}
	record, err := a.eng.Peek(ctx, a.about.name)
	if err != nil || !slices.ContainsFunc(a.config.inputs(), record.HasConsumed) {
		return false
	}
	result.Record = record
	*a.diags = asWarnings(*a.diags)
	return true
}

// finish fills the plan's unknown values. Planned known ones are returned verbatim, or core would call the result inconsistent.
func (a *applying) finish(ctx context.Context, plan *tokenPairModel, mem *memory, record credential.Record) {
	storeID, err := a.session.storeID(ctx)
	if err != nil {
		addEngineError(a.diags, pathName(), "Unable to Read Token Store", a.about, err)
	}
	if err := a.eng.keep(ctx, mem); err != nil {
		a.diags.AddError("Unable to Keep Token Pair", sentence(err))
	}
	if !a.session.stateOnly {
		mem.Record = nil // that of a time when the state was the store
	}
	planned := *plan
	plan.fill(record, storeID, a.session, a.session.now())
	plan.keepPlanned(planned)
	for _, v := range []struct{ planned, filled *types.String }{
		{&planned.ID, &plan.ID}, {&planned.StoreID, &plan.StoreID}, {&planned.StoreLocation, &plan.StoreLocation},
	} {
		if !v.planned.IsUnknown() { // the store may have moved since; the next Read says so
			*v.filled = *v.planned
		}
	}
	plan.clearWriteOnly()
	mem.Family, mem.StoreID, mem.Verdict, mem.Aside = record.Family, storeID, verdictNone, record.AsideClients()
	mem.Spent = record.Spent()
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
	if credential.IsKind(err, credential.KindNotFound) && state.RevokeOnDestroy.ValueBool() && state.Generation.ValueInt64() > 0 {
		notices = append(notices, credential.Notice{Code: credential.NoticeNotRevoked, Err: errNothingToRevoke})
	}
	if err == nil {
		notices, err = eng.Delete(ctx, about.name, mem.Family, state.RevokeOnDestroy.ValueBool())
	}
	warnNotices(about, notices, &resp.Diagnostics)
	switch {
	case credential.IsKind(err, credential.KindForeignFamily):
		warnForeignFamily(about, eng.Release(ctx, about.name, mem.Attachment), &resp.Diagnostics)
	case err != nil && !credential.IsKind(err, credential.KindNotFound):
		about.destroying = true
		addEngineError(&resp.Diagnostics, pathName(), "Unable to Destroy Token Pair", about, err)
	}
}

// errNothingToRevoke says that a destroy knows no token to revoke.
var errNothingToRevoke = errors.New("the token store no longer holds them")
