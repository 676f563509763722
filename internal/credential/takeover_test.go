package credential

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/memstore"
)

// claimedWorld holds a record that somebody claimed a moment ago and will never end.
func claimedWorld(t *testing.T, change func(*world, *Claim)) *world {
	w := newWorld(t)
	w.authorized(func(r *Record) {
		r.Claim = &Claim{Attempt: "x", Owner: "gone", Purpose: PurposeRefresh, Base: 1, TTL: 2 * time.Minute, ClaimedAt: w.clock.Now()}
		if change != nil {
			change(w, r.Claim)
		}
	})
	return w
}

// askFor is Token by somebody who waits for so long.
func (w *world) askFor(m *Manager, d time.Duration) error {
	ctx, cancel := w.clock.timeout(context.Background(), d)
	defer cancel()
	_, err := m.Token(ctx, theName, Ask{})
	return err
}

// TestTakeover says what proves that the owner of a claim is gone, and what does not.
func TestTakeover(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		setup func(*world, *Claim)
		wait  time.Duration
		taken bool
	}{
		{"own clock, a moment too short", nil, 2*time.Minute - 3*time.Second, false},
		{"own clock", nil, 2*time.Minute + 3*time.Second, true},
		{"the owner's clock is a day behind", func(w *world, c *Claim) { c.ClaimedAt = w.clock.Now().Add(-24 * time.Hour) }, time.Minute, false},
		{"the owner's clock is a day ahead", func(w *world, c *Claim) { c.ClaimedAt = w.clock.Now().Add(24 * time.Hour) }, 3 * time.Minute, true},
		{"the claim's own TTL counts", func(_ *world, c *Claim) { c.TTL = 10 * time.Minute }, 9 * time.Minute, false},
		{"the store's clock says long enough", func(w *world, _ *Claim) {
			w.store = agedStore{w.plain, func(store.Revision) time.Duration { return 2 * time.Minute }}
		}, time.Second, true},
		{"the store's clock says not yet", func(w *world, _ *Claim) {
			w.store = agedStore{w.plain, func(store.Revision) time.Duration { return 2*time.Minute - 1 }}
		}, time.Minute, false},
		{"the record is touched again and again", func(w *world, _ *Claim) {
			w.store = agedStore{w.plain, func(store.Revision) time.Duration { return time.Second }}
		}, 3 * time.Minute, true},
		{"the lock is free", func(w *world, c *Claim) { w.store, c.Held = newHeldStore(w.plain), true }, time.Second, true},
		{"the lock is free, but the owner never had it", func(w *world, _ *Claim) { w.store = newHeldStore(w.plain) }, time.Minute, false},
		{"the lock is held", func(w *world, c *Claim) {
			s := newHeldStore(w.plain)
			s.held[theKey] = 99
			w.store, c.Held = s, true
		}, time.Minute, false},
		{"the lock is held by a process that stands still", func(w *world, c *Claim) {
			s := newHeldStore(w.plain)
			s.held[theKey] = 99
			w.store, c.Held = s, true
		}, 3 * time.Minute, true},
		{"the lock proves nothing", func(w *world, c *Claim) {
			s := newHeldStore(w.plain)
			s.noHold = true
			w.store, c.Held = s, true
		}, time.Minute, false},
		{"the lock cannot be asked for", func(w *world, c *Claim) {
			s := newHeldStore(w.plain)
			s.err = errors.New("no locks today")
			w.store, c.Held = s, true
		}, time.Minute, false},
	} {
		w := claimedWorld(t, tt.setup)
		err := w.askFor(w.start(), tt.wait)
		taken := w.record().Unknown != nil || w.record().Generation == 2
		if taken != tt.taken {
			t.Errorf("%s: taken over %v, want %v (%v)", tt.name, taken, tt.taken, err)
		}
		if !taken && (w.record().Claim == nil || w.server.calls > 0) {
			t.Errorf("%s: claim %v, %d calls", tt.name, w.record().Claim, w.server.calls)
		}
	}
}

// TestObservationIsOfOneAttempt: three owners with a minute each are not one with three.
func TestObservationIsOfOneAttempt(t *testing.T) {
	t.Parallel()
	w := claimedWorld(t, nil)
	m := w.start()
	for _, attempt := range []string{"y", "z", "last"} {
		if err := w.askFor(m, time.Minute); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		r := w.record()
		r.Claim.Attempt = attempt
		w.put(r)
	}
	if r := w.record(); r.Unknown != nil {
		t.Error("a claim was taken over before its TTL")
	}
}

// TestLockWithoutAClaim: its owner stands still between lock and claim. Compare-and-swap protects whoever goes on.
func TestLockWithoutAClaim(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized()
	s := newHeldStore(w.plain)
	s.held[theKey] = 99
	w.store = s
	m := w.start()
	if err := w.askFor(m, 5*time.Second); !errors.Is(err, context.Canceled) {
		t.Fatalf("error = %v, want to wait for the lock's owner", err)
	}
	w.wantServer(0, 0, 0)
	if err := w.askFor(m, 10*time.Second); err != nil {
		t.Fatal(err)
	}
	w.wantServer(1, 1, 0)
}

