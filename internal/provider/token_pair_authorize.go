package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// applying is one Create or Update of a token pair.
type applying struct {
	session       *session
	eng           engine
	config, state tokenPairModel // state is zero in Create
	about         subject
	diags         *diag.Diagnostics
	former        *credential.Setup // what the record said before; nil: the same
	unoffered     bool              // where to authorize could not be discovered, or what for not be pushed
	told          bool              // why there is no token was told
	failed        bool              // a code was sent in vain
	regranted     bool              // the client gets its tokens by another grant than before
}

// prepare makes sure that the record is in the store and says what the configuration says. It spends nothing.
func (a *applying) prepare(ctx context.Context, plan tokenPairModel, mem *memory) bool {
	storeID, err := a.session.storeID(ctx)
	if err != nil {
		addEngineError(a.diags, pathName(), "Unable to Update Token Pair", a.about, err)
		return false
	}
	// With -refresh=false, or from an old plan, this is the first that is seen of the store.
	before, err := a.eng.Peek(ctx, a.about.name)
	if err == nil && before.IsMoved() {
		addEngineError(a.diags, pathName(), "Unable to Update Token Pair", a.about, credential.MovedAway(before))
		return false
	}
	if !rightStore(before, err, storeID, a.state, plan, *mem, a.about, a.diags) {
		return false
	}
	was := a.state.StoreID.ValueString()
	elsewhere := was != "" && was != storeID
	if !a.maySeed(*mem, elsewhere || credential.IsKind(err, credential.KindNotFound), a.diags) {
		return false
	}
	replica := a.state.replica(mem.Family)
	if elsewhere || err != nil {
		replica.StoreID = was // what was left behind there comes along
	}
	if err == nil {
		before, err = a.eng.Heal(ctx, a.about.name, replica)
	}
	switch {
	case credential.IsKind(err, credential.KindNotFound), err == nil && before.IsTombstone() && elsewhere:
		if mem.Attachment == "" {
			if mem.Attachment, err = newAttachment(a.session.deps.Random); err != nil {
				a.diags.AddError("Unable to Update Token Pair", sentence(err))
				return false
			}
		}
		replica.Used = usedInputs(a.config, a.state)
		setup := a.config.setup(a.session)
		setup.Spent = mem.Spent
		var seeded credential.Record
		seeded, err = a.eng.Seed(ctx, a.about.name, mem.Attachment, setup, replica)
		if err == nil && seeded.IsTombstone() {
			err = a.makeAnew(ctx, mem)
		}
	case err == nil && before.IsTombstone():
		err = a.makeAnew(ctx, mem)
	case err == nil:
		setup := a.config.setup(a.session)
		keepSecrets(&setup.Client, a.config.Client, before.Client)
		keepGrantSecrets(setup.Grant, a.config.source(), before.Grant)
		var after credential.Record
		after, err = a.eng.Configure(ctx, a.about.name, setup)
		former := before.Setup()
		a.former = &former
		if err == nil {
			a.regranted = before.Mints() != after.Mints() || before.Generation != after.Generation
			warnOtherGrant(a.about, before, after, a.config.grantPath(), a.diags)
			warnOtherBinding(a.about, before, after, a.diags)
		}
		if err == nil && before.Client.ClientID != after.Client.ClientID && (before.Generation > 0 || after.Generation > 0) {
			warnOtherClient(a.about, after, a.diags)
		}
	}
	if err != nil {
		addEngineError(a.diags, pathName(), "Unable to Update Token Pair", a.about, err)
		return false
	}
	return true
}

// maySeed refuses what would put a credential into a store by accident, or a part of it. absent: this store does not have it.
func (a *applying) maySeed(mem memory, absent bool, diags *diag.Diagnostics) bool {
	switch {
	case a.session.implicit && absent:
		refuseImplicitSeed(pathName(), a.about, a.state.StoreLocation.ValueString(), diags)
		return false
	case !a.session.stateOnly && len(mem.Record) > 0 && len(mem.Aside) > 0:
		refuseAsideMove(pathName(), a.about, diags)
		return false
	}
	return true
}

