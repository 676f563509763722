package provider

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/platform"
)

const (
	warnRefreshTokenDies = 7 * 24 * time.Hour
	warnReauthorize      = 30 * 24 * time.Hour
)

// warnStanding gives the warnings that stand as long as they are true and somebody can act on them. told says that the
// status was explained already.
func (r *tokenPairResource) warnStanding(about subject, record credential.Record, told bool, diags *diag.Diagnostics) {
	r.warnCredential(about, record, told, diags)
	r.warnKeeping(about, record, diags)
}

// warnKeeping gives those about the place where the credential is kept, and the client that it belongs to.
func (r *tokenPairResource) warnKeeping(about subject, record credential.Record, diags *diag.Diagnostics) {
	if record.Client.EffectivePolicy().SingleUse() && r.session.stateOnly && !record.Tokens.Refresh.IsEmpty() && !record.Mints() {
		diags.AddWarning("Single-Use Refresh Token Kept in the State Only",
			fmt.Sprintf("%s has a refresh token that works only once, and token_store = \"state\" keeps it nowhere else. %s", capital(about.String()), stateOnlyRisk(record)))
	}
	if r.session.implicit && r.session.onCI() && !record.Tokens.Refresh.IsEmpty() {
		diags.AddWarning("Token Store on a CI Runner's Own Disk",
			fmt.Sprintf("This run seems to be a CI job, and %s is kept in %s, which may be thrown away with the runner. Set token_store (or OAUTH_TOKEN_STORE) to a place that all runners share.", about, r.session.location))
	}
	warnCertificateEnds(about, record.Client, r.session.now(), diags)
}

// warnCredential gives those about the credential itself, which new tokens put an end to.
func (r *tokenPairResource) warnCredential(about subject, record credential.Record, told bool, diags *diag.Diagnostics) {
	now := r.session.now()
	if !told {
		warnStatus(about, record, now, diags)
	}
	if record.Status != credential.StatusActive {
		return // a deadline of what does not work is no news
	}
	warnUnbound(about, record, diags)
	warnPairMargin(about, record, diags)
	warnEarliest(about, record, diags)
	if at := record.IdleDeadline(); !at.IsZero() && !record.Mints() && at.After(now) && at.Sub(now) < warnRefreshTokenDies {
		diags.AddWarning("Refresh Token Dies Soon: "+about.name,
			fmt.Sprintf("The refresh token of %s dies at %s unless it is used before. %s", about, moment(at), howToUse(record, now)))
	}
	if at := record.AbsoluteDeadline(); !at.IsZero() && at.Sub(now) < warnReauthorize {
		diags.AddWarning(forPlan(about, "Authorization Ends Soon")+": "+about.name,
			fmt.Sprintf("A person must authorize %s again by %s, however often it is refreshed. %s", about, moment(at), authorizeAgain(about, record)))
	}
}

// stateOnlyRisk says what loses a single-use token that is in the state alone, and what helps.
func stateOnlyRisk(record credential.Record) string {
	if s := record.Refresh.Strategy; s == credential.StrategyAtApply || s == credential.StrategyNever {
		return "Plans spend nothing, but an apply that dies, or a lost state, loses it, and a person must authorize again. Set token_store to a folder to be safe from that."
	}
	return "A plan that refreshes and is not applied, a crash or a lost state loses it, and a person must authorize again. " +
		`Set token_store to a folder, or refresh.strategy = "at_apply" so that plans spend nothing.`
}

// howToUse says which run uses a refresh token.
func howToUse(record credential.Record, now time.Time) string {
	who, from := "A plan or apply", ""
	switch record.Refresh.Strategy {
	case credential.StrategyNever:
		return `refresh.strategy = "never" does not use it: choose another strategy and apply before that time, or a person must authorize again.`
	case credential.StrategyAtApply:
		who = "An apply"
	}
	if at := record.KeepAliveAt(); at.After(now) {
		from = fmt.Sprintf(" from %s on, or as soon as the access token needs it", moment(at))
	}
	return fmt.Sprintf("%s uses it%s: run one before it dies.", who, from)
}

