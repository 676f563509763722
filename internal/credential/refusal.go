package credential

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// defaultWait is how long nothing is sent after "too early" or "too many" without a time.
const defaultWait = time.Minute

// errNotRecorded says that the store did not take what the server answered: it will not take another claim either.
var errNotRecorded = errors.New("the answer could not be stored")

const verdictNoSuccessor = "no successor came: authorization required"

const verdictFormer = "refused: the tokens that were in use before the brought ones are in use again"

// settle writes down an answer to a refresh that brought no token.
func (m *Manager) settle(ctx context.Context, c *claimed, v oauth.Verdict) (step, error) {
	a := c.attempt
	if isDead(v) {
		// Another holder's successor may wait in a rescue file of this machine.
		m.tellLater(m.prepareFor(context.WithoutCancel(ctx), a.Key))
	}
	moved := false
	// This reads the store again: another holder may have rotated, and then the answer speaks of a token that is no
	// longer the one in use.
	r, err := m.finish(ctx, a.Key, func(cur Record) (Record, bool) {
		return of(cur, a, func(cur Record) (Record, bool) {
			if moved = a.overtaken(cur); moved {
				return cur, a.dropClaim(&cur)
			}
			return applyRefusal(cur, a, v, m.Now(), m.event(a.ID, cur.Generation, ""))
		})
	})
	if err != nil {
		// The claim stands; it is taken over as an unknown outcome, which is never less careful than the truth. Who asks now
		// is told the truth.
		m.log.Error("could not store what the server answered", "key", a.Key, "attempt", a.ID, "error", err)
		told, _ := applyRefusal(c.record.clone(), a, v, m.Now(), m.event(a.ID, c.record.Generation, ""))
		e := AsError(refusal(told, v, m.observer(), m.Now()))
		e.Err = errors.Join(e.Err, fmt.Errorf("%w: %w", errNotRecorded, err))
		return step{}, e
	}
	if moved || r.Status == StatusActive && r.Mints() && isDead(v) { // the grant brings other tokens
		return step{record: r}, nil
	}
	if last := len(r.History) - 1; last >= 0 && r.History[last].Attempt == a.ID && r.History[last].Verdict == verdictFormer {
		return step{record: r, notices: []Notice{{Code: NoticeInputRefused, Text: v.Words()}}}, nil
	}
	return step{}, refusal(r, v, m.observer(), m.Now())
}

// isDead tells whether the server takes the token that was sent for dead.
func isDead(v oauth.Verdict) bool {
	return v.Class == oauth.Reauthorize || v.Class == oauth.ReuseDetected
}

// applyRefusal writes an answer other than success into the record that the attempt has claimed. It returns false if
// nothing is new in it.
func applyRefusal(cur Record, a Attempt, v oauth.Verdict, now time.Time, e Event) (Record, bool) {
	own := a.dropClaim(&cur)
	if own {
		a.keepNonce(&cur)
	}
	if !own && !isDead(v) && v.Class != oauth.OutcomeUnknown {
		a.exonerate(&cur)
	}
	switch v.Class {
	case oauth.TooEarly, oauth.RateLimited:
		cur.NotBefore = notBefore(v, now)
		e.Verdict = "refused: " + string(v.Class)
	case oauth.BadClient, oauth.Configuration:
		e.Verdict = "refused: " + string(v.Class)
	case oauth.Reauthorize, oauth.ReuseDetected:
		if a.Minted {
			cur = dead(cur)
			cur.Status = StatusAuthorizationRequired
			e.Verdict = "refused: the grant is not asked again before the next apply"
		} else if cur.Mints() {
			cur = dead(cur)
			e.Verdict = "refused: the grant is asked again"
		} else if cur.Unknown != nil && cur.Unknown.TakenOver {
			cur.Unknown.RejectedAt = now.Round(0).UTC()
			e.Verdict = "refused after a takeover; the first holder may still bring the successor"
		} else if i := cur.formerOf(); i >= 0 && cur.Generation == 1 && cur.Input != "" {
			cur.consume(cur.Tokens.Refresh, true)
			client := cur.Client
			cur = cur.with(cur.takeAside(i))
			cur.Client = client
			e.Verdict = verdictFormer
		} else {
			cur.dropCopies(cur.Tokens.Refresh, true) // refused here for good
			cur = dead(cur)
			e.Verdict = "refused: authorization required"
		}
	default:
		e.Verdict = "no usable reply, outcome unknown"
		if a.Minted {
			e.Verdict = "no usable reply; the next run asks again"
		} else if own || cur.Status == StatusActive {
			cur = outcomeUnknown(cur, Claim{
				Attempt: a.ID, Owner: e.Host, Apart: a.Apart, Timed: a.Timed, ClaimedAt: a.ClaimedAt, TTL: a.TTL, Resend: a.Resend,
			})
		}
	}
	if !own && cur.told(e) {
		return cur, false // written already, by a write whose error was ambiguous
	}
	cur.note(e)
	return cur, true
}

