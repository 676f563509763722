package credential

import (
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
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
		{"as good as for ever", 0, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), time.Time{}},
		{"the policy, as the server knows no end", 30 * day, epoch.Add(Endless), epoch.Add(20 * day)},
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

// TestDeadlines: what a configuration says holds beside what the server tells, whichever is sooner. What is only known of the
// platform gives way to the server, which knows the app and the grant.
func TestDeadlines(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	at := func(d time.Duration) time.Time {
		if d == 0 {
			return time.Time{}
		}
		return epoch.Add(d)
	}
	for _, tt := range []struct {
		name           string
		own, known     RefreshTokenPolicy
		idle, end      time.Duration // told, from the issue on
		wantIdle, want time.Duration
	}{
		{name: "nothing known"},
		{name: "configured", own: RefreshTokenPolicy{IdleLifetime: day, AbsoluteLifetime: 9 * day}, wantIdle: day, want: 9 * day},
		{name: "configured, and told later", own: RefreshTokenPolicy{IdleLifetime: day, AbsoluteLifetime: 9 * day}, idle: 2 * day, end: 10 * day, wantIdle: day, want: 9 * day},
		{name: "configured, and told sooner", own: RefreshTokenPolicy{IdleLifetime: 3 * day, AbsoluteLifetime: 9 * day}, idle: 2 * day, end: 8 * day, wantIdle: 2 * day, want: 8 * day},
		{name: "configured, and told endless", own: RefreshTokenPolicy{IdleLifetime: day, AbsoluteLifetime: 9 * day}, idle: Endless, end: Endless, wantIdle: day, want: 9 * day},
		{name: "known", known: RefreshTokenPolicy{IdleLifetime: day, AbsoluteLifetime: 9 * day}, wantIdle: day, want: 9 * day},
		{name: "known, and told later", known: RefreshTokenPolicy{IdleLifetime: day, AbsoluteLifetime: 9 * day}, idle: 2 * day, end: 10 * day, wantIdle: 2 * day, want: 10 * day},
		{name: "known, and told sooner", known: RefreshTokenPolicy{IdleLifetime: day, AbsoluteLifetime: 9 * day}, idle: day / 2, end: 8 * day, wantIdle: day / 2, want: 8 * day},
		{name: "known, and told endless", known: RefreshTokenPolicy{IdleLifetime: day, AbsoluteLifetime: 9 * day}, idle: Endless, end: Endless},
		{name: "an end that is known, and a life beyond it", known: RefreshTokenPolicy{AbsoluteLifetime: 9 * day}, idle: 30 * day, wantIdle: 30 * day},
		{name: "an end that is configured, and a life beyond it", own: RefreshTokenPolicy{AbsoluteLifetime: 9 * day}, idle: 30 * day, wantIdle: 30 * day, want: 9 * day},
		{name: "an end that is told alone", end: 8 * day, want: 8 * day},
	} {
		r := Record{
			Client: Client{Policy: tt.own, preset: &Preset{Policy: tt.known}}, AuthorizedAt: epoch,
			Tokens: Tokens{Refresh: secret.New("r"), IssuedAt: epoch, RefreshTokenExpiresAt: at(tt.idle), AuthorizationEndsAt: at(tt.end)},
		}
		if got := r.IdleDeadline(); !got.Equal(at(tt.wantIdle)) {
			t.Errorf("%s: idle until %s, want %s", tt.name, got, at(tt.wantIdle))
		}
		if got := r.AbsoluteDeadline(); !got.Equal(at(tt.want)) {
			t.Errorf("%s: ends at %s, want %s", tt.name, got, at(tt.want))
		}
	}
}

// TestToldEnd: a reply that tells when the authorization ends is remembered across replies that do not.
func TestToldEnd(t *testing.T) {
	t.Parallel()
	preset := Preset{TokenEndpoint: "https://acme.example/token", Dialect: oauth.Dialect{Expiries: []oauth.Expiry{{Member: "hard_end", Absolute: true}}}}
	w, s, m := platformed(t, preset)
	s.body = `{"access_token":"a2","refresh_token":"r2","expires_in":60,"hard_end":86400}`
	end := w.clock.Now().Add(24 * time.Hour)
	for _, body := range []string{`{"access_token":"a3","refresh_token":"r3","expires_in":60}`, s.body} {
		if got := w.mustToken(m).Record.AbsoluteDeadline(); got.Sub(end).Abs() > time.Second {
			t.Errorf("ends at %s, want %s", got, end)
		}
		s.body = body
		w.clock.pass(time.Minute)
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
