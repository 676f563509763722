package credential

import (
	"context"
	"errors"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

var (
	errClaimLost = errors.New("somebody else changed the record first")
	errBusy      = errors.New("somebody else holds the record")

	errOwnerAlive = errors.New("a process on this machine has begun to refresh it, stands still, and may have the new token; let it go on first")
)

const claiming = "writing the token store before anything was sent"

// claimed is the right to one call, from claim to commit.
type claimed struct {
	attempt Attempt
	record  Record // as claimed
	at      instant
	extra   extra
	close   func() // frees the store's lock and ends the critical section; harmless when called twice
}

// extra is what a claim writes besides itself. undo takes it back after a request that certainly was not sent. An exclusive
// claim is not made beside a process that lives.
type extra struct {
	do, undo  func(*Record)
	exclusive bool
}

// claim writes a claim into the record of snap, which proves that the store can be written before anything is spent.
// errClaimLost means: look again. errBusy means: wait.
func (m *Manager) claim(ctx context.Context, key string, snap snapshot, a Attempt, x extra) (*claimed, error) {
	record := snap.record.clone()
	if err := m.bind(&a, &record); err != nil {
		return nil, err
	}
	endSection, err := m.sections.Begin()
	if err != nil {
		return nil, &Error{Kind: KindShuttingDown, Record: snap.record, Err: err}
	}
	release, held, err := m.hold(ctx, key, snap, x.exclusive)
	if err != nil {
		endSection()
		return nil, err
	}
	c := &claimed{at: nowOn(m.clock), extra: x, close: func() { release(); endSection() }}

	id, err := m.newID()
	if err != nil {
		c.close()
		return nil, storeError("claiming", err)
	}
	a.Key, a.ID, a.Family, a.Base = key, id, snap.record.Family, snap.record.Generation
	a.ClientID = snap.record.Client.ClientID
	a.ClaimedAt, a.TTL = m.Now().Round(0).UTC(), m.timings.ClaimTTL()
	a.Timed = m.observer().timed
	a.Apart = !held && !a.Timed
	c.attempt = a

	c.record = record
	c.record.Claim = &Claim{
		Attempt: id, Owner: m.owner, Purpose: a.Purpose, Base: a.Base, TTL: a.TTL,
		ClaimedAt: a.ClaimedAt, Held: held, Apart: a.Apart, Timed: a.Timed, Resend: a.Resend,
	}
	if x.do != nil {
		x.do(&c.record)
	}
	if err := m.writeClaim(ctx, c, snap.revision); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// writeClaim replaces the record by the one with the claim. After an ambiguous error the attempt id tells whether the
// write was done.
func (m *Manager) writeClaim(ctx context.Context, c *claimed, old store.Revision) error {
	a := c.attempt
	ctx = context.WithoutCancel(ctx)
	err := m.write(ctx, a.Key, old, c.record)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrConflict):
		return errClaimLost
	case errors.Is(err, errUnusable):
		return err
	case errors.Is(err, store.ErrNotDone):
		return storeError(claiming, err)
	}
	snap, readErr := m.stored(ctx, a.Key)
	switch {
	case readErr == nil && snap.record.Claim != nil && snap.record.Claim.Attempt == a.ID:
		// It can be read, and yet it may have failed on its way to the disk: once more, and this time it must hold.
		again := m.write(ctx, a.Key, snap.revision, c.record)
		if again == nil {
			return nil
		}
		m.withdraw(ctx, c, "")
	case readErr == nil && snap.revision != old:
		return errClaimLost
	case readErr != nil:
		// It may have been done. Without this the next run would find a claim whose owner is gone, and would have to
		// take the outcome as unknown although nothing was sent.
		m.withdraw(ctx, c, "")
	default:
		// It may still be done: a write can land after its caller was told that it failed.
		if _, err := m.unclaim(ctx, c, "", aFew); err != nil {
			m.log.Debug("could not write the record once more", "key", a.Key, "error", err)
		}
	}
	return storeError(claiming, err)
}

// withdraw takes an own claim back after a request that certainly was not sent, with all that was written beside it. Where it
// is not known whether the claim was written (why is empty), the record is written once more in any case: a claim that is
// still on its way then comes too late.
func (m *Manager) withdraw(ctx context.Context, c *claimed, why string) {
	a := c.attempt
	if _, err := m.unclaim(ctx, c, why, m.forCommit()); err != nil {
		m.log.Error("could not take a claim back; it is taken over when its TTL has passed", "key", a.Key, "attempt", a.ID, "error", err)
	}
}

func (m *Manager) unclaim(ctx context.Context, c *claimed, why string, enough enough) (Record, error) {
	a := c.attempt
	return m.rewrite(context.WithoutCancel(ctx), a.Key, enough, func(r Record) (Record, bool) {
		return of(r, a, func(r Record) (Record, bool) {
			if !a.dropClaim(&r) && !a.exonerate(&r) {
				return r, why == ""
			}
			if c.extra.undo != nil {
				c.extra.undo(&r)
			}
			a.keepNonce(&r)
			if why != "" {
				r.note(m.event(a.ID, r.Generation, why))
			}
			return r, true
		})
	})
}

// hold takes the store's lock for key where the store has one. held is false where the lock proves nothing, and where
// its owner has sat on it for a while without a claim in the record: it stands still. Compare-and-swap still protects. For
// an exclusive claim that owner is an error: it lives, and may have in hand what the claim would spend.
func (m *Manager) hold(ctx context.Context, key string, snap snapshot, exclusive bool) (release func(), held bool, err error) {
	nothing := func() {}
	h, ok := m.store.(store.Holder)
	if !ok {
		return nothing, false, nil
	}
	release, err = h.Hold(ctx, key)
	switch {
	case err == nil:
		m.forget(key)
		return release, true, nil
	case errors.Is(err, store.ErrNoHold):
		return nothing, false, nil
	case errors.Is(err, store.ErrHeld):
		switch {
		case m.standing(key, "lock "+string(snap.revision)) < m.timings.SendBy:
			return nil, false, errBusy
		case exclusive:
			return nil, false, &Error{Kind: KindUnknown, Reason: ReasonOwnerAlive, Record: snap.record, Err: errOwnerAlive}
		}
		return nothing, false, nil
	case ctx.Err() != nil:
		return nil, false, ctx.Err()
	default:
		return nil, false, storeError("locking in the token store", err)
	}
}

// alone runs act as soon as no claim stands on key. It runs it again after a lost race, and with growing pauses while
// retry allows that. check sees the record first; its error ends everything.
func (m *Manager) alone(
	ctx context.Context, key string, check func(Record) error, act func(snapshot) error, retry func(error) bool,
) error {
	pause, backoff := m.pauses(), m.backoffs()
	for sends := 1; ; {
		snap, err := m.load(ctx, key)
		if err == nil {
			err = check(snap.record)
		}
		if err != nil {
			return err
		}
		if snap.record.Claim != nil {
			err = m.settleClaim(ctx, key, snap)
		} else if err = act(snap); err == nil {
			return nil
		}
		switch {
		case err == nil, errors.Is(err, errClaimLost): // look again
		case errors.Is(err, errBusy):
			if err := pause(ctx); err != nil {
				return err
			}
		case sends < maxSends && retry(err) && ctx.Err() == nil && backoff(ctx) == nil:
			sends++
		default:
			return err
		}
	}
}
