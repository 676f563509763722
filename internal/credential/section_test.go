package credential

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

func TestDrain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s Sections
		endA, errA := s.Begin()
		endB, errB := s.Begin()
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Drain(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Drain of an open section = %v, want the context's error", err)
		}
		if _, err := s.Begin(); !errors.Is(err, ErrShuttingDown) {
			t.Errorf("Begin = %v, want ErrShuttingDown", err)
		}
		var drained sync.WaitGroup
		done := make([]bool, 2)
		for i := range done {
			drained.Go(func() {
				if err := s.Drain(t.Context()); err != nil {
					t.Error(err)
				}
				done[i] = true
			})
		}
		endA()
		endA() // harmless
		synctest.Wait()
		if done[0] || done[1] {
			t.Error("Drain returned while a section was open")
		}
		endB()
		drained.Wait()
		if err := s.Drain(t.Context()); err != nil {
			t.Errorf("Drain of nothing = %v", err)
		}
	})
}

// TestDrainLetsARefreshEnd: a process that is asked to end during a request keeps its successor, and starts no other.
func TestDrainLetsARefreshEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := w.authorized()
		r.Tokens.IssuedAt, r.Tokens.ExpiresAt = time.Now().Add(-time.Hour), time.Now()
		w.put(r)
		sections := &Sections{}
		w.server.wait = func() { time.Sleep(5 * time.Second) }
		m := w.start(func(o *Options) { o.Clock, o.Section = nil, sections })
		var wg sync.WaitGroup
		ctx, cancel := context.WithCancel(t.Context())
		wg.Go(func() {
			if _, err := m.Token(ctx, theName, Ask{}); err != nil {
				t.Errorf("Token: %v", err)
			}
		})
		time.Sleep(time.Second)
		cancel()
		start := time.Now()
		if err := sections.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(start); waited < 4*time.Second {
			t.Errorf("Drain returned after %s, before the reply could come", waited)
		}
		if got := w.wantStatus(StatusActive); got.Generation != 2 || got.Tokens.Refresh.Reveal() != w.server.newest {
			t.Errorf("generation %d", got.Generation)
		}
		wg.Wait()
		w.wantServer(1, 1, 0)

		time.Sleep(2 * time.Hour)
		_, err := m.Token(t.Context(), theName, Ask{})
		if w.wantKind(err, KindShuttingDown); !errors.Is(err, ErrShuttingDown) {
			t.Errorf("error = %v", err)
		}
		w.wantServer(1, 1, 0)
	})
}

// TestCancelled says for each moment at which a caller may give up what has been sent, and what is left in the record.
func TestCancelled(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		at        func(w *world, cancel func())
		calls     int
		served    bool // Token succeeds all the same
		events    int
		withClaim bool
	}{
		{"before the claim", func(w *world, cancel func()) {
			w.faulty(storetest.Hooks{After: func(c storetest.Call) {
				if c.N == 2 { // advance has read
					cancel()
				}
			}})
		}, 0, false, 0, false},
		{"during the claim", func(w *world, cancel func()) {
			w.faulty(storetest.Hooks{Before: func(c storetest.Call) {
				if c.Op == storetest.OpReplace && c.N == 3 {
					cancel()
				}
			}})
		}, 0, false, 1, false},
		{"between claim and request", func(w *world, cancel func()) {
			w.faulty(storetest.Hooks{After: func(c storetest.Call) {
				if c.Op == storetest.OpReplace && c.N == 3 {
					cancel()
				}
			}})
		}, 0, false, 1, false},
		{"after the first byte", func(w *world, cancel func()) { w.server.during = []func(){cancel} }, 1, true, 1, false},
		{"with the reply on the way", func(w *world, cancel func()) { w.server.behind = []func(){cancel} }, 1, true, 1, false},
		{"during the commit", func(w *world, cancel func()) {
			w.faulty(storetest.Hooks{
				Before: func(c storetest.Call) {
					if c.Op == storetest.OpReplace && c.N == 5 {
						cancel()
					}
				},
				Fault: func(op storetest.Op, _ string, n int) storetest.Fault {
					if op == storetest.OpReplace && n == 5 {
						return storetest.NothingDone
					}
					return storetest.None
				},
			})
		}, 1, true, 1, false},
		{"while waiting for somebody else", func(w *world, cancel func()) {
			r := w.record()
			r.Claim = &Claim{Attempt: "x", Purpose: PurposeRefresh, Base: 1, TTL: 2 * time.Minute, ClaimedAt: w.clock.Now()}
			w.put(r)
			w.clock.after(5*time.Second, cancel)
		}, 0, false, 0, true},
		{"during a pause after a request that was not sent", func(w *world, cancel func()) {
			w.server.plan = []callPlan{callNotSent, callNotSent}
			w.clock.after(100*time.Millisecond, cancel)
		}, 0, false, 1, false},
	} {
		w := newWorld(t)
		w.authorized()
		ctx, cancel := context.WithCancel(t.Context())
		tt.at(w, cancel)
		_, err := w.start().Token(ctx, theName, Ask{})
		cancel()
		if tt.served != (err == nil) || err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error %v", tt.name, err)
		}
		if w.server.calls != tt.calls {
			t.Errorf("%s: %d requests, want %d", tt.name, w.server.calls, tt.calls)
		}
		r := w.record()
		if (r.Claim != nil) != tt.withClaim || len(r.History) != tt.events || r.Status != StatusActive {
			t.Errorf("%s: claim %v, status %s, history %v", tt.name, r.Claim, r.Status, r.History)
		}
		if !w.server.accepts(r.Tokens.Refresh.Reveal()) {
			t.Errorf("%s: the store holds a dead token", tt.name)
		}
	}
}

