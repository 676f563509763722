package credential

import (
	"testing"
	"time"
)

func TestStrategies(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		strategy Strategy
		asker    Asker
		alive    bool
		kind     Kind // empty: a token
		reason   Reason
		calls    int
		due      bool
	}{
		{"", AskerRead, false, "", "", 1, false},
		{StrategyNever, AskerApply, false, KindStrategy, ReasonNever, 0, false},
		{StrategyNever, AskerRead, true, "", ReasonNever, 0, false},
		{StrategyAtApply, AskerRead, false, KindStrategy, ReasonAtApply, 0, true},
		{StrategyAtApply, AskerConsumer, false, KindStrategy, ReasonAtApply, 0, true},
		{StrategyAtApply, AskerConsumer, true, "", ReasonAtApply, 0, true},
		{StrategyAtApply, AskerApply, false, "", "", 1, false},
		{StrategyBeforeExpiry, AskerConsumer, true, "", "", 1, false},
	} {
		w := newWorld(t)
		w.authorized(func(r *Record) {
			r.Refresh.Strategy = tt.strategy
			if tt.alive {
				r.Tokens.ExpiresAt = w.clock.Now().Add(20 * time.Second)
			}
		})
		m := w.start()
		ask := Ask{DefaultMargin: 30 * time.Second, Asker: tt.asker}
		res, err := m.Token(t.Context(), theName, ask)
		reason := ReasonNone
		if tt.kind != "" {
			reason = w.wantKind(err, tt.kind).Reason
		} else if err != nil {
			t.Errorf("%q for asker %d: %v", tt.strategy, tt.asker, err)
		} else if len(res.Notices) > 0 {
			reason = res.Notices[0].Reason
		}
		if reason != tt.reason || w.server.calls != tt.calls {
			t.Errorf("%q for asker %d: reason %q, %d calls; want %q, %d", tt.strategy, tt.asker, reason, w.server.calls, tt.reason, tt.calls)
		}
		if due := m.Due(theName, w.record(), ask); due != tt.due {
			t.Errorf("%q for asker %d: due = %v, want %v", tt.strategy, tt.asker, due, tt.due)
		}
	}
}

func TestMargins(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name           string
		settings       RefreshSettings
		ask            Ask
		left           time.Duration
		calls          int
		reason         Reason
		untilFromStart time.Duration
	}{
		{"provider's margin, within", RefreshSettings{}, Ask{DefaultMargin: time.Minute}, time.Minute, 1, "", 0},
		{"provider's margin, before", RefreshSettings{}, Ask{DefaultMargin: time.Minute}, time.Minute + 1, 0, "", 0},
		{"the credential's own wins", RefreshSettings{BeforeExpiry: 10 * time.Second}, Ask{DefaultMargin: time.Minute}, 11 * time.Second, 0, "", 0},
		{"min_validity is more", RefreshSettings{BeforeExpiry: 10 * time.Second}, Ask{MinValidity: time.Minute}, 30 * time.Second, 1, "", 0},
		{"earliest wins over the margin", RefreshSettings{Earliest: 70 * time.Minute}, Ask{DefaultMargin: time.Minute}, 20 * time.Second, 0, ReasonEarliest, 70 * time.Minute},
	} {
		w := newWorld(t)
		w.authorized(func(r *Record) {
			r.Refresh = tt.settings
			r.Tokens.ExpiresAt = w.clock.Now().Add(tt.left)
		})
		res, err := w.start().Token(t.Context(), theName, tt.ask)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if w.server.calls != tt.calls {
			t.Errorf("%s: %d calls, want %d", tt.name, w.server.calls, tt.calls)
		}
		if tt.reason == "" {
			w.wantNotices(res.Notices)
			continue
		}
		w.wantNotices(res.Notices, NoticePutOff)
		if n := res.Notices[0]; n.Reason != tt.reason || !n.Until.Equal(epoch.Add(tt.untilFromStart)) {
			t.Errorf("%s: notice %+v", tt.name, n)
		}
	}
}
