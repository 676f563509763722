package provider

import (
	"context"
	"errors"
	"reflect"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// Read refreshes what is due and takes the store's word for the rest. Terraform runs it in every plan and throws its
// result away unless the plan is applied; that is why the store is the truth.
func (r *tokenPairResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state tokenPairModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	r.session.walk.noteRead(state.Name.ValueString())
	resp.Diagnostics.Append(setNameIdentity(ctx, resp.Identity, state.Name)...)
	if r.session.isUnknown() {
		warnUnknownProvider(r.session, state.Name.ValueString(), &resp.Diagnostics)
		noteUnread(ctx, req.Private, resp.Private, &resp.Diagnostics)
		return
	}
	mem := readMemory(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	stateBefore, memBefore := state, mem
	mem.Verdict = verdictNone
	if r.read(ctx, &state, &mem, &resp.Diagnostics) && !reflect.DeepEqual(state, stateBefore) {
		resp.Diagnostics.Append(resp.State.Set(ctx, state)...) // costs more than all the rest of a Read that refreshes nothing
	}
	if !resp.Diagnostics.HasError() && !reflect.DeepEqual(mem, memBefore) {
		writeMemory(ctx, resp.Private, mem, &resp.Diagnostics)
	}
}

// read does the work of Read. It returns false if the state stays as it is.
func (r *tokenPairResource) read(ctx context.Context, state *tokenPairModel, mem *memory, diags *diag.Diagnostics) bool {
	name, about := state.Name.ValueString(), r.about(state.Name)
	imported := state.ID.IsNull()
	eng, err := r.session.engineFor(ctx, name, *mem)
	if err != nil {
		diags.AddError("Unable to Read Token Pair", sentence(err))
		return false
	}
	storeID, err := r.session.storeID(ctx)
	if err != nil {
		addEngineError(diags, pathName(), "Unable to Read Token Pair", about, err)
		return false
	}
	record, ok := r.lookUp(ctx, eng, state, mem, storeID, diags)
	if !ok {
		return false
	}
	if record.IsTombstone() {
		if imported {
			addEngineError(diags, pathName(), "Unable to Import Token Pair", about, &credential.Error{Kind: credential.KindNotFound})
			return false
		}
		mem.Verdict = verdictAuthorize
		warnTombstone(about, diags)
		state.fill(record, storeID, r.session, r.session.now())
		return true
	}
	if imported {
		state.fillImported(record)
	}
	record = r.markAttached(ctx, eng, name, mem, imported, record, diags)

	result, err := eng.Token(ctx, name, r.session.ask(credential.AskerRead))
	notices := result.Notices
	switch e := credential.AsError(err); {
	case err == nil:
		var more []credential.Notice
		record, more = eng.LookUp(ctx, name, result.Record)
		notices = append(notices, more...)
	case blocks(err):
		warnNotices(about, notices, diags)
		addEngineError(diags, pathName(), "Unable to Refresh Token Pair", about, err)
		return false
	case e.Record.Status != "":
		record = e.Record
	}
	mem.Verdict = r.leftToApply(ctx, eng, *state, record)
	about.planned = true
	about.pushes = mem.Verdict == verdictOffer || mem.Verdict == verdictOfferMore
	mem.Verdict = r.tell(about, record, notices, err, mem.Verdict, imported, diags)
	if err := eng.keep(ctx, mem); err != nil {
		diags.AddError("Unable to Read Token Pair", sentence(err))
		return false
	}
	mem.Family, mem.StoreID, mem.Aside, mem.Spent = record.Family, storeID, record.AsideClients(), record.Spent()
	state.fill(record, storeID, r.session, r.session.now())
	return true
}

// tell says what there is to say of a record that was read: some now, some by the plan that follows. It returns what is left to an apply.
func (r *tokenPairResource) tell(
	about subject, record credential.Record, notices []credential.Notice, err error, left verdict, imported bool, diags *diag.Diagnostics,
) verdict {
	failed := failedNotices(about, notices, diags)
	if left == verdictOfferMore {
		warnUnusedURL(about, record, diags)
	}
	if err != nil {
		failed.mends = mendedBy(err)
		left = warnFailed(about, err, left, &failed.diags)
	}
	var standing heldWarnings
	r.warnKeeping(about, record, diags)
	r.warnCredential(about, record, err != nil || hasFailed(notices), &standing.diags)
	if imported { // the command that imports makes no plan
		diags.Append(append(failed.diags, standing.diags...)...)
	} else {
		r.session.walk.hold(about.name, failed, standing)
	}
	return left
}

// failedNotices warns of the notices, but for those of a refresh that failed, which it returns.
func failedNotices(about subject, notices []credential.Notice, diags *diag.Diagnostics) heldWarnings {
	var failed heldWarnings
	for _, n := range notices {
		if n.Code == credential.NoticeFailed && !n.Managing && !n.Minted {
			failed.mends = mendedBy(n.Err)
			warnNotices(about, []credential.Notice{n}, &failed.diags)
			continue
		}
		warnNotices(about, []credential.Notice{n}, diags)
	}
	return failed
}

// mendedBy tells which change of the configuration, besides new tokens, is the answer to err.
func mendedBy(err error) func(plan, state tokenPairModel) bool {
	switch credential.AsError(err).Kind {
	case credential.KindBadClient, credential.KindConfiguration, credential.KindNotSent:
		return func(plan, state tokenPairModel) bool { return !plan.Client.Equal(state.Client) }
	case credential.KindStrategy:
		return func(plan, state tokenPairModel) bool { return !plan.Refresh.Equal(state.Refresh) }
	}
	return nil
}

// warnFailed tells of a token that could not be had, and returns what an apply can do about it.
func warnFailed(about subject, err error, left verdict, diags *diag.Diagnostics) verdict {
	e := credential.AsError(err)
	if e.Reason != credential.ReasonAtApply { // the plan shows the update that refreshes it
		warnNoToken(about, err, diags)
	}
	if left != verdictNone {
		return left
	}
	switch e.Kind {
	case credential.KindBadClient, credential.KindConfiguration, credential.KindNotSent:
		return verdictClient
	case credential.KindSubject: // an apply that mends the other pair goes on with this one
		return verdictAuthorize
	}
	return left
}

// lookUp finds the record of the state. It returns false where there is none to go on with: the state stays as it is.
func (r *tokenPairResource) lookUp(
	ctx context.Context, eng engine, state *tokenPairModel, mem *memory, storeID string, diags *diag.Diagnostics,
) (credential.Record, bool) {
	about, imported := r.about(state.Name), state.ID.IsNull()
	if was := state.StoreID.ValueString(); !imported && was != "" && was != storeID {
		r.lookElsewhere(ctx, eng, *state, mem, storeID, diags)
		return credential.Record{}, false
	}
	record, err := eng.Heal(ctx, about.name, state.replica(mem.Family))
	switch {
	case credential.IsKind(err, credential.KindNotFound) && imported:
		addEngineError(diags, pathName(), "Unable to Import Token Pair", about, err)
		return credential.Record{}, false
	case credential.IsKind(err, credential.KindNotFound):
		// A wrong store must not spend: the state stays as it is, and an apply puts it there on purpose.
		mem.Verdict = verdictSeed
		warnAbsent(about, *state, storeID, diags)
		return credential.Record{}, false
	case err != nil:
		addEngineError(diags, pathName(), "Unable to Read Token Pair", about, err)
		return credential.Record{}, false
	}
	if record.IsMoved() {
		if imported {
			addEngineError(diags, pathName(), "Unable to Import Token Pair", about, credential.MovedAway(record))
		} else {
			warnNoToken(about, credential.MovedAway(record), diags)
		}
		return credential.Record{}, false
	}
	if !imported && mem.Attachment != "" && record.Attachment.Attached && foreign(record, *mem) {
		refuseOthersRecord(pathName(), about, diags)
		return credential.Record{}, false
	}
	return record, true
}

// lookElsewhere tells what a store other than the state's holds. It changes and spends nothing: a former home of the
// credential keeps an old copy of it, whose token may be spent. An apply goes on here, on purpose.
func (r *tokenPairResource) lookElsewhere(
	ctx context.Context, eng engine, state tokenPairModel, mem *memory, storeID string, diags *diag.Diagnostics,
) {
	about := r.about(state.Name)
	record, err := eng.Peek(ctx, about.name)
	switch {
	case err == nil && record.IsMoved():
		warnNoToken(about, credential.MovedAway(record), diags)
	case credential.IsKind(err, credential.KindNotFound), err == nil && record.IsTombstone():
		// Something of this name may have been destroyed here; that says nothing about the credential of the state.
		mem.Verdict = verdictSeed
		warnAbsent(about, state, storeID, diags)
	case err != nil:
		addEngineError(diags, pathName(), "Unable to Read Token Pair", about, err)
	case foreign(record, *mem):
		refuseForeignRecord(pathName(), about, state, diags)
	default:
		mem.Verdict = verdictSeed
		warnElsewhere(about, state, record, diags)
	}
}

// markAttached notes in the record that the apply which made it was kept. A store that cannot be written is no reason
// to fail a plan that has nothing to spend.
func (r *tokenPairResource) markAttached(
	ctx context.Context, eng engine, name string, mem *memory, imported bool, record credential.Record, diags *diag.Diagnostics,
) credential.Record {
	if imported {
		mem.Attachment = record.Attachment.ID
	}
	if record.Attachment.Attached || (record.Attachment.ID != mem.Attachment && !imported) {
		return record
	}
	marked, err := eng.MarkAttached(ctx, name, mem.Attachment)
	if err != nil {
		diags.AddWarning("Token Pair Not Marked As Managed", "The token store could not be written: "+clause(err)+" Nothing is lost; the next plan tries again.")
		return record
	}
	return marked
}

// blocks tells what a plan cannot live with: a store that cannot be read or written, and the end of the run. A
// credential that gives no token now has a status and a warning; only who asks for a token gets the error.
func blocks(err error) bool {
	var e *credential.Error
	return !errors.As(err, &e) || e.Kind == credential.KindStore || e.Kind == credential.KindNotFound || e.Kind == credential.KindShuttingDown
}

// fillImported takes over what an import finds besides the computed attributes.
func (m *tokenPairModel) fillImported(record credential.Record) {
	m.Client = clientObjectFrom(record.Client)
	m.RevokeOnDestroy = types.BoolValue(true) // the default
	m.Refresh = refreshObjectFrom(record.Refresh)
}

// leftToApply is what only an apply may do with a record that was read.
func (r *tokenPairResource) leftToApply(ctx context.Context, eng engine, state tokenPairModel, record credential.Record) verdict {
	// Under never that is the first token of a client that gets its own: no plan asks for that.
	left := record.Refresh.Strategy == credential.StrategyAtApply || record.Refresh.Strategy == credential.StrategyNever
	opensURL := !state.AuthorizationCode.IsNull() || !state.Implicit.IsNull()
	switch {
	case state.otherGrant(record):
		return verdictAuthorize
	case record.Mints() && record.Status.Ended(): // only an apply asks again
		return verdictAuthorize
	case !state.DeviceCode.IsNull() && record.WantsDevice(r.session.now()): // a code is asked for, and collected, by an apply
		return verdictAuthorize
	case left && eng.Due(state.Name.ValueString(), record, r.session.ask(credential.AskerRead)):
		return verdictRotate
	case opensURL && eng.OfferDue(ctx, record, warnReauthorize):
		if record.Tokens.Alive(r.session.now(), 0) {
			return verdictOfferMore
		}
		return verdictOffer
	}
	return verdictNone
}