// TestNoResendBesideALivingOwner: a process that was stopped with the successor in hand still has the lock. Where a second
// use would end the family, nobody sends the token again while that process lives; a plain refusal costs nothing.
func TestNoResendBesideALivingOwner(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		reuse Reuse
		sends bool
	}{{ReuseRevokeFamily, false}, {ReuseUnknown, false}, {ReuseReject, true}} {
		w := newWorld(t).semantics(RotationSingleUse, tt.reuse, 0)
		w.authorized(func(r *Record) {
			r.Status = StatusOutcomeUnknown
			r.Unknown = &Unknown{Attempt: "x", Host: "host1", ClaimedAt: epoch.Add(-time.Hour), TTL: 2 * time.Minute, TakenOver: true}
		})
		s := newHeldStore(w.plain)
		s.held[theKey] = 99
		w.store = s
		m := w.start()
		err := w.askFor(m, time.Minute)
		if tt.sends {
			if err != nil {
				t.Errorf("%s: %v", tt.reuse, err)
			}
			w.wantServer(1, 1, 0)
			continue
		}
		if e := w.wantKind(err, KindUnknown); e.Reason != ReasonOwnerAlive {
			t.Errorf("%s: reason %s", tt.reuse, e.Reason)
		}
		w.wantServer(0, 0, 0)
		w.wantStatus(StatusOutcomeUnknown)

		delete(s.held, theKey) // it has ended
		if err := w.askFor(m, time.Minute); err != nil {
			t.Errorf("%s, when the owner is gone: %v", tt.reuse, err)
		}
		w.wantServer(1, 1, 0)
	}
}

// TestNoMoveBesideALivingOwner: in another store nobody would see that lock, and the token would be sent again there.
func TestNoMoveBesideALivingOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t).semantics(RotationSingleUse, ReuseRevokeFamily, 0)
	w.authorized(func(r *Record) {
		r.Status = StatusOutcomeUnknown
		r.Unknown = &Unknown{Attempt: "x", Host: "host1", ClaimedAt: epoch.Add(-time.Hour), TTL: 2 * time.Minute, TakenOver: true}
	})
	here := newHeldStore(w.plain)
	here.held[theKey] = 99
	w.store = here
	from := w.start()
	w.store = newHeldStore(memstore.New("memory:there"))
	to := w.start()
	move := func() Moved {
		ctx, cancel := w.clock.timeout(context.Background(), time.Minute)
		defer cancel()
		return NewMover(from, to).Move(ctx, theName)
	}
	e := AsError(move().Err)
	if e.Kind != KindUnknown || e.Reason != ReasonOwnerAlive {
		t.Errorf("moved beside it: %v", e)
	}
	if r := w.record(); r.Claim != nil || r.Status != StatusOutcomeUnknown {
		t.Errorf("the source: claim %v, %s", r.Claim, r.Status)
	}
	delete(here.held, theKey)
	if m := move(); m.Err != nil || m.Outcome != OutcomeMoved {
		t.Errorf("when it has ended: %s, %v", m.Outcome, m.Err)
	}
	w.wantServer(0, 0, 0)
}

// TestClocksApart: which claims say that nothing shows their time to be everybody's.
func TestClocksApart(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		open func(*world) store.Store
		want bool
	}{
		{"neither lock nor clock", func(w *world) store.Store { return w.plain }, true},
		{"a lock that shows one machine", func(w *world) store.Store { return newHeldStore(w.plain) }, false},
		{"a lock that proves nothing", func(w *world) store.Store {
			s := newHeldStore(w.plain)
			s.noHold = true
			return s
		}, true},
		{"a clock of the store's", func(w *world) store.Store { return clockStore{w.plain, w.clock.Now} }, false},
	} {
		w := newWorld(t).semantics(RotationSingleUse, ReuseReject, 0)
		w.authorized()
		w.store = tt.open(w)
		w.server.plan = []callPlan{callLostUndone}
		_, _ = w.token(w.start())
		if u := w.record().Unknown; u == nil || u.Apart != tt.want || u.Host != "host1" {
			t.Errorf("%s: %+v, want apart %t", tt.name, u, tt.want)
		}
	}
}

func TestLockThatFailsSpendsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized()
	s := newHeldStore(w.plain)
	s.err = errors.New("no locks today")
	w.store = s
	_, err := w.token(w.start())
	w.wantKind(err, KindStore)
	w.wantServer(0, 0, 0)
}