// told tells whether the history has a line like e.
func (r Record) told(e Event) bool {
	return slices.ContainsFunc(r.History, func(old Event) bool { return old.Attempt == e.Attempt && old.Verdict == e.Verdict })
}

func notBefore(v oauth.Verdict, now time.Time) time.Time {
	wait := v.RetryAfter
	if wait <= 0 {
		wait = defaultWait
	}
	return now.Add(wait).Round(0).UTC()
}

// dead turns the record of a refused refresh token into one that waits for a person, or asks by its grant again. An access token
// that is still alive stays.
func dead(r Record) Record {
	r.consume(r.Tokens.Refresh, false)
	r.Tokens.Refresh = secret.String{}
	if r.Status = StatusAuthorizationRequired; r.Mints() {
		r.Status = StatusActive
	}
	r.Unknown = nil
	return r
}

// refusal is the error for the record that applyRefusal made, for o.
func refusal(r Record, v oauth.Verdict, o observer, now time.Time) error {
	e := answerError(v, r, now)
	switch {
	case e.Kind == KindLater:
		e.Until = r.NotBefore // as the record says it to everybody
	case isDead(v) && r.Status == StatusOutcomeUnknown:
		e.Kind, e.Reason, e.Until = KindUnknown, ReasonRejected, rejectedUntil(*r.Unknown)
	case isDead(v) && r.Mints():
		e.Kind, e.Reason = KindAuthorize, ReasonGrantRefused
	case isDead(v):
		e.Kind, e.Reason = KindAuthorize, ReasonNotAuthorized
	case e.Kind == KindUnknown:
		e.Reason, e.Until = unknownReason(r, o, now)
	}
	return e
}

// unknownReason says how long an unknown outcome keeps o from sending the token again; ReasonNone: it may be sent now.
func unknownReason(r Record, o observer, now time.Time) (Reason, time.Time) {
	if r.Unknown == nil || r.Mints() {
		return ReasonNone, time.Time{}
	}
	switch again := resendOf(r, r.Client.EffectivePolicy(), o, now); {
	case !again.may:
		return ReasonUnknownFinal, time.Time{}
	case again.from.After(now):
		return ReasonUnknownWaiting, again.from
	}
	return ReasonNone, time.Time{}
}

// believeRejection ends the wait after a refusal that followed a takeover: nobody has brought a successor. It returns
// errClaimLost if somebody has.
func (m *Manager) believeRejection(ctx context.Context, key string, r Record) (Record, error) {
	believed := false
	next, err := m.change(ctx, key, func(cur Record) (Record, bool) {
		believed = cur.Family == r.Family && cur.Generation == r.Generation && cur.Status == StatusAuthorizationRequired
		if cur.Family != r.Family || cur.Generation != r.Generation || cur.Unknown == nil || cur.Unknown.RejectedAt.IsZero() {
			return cur, false
		}
		believed = true
		cur = dead(cur)
		cur.note(m.event("", cur.Generation, verdictNoSuccessor))
		return cur, true
	})
	switch {
	case err != nil:
		m.log.Warn("could not store that authorization is required", "key", key, "error", err)
		return dead(r.clone()), nil
	case !believed:
		return Record{}, errClaimLost
	}
	return next, nil
}