// warnNoToken tells in a plan that a credential gives no token now. It does not block the plan. What a person has to do about one pair
// stands in no other's warning, so its name is in the summary: of those alike Terraform shows one.
func warnNoToken(about subject, err error, diags *diag.Diagnostics) {
	e := credential.AsError(err)
	summary := notRefreshed(about, e)
	switch e.Kind {
	case credential.KindAuthorize:
		summary = "Authorization Required"
		if e.Reason == credential.ReasonRevoked {
			summary = "Token Pair Revoked"
		}
		summary = cmp.Or(about.headline, forPlan(about, summary)) + ": " + about.name
		if about.planned && e.Verdict.Class == "" && e.Record.Device.Waits(about.session.now()) {
			summary = "Device Code Waits for a Person: " + about.name
		}
	case credential.KindUnknown:
		if !e.Record.Mints() {
			summary = "Outcome of a Refresh Unknown: " + about.name
		}
	case credential.KindRefused:
		summary = "Fresh Access Token Refused: " + about.name
	case credential.KindMoving:
		summary = "Move Not Finished"
	case credential.KindMoved:
		summary = "Credential Moved"
	}
	diags.AddWarning(summary, engineDetail(about, err))
}

// forPlan keeps a plan's warning apart from that of its apply, which has the URL to open: Terraform shows one of two with the same
// summary.
func forPlan(about subject, summary string) string {
	if about.pushes {
		return summary + " (Apply for a URL)"
	}
	return summary
}

// warnNotices tells what a success still has to say.
func warnNotices(about subject, notices []credential.Notice, diags *diag.Diagnostics) {
	for _, n := range notices {
		about := about
		if n.Of != "" { // which this asks for its access token, and no state of this holds
			about.kind, about.name, about.asks = "oauth_token_pair", n.Of, true
		}
		if n.Managing {
			warnManaging(about, n, diags)
			continue
		}
		if n.Minted {
			warnMinted(about, n, diags)
			continue
		}
		switch n.Code {
		case credential.NoticePutOff:
			warnPutOff(about, n, diags)
		case credential.NoticeFailed:
			warnFailedRefresh(about, n.Err, diags)
		case credential.NoticeUnprobed:
			warnUnprobed(about, n, diags)
		case credential.NoticeNotStored:
			warnNotStored(about, n, diags)
		case credential.NoticeRescued:
			diags.AddWarning("Refresh Token Recovered", fmt.Sprintf("A run that ended early had left a refresh token in %s. It is in the token store now. Nothing needs to be done.", n.Text))
		case credential.NoticeNoRescue:
			diags.AddWarning("No Rescue File", fmt.Sprintf("Before a new refresh token goes to the token store it is kept in a local file, in case that the store fails. That file could not be written: %s "+
				"The refresh itself went well.", clause(n.Err)))
		case credential.NoticeSalvaged:
			diags.AddWarning("Broken Reply From the Token Endpoint", fmt.Sprintf("The reply to the refresh of %s was not well-formed. Its refresh token could be read and is kept.", about))
		case credential.NoticeInputRefused:
			diags.AddWarning("Brought Tokens Refused", fmt.Sprintf("The authorization server refused the tokens that preauthenticated brings for %s. The ones in use before still work and are in use again. "+
				"To replace them, bring others. The server's own words: %s", about, n.Text))
		case credential.NoticeNotLookedUp:
			again := "The next run tries again."
			if !n.Until.IsZero() {
				again = fmt.Sprintf("It is asked for again from %s on; look whether the user and the app may read it.", moment(n.Until))
			}
			diags.AddWarning("Connection Details Incomplete", fmt.Sprintf("What API calls need besides the token of %s could not be looked up%s: %s "+
				"The token works all the same. %s", about, inBrackets(n.Text), clause(n.Err), again))
		case credential.NoticeAccessLeft:
			warnAccessLeft(about, n, diags)
		case credential.NoticeNotRevoked:
			diags.AddWarning("Tokens Not Revoked", fmt.Sprintf("%s was removed here, but its tokens were not revoked: %s Revoke the app's access on the platform, where the user's connected apps are listed.",
				capital(about.String()), notRevoked(n.Err)))
		}
	}
}

// inBrackets is the name of a part; nothing for none.
func inBrackets(part string) string {
	if part == "" {
		return ""
	}
	return " (" + part + ")"
}

// warnPutOff tells of a refresh that was due and was not done. Strategies that put it off on purpose are silent.
func warnPutOff(about subject, n credential.Notice, diags *diag.Diagnostics) {
	switch n.Reason {
	case credential.ReasonNever, credential.ReasonAtApply, credential.ReasonClaimed, credential.ReasonUnknownWaiting,
		credential.ReasonUnknownFinal, credential.ReasonRejected, credential.ReasonNotAuthorized, credential.ReasonNoRefreshToken:
		return // standing warnings and the status tell these
	}
	diags.AddWarning("Refresh Put Off", fmt.Sprintf("The access token of %s is due for a refresh and cannot be refreshed before %s: %s. It is used as it is.", about, moment(n.Until), reasonText(n.Reason)))
}