func TestLockWhileTokenIsAlive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized(func(r *Record) { r.Tokens.ExpiresAt = w.clock.Now().Add(20 * time.Second) })
	s := newHeldStore(w.plain)
	s.held[theKey] = 99
	w.store = s
	res := w.mustToken(w.start())
	w.wantNotices(res.Notices, NoticePutOff)
	if res.Notices[0].Reason != ReasonClaimed {
		t.Errorf("reason = %s", res.Notices[0].Reason)
	}
}

// TestRefusalAfterATakeoverIsBelievedLater walks the whole way: lost, taken over, once more, refused, one more TTL.
func TestRefusalAfterATakeoverIsBelievedLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t).semantics(RotationSingleUse, ReuseReject, 0)
	w.authorized(func(r *Record) {
		r.Claim = &Claim{Attempt: "x", Owner: "host1", Purpose: PurposeRefresh, Base: 1, TTL: 2 * time.Minute, ClaimedAt: w.clock.Now()}
	})
	lost := w.server.newest
	w.server.refresh(lost) // the owner's request was processed, and the owner is dead
	m := w.start()
	e := w.wantKind(w.askFor(m, 3*time.Minute), KindUnknown)
	refusedAt := w.clock.Now()
	if e.Reason != ReasonRejected || !e.Until.Equal(refusedAt.Add(2*time.Minute)) {
		t.Errorf("reason %s until %s", e.Reason, e.Until)
	}
	w.wantServer(1, 1, 1)
	w.wantStatus(StatusOutcomeUnknown)

	w.clock.pass(2*time.Minute - 1)
	if e := w.wantKind(w.askFor(m, time.Minute), KindUnknown); e.Reason != ReasonRejected || !e.Until.Equal(refusedAt.Add(2*time.Minute)) {
		t.Errorf("a moment before the TTL: reason %s until %s", e.Reason, e.Until)
	}
	w.clock.pass(1)
	if e := w.wantKind(w.askFor(m, time.Minute), KindAuthorize); e.Record.Status != StatusAuthorizationRequired {
		t.Errorf("status %s", e.Record.Status)
	}
	w.wantStatus(StatusAuthorizationRequired)
	w.wantServer(1, 1, 1)
}

// TestSuccessorAfterTheRefusal: the first holder comes after all, a moment before its successor is given up.
func TestSuccessorAfterTheRefusal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized(func(r *Record) {
		r.Status = StatusOutcomeUnknown
		r.Unknown = &Unknown{Attempt: "x", ClaimedAt: epoch, TTL: time.Minute, TakenOver: true, RejectedAt: epoch}
	})
	m := w.start()
	stale := w.record()
	r := stale.clone()
	r.Generation, r.Status, r.Unknown = 2, StatusActive, nil
	r.Tokens.ExpiresAt = w.clock.Now().Add(time.Hour)
	w.put(r)
	if _, err := m.believeRejection(t.Context(), theKey, stale); !errors.Is(err, errClaimLost) {
		t.Errorf("error = %v, want to look again", err)
	}
	w.wantStatus(StatusActive)
}

func TestRefusalIsBelievedEvenIfItCannotBeStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized(func(r *Record) {
		r.Status = StatusOutcomeUnknown
		r.Unknown = &Unknown{Attempt: "x", ClaimedAt: epoch, TTL: time.Minute, TakenOver: true, RejectedAt: epoch}
	})
	w.store = readOnly{w.plain}
	_, err := w.token(w.start())
	if e := w.wantKind(err, KindAuthorize); e.Record.Status != StatusAuthorizationRequired || !e.Record.Tokens.Refresh.IsEmpty() {
		t.Errorf("record says %s", e.Record.Status)
	}
}

type readOnly struct{ store.Store }

func (readOnly) Replace(context.Context, string, store.Revision, []byte) (store.Revision, error) {
	return "", errors.New("read-only")
}

// TestOnceMoreIsOnceAcrossCrashes: the claim of whoever sends again dies too.
func TestOnceMoreIsOnceAcrossCrashes(t *testing.T) {
	t.Parallel()
	w := newWorld(t).semantics(RotationSingleUse, ReuseReject, 0)
	w.authorized(func(r *Record) {
		r.Status = StatusOutcomeUnknown
		r.Unknown = &Unknown{Attempt: "x", ClaimedAt: epoch, TTL: 2 * time.Minute, TakenOver: true}
		r.Claim = &Claim{Attempt: "y", Purpose: PurposeRefresh, Base: 1, TTL: 2 * time.Minute, ClaimedAt: w.clock.Now(), Resend: true}
	})
	err := w.askFor(w.start(), time.Hour)
	if e := w.wantKind(err, KindUnknown); e.Reason != ReasonUnknownFinal {
		t.Errorf("reason %s", e.Reason)
	}
	w.wantServer(0, 0, 0)
	if u := w.record().Unknown; u.Resends != 1 || u.Attempt != "x" {
		t.Errorf("unknown = %+v", u)
	}
}