// takeBack puts the former setup into the record again after an apply that failed: the state keeps it as well, so taking
// the change back plans nothing that could.
func (a *applying) takeBack(ctx context.Context, mem *memory) {
	if a.former == nil {
		return
	}
	record, err := a.eng.Configure(context.WithoutCancel(ctx), a.about.name, *a.former)
	if err == nil && record.Mints() { // a new family, if the grant had changed; a destroy has to know it
		mem.Family = record.Family
	}
	if err != nil {
		a.diags.AddWarning("Configuration Not Taken Back", fmt.Sprintf("The apply of %s failed, and the token store keeps its new client and refresh settings: %s Apply again, with a change of the client if need be.", a.about, clause(err)))
	}
}

// makeAnew puts a record in the place of a tombstone, whose hashes it keeps.
func (a *applying) makeAnew(ctx context.Context, mem *memory) error {
	setup := a.config.setup(a.session)
	setup.Spent = mem.Spent
	_, err := a.eng.Attach(ctx, a.about.name, mem.Attachment, setup, usedInputs(a.config, a.state)...)
	if err == nil {
		_, err = a.eng.MarkAttached(ctx, a.about.name, mem.Attachment)
	}
	return err
}

// authorize spends what the configuration brings, refreshes what is due, and offers an authorization URL. It returns
// false after an error that leaves nothing to put into state. A live token in hand always ends well: an error would taint
// the resource, and the next apply would revoke it.
func (a *applying) authorize(ctx context.Context) (credential.Result, bool) {
	var result credential.Result
	ok := true
	switch a.config.source().name {
	case grantAuthorizationCode:
		result, ok = a.takeCode(ctx)
	case grantPreauthenticated:
		ok = a.takeTokens(ctx)
	case grantImplicit:
		result, ok = a.takeImplicit(ctx)
	case grantJWTBearer:
		result, ok = a.takeAssertion(ctx)
	case grantDeviceCode:
		result, ok = a.takeDevice(ctx)
	}
	if ok && result.Record.Status == "" {
		result, ok = a.refresh(ctx)
	}
	if !ok {
		return credential.Result{}, false
	}
	warnNotices(a.about, result.Notices, a.diags)
	var notices []credential.Notice
	result.Record, notices = a.eng.LookUp(ctx, a.about.name, result.Record)
	warnNotices(a.about, notices, a.diags)

	var offerDiags diag.Diagnostics
	offered, ok := a.offer(ctx, &offerDiags)
	if !ok && !result.Record.Tokens.Alive(a.session.now(), 0) {
		a.diags.Append(offerDiags...)
		return credential.Result{}, false
	}
	if !ok && a.unoffered {
		a.diags.Append(asWarnings(offerDiags)...)
	}
	if p, has := offered.NewestPending(); has {
		result.Record.Pending = append(slices.Clip(result.Record.Pending), p) // the token in hand may be ahead of the store
	}
	return result, true
}

// refresh asks for a token that is good for the time after the apply.
func (a *applying) refresh(ctx context.Context) (credential.Result, bool) {
	record, err := a.eng.Peek(ctx, a.about.name)
	result := credential.Result{Record: record}
	due := record.Mints() || record.Generation > 0 && !record.Status.Ended()
	if err == nil && due {
		result, err = a.eng.Token(ctx, a.about.name, a.session.ask(credential.AskerApply))
		if e := credential.AsError(err); err != nil && tolerable(e, a.state, a.regranted) {
			if e.Kind == credential.KindRefused || e.Kind == credential.KindSubject || e.Verdict.Class != "" { // a status tells the others
				warnNoToken(a.about, e, a.diags)
				a.told = e.Verdict.Class != ""
			}
			result.Record, err = e.Record, nil
		}
	}
	if err != nil {
		summary := "Unable to Refresh Token Pair"
		if record.Mints() {
			summary = "Unable to Get Access Token"
		}
		addEngineError(a.diags, a.config.grantPath(), summary, a.about, err)
	}
	return result, err == nil
}

// tolerable tells whether an apply may end well without a fresh token: the credential exists and its status says why.
// A first apply whose tokens were refused fails instead, and leaves no state; so does one that has changed the grant, which the state
// keeps as it was.
func tolerable(e *credential.Error, state tokenPairModel, regranted bool) bool {
	switch e.Kind {
	case credential.KindUnknown:
		return !e.Record.Mints() // else no status would tell of it
	case credential.KindStrategy, credential.KindRefused:
		return true
	case credential.KindAuthorize:
		if e.Record.Mints() {
			return !state.ID.IsNull() && !regranted
		}
		return !state.ID.IsNull() || e.Reason == credential.ReasonNoRefreshToken
	case credential.KindSubject:
		return !state.ID.IsNull() && !regranted
	default:
		return false
	}
}