// TestConnectingEndsWithItsCaller: before the first byte there is nothing to wait for.
func TestConnectingEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := w.authorized()
		r.Tokens.IssuedAt, r.Tokens.ExpiresAt = time.Now().Add(-time.Hour), time.Now()
		w.put(r)
		m := w.start(func(o *Options) { o.Clock, o.Caller = nil, deafPoster{} })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if _, err := m.Token(ctx, theName, Ask{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error = %v", err)
		}
		if waited := time.Since(start); waited != time.Second {
			t.Errorf("the caller waited %s for a server that does not answer", waited)
		}
		if r := w.record(); r.Claim != nil {
			t.Error("a claim is left behind")
		}
	})
}

// TestLateRequestIsNotSent: the process stood still between claim and call. An old token must not go out late; a new
// claim is taken.
func TestLateRequestIsNotSent(t *testing.T) {
	t.Parallel()
	for name, jump := range map[string]struct {
		wall, mono time.Duration
		late       bool
	}{
		"stopped for a while":     {10*time.Second + 1, 10*time.Second + 1, true},
		"laptop asleep":           {time.Hour, 0, true},
		"clock set back, stopped": {-time.Hour, time.Minute, true},
		"slow, but in time":       {9 * time.Second, 9 * time.Second, false},
	} {
		w := newWorld(t)
		w.authorized(func(r *Record) { r.Tokens.ExpiresAt = epoch.Add(-24 * time.Hour) })
		claims := 0
		w.faulty(storetest.Hooks{After: func(c storetest.Call) {
			if c.Op == storetest.OpReplace {
				if claims++; claims == 1 {
					w.clock.jump(jump.wall, jump.mono)
				}
			}
		}})
		w.mustToken(w.start())
		w.wantServer(1, 1, 0)
		r := w.record()
		if late := len(r.History) == 2 && r.History[0].Verdict == "request not sent"; late != jump.late {
			t.Errorf("%s: late %v, history %v", name, late, r.History)
		}
		if last := r.History[len(r.History)-1]; jump.late && last.Attempt == r.History[0].Attempt {
			t.Errorf("%s: the second request went out under the first claim", name)
		}
	}
}

// TestNoSecretIsLogged runs a life with every kind of trouble, and searches logs and errors for what the server issued.
func TestNoSecretIsLogged(t *testing.T) {
	t.Parallel()
	w := newWorld(t).semantics(RotationSingleUseGrace, ReuseReject, time.Minute)
	var texts []string
	keep := func(err error) {
		if err != nil {
			texts = append(texts, err.Error())
		}
	}
	tell := func(res Result, err error) {
		keep(err)
		for _, n := range res.Notices {
			keep(n.Err)
			texts = append(texts, n.Text)
		}
	}
	x := w.offered()
	m := w.start()
	w.server.plan = []callPlan{callNotSent, callBadClient}
	tell(w.exchange(m, x))
	r, err := m.OfferAuthorization(t.Context(), theName, Authorization{RedirectURI: fakeRedirect})
	keep(err)
	x = w.consented(r)
	tell(w.exchange(m, x))
	tell(w.exchange(m, x))
	for plan := callGood; plan <= callNoPath; plan++ {
		w.clock.pass(3 * time.Hour)
		w.server.plan = []callPlan{plan}
		tell(w.token(m))
	}
	u := w.under(fault{faultDown, 4})
	w.clock.pass(3 * time.Hour)
	tell(w.token(w.start()))
	u.over()
	tell(w.token(w.start()))
	w.clock.pass(3 * time.Hour)
	w.server.refreshes[w.record().Tokens.Refresh.Reveal()].family = "another"
	w.server.dead["another"] = true
	tell(w.token(m))
	_, used, err := m.Adopt(t.Context(), theName, Brought{Refresh: secret.New(w.server.newest), Access: secret.New("brought-access")})
	keep(err)
	if !used {
		t.Error("the dead token was adopted")
	}
	_, err = m.Delete(t.Context(), theName, w.record().Family, true)
	keep(err)
	tell(w.token(m))

	logs := w.logs.String()
	if len(logs) < 1000 || len(texts) < 10 {
		t.Fatalf("%d bytes of log and %d texts are too few to search", len(logs), len(texts))
	}
	for _, s := range append(w.server.secrets, "brought-access") {
		if contains(logs, s) {
			t.Errorf("the log holds %s", s)
		}
		for _, text := range texts {
			if contains(text, s) {
				t.Errorf("an error or notice holds %s: %s", s, text)
			}
		}
	}
}
