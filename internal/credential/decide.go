package credential

import "time"

// Action is what to do next with a credential.
type Action string

// The actions.
const (
	ActionFresh     Action = "fresh"     // serve the access token; no network, no write
	ActionProbe     Action = "probe"     // ask the API whether the access token works, then decide again
	ActionRotate    Action = "rotate"    // refresh
	ActionWait      Action = "wait"      // somebody holds a claim
	ActionAuthorize Action = "authorize" // only a person can go on
	ActionGiveUp    Action = "give_up"   // nothing can be done now
)

// Reason says why, where an action alone does not tell.
type Reason string

// The reasons. With ActionFresh, any reason but the empty one means that a refresh was wanted and put off.
const (
	ReasonNone           Reason = ""
	ReasonDeleted        Reason = "deleted"
	ReasonRevoked        Reason = "revoked"
	ReasonNotAuthorized  Reason = "not_authorized"
	ReasonNoRefreshToken Reason = "no_refresh_token"
	ReasonNever          Reason = "strategy_never"
	ReasonAtApply        Reason = "strategy_at_apply" // due, but only an apply may do it
	ReasonClaimed        Reason = "claimed"
	ReasonUnknownWaiting Reason = "outcome_unknown_waiting"     // the token may be sent again at Until
	ReasonUnknownFinal   Reason = "outcome_unknown_final"       // the token must not be sent again
	ReasonOwnerAlive     Reason = "outcome_unknown_owner_alive" // the process that may have the successor lives, and stands still
	ReasonRejected       Reason = "rejected_after_takeover"
	ReasonNotBefore      Reason = "not_before"    // the server asked to wait until Until
	ReasonEarliest       Reason = "earliest"      // the platform refuses refreshes before Until
	ReasonBudget         Reason = "error_budget"  // one more refusal before Until would lock the client out
	ReasonTokenCalls     Reason = "token_calls"   // the platform allows no more calls of its token endpoint before Until
	ReasonRefused        Reason = "refused"       // the API does not take an access token that a refresh has just brought
	ReasonMoving         Reason = "moving"        // a move to or from another store is under way, or was not finished
	ReasonGrantRefused   Reason = "grant_refused" // the server refuses what the grant sends; only an apply asks again
	ReasonMoved          Reason = "moved"         // another store has the credential: Record.MovedTo
)

// Decision is the outcome of Decide.
type Decision struct {
	Action     Action
	Reason     Reason
	Until      time.Time // when a refresh becomes possible; zero: not by waiting
	Resend     bool      // with ActionRotate: an earlier attempt may have sent the token already
	AtRisk     bool      // with Resend: if that attempt landed, this one costs the family
	SendBefore time.Time // with Resend: not later than this, when a grace period ends; zero: any time
	Anew       bool      // with ActionRotate: by the grant of the record, not by its refresh token
}

// Decide says what to do next with record r under policy p at time now. It is pure: the same input, the same answer.
func Decide(r Record, p Policy, now time.Time) Decision {
	switch {
	case r.IsMoved():
		return Decision{Action: ActionGiveUp, Reason: ReasonMoved}
	case r.IsTombstone():
		return Decision{Action: ActionAuthorize, Reason: ReasonDeleted}
	case r.revokedFor(p):
		return Decision{Action: ActionAuthorize, Reason: ReasonRevoked}
	case p.Probed == ProbedFreshRejected && !p.Renew:
		return Decision{Action: ActionGiveUp, Reason: ReasonRefused}
	case p.wantsProbe(r.Tokens, now):
		return Decision{Action: ActionProbe}
	case p.content(r.Tokens, now):
		return Decision{Action: ActionFresh}
	case r.asksAnew(p, now):
		return decideMint(r, p, now)
	}

	alive := p.works(r.Tokens, now, 0)
	// orServe serves the token that is still alive instead of doing what cannot be done now.
	orServe := func(otherwise Action, why Reason, until time.Time) Decision {
		if alive && !p.Renew {
			return Decision{Action: ActionFresh, Reason: why, Until: until}
		}
		return Decision{Action: otherwise, Reason: why, Until: until}
	}

	if r.Moving() {
		return orServe(ActionGiveUp, ReasonMoving, time.Time{})
	}
	if r.Status == StatusAuthorizationRequired {
		return orServe(ActionAuthorize, ReasonNotAuthorized, time.Time{})
	}
	if r.Tokens.Refresh.IsEmpty() {
		return orServe(ActionAuthorize, ReasonNoRefreshToken, time.Time{})
	}
	if p.Strategy == StrategyNever {
		return orServe(ActionGiveUp, ReasonNever, time.Time{})
	}
	if r.Claim != nil && p.mayRotate() {
		return Decision{Action: ActionWait, Reason: ReasonClaimed}
	}
	rotate := Decision{Action: ActionRotate}
	// What an unknown outcome has come to concerns those too who may not refresh themselves.
	if r.Status == StatusOutcomeUnknown && r.Unknown != nil && r.Claim == nil {
		if at := rejectedUntil(*r.Unknown); !at.IsZero() {
			if now.Before(at) {
				return orServe(ActionGiveUp, ReasonRejected, at)
			}
			return orServe(ActionAuthorize, ReasonRejected, time.Time{})
		}
		again := resendOf(r, p.Token, p.Observer, now)
		if !again.may {
			return orServe(ActionGiveUp, ReasonUnknownFinal, time.Time{})
		}
		if now.Before(again.from) || again.atRisk && alive { // a token that works is what there is to lose
			return orServe(ActionGiveUp, ReasonUnknownWaiting, again.from)
		}
		rotate.Resend, rotate.AtRisk, rotate.SendBefore = true, again.atRisk, again.before
	}
	if !p.mayRotate() {
		return orServe(ActionGiveUp, ReasonAtApply, time.Time{})
	}
	if now.Before(r.NotBefore) {
		return orServe(ActionGiveUp, ReasonNotBefore, r.NotBefore)
	}
	if at := p.Token.TokenCalls.free(r.Calls, now); now.Before(at) {
		return orServe(ActionGiveUp, ReasonTokenCalls, at)
	}
	// Without an access token nobody knows when the refresh token was issued, as with one that a person brings along.
	brought := r.Input != "" && r.Generation == 1 && !alive // … and when an expired access token was
	if at := r.Tokens.IssuedAt.Add(p.Earliest); p.Earliest > 0 && !r.Tokens.Access.IsEmpty() && !brought && now.Before(at) {
		return orServe(ActionGiveUp, ReasonEarliest, at)
	}
	return rotate
}

