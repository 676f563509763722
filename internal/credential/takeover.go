package credential

import (
	"context"
	"errors"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

type observation struct {
	what  string
	since time.Duration
}

// standing returns for how long this process has seen the same thing on key, by its own monotonic clock.
func (m *Manager) standing(key, what string) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.clock.Monotonic()
	o, ok := m.observed[key]
	if !ok || o.what != what {
		m.observed[key] = observation{what: what, since: now}
		return 0
	}
	return now - o.since
}

func (m *Manager) forget(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.observed, key)
}

// settleClaim takes over the claim in snap if its owner is gone. It returns nil when the record has moved on, and errBusy
// while the owner may live. A move is not taken over: which of the two copies counts is known to a move alone.
func (m *Manager) settleClaim(ctx context.Context, key string, snap snapshot) error {
	c := *snap.record.Claim
	if c.Purpose == PurposeMove {
		return m.unfinished(snap.record)
	}
	gone, release := m.ownerGone(ctx, key, snap)
	defer release()
	if !gone {
		return errBusy
	}
	// Its successor may lie in a rescue file of this machine.
	m.tellLater(m.prepareFor(ctx, key))

	_, err := m.change(ctx, key, func(r Record) (Record, bool) {
		if r.Claim == nil || r.Claim.Attempt != c.Attempt {
			return r, false
		}
		return takeOver(r, m.event(c.Attempt, r.Generation, "")), true
	})
	if err != nil {
		return err
	}
	m.forget(key)
	m.log.Warn("ended a claim whose owner is gone", "key", key, "attempt", c.Attempt, "purpose", string(c.Purpose))
	return nil
}

// ownerGone tells whether the claim in snap may be taken over: its owner is proved dead, or it has stood unchanged for its
// TTL by the store's clock or by this process's own. No other machine's clock is asked. release frees what the proof took.
func (m *Manager) ownerGone(ctx context.Context, key string, snap snapshot) (gone bool, release func()) {
	c := snap.record.Claim
	if h, ok := m.store.(store.Holder); ok && c.Held {
		release, err := h.Hold(ctx, key)
		if err == nil {
			return true, release
		}
		if !errors.Is(err, store.ErrHeld) && !errors.Is(err, store.ErrNoHold) {
			m.log.Warn("could not ask for the lock of a claim's owner", "key", key, "error", err)
		}
	}
	stood := m.standing(key, "claim "+c.Attempt) // each look counts, even if the store knows better
	return stood >= c.TTL || snap.age >= c.TTL, func() {}
}

// takeOver ends somebody else's claim. A refresh may have been sent: its outcome is unknown from now on. An exchange
// leaves the pair as it was; its code counts as used. A revocation can be repeated.
func takeOver(r Record, e Event) Record {
	c := *r.Claim
	r.Claim = nil
	e.Attempt = c.Attempt
	switch {
	case c.Purpose.manages():
		r, e.Verdict = takeOverManaging(r, c)
	case c.Purpose == PurposeExchange:
		e.Verdict = "claim taken over, outcome of the code exchange unknown; the code is not sent again"
	case c.Purpose == PurposeDevice:
		e.Verdict = "claim taken over, outcome of a poll for the device code unknown"
		if r.Device = r.Device.clone(); r.Device != nil {
			r.Device.Lost = true
		}
	case c.Purpose == PurposeRevoke:
		e.Verdict = "claim taken over, outcome of the revocation unknown"
	case r.Mints() && (r.Tokens.Refresh.IsEmpty() || r.Unknown != nil):
		e.Verdict = "claim taken over; the next request asks again"
	case c.Base != r.Generation || r.Tokens.Refresh.IsEmpty():
		e.Verdict = "claim on an earlier generation ended"
	default:
		r = outcomeUnknown(r, c)
		r.Unknown.TakenOver = true
		e.Verdict = "claim taken over, outcome of the refresh unknown"
	}
	r.note(e)
	return r
}

// outcomeUnknown records that the refresh under claim c may have been sent. What counts as the first attempt stays the first.
func outcomeUnknown(r Record, c Claim) Record {
	u := Unknown{Attempt: c.Attempt, Host: c.Owner, Apart: c.Apart, Timed: c.Timed, ClaimedAt: c.ClaimedAt, TTL: c.TTL}
	if r.Unknown != nil {
		u = *r.Unknown
		if !u.inGrace(r.Client.EffectivePolicy(), observer{c.Owner, c.Timed}, c.ClaimedAt) {
			u.Resends++
		}
	}
	r.Unknown = &u
	r.Status = StatusOutcomeUnknown
	return r
}