func warnNotStored(about subject, n credential.Notice, diags *diag.Diagnostics) {
	where := "It is in this run's result only: let the run finish, and apply it."
	if !about.session.secretsInState || about.asks {
		where = "It could be kept nowhere, and is lost when this run ends: a person must authorize again then. The access token works until it expires."
	}
	if n.Text != "" {
		where = fmt.Sprintf("It is kept in %s; the next run on this machine, by the same user, puts it into the store. Do not delete that file.", n.Text)
	}
	diags.AddWarning("New Refresh Token Not in the Token Store", fmt.Sprintf("%s was refreshed, but the token store %s could not be written: %s\n\n%s", capital(about.String()), about.session.location, clause(n.Err), where))
}

// warnOnWrite gives the warnings that belong to an apply: those that stand, and those that nobody has to act on soon.
func (r *tokenPairResource) warnOnWrite(about subject, result credential.Result, told bool, diags *diag.Diagnostics) {
	r.warnStanding(about, result.Record, told || hasFailed(result.Notices), diags)
	if c := result.Record.Client; c.Platform != "" && !result.Record.Mints() { // what is in doubt is about refresh tokens
		if e, err := platform.FindWith(c.Platform, c.PlatformOverrides); err == nil {
			warnDoubts(about, e, c, result.Record.Refresh, diags)
		}
	}
	if !r.session.stateOnly && !r.session.sealed { // last: what somebody has to do comes first
		warnPlaintextStore(r.session, diags)
	}
}

// warnStatus explains a status other than active.
func warnStatus(about subject, record credential.Record, now time.Time, diags *diag.Diagnostics) {
	switch record.StatusAt(now) {
	case credential.StatusAuthorizationRequired:
		e := &credential.Error{Kind: credential.KindAuthorize, Record: record}
		if record.Status == credential.StatusActive {
			e.Reason = credential.ReasonNoRefreshToken
		}
		warnNoToken(about, e, diags)
	case credential.StatusRevoked:
		warnNoToken(about, &credential.Error{Kind: credential.KindAuthorize, Reason: credential.ReasonRevoked, Record: record}, diags)
	case credential.StatusOutcomeUnknown:
		at, may, _ := credential.NextResend(record, about.session.deps.Hostname, now)
		e := &credential.Error{Kind: credential.KindUnknown, Record: record, Until: at}
		switch {
		case !may:
			e.Reason = credential.ReasonUnknownFinal
		case record.Unknown != nil && !record.Unknown.RejectedAt.IsZero():
			e.Reason = credential.ReasonRejected
		case at.After(now):
			e.Reason = credential.ReasonUnknownWaiting
		}
		warnNoToken(about, e, diags)
	}
}

// hasFailed tells whether a notice explains the status already.
func hasFailed(notices []credential.Notice) bool {
	return slices.ContainsFunc(notices, func(n credential.Notice) bool { return n.Code == credential.NoticeFailed })
}

func warnPlaintextStore(s *session, diags *diag.Diagnostics) {
	diags.AddWarning("Token Store Not Sealed",
		fmt.Sprintf("The files in %s are plain text of mode 0600, like a state file. Set token_store_key (or OAUTH_TOKEN_STORE_KEY) to an age key to seal them; age-keygen makes one.", s.location))
}

func warnUnknownProvider(s *session, name string, diags *diag.Diagnostics) {
	for _, p := range s.unknown {
		diags.AddAttributeWarning(p, "Provider Configuration Not Known Yet",
			fmt.Sprintf("The provider's %s is known only after apply, so %q was neither read nor refreshed. Its state is used as it is.", p, name))
	}
}

// warnAbsent tells that the store in use does not hold the credential of the state.
func warnAbsent(about subject, state tokenPairModel, storeID string, diags *diag.Diagnostics) {
	was := state.StoreLocation.ValueString()
	what := fmt.Sprintf("The token store %s does not hold %s, which the state says is in %s.", about.session.location, about, was)
	if storeID != "" && storeID == state.StoreID.ValueString() {
		what = fmt.Sprintf("The token store %s no longer holds %s. It may have been restored from an older backup.", about.session.location, about)
	}
	what += " Nothing was refreshed or sent; the state is used as it is."
	if about.session.implicit {
		what += "\n\nThis is the default store, because neither token_store nor OAUTH_TOKEN_STORE is set. If the credential lives elsewhere, set one of them."
	} else {
		what += "\n\nIf this is the wrong store, set token_store or OAUTH_TOKEN_STORE to the right one. " + intoNewStore(about)
	}
	diags.AddWarning("Credential Not in the Token Store", what)
}