// revokedFor tells whether r gives whoever asks no token since it was revoked. A grant is good for another one.
func (r Record) revokedFor(p Policy) bool {
	return r.Status == StatusRevoked && (!r.Mints() || p.Asker != AskerApply)
}

// wantsProbe tells whether the API is to be asked about the access token before it is used.
func (p Policy) wantsProbe(t Tokens, now time.Time) bool {
	return p.Strategy == StrategyOnRejection && p.Probed == ProbedNot && p.works(t, now, 0) && !p.Renew
}

// content tells whether the access token is good enough as it is.
func (p Policy) content(t Tokens, now time.Time) bool {
	return p.works(t, now, p.Margin) && !p.Force && !p.Renew && !p.keepAlive(t, now)
}

// rejectedUntil is how long an invalid_grant after a takeover is not believed; zero: there was none.
func rejectedUntil(u Unknown) time.Time {
	if u.RejectedAt.IsZero() {
		return time.Time{}
	}
	return u.RejectedAt.Add(u.TTL)
}

// resend says whether and when a refresh token may be sent again after a refresh whose outcome is unknown.
type resend struct {
	may    bool
	atRisk bool // if the first request landed, this one costs the family
	from   time.Time
	before time.Time // the grace period ends then; zero: no such end
}

// observer is who judges times that somebody has written down: a machine, and whether it hears the store's clock. The zero
// value is nobody in particular.
type observer struct {
	host  string
	timed bool
}

// resendOf reads the rotation semantics (RFC 9700 §4.14.2 leaves them to the server). r.Unknown must not be nil.
func resendOf(r Record, p RefreshTokenPolicy, o observer, now time.Time) resend {
	u := *r.Unknown
	switch {
	case !p.SingleUse():
		return resend{may: true, from: now}
	case u.inGrace(p, o, now):
		return resend{may: true, from: now, before: u.graceEnd(p, o)}
	}
	afterTTL := u.ClaimedAt.Add(u.TTL + u.doubt(o))
	switch p.OnReuse {
	case ReuseReject:
		return resend{may: u.Resends == 0, from: afterTTL}
	case ReuseRevokeClientUser:
		return resend{}
	default:
		// The family dies if the first request landed, so nothing may be left to lose: not before the access token
		// has expired. If it never landed, this saves the credential.
		expiry := r.Tokens.Expiry()
		if r.Tokens.endless() { // while it works nothing is sent, and once the API has refused it there is nothing to wait for
			expiry = time.Time{}
		}
		if r.Tokens.ExpiresAt.IsZero() || u.Behind { // the access token to lose is one that nobody here knows
			expiry = latest(expiry, u.ClaimedAt.Add(r.Client.lifetime()))
		}
		if u.Apart { // the expiry was written by whoever refreshed last
			expiry = expiry.Add(clockSlack)
		}
		return resend{may: u.Resends == 0, atRisk: true, from: latest(expiry, afterTTL)}
	}
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// graceSpare is given away at the end of a grace period: the request takes its time to arrive.
const graceSpare = 2 * time.Second

// doubt is how far the clock that o goes by may be from the one that wrote u. The store's clock is one for all who hear
// it; else a host's own is the same from one run to the next, and hosts go by their names.
func (u Unknown) doubt(o observer) time.Duration {
	if u.Timed && o.timed || o.host == u.Host && (o.host != "" || !u.Apart) {
		return 0
	}
	return clockSlack
}

// graceEnd is when the grace period of the token that was sent counts as over. It counts from the first claim.
func (u Unknown) graceEnd(p RefreshTokenPolicy, o observer) time.Time {
	return u.ClaimedAt.Add(p.GracePeriod - graceSpare - u.doubt(o))
}

// inGrace tells whether a server that grants a grace period still takes the token that was sent. A claim from the future
// shows that the clock of its owner is another; then nothing is known of the grace.
func (u Unknown) inGrace(p RefreshTokenPolicy, o observer, now time.Time) bool {
	return p.Rotation == RotationSingleUseGrace && !u.Behind &&
		!u.ClaimedAt.After(now.Add(graceSpare)) && now.Before(u.graceEnd(p, o))
}
