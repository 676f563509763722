package credential

import (
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

func TestKeepAliveAt(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for _, tt := range []struct {
		name string
		idle time.Duration
		told time.Time
		want time.Time
	}{
		{"nothing known", 0, time.Time{}, time.Time{}},
		{"thirty days", 30 * day, time.Time{}, epoch.Add(20 * day)},
		{"told", 0, epoch.Add(9 * day), epoch.Add(6 * day)},
		{"the sooner one", 30 * day, epoch.Add(9 * day), epoch.Add(6 * day)},
		{"as good as for ever", 0, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2221, 1, 6, 11, 51, 31, 0, time.UTC)},
		{"a deadline before the issue", 0, epoch, time.Time{}},
	} {
		r := Record{
			Client: Client{Policy: RefreshTokenPolicy{IdleLifetime: tt.idle}},
			Tokens: Tokens{Refresh: secret.New("r"), IssuedAt: epoch, RefreshTokenExpiresAt: tt.told},
		}
		if got := r.KeepAliveAt().Truncate(time.Second); !got.Equal(tt.want) {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// TestIdleRefreshTokenIsKeptAlive: the access token would do for a year. The refresh token is used once in each two thirds of
// its idle lifetime; under at_apply only by an apply, which is due then.
func TestIdleRefreshTokenIsKeptAlive(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for _, tt := range []struct {
		strategy Strategy
		asker    Asker
		calls    []int // after each look, ten days apart
		due      bool  // in the end
	}{
		{StrategyBeforeExpiry, AskerRead, []int{0, 1, 1, 2}, false},
		{StrategyBeforeExpiry, AskerConsumer, []int{0, 1, 1, 2}, false},
		{StrategyAtApply, AskerApply, []int{0, 1, 1, 2}, false},
		{StrategyAtApply, AskerRead, []int{0, 0, 0}, true},
		{StrategyNever, AskerApply, []int{0, 0, 0}, false},
	} {
		w := newWorld(t)
		w.policy.IdleLifetime = 30 * day
		w.server.lifetime = 365 * day
		w.authorized(func(r *Record) {
			r.Refresh.Strategy = tt.strategy
			r.Tokens.IssuedAt, r.Tokens.ExpiresAt = w.clock.Now(), w.clock.Now().Add(365*day)
		})
		ask := Ask{DefaultMargin: 30 * time.Second, Asker: tt.asker}
		for i, want := range tt.calls {
			w.clock.pass(10 * day)
			if _, err := w.start().Token(t.Context(), theName, ask); err != nil {
				t.Errorf("%s for asker %d, look %d: %v", tt.strategy, tt.asker, i, err)
			}
			if w.server.calls != want {
				t.Errorf("%s for asker %d, look %d: %d calls, want %d", tt.strategy, tt.asker, i, w.server.calls, want)
			}
		}
		if due := w.start().Due(theName, w.record(), ask); due != tt.due {
			t.Errorf("%s for asker %d: due = %v, want %v", tt.strategy, tt.asker, due, tt.due)
		}
	}
}

// TestDeadlineThatIsNotExtended: refreshes come ever closer to a deadline that does not move, and there are few of them.
func TestDeadlineThatIsNotExtended(t *testing.T) {
	t.Parallel()
	w := newWorld(t).semantics(RotationNone, ReuseReject, 0)
	w.server.lifetime = 365 * 24 * time.Hour
	w.authorized(func(r *Record) {
		r.Tokens.IssuedAt, r.Tokens.ExpiresAt = w.clock.Now(), w.clock.Now().Add(w.server.lifetime)
		r.Tokens.RefreshTokenExpiresAt = w.clock.Now().Add(30 * 24 * time.Hour)
	})
	m := w.start()
	for range 31 * 24 {
		w.clock.pass(time.Hour)
		w.mustToken(m)
	}
	if w.server.calls < 5 || w.server.calls > 8 {
		t.Errorf("%d refreshes in a month of looks each hour", w.server.calls)
	}
}

// TestKeptAliveInVainServesOn: what cannot be refreshed is served as long as it works.
func TestKeptAliveInVainServesOn(t *testing.T) {
	t.Parallel()
	for name, plan := range map[string]callPlan{"lost": callLostDone, "busy": callBusyUndone, "bad client": callBadClient, "too early": callTooEarly} {
		w := newWorld(t)
		w.policy.IdleLifetime = time.Hour
		old := w.authorized(func(r *Record) { r.Tokens.ExpiresAt = w.clock.Now().Add(24 * time.Hour) })
		w.server.plan = []callPlan{plan}
		res := w.mustToken(w.start())
		if !res.Record.Tokens.Access.Equal(old.Tokens.Access) || res.Rotated {
			t.Errorf("%s: another token", name)
		}
		w.wantNotices(res.Notices, NoticeFailed)
	}
}