// intoNewStore says what an apply does in a store that is new, or was lost.
func intoNewStore(about subject) string {
	if !about.session.secretsInState {
		return "If the store is new or was lost, its tokens are not in the state either (secrets_in_state = false): put a copy of the former store back, or apply, and authorize again if the grant needs a person."
	}
	return "If the store is new or was lost, apply: that writes the credential of the state into it."
}

// warnElsewhere tells that the store in use is another one than the state's, and holds the same credential.
func warnElsewhere(about subject, state tokenPairModel, record credential.Record, diags *diag.Diagnostics) {
	copied := "the same generation"
	switch behind := state.Generation.ValueInt64() - record.Generation; {
	case behind > 0:
		copied = "an older copy, whose refresh token may be used up"
	case behind < 0:
		copied = "a newer one than the state"
	}
	diags.AddWarning("Credential in Another Token Store",
		fmt.Sprintf("The state says that %s is in the token store %s. The one in use, %s, holds it as well: %s. A plan refreshes and sends nothing here; the state is used as it is.\n\n"+
			"If this is the wrong store, set token_store or OAUTH_TOKEN_STORE to the right one. If the credential was moved here, apply: from then on this store counts, and the other one must not be used again.",
			about, state.StoreLocation.ValueString(), about.session.location, copied))
}

func warnTombstone(about subject, diags *diag.Diagnostics) {
	diags.AddWarning("Authorization Required: "+about.name,
		fmt.Sprintf("%s was destroyed from elsewhere; the token store %s keeps no token of it. Apply to make it anew; codes and tokens that were used before are not sent again.", capital(about.String()), about.session.location))
}

// refuseImplicitSeed stops an apply that would put a credential into the default store by mistake.
func refuseImplicitSeed(at path.Path, about subject, location string, diags *diag.Diagnostics) {
	where := ""
	if location != "" {
		where = fmt.Sprintf(" The state says that it lives in %s.", location)
	}
	diags.AddAttributeError(at, "Credential Lives in Another Token Store",
		fmt.Sprintf("The default token store %s does not hold %s.%s\n\nNothing was sent. The credential still works where it is.\n\n"+
			"Set token_store or OAUTH_TOKEN_STORE to the store it lives in. To move it here on purpose, set token_store = %q and apply again.",
			about.session.location, about, where, about.session.location))
}

func warnOtherClient(about subject, now credential.Record, diags *diag.Diagnostics) {
	next := "Authorize again."
	if now.Generation > 0 {
		next = "Those that were kept aside for the new one are in use again."
	}
	diags.AddAttributeWarning(path.Root("client").AtName("client_id"), "Another Client",
		fmt.Sprintf("The client_id of %s turned out to be another one than before. The old tokens belong to the old client. They were not revoked; they are kept aside, and used again if the old client_id returns. %s", about, next))
}

func warnUsedInput(about subject, record credential.Record, at path.Path, diags *diag.Diagnostics) {
	what := "What the token store holds is used. This is as it should be when a resource is made again or imported."
	if record.Status.Ended() {
		what = "It did not lead to tokens that still work."
	}
	diags.AddAttributeWarning(at, "Used Before",
		fmt.Sprintf("%s was used before and is not sent again. %s To authorize %s again, a new one is needed.", at, what, about))
}

func unknownName(diags *diag.Diagnostics) {
	diags.AddAttributeError(path.Root("name"), "Name Not Known Yet",
		"The name of an existing resource is known only after apply. Replacing it now might revoke a credential that is in use, so nothing is planned. Give it a name that is known at plan time.")
}

func noWriteOnly(at path.Path, diags *diag.Diagnostics) {
	diags.AddAttributeError(at, "Write-Only Secret Without a Token Store",
		fmt.Sprintf(`%s is kept in the token store alone, and token_store = "state" has none. Use the plain attribute, or set token_store to a folder.`, at))
}

// consumedCode decides what a code means that was used before: nothing where an ordinary update brings it along again, a
// warning where the credential lives on, an error where a person believes to have authorized again.
func consumedCode(record credential.Record, config, state tokenPairModel, at path.Path, about subject, diags *diag.Diagnostics) bool {
	if !config.brings(state) {
		return true
	}
	if record.Status.Ended() && !state.ID.IsNull() {
		addEngineError(diags, at, "Unable to Authorize Token Pair", about, &credential.Error{Kind: credential.KindConsumed, Record: record})
		return false
	}
	warnUsedInput(about, record, at, diags)
	return true
}