// takeCode exchanges the code of the configuration, unless it was used before.
func (a *applying) takeCode(ctx context.Context) (credential.Result, bool) {
	grant := a.config.AuthorizationCode
	x := credential.Exchange{Scopes: scopesOf(grant)}
	callback, at := a.config.input(grant, "authorization_code", "callback_url")
	if !callback.IsEmpty() {
		cb, err := oauth.ParseCallback(callback)
		if err != nil {
			a.diags.AddAttributeError(at, "Invalid Callback URL", sentence(err)+" Nothing was sent.")
			return credential.Result{}, false
		}
		if cb.Error != "" {
			a.denied(ctx, cb, at)
			return credential.Result{}, false
		}
		x.FromCallback, x.Code, x.State, x.Issuer, x.Parameters = true, cb.Code, cb.State, cb.Issuer, cb.Parameters
	} else if x.Code, at = a.config.input(grant, "authorization_code", "code"); x.Code.IsEmpty() {
		return credential.Result{}, true // nothing brought: the person has still to authorize
	}
	x.CodeVerifier, _ = a.config.input(grant, "authorization_code", "code_verifier")
	var ok bool
	if x.RedirectURI, ok = a.redirectURI(ctx, a.diags); !ok {
		return credential.Result{}, false
	}
	result, err := a.eng.ExchangeCode(ctx, a.about.name, x)
	return a.taken(result, err, at, func() { a.exchangeFailed(ctx, err, at) })
}

// denied reports an answer like error=access_denied. Nothing is spent; the URL stays good if its state is still pending.
func (a *applying) denied(ctx context.Context, cb oauth.Callback, at path.Path) {
	addEngineError(a.diags, at, "Unable to Authorize Token Pair", a.about, a.eng.Denied(ctx, a.about.name, cb))
}

// exchangeFailed reports a failed exchange with a fresh URL.
func (a *applying) exchangeFailed(ctx context.Context, err error, at path.Path) {
	var e *credential.Error
	a.failed = true
	if errors.As(err, &e) && e.Kind != credential.KindStore {
		var quiet diag.Diagnostics
		if record, ok := a.offer(ctx, &quiet); ok && record.Status != "" {
			e.Record = record
		}
	}
	a.about.code = true
	addEngineError(a.diags, at, "Unable to Exchange Authorization Code", a.about, err)
}

// takeTokens adopts tokens that were obtained elsewhere.
func (a *applying) takeTokens(ctx context.Context) bool {
	grant := a.config.Preauthenticated
	brought := credential.Brought{ExpiresAt: timeFrom(member(grant, "expires_at"))}
	brought.Access, _ = a.config.input(grant, "preauthenticated", "access_token")
	var at path.Path
	brought.Refresh, at = a.config.input(grant, "preauthenticated", "refresh_token")
	if brought.Access.IsEmpty() && brought.Refresh.IsEmpty() {
		return true // write-only tokens that an ordinary update does not bring again
	}
	brought.ProofKey, _ = a.config.input(grant, "preauthenticated", "dpop_private_key")
	record, used, err := a.eng.Adopt(ctx, a.about.name, brought)
	if err != nil {
		addEngineError(a.diags, at, "Unable to Adopt Tokens", a.about, err)
		return false
	}
	if used && a.config.brings(a.state) { // an ordinary update brings the same input along, and everything is as it should be
		warnUsedInput(a.about, record, at, a.diags)
	}
	return true
}

// redirectURI is the grant's, else the registration's first.
func (a *applying) redirectURI(ctx context.Context, diags *diag.Diagnostics) (string, bool) {
	s := a.config.source()
	if uri := member(*s.value, "redirect_uri").ValueString(); uri != "" {
		return uri, true
	}
	name := member(a.config.Client, "registration").ValueString()
	if name != "" && !a.session.stateOnly {
		reg, err := a.session.manager.Registration(ctx, name)
		if err == nil && len(reg.RedirectURIs) > 0 {
			return reg.RedirectURIs[0], true
		}
	}
	diags.AddAttributeError(path.Root(s.name).AtName("redirect_uri"), "Missing Attribute",
		s.name+".redirect_uri is needed: no registration with redirect_uris was found in the token store. Nothing was sent.")
	return "", false
}
