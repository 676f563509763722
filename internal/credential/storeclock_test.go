package credential

import (
	"context"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// clockStore is a store with a clock that everybody can read.
type clockStore struct {
	store.Store
	now func() time.Time
}

func (s clockStore) Get(ctx context.Context, key string) (store.Entry, error) {
	e, err := s.Store.Get(ctx, key)
	e.Now = s.now()
	return e, err
}

// TestStoreClockDecides: runners whose clocks are minutes apart judge by the store's clock, and write its time down.
func TestStoreClockDecides(t *testing.T) {
	t.Parallel()
	w := newWorld(t).semantics(RotationSingleUse, ReuseReject, 0)
	w.authorized()
	w.store = clockStore{w.plain, w.clock.Now}
	skewed := func(by time.Duration) *Manager {
		return w.start(func(o *Options) { o.Clock = skewedClock{w.clock, by} })
	}
	ahead, behind := skewed(7*time.Minute), skewed(-7*time.Minute)
	w.server.plan = []callPlan{callLostUndone}
	_, err := w.token(behind)
	w.wantKind(err, KindUnknown)
	if r := w.wantStatus(StatusOutcomeUnknown); !r.Unknown.ClaimedAt.Equal(w.clock.Now()) {
		t.Errorf("claimed at %s, and the store's clock says %s", r.Unknown.ClaimedAt, w.clock.Now())
	}
	_, err = w.token(ahead)
	if e := w.wantKind(err, KindUnknown); e.Reason != ReasonUnknownWaiting {
		t.Errorf("reason %s", e.Reason)
	}
	w.wantServer(1, 0, 0) // the TTL is not over, whatever a clock of a machine says
	w.clock.pass(121 * time.Second)
	res := w.mustToken(ahead)
	w.wantServer(2, 1, 0)
	if want := w.clock.Now().Add(fakeLifetime); !res.Record.Tokens.ExpiresAt.Equal(want) {
		t.Errorf("expires at %s, want %s", res.Record.Tokens.ExpiresAt, want)
	}
	if w.mustToken(behind).Rotated {
		t.Error("a runner whose clock is behind refreshed a token that was just issued")
	}
}

// TestSlowReadTellsNoTime: an answer that took long says little of the time it is now.
func TestSlowReadTellsNoTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized()
	m := w.start(func(o *Options) {
		o.Store = clockStore{w.plain, func() time.Time {
			asked := w.clock.Now()
			w.clock.pass(time.Minute)
			return asked
		}}
	})
	if _, err := m.Peek(t.Context(), theName); err != nil {
		t.Fatal(err)
	}
	if got := m.Now(); !got.Equal(w.clock.Now()) {
		t.Errorf("it is %s, and the manager takes it for %s", w.clock.Now(), got)
	}
}

type skewedClock struct {
	Clock
	by time.Duration
}

func (c skewedClock) Now() time.Time { return c.Clock.Now().Add(c.by) }
