package credential

import (
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// The record of these tests was issued an hour ago.
var (
	now     = epoch.Add(time.Hour)
	issued  = epoch
	expires = epoch.Add(90 * time.Minute)
)

func active(change func(*Record)) Record {
	r := Record{
		Family: "f1", Generation: 3, Status: StatusActive,
		Tokens: Tokens{Access: secret.New("a"), Refresh: secret.New("r"), IssuedAt: issued, ExpiresAt: expires},
	}
	if change != nil {
		change(&r)
	}
	return r
}

// expired is active with a dead access token, which died half an hour ago.
func expired(change func(*Record)) Record {
	return active(func(r *Record) {
		r.Tokens.ExpiresAt = now.Add(-30 * time.Minute)
		if change != nil {
			change(r)
		}
	})
}

// unknown is expired with a refresh that was sent at claimedAt and never answered.
func unknown(claimedAt time.Time, change func(*Record)) Record {
	return expired(func(r *Record) {
		r.Status = StatusOutcomeUnknown
		r.Unknown = &Unknown{Attempt: "x", ClaimedAt: claimedAt, TTL: 2 * time.Minute}
		if change != nil {
			change(r)
		}
	})
}

func TestDecide(t *testing.T) {
	t.Parallel()
	margin := Policy{Margin: 30 * time.Second}
	with := func(rotation Rotation, reuse Reuse, grace time.Duration) Policy {
		return Policy{Margin: 30 * time.Second, Token: RefreshTokenPolicy{Rotation: rotation, OnReuse: reuse, GracePeriod: grace}}
	}
	by := func(host string, rotation Rotation, reuse Reuse, grace time.Duration) Policy {
		p := with(rotation, reuse, grace)
		p.Observer.host = host
		return p
	}
	heard := func(p Policy) Policy {
		p.Observer.timed = true
		return p
	}
	apart := func(host string) func(*Record) {
		return func(r *Record) { r.Unknown.Apart, r.Unknown.Host = true, host }
	}
	perHour := func(calls int) Policy {
		return Policy{Margin: 30 * time.Second, Token: RefreshTokenPolicy{TokenCalls: CallLimit{Limit: calls, Window: time.Hour}}}
	}
	ago := func(all ...time.Duration) (calls []time.Time) {
		for _, d := range all {
			calls = append(calls, now.Add(-d))
		}
		return calls
	}
	idle := func(lifetime time.Duration) Policy {
		return Policy{Margin: 30 * time.Second, Token: RefreshTokenPolicy{IdleLifetime: lifetime}}
	}
	idleUnder := func(s Strategy, asker Asker) Policy {
		p := idle(time.Hour)
		p.Strategy, p.Asker = s, asker
		return p
	}
	endless := func(change func(*Record)) Record {
		r := active(change)
		r.Tokens.ExpiresAt = time.Time{}
		return r
	}
	probedWith := func(said Probed, change func(*Policy)) Policy {
		p := Policy{Strategy: StrategyOnRejection, Probed: said}
		change(&p)
		return p
	}
	probed := func(said Probed) Policy { return probedWith(said, func(*Policy) {}) }
	claim := &Claim{Attempt: "x", TTL: time.Minute}
	for _, tt := range []struct {
		name   string
		record Record
		policy Policy
		want   Decision
	}{
		// What has an end.
		{"nothing at all", Record{Status: StatusAuthorizationRequired}, margin, Decision{Action: ActionAuthorize, Reason: ReasonNotAuthorized}},
		{"tombstone", Record{Status: StatusRevoked, DeletedAt: issued}, margin, Decision{Action: ActionAuthorize, Reason: ReasonDeleted}},
		{"revoked", active(func(r *Record) { r.Status = StatusRevoked }), margin, Decision{Action: ActionAuthorize, Reason: ReasonRevoked}},

		// Fresh, to the instant.
		{"alive", active(nil), margin, Decision{Action: ActionFresh}},
		{"a moment more than the margin", active(func(r *Record) { r.Tokens.ExpiresAt = now.Add(30*time.Second + 1) }), margin, Decision{Action: ActionFresh}},
		{"exactly the margin", active(func(r *Record) { r.Tokens.ExpiresAt = now.Add(30 * time.Second) }), margin, Decision{Action: ActionRotate}},
		{"no expiry told, an hour assumed", active(func(r *Record) { r.Tokens.ExpiresAt = time.Time{} }), margin, Decision{Action: ActionRotate}},
		{"no expiry told, issued later", active(func(r *Record) {
			r.Tokens.ExpiresAt, r.Tokens.IssuedAt = time.Time{}, issued.Add(30*time.Second+1)
		}), margin, Decision{Action: ActionFresh}},
		{"alive while its outcome is unknown", active(func(r *Record) { r.Status, r.Unknown = StatusOutcomeUnknown, &Unknown{TTL: 1} }), margin, Decision{Action: ActionFresh}},
		{"alive though a person must authorize", active(func(r *Record) { r.Status, r.Tokens.Refresh = StatusAuthorizationRequired, secret.String{} }), margin, Decision{Action: ActionFresh}},
		{"claimed and alive", active(func(r *Record) { r.Claim = claim }), margin, Decision{Action: ActionFresh}},
		{"forced", active(nil), Policy{Force: true}, Decision{Action: ActionRotate}},

		// Only a person can help.
		{"authorization required", expired(func(r *Record) { r.Status = StatusAuthorizationRequired }), margin, Decision{Action: ActionAuthorize, Reason: ReasonNotAuthorized}},
		{"authorization required, within the margin", active(func(r *Record) {
			r.Status, r.Tokens.ExpiresAt = StatusAuthorizationRequired, now.Add(1)
		}), margin, Decision{Action: ActionFresh, Reason: ReasonNotAuthorized}},
		{"no refresh token", expired(func(r *Record) { r.Tokens.Refresh = secret.String{} }), margin, Decision{Action: ActionAuthorize, Reason: ReasonNoRefreshToken}},
		{"no refresh token, within the margin", active(func(r *Record) {
			r.Tokens.Refresh, r.Tokens.ExpiresAt = secret.String{}, now.Add(1)
		}), margin, Decision{Action: ActionFresh, Reason: ReasonNoRefreshToken}},

		// The strategy.
		{"never", expired(nil), Policy{Strategy: StrategyNever, Asker: AskerApply}, Decision{Action: ActionGiveUp, Reason: ReasonNever}},
		{"never, within the margin", active(func(r *Record) { r.Tokens.ExpiresAt = now.Add(1) }), Policy{Margin: time.Minute, Strategy: StrategyNever}, Decision{Action: ActionFresh, Reason: ReasonNever}},
		{"at apply, read", expired(nil), Policy{Strategy: StrategyAtApply}, Decision{Action: ActionGiveUp, Reason: ReasonAtApply}},
		{"at apply, consumer", expired(nil), Policy{Strategy: StrategyAtApply, Asker: AskerConsumer}, Decision{Action: ActionGiveUp, Reason: ReasonAtApply}},
		{"at apply, apply", expired(nil), Policy{Strategy: StrategyAtApply, Asker: AskerApply}, Decision{Action: ActionRotate}},
		{"at apply, read, within the margin", active(func(r *Record) { r.Tokens.ExpiresAt = now.Add(1) }), Policy{Margin: time.Minute, Strategy: StrategyAtApply}, Decision{Action: ActionFresh, Reason: ReasonAtApply}},

		// The refresh token would die idle; the access token is alive. It was issued an hour ago.
		{"a third of the idle lifetime left", active(nil), idle(90 * time.Minute), Decision{Action: ActionRotate}},
		{"a moment more than a third left", active(nil), idle(90*time.Minute + 3), Decision{Action: ActionFresh}},
		{"told, a third left", active(func(r *Record) { r.Tokens.RefreshTokenExpiresAt = now.Add(30 * time.Minute) }), margin, Decision{Action: ActionRotate}},
		{"told, more than a third left", active(func(r *Record) { r.Tokens.RefreshTokenExpiresAt = now.Add(30*time.Minute + 2) }), margin, Decision{Action: ActionFresh}},
		{"told later than by policy", active(func(r *Record) { r.Tokens.RefreshTokenExpiresAt = now.Add(time.Hour) }), idle(90 * time.Minute), Decision{Action: ActionRotate}},
		{"told sooner than by policy", active(func(r *Record) { r.Tokens.RefreshTokenExpiresAt = now.Add(time.Minute) }), idle(72 * time.Hour), Decision{Action: ActionRotate}},
		{"past its deadline, and nobody has tried", active(nil), idle(30 * time.Minute), Decision{Action: ActionRotate}},
		{"issued after its deadline", active(func(r *Record) { r.Tokens.RefreshTokenExpiresAt = issued }), margin, Decision{Action: ActionFresh}},
		{"idle since nobody knows when", active(func(r *Record) { r.Tokens.IssuedAt, r.Tokens.RefreshTokenExpiresAt = time.Time{}, now.Add(1) }), margin, Decision{Action: ActionFresh}},
		{"idle, and no refresh token", active(func(r *Record) { r.Tokens.Refresh = secret.String{} }), idle(time.Hour), Decision{Action: ActionFresh}},
		{"idle, never", active(nil), idleUnder(StrategyNever, AskerApply), Decision{Action: ActionFresh, Reason: ReasonNever}},
		{"idle, at apply, read", active(nil), idleUnder(StrategyAtApply, AskerRead), Decision{Action: ActionFresh, Reason: ReasonAtApply}},
		{"idle, at apply, consumer", active(nil), idleUnder(StrategyAtApply, AskerConsumer), Decision{Action: ActionFresh, Reason: ReasonAtApply}},
		{"idle, at apply, apply", active(nil), idleUnder(StrategyAtApply, AskerApply), Decision{Action: ActionRotate}},
		{"idle, and too early", active(nil), Policy{Earliest: 2 * time.Hour, Token: RefreshTokenPolicy{IdleLifetime: 90 * time.Minute}}, Decision{Action: ActionFresh, Reason: ReasonEarliest, Until: issued.Add(2 * time.Hour)}},
		{"idle, and not before", active(func(r *Record) { r.NotBefore = now.Add(1) }), idle(time.Hour), Decision{Action: ActionFresh, Reason: ReasonNotBefore, Until: now.Add(1)}},
		{"idle, and claimed", active(func(r *Record) { r.Claim = claim }), idle(time.Hour), Decision{Action: ActionWait, Reason: ReasonClaimed}},
		{"idle, its outcome unknown", active(func(r *Record) {
			r.Status, r.Unknown = StatusOutcomeUnknown, &Unknown{Attempt: "x", ClaimedAt: now, TTL: time.Minute}
		}), idle(time.Hour), Decision{Action: ActionFresh, Reason: ReasonUnknownWaiting, Until: expires}},

		// The API says whether the access token works; a lifetime is not assumed.
		{"probe, not asked", endless(nil), probed(ProbedNot), Decision{Action: ActionProbe}},
		{"probe, not asked, expiry told and to come", active(nil), probed(ProbedNot), Decision{Action: ActionProbe}},
		{"probe, not asked, expiry told and over", expired(nil), probed(ProbedNot), Decision{Action: ActionRotate}},
		{"probe, not asked, expiry told, this very moment", active(func(r *Record) { r.Tokens.ExpiresAt = now }), probed(ProbedNot), Decision{Action: ActionRotate}},
		{"probe, not asked, no access token", endless(func(r *Record) { r.Tokens.Access = secret.String{} }), probed(ProbedNot), Decision{Action: ActionRotate}},
		{"probe, not asked, no refresh token", endless(func(r *Record) { r.Tokens.Refresh = secret.String{} }), probed(ProbedNot), Decision{Action: ActionProbe}},
		{"probe, not asked, outcome unknown", endless(func(r *Record) { r.Status, r.Unknown = StatusOutcomeUnknown, &Unknown{TTL: 1} }), probed(ProbedNot), Decision{Action: ActionProbe}},
		{"probe, not asked, revoked", endless(func(r *Record) { r.Status = StatusRevoked }), probed(ProbedNot), Decision{Action: ActionAuthorize, Reason: ReasonRevoked}},
		{"probe, not asked, and idle", endless(nil), probedWith(ProbedNot, func(p *Policy) { p.Token.IdleLifetime = time.Hour }), Decision{Action: ActionProbe}},
		{"probe, good", endless(nil), probed(ProbedGood), Decision{Action: ActionFresh}},
		{"probe, good, and claimed", endless(func(r *Record) { r.Claim = claim }), probed(ProbedGood), Decision{Action: ActionFresh}},
		{"probe, good, and idle", endless(nil), probedWith(ProbedGood, func(p *Policy) { p.Token.IdleLifetime = time.Hour }), Decision{Action: ActionRotate}},
		{"probe, good, asked for longer", active(nil), probedWith(ProbedGood, func(p *Policy) { p.Margin = time.Hour }), Decision{Action: ActionRotate}},
		{"probe, good, asked for longer, expiry not told", endless(nil), probedWith(ProbedGood, func(p *Policy) { p.Margin = time.Hour }), Decision{Action: ActionFresh}},
		{"probe, good, expired since", expired(nil), probed(ProbedGood), Decision{Action: ActionRotate}},
		{"probe, silent", endless(nil), probed(ProbedSilent), Decision{Action: ActionFresh}},
		{"probe, rejected", endless(nil), probed(ProbedRejected), Decision{Action: ActionRotate}},
		{"probe, rejected, expiry to come", active(nil), probed(ProbedRejected), Decision{Action: ActionRotate}},
		{"probe, rejected, too early", endless(nil), probedWith(ProbedRejected, func(p *Policy) { p.Earliest = 2 * time.Hour }), Decision{Action: ActionGiveUp, Reason: ReasonEarliest, Until: issued.Add(2 * time.Hour)}},
		{"probe, rejected, not before", endless(func(r *Record) { r.NotBefore = now.Add(1) }), probed(ProbedRejected), Decision{Action: ActionGiveUp, Reason: ReasonNotBefore, Until: now.Add(1)}},
		{"probe, rejected, and claimed", endless(func(r *Record) { r.Claim = claim }), probed(ProbedRejected), Decision{Action: ActionWait, Reason: ReasonClaimed}},
		{"probe, rejected, moving", endless(func(r *Record) { r.Claim = &Claim{Purpose: PurposeMove} }), probed(ProbedRejected), Decision{Action: ActionGiveUp, Reason: ReasonMoving}},
		{"probe, rejected, no refresh token", endless(func(r *Record) { r.Tokens.Refresh = secret.String{} }), probed(ProbedRejected), Decision{Action: ActionAuthorize, Reason: ReasonNoRefreshToken}},
		{"probe, rejected, outcome unknown", unknown(now, func(r *Record) { r.Tokens.ExpiresAt = time.Time{} }), probed(ProbedRejected), Decision{Action: ActionGiveUp, Reason: ReasonUnknownWaiting, Until: now.Add(time.Hour)}},
		{"probe, fresh and rejected", endless(nil), probed(ProbedFreshRejected), Decision{Action: ActionGiveUp, Reason: ReasonRefused}},

		// Claims.
		{"claimed", expired(func(r *Record) { r.Claim = claim }), margin, Decision{Action: ActionWait, Reason: ReasonClaimed}},
		{"claimed, within the margin", active(func(r *Record) { r.Claim, r.Tokens.ExpiresAt = claim, now.Add(1) }), margin, Decision{Action: ActionWait, Reason: ReasonClaimed}},
		{"claimed, and the strategy forbids", expired(func(r *Record) { r.Claim = claim }), Policy{Strategy: StrategyNever}, Decision{Action: ActionGiveUp, Reason: ReasonNever}},

		// Not yet.
		{"not before", expired(func(r *Record) { r.NotBefore = now.Add(1) }), margin, Decision{Action: ActionGiveUp, Reason: ReasonNotBefore, Until: now.Add(1)}},
		{"not before, over", expired(func(r *Record) { r.NotBefore = now }), margin, Decision{Action: ActionRotate}},
		{"earliest", expired(nil), Policy{Earliest: time.Hour + 1}, Decision{Action: ActionGiveUp, Reason: ReasonEarliest, Until: now.Add(1)}},
		{"earliest, over", expired(nil), Policy{Earliest: time.Hour}, Decision{Action: ActionRotate}},
		{"earliest, of a refresh token alone", expired(func(r *Record) { r.Tokens.Access = secret.String{} }), Policy{Earliest: 2 * time.Hour}, Decision{Action: ActionRotate}},
		{"earliest, within the margin", active(func(r *Record) { r.Tokens.ExpiresAt = now.Add(1) }), Policy{Margin: time.Minute, Earliest: 2 * time.Hour}, Decision{Action: ActionFresh, Reason: ReasonEarliest, Until: issued.Add(2 * time.Hour)}},
		{"forced, and too early", active(nil), Policy{Force: true, Earliest: 2 * time.Hour}, Decision{Action: ActionFresh, Reason: ReasonEarliest, Until: issued.Add(2 * time.Hour)}},
		{"calls used up", expired(func(r *Record) { r.Calls = ago(59*time.Minute, time.Minute) }), perHour(2), Decision{Action: ActionGiveUp, Reason: ReasonTokenCalls, Until: now.Add(time.Minute)}},
		{"calls used up, within the margin", active(func(r *Record) { r.Calls, r.Tokens.ExpiresAt = ago(59*time.Minute, time.Minute), now.Add(1) }), perHour(2), Decision{Action: ActionFresh, Reason: ReasonTokenCalls, Until: now.Add(time.Minute)}},
		{"more calls than the limit", expired(func(r *Record) { r.Calls = ago(50*time.Minute, 30*time.Minute, time.Minute) }), perHour(2), Decision{Action: ActionGiveUp, Reason: ReasonTokenCalls, Until: now.Add(30 * time.Minute)}},
		{"a call has left the window", expired(func(r *Record) { r.Calls = ago(time.Hour, time.Minute) }), perHour(2), Decision{Action: ActionRotate}},
		{"one call left", expired(func(r *Record) { r.Calls = ago(time.Minute) }), perHour(2), Decision{Action: ActionRotate}},
		{"calls of a clock that was ahead", expired(func(r *Record) { r.Calls = ago(-9*time.Hour, -10*time.Hour) }), perHour(2), Decision{Action: ActionRotate}},
		{"calls that are still to be sent", expired(func(r *Record) { r.Calls = ago(-time.Second, time.Minute) }), perHour(2), Decision{Action: ActionGiveUp, Reason: ReasonTokenCalls, Until: now.Add(59 * time.Minute)}},
		{"calls without a limit", expired(func(r *Record) { r.Calls = ago(2, 1) }), margin, Decision{Action: ActionRotate}},

		// A refresh whose outcome is unknown.
		{"none", unknown(now, nil), with(RotationNone, ReuseRevokeClientUser, 0), Decision{Action: ActionRotate, Resend: true}},
		{"new_old_valid", unknown(now, nil), with(RotationNewOldValid, "", 0), Decision{Action: ActionRotate, Resend: true}},
		{"server_decides", unknown(now, nil), with(RotationServerDecides, "", 0), Decision{Action: ActionRotate, Resend: true}},
		{"until_successor_used, again and again", unknown(now, func(r *Record) { r.Unknown.Resends = 9 }), with(RotationUntilSuccessorUsed, "", 0), Decision{Action: ActionRotate, Resend: true}},
		{"grace", unknown(now.Add(-57*time.Second), nil), with(RotationSingleUseGrace, ReuseRevokeFamily, time.Minute), Decision{Action: ActionRotate, Resend: true, SendBefore: now.Add(time.Second)}},
		{"grace, its last seconds are given away", unknown(now.Add(-58*time.Second), nil), with(RotationSingleUseGrace, ReuseReject, time.Minute), Decision{Action: ActionGiveUp, Reason: ReasonUnknownWaiting, Until: now.Add(62 * time.Second)}},
		{"grace over, client and user at stake", unknown(now.Add(-time.Hour), nil), with(RotationSingleUseGrace, ReuseRevokeClientUser, time.Minute), Decision{Action: ActionGiveUp, Reason: ReasonUnknownFinal}},
		{"grace, but the claim comes from the future", unknown(now.Add(time.Minute), nil), with(RotationSingleUseGrace, ReuseReject, time.Hour), Decision{Action: ActionGiveUp, Reason: ReasonUnknownWaiting, Until: now.Add(3 * time.Minute)}},
		{"grace, but a later generation was seen", unknown(now, func(r *Record) { r.Unknown.Behind = true }), with(RotationSingleUseGrace, ReuseReject, time.Hour), Decision{Action: ActionGiveUp, Reason: ReasonUnknownWaiting, Until: now.Add(2 * time.Minute)}},
		{"reject, before the TTL", unknown(now.Add(-2*time.Minute+1), nil), with(RotationSingleUse, ReuseReject, 0), Decision{Action: ActionGiveUp, Reason: ReasonUnknownWaiting, Until: now.Add(1)}},
		{"reject, after the TTL", unknown(now.Add(-2*time.Minute), nil), with(RotationSingleUse, ReuseReject, 0), Decision{Action: ActionRotate, Resend: true}},
		{"reject, once more was enough", unknown(now.Add(-2*time.Hour), func(r *Record) { r.Unknown.Resends = 1 }), with(RotationSingleUse, ReuseReject, 0), Decision{Action: ActionGiveUp, Reason: ReasonUnknownFinal}},
		{"revoke family, access token dead, before the TTL", unknown(now.Add(-time.Minute), nil), with(RotationSingleUse, ReuseRevokeFamily, 0), Decision{Action: ActionGiveUp, Reason: ReasonUnknownWaiting, Until: now.Add(time.Minute)}},
		{"revoke family, access token dead, after the TTL", unknown(now.Add(-2*time.Minute), nil), with(RotationSingleUse, ReuseRevokeFamily, 0), Decision{Action: ActionRotate, Resend: true, AtRisk: true}},
		{"revoke family, access token alive", unknown(now.Add(-10*time.Minute), func(r *Record) { r.Tokens.ExpiresAt = now.Add(time.Second) }), with(RotationSingleUse, ReuseRevokeFamily, 0), Decision{Action: ActionFresh, Reason: ReasonUnknownWaiting, Until: now.Add(time.Second)}},
		{"revoke family, expiry not told", unknown(now.Add(-time.Minute), func(r *Record) { r.Tokens.ExpiresAt = time.Time{} }), with(RotationSingleUse, ReuseRevokeFamily, 0), Decision{Action: ActionGiveUp, Reason: ReasonUnknownWaiting, Until: now.Add(59 * time.Minute)}},
		{"revoke family, a later generation was seen", unknown(now.Add(-time.Minute), func(r *Record) { r.Unknown.Behind = true }), with(RotationSingleUse, ReuseRevokeFamily, 0), Decision{Action: ActionGiveUp, Reason: ReasonUnknownWaiting, Until: now.Add(59 * time.Minute)}},
		{"revoke family, once more was enough", unknown(now.Add(-2*time.Hour), func(r *Record) { r.Unknown.Resends = 1 }), with(RotationSingleUse, ReuseRevokeFamily, 0), Decision{Action: ActionGiveUp, Reason: ReasonUnknownFinal}},
		{"revoke client and user", unknown(now.Add(-2*time.Hour), nil), with(RotationSingleUse, ReuseRevokeClientUser, 0), Decision{Action: ActionGiveUp, Reason: ReasonUnknownFinal}},
		{"reuse unknown counts as revoke family", unknown(now.Add(-time.Minute), nil), with(RotationSingleUse, ReuseUnknown, 0), Decision{Action: ActionGiveUp, Reason: ReasonUnknownWaiting, Until: now.Add(time.Minute)}},
		{"rotation unknown counts as single use", unknown(now.Add(-2*time.Minute), nil), with("", "", 0), Decision{Action: ActionRotate, Resend: true, AtRisk: true}},
		{"rotation set per app counts as single use", unknown(now.Add(-2*time.Minute), nil), with(RotationAppSetting, ReuseReject, 0), Decision{Action: ActionRotate, Resend: true}},

		// Where neither a lock nor a clock of the store shows it, another host's times may be minutes off.
		{"apart, grace, the host itself", unknown(now, apart("here")), by("here", RotationSingleUseGrace, ReuseReject, time.Minute), Decision{Action: ActionRotate, Resend: true, SendBefore: now.Add(58 * time.Second)}},
		{"apart, short grace, another host", unknown(now, apart("there")), by("here", RotationSingleUseGrace, ReuseReject, time.Minute), Decision{Action: ActionGiveUp, Reason: ReasonUnknownWaiting, Until: now.Add(7 * time.Minute)}},
		{"apart, long grace, another host", unknown(now, apart("there")), by("here", RotationSingleUseGrace, ReuseReject, 10*time.Minute), Decision{Action: ActionRotate, Resend: true, SendBefore: now.Add(5*time.Minute - 2*time.Second)}},
		{"apart, reject, the host itself", unknown(now, apart("here")), by("here", RotationSingleUse, ReuseReject, 0), Decision{Action: ActionGiveUp, Reason: ReasonUnknownWaiting, Until: now.Add(2 * time.Minute)}},
		{"apart, reject, another host", unknown(now, apart("there")), by("here", RotationSingleUse, ReuseReject, 0), Decision{Action: ActionGiveUp, Reason: ReasonUnknownWaiting, Until: now.Add(7 * time.Minute)}},
		{"apart, reject, nameless hosts", unknown(now, apart("")), by("", RotationSingleUse, ReuseReject, 0), Decision{Action: ActionGiveUp, Reason: ReasonUnknownWaiting, Until: now.Add(7 * time.Minute)}},
		{"apart, revoke family, expiry by whoever refreshed", unknown(now.Add(-time.Hour), func(r *Record) {
			apart("here")(r)
			r.Tokens.ExpiresAt = now.Add(-time.Minute)
		}), by("here", RotationSingleUse, ReuseRevokeFamily, 0), Decision{Action: ActionGiveUp, Reason: ReasonUnknownWaiting, Until: now.Add(4 * time.Minute)}},
		{"apart, revoke family, expiry not told", unknown(now, func(r *Record) {
			apart("there")(r)
			r.Tokens.ExpiresAt = time.Time{}
		}), by("here", RotationSingleUse, ReuseRevokeFamily, 0), Decision{Action: ActionGiveUp, Reason: ReasonUnknownWaiting, Until: now.Add(65 * time.Minute)}},
		{"carried to another host", unknown(now, func(r *Record) { r.Unknown.Host = "there" }), by("here", RotationSingleUse, ReuseReject, 0), Decision{Action: ActionGiveUp, Reason: ReasonUnknownWaiting, Until: now.Add(7 * time.Minute)}},
		{"by the store's clock, and by one's own", unknown(now, func(r *Record) { r.Unknown.Host, r.Unknown.Timed = "there", true }), by("here", RotationSingleUse, ReuseReject, 0), Decision{Action: ActionGiveUp, Reason: ReasonUnknownWaiting, Until: now.Add(7 * time.Minute)}},
		{"by the store's clock, which both hear", unknown(now, func(r *Record) { r.Unknown.Host, r.Unknown.Timed = "there", true }), heard(by("here", RotationSingleUse, ReuseReject, 0)), Decision{Action: ActionGiveUp, Reason: ReasonUnknownWaiting, Until: now.Add(2 * time.Minute)}},
		{"the token's own lifetime is longer than is known now", unknown(now.Add(-time.Hour), func(r *Record) {
			r.Tokens.ExpiresAt, r.Tokens.IssuedAt, r.Tokens.Lifetime = time.Time{}, now.Add(-2*time.Hour), 24*time.Hour
			r.Client.preset = &Preset{Lifetime: 5 * time.Minute}
		}), Policy{Force: true, Token: RefreshTokenPolicy{OnReuse: ReuseRevokeFamily}}, Decision{Action: ActionFresh, Reason: ReasonUnknownWaiting, Until: now.Add(22 * time.Hour)}},
		{"earliest, of an expired token that was brought", expired(func(r *Record) { r.Input, r.Generation = "hash", 1 }), Policy{Earliest: 2 * time.Hour}, Decision{Action: ActionRotate}},

		{"unknown, but not before", unknown(now, func(r *Record) { r.NotBefore = now.Add(1) }), with(RotationNone, "", 0), Decision{Action: ActionGiveUp, Reason: ReasonNotBefore, Until: now.Add(1)}},

		// A refusal after a takeover.
		{"refused a moment ago", unknown(now, func(r *Record) { r.Unknown.RejectedAt = now.Add(-2*time.Minute + 1) }), with(RotationNone, "", 0), Decision{Action: ActionGiveUp, Reason: ReasonRejected, Until: now.Add(1)}},
		{"refused a TTL ago", unknown(now, func(r *Record) { r.Unknown.RejectedAt = now.Add(-2 * time.Minute) }), with(RotationNone, "", 0), Decision{Action: ActionAuthorize, Reason: ReasonRejected}},
		{"refused, and alive", unknown(now, func(r *Record) {
			r.Unknown.RejectedAt, r.Tokens.ExpiresAt = now.Add(-time.Hour), now.Add(1)
		}), margin, Decision{Action: ActionFresh, Reason: ReasonRejected}},

		// Who may not refresh is told all the same how it stands.
		{"at apply, read, unknown and waiting", unknown(now, nil), Policy{Strategy: StrategyAtApply, Token: RefreshTokenPolicy{OnReuse: ReuseReject}}, Decision{Action: ActionGiveUp, Reason: ReasonUnknownWaiting, Until: now.Add(2 * time.Minute)}},
		{"at apply, read, unknown and due", unknown(now.Add(-time.Hour), nil), Policy{Strategy: StrategyAtApply, Token: RefreshTokenPolicy{OnReuse: ReuseReject}}, Decision{Action: ActionGiveUp, Reason: ReasonAtApply}},
		{"at apply, read, unknown for good", unknown(now.Add(-time.Hour), func(r *Record) { r.Unknown.Resends = 1 }), Policy{Strategy: StrategyAtApply}, Decision{Action: ActionGiveUp, Reason: ReasonUnknownFinal}},
		{"at apply, read, refused a TTL ago", unknown(now, func(r *Record) { r.Unknown.RejectedAt = now.Add(-2 * time.Minute) }), Policy{Strategy: StrategyAtApply}, Decision{Action: ActionAuthorize, Reason: ReasonRejected}},
		{"at apply, read, sent once more by somebody", unknown(now, func(r *Record) { r.Claim = claim }), Policy{Strategy: StrategyAtApply}, Decision{Action: ActionGiveUp, Reason: ReasonAtApply}},
		{"never, and unknown", unknown(now, nil), Policy{Strategy: StrategyNever}, Decision{Action: ActionGiveUp, Reason: ReasonNever}},
	} {
		if got := Decide(tt.record, tt.policy, now); got != tt.want {
			t.Errorf("%s:\n got %+v\nwant %+v", tt.name, got, tt.want)
		}
	}
}

func TestSingleUse(t *testing.T) {
	t.Parallel()
	for rotation, want := range map[Rotation]bool{
		RotationNone: false, RotationNewOldValid: false, RotationServerDecides: false, RotationUntilSuccessorUsed: false,
		RotationSingleUse: true, RotationSingleUseGrace: true, RotationAppSetting: true, RotationUnknown: true, "": true, "new one": true,
	} {
		if got := (RefreshTokenPolicy{Rotation: rotation}).SingleUse(); got != want {
			t.Errorf("%q: single use = %v, want %v", rotation, got, want)
		}
	}
}

func TestNextResend(t *testing.T) {
	t.Parallel()
	if _, _, known := NextResend(active(nil), "", now); known {
		t.Error("an active credential has a known outcome")
	}
	for _, tt := range []struct {
		name   string
		change func(*Record)
		at     time.Time
		may    bool
	}{
		{"reject", func(r *Record) {
			r.Client.Policy = RefreshTokenPolicy{Rotation: RotationSingleUse, OnReuse: ReuseReject}
		}, now.Add(2 * time.Minute), true},
		{"sent once more already", func(r *Record) {
			r.Client.Policy.OnReuse, r.Unknown.Resends = ReuseReject, 1
		}, now.Add(2 * time.Minute), false},
		{"refused", func(r *Record) { r.Unknown.RejectedAt = now }, now.Add(2 * time.Minute), true},
		{"never", func(r *Record) { r.Client.Policy.OnReuse = ReuseRevokeClientUser }, time.Time{}, false},
	} {
		at, may, known := NextResend(unknown(now, tt.change), "", now)
		if !at.Equal(tt.at) || may != tt.may || !known {
			t.Errorf("%s: %s, %v, %v; want %s, %v, true", tt.name, at, may, known, tt.at, tt.may)
		}
	}
}
