package credential

import (
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

var twoCalls = CallLimit{Limit: 2, Window: time.Hour}

// TestCallLimit: calls count whatever is answered, for every process that shares the store; no more are made than the platform
// takes, and the window moves on.
func TestCallLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy.TokenCalls = twoCalls
	w.authorized(func(r *Record) { r.Tokens.ExpiresAt = w.clock.Now() })
	w.server.plan = []callPlan{callBadClient}
	started := w.clock.Now()
	if _, err := w.token(w.start()); err == nil {
		t.Fatal("refused, and no error")
	}
	w.clock.pass(10 * time.Minute)
	w.mustToken(w.start())
	w.wantServer(2, 1, 0)
	w.clock.pass(w.record().Tokens.Expiry().Sub(w.clock.Now()) - 50*time.Minute) // due before the first call leaves the window
	r := w.record()
	r.Tokens.ExpiresAt = w.clock.Now()
	w.put(r)
	until := started.Add(time.Hour + DefaultTimings().SendBy).Truncate(time.Second)
	for range 2 {
		_, err := w.token(w.start())
		e := w.wantKind(err, KindLater)
		if e.Reason != ReasonTokenCalls || e.Until.Before(until) || e.Until.After(until.Add(2*time.Second)) {
			t.Fatalf("reason %s until %s, want %s", e.Reason, e.Until, until)
		}
	}
	w.wantServer(2, 1, 0)
	if r := w.record(); r.Claim != nil || len(r.Calls) != 2 {
		t.Errorf("left a claim %v and the calls %v", r.Claim, r.Calls)
	}
	w.clock.pass(until.Add(2 * time.Second).Sub(w.clock.Now()))
	w.mustToken(w.start())
	w.wantServer(3, 2, 0)
}

// TestCallsOfAClockAhead: a clock that was far ahead blocks nobody.
func TestCallsOfAClockAhead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy.TokenCalls = twoCalls
	w.authorized(func(r *Record) {
		r.Tokens.ExpiresAt = w.clock.Now()
		ahead := w.clock.Now().Add(10 * 365 * 24 * time.Hour)
		r.Calls = []time.Time{ahead, ahead}
	})
	w.mustToken(w.start())
}

// TestCallLimitCountsWhatWasSent: a request that certainly was not sent is none, and one whose process died is.
func TestCallLimitCountsWhatWasSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy.TokenCalls = twoCalls
	w.authorized(func(r *Record) { r.Tokens.ExpiresAt = w.clock.Now() })
	w.server.plan = []callPlan{callNotSent, callNotSent, callNotSent}
	if _, err := w.token(w.start()); err == nil {
		t.Fatal("no connection, and no error")
	}
	if calls := w.record().Calls; len(calls) != 0 {
		t.Errorf("counts %v, and nothing was sent", calls)
	}
	w.mustToken(w.start())
	if calls := w.record().Calls; len(calls) != 1 {
		t.Errorf("counts %v, and one was sent", calls)
	}
}

// TestCallLimitOfClaims: the call is written down with the claim, so that no crash can forget it.
func TestCallLimitOfClaims(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy.TokenCalls = twoCalls
	w.authorized(func(r *Record) { r.Tokens.ExpiresAt = w.clock.Now() })
	var claimed []time.Time
	faulty := w.faulty(storetest.Hooks{After: func(storetest.Call) {
		if r := w.record(); claimed == nil && r.Claim != nil {
			claimed = r.Calls
		}
	}})
	w.mustToken(w.start(func(o *Options) { o.Store = faulty.Store() }))
	if len(claimed) != 1 {
		t.Errorf("the claim counts %v", claimed)
	}
}

// TestCallLimitOfExchanges: the exchange of a code is counted and never kept back: a person has just logged in, and the code
// dies within minutes.
func TestCallLimitOfExchanges(t *testing.T) {
	t.Parallel()
	base := extra{do: func(r *Record) { r.Input = "did" }, undo: func(r *Record) { r.Input = "undid" }}
	at := epoch.Add(1500 * time.Millisecond)
	full := Record{Calls: []time.Time{epoch.Add(-2 * time.Hour), epoch.Add(-2 * time.Minute), epoch.Add(-time.Minute)}}
	x := twoCalls.counts(base, at, 5*time.Second)
	x.do(&full)
	// It counts from when it may be sent at the latest, and what has left the window is gone.
	if full.Input != "did" || len(full.Calls) != 3 || !full.Calls[2].Equal(epoch.Add(7*time.Second)) {
		t.Errorf("%s, %v", full.Input, full.Calls)
	}
	x.undo(&full)
	if full.Input != "undid" || len(full.Calls) != 2 || twoCalls.free(full.Calls, at).IsZero() {
		t.Errorf("taken back, and another call is forgotten: %s, %v", full.Input, full.Calls)
	}
	for range 10 {
		twoCalls.counts(base, at, 0).do(&full)
	}
	if len(full.Calls) != 4 {
		t.Errorf("keeps %d calls", len(full.Calls))
	}
	var free Record
	CallLimit{}.counts(base, at, 0).do(&free)
	if free.Input != "did" || free.Calls != nil {
		t.Errorf("without a limit: %+v", free)
	}
}
