package credential

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

var theSetup = func(w *world) Setup { return Setup{Client: w.client()} }

// offered puts a credential into the store that waits for a person, and returns the answer to it.
func (w *world) offered() Exchange {
	w.t.Helper()
	m := w.start()
	if _, err := m.Attach(context.Background(), theName, "a1", theSetup(w)); err != nil {
		w.t.Fatal(err)
	}
	r, err := m.OfferAuthorization(context.Background(), theName, Authorization{RedirectURI: fakeRedirect, Scopes: []string{"read"}})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.consented(r)
}

// consented is the callback that the person brings back.
func (w *world) consented(r Record) Exchange {
	p, _ := r.NewestPending()
	return Exchange{Code: secret.New(w.server.code(p.URL)), FromCallback: true, State: p.State}
}

func (w *world) exchange(m *Manager, x Exchange) (Result, error) {
	ctx, cancel := w.clock.timeout(context.Background(), 5*time.Second)
	defer cancel()
	return m.ExchangeCode(ctx, theName, x)
}

// TestExchangeUnderFaults: a code is sent at most once in its life, a token that reached the process is kept, and a code
// that was certainly not sent is still good.
func TestExchangeUnderFaults(t *testing.T) {
	t.Parallel()
	everyCallAndProcess(t, func(sh shape, plan callPlan, f fault, again bool) (int, []string) {
		return exchangeUnder(t, sh, plan, f, again)
	})
}

func exchangeUnder(t testing.TB, sh shape, plan callPlan, f fault, again bool) (calls int, found []string) {
	wrong := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	w := sh.world(t)
	x := w.offered()
	u := w.under(f)
	w.server.plan = []callPlan{plan}
	m := w.start()
	res, err := w.exchange(m, x)
	calls = u.count()
	s := w.server
	reached, sent := s.delivered, s.calls > 0
	if err == nil && !s.accepts(res.Record.Tokens.Refresh.Reveal()) {
		wrong("success, and the result holds no good token")
	}
	if err != nil && reached && !f.lasting() {
		wrong("one failure of the store cost the token: %v", err)
	}
	inHand := res.Record
	if f.mode == faultCrash {
		m, inHand = nil, Record{}
	}
	u.over()
	kept := reached && (u.has(s.newest, Record{}) || m != nil && again && inHand.Tokens.Refresh.Reveal() == s.newest)
	if reached && !kept && f.mode != faultCrash && (u.rescue != nil || !f.lasting()) {
		wrong("tokens that reached the process are lost")
	}
	if !sent && !f.lasting() && (w.record().HasConsumed(x.Code) || w.record().Claim != nil) {
		wrong("the code was not sent, and counts as used")
	}
	if m == nil || !again {
		m = w.start()
	}
	usable := !w.record().HasConsumed(x.Code)
	for _, pause := range []time.Duration{time.Second, 121 * time.Second, 121 * time.Second} {
		w.clock.pass(pause)
		_, err = w.exchange(m, x)
	}
	if !IsKind(err, KindConsumed) {
		wrong("the same code again: %v, want it refused as used", err)
	}
	want := StatusAuthorizationRequired
	if kept || usable {
		want = StatusActive
	}
	r := w.record()
	if r.Status != want || (want == StatusActive) != s.accepts(r.Tokens.Refresh.Reveal()) {
		wrong("ends as %s (kept %v, usable %v)", r.Status, kept, usable)
	}
	if s.calls > 1 || s.reuses > 0 {
		wrong("the code was sent %d times", s.calls)
	}
	return calls, found
}

// TestDeleteUnderFaults: in the end the tokens are revoked, and what is left has no secret.
func TestDeleteUnderFaults(t *testing.T) {
	t.Parallel()
	for _, sh := range []shape{shapes[0], shapes[4]} {
		for _, callName := range []string{"good", "not sent", "lost, done", "lost, not done", "503, not done"} {
			t.Run(sh.name+", "+callName, func(t *testing.T) {
				t.Parallel()
				everyFault(func(f fault) int {
					w := sh.world(t)
					old := w.authorized()
					u := w.under(f)
					w.server.plan = []callPlan{allCalls[callName]}
					m := w.start()
					_, err := m.Delete(t.Context(), theName, "f1", true)
					calls := u.count()
					if err == nil && !w.record().IsTombstone() {
						t.Errorf("%s: deleted, and still there as %s", f, w.record().Status)
					}
					if w.server.calls > 3 {
						t.Errorf("%s: %d calls", f, w.server.calls)
					}
					u.over()
					for _, pause := range []time.Duration{time.Second, 121 * time.Second, 121 * time.Second} {
						w.clock.pass(pause)
						ctx, cancel := w.clock.timeout(t.Context(), 5*time.Second)
						_, err = m.Delete(ctx, theName, "f1", true)
						cancel()
					}
					if err != nil {
						t.Errorf("%s: deleting again: %v", f, err)
					}
					r := w.record()
					if !r.IsTombstone() || !w.server.dead["grant1"] || !r.HasConsumed(old.Tokens.Refresh) {
						t.Errorf("%s: tombstone %v, revoked %v", f, r.IsTombstone(), w.server.dead["grant1"])
					}
					wantNoSecret(t, w)
					return calls
				})
			})
		}
	}
}

// wantNoSecret searches the stored record.
func wantNoSecret(t *testing.T, w *world) {
	t.Helper()
	e, err := w.plain.Get(t.Context(), theKey)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range w.server.secrets {
		if bytes.Contains(e.Value, []byte(s)) {
			t.Errorf("the record still holds %s", s)
		}
	}
}

// quiet is an operation that sends nothing. Running it again, whatever became of the first try, must end alike.
type quiet struct {
	name    string
	prepare func(*world)
	do      func(context.Context, *Manager, *world) error
	check   func(*testing.T, Record)
	// patientFrom is the last store call whose failure ends the operation at once.
	patientFrom int
}

func quietOperations() []quiet {
	discard := func(_ Record, err error) error { return err }
	return []quiet{
		{"attach to nothing", func(*world) {}, func(ctx context.Context, m *Manager, w *world) error {
			return discard(m.Attach(ctx, theName, "a9", theSetup(w)))
		}, func(t *testing.T, r Record) {
			want(t, r, StatusAuthorizationRequired, 0, 0)
			if r.Attachment != (Attachment{ID: "a9"}) {
				t.Errorf("attachment = %v", r.Attachment)
			}
		}, 0},
		{"attach to what an apply left", func(w *world) { w.authorized(func(r *Record) { r.Attachment = Attachment{ID: "a1"} }) },
			func(ctx context.Context, m *Manager, w *world) error {
				setup := theSetup(w)
				setup.Inputs = []secret.String{w.record().Tokens.Refresh}
				return discard(m.Attach(ctx, theName, "a9", setup))
			}, func(t *testing.T, r Record) {
				want(t, r, StatusActive, 1, 0)
				if r.Attachment != (Attachment{ID: "a9"}) {
					t.Errorf("attachment = %v", r.Attachment)
				}
			}, 0},
		{"mark attached", func(w *world) { w.authorized(func(r *Record) { r.Attachment = Attachment{ID: "a1"} }) },
			func(ctx context.Context, m *Manager, _ *world) error {
				return discard(m.MarkAttached(ctx, theName, "a1"))
			},
			func(t *testing.T, r Record) {
				want(t, r, StatusActive, 1, 0)
				if !r.Attachment.Attached {
					t.Error("not attached")
				}
			}, 0},
		{"configure", func(w *world) { w.authorized() }, func(ctx context.Context, m *Manager, w *world) error {
			return discard(m.Configure(ctx, theName, Setup{Client: w.client(), Refresh: RefreshSettings{Earliest: time.Minute}}))
		}, func(t *testing.T, r Record) {
			want(t, r, StatusActive, 1, 0)
			if r.Refresh.Earliest != time.Minute {
				t.Errorf("refresh = %v", r.Refresh)
			}
		}, 0},
		{"configure another client", func(w *world) { w.authorized() }, func(ctx context.Context, m *Manager, w *world) error {
			c := w.client()
			c.ClientID = "another"
			return discard(m.Configure(ctx, theName, Setup{Client: c}))
		}, func(t *testing.T, r Record) {
			want(t, r, StatusAuthorizationRequired, 0, 1)
			if !r.Tokens.Access.IsEmpty() || !r.Tokens.Refresh.IsEmpty() || len(r.Consumed) != 1 {
				t.Error("tokens of the old client are left")
			}
		}, 0},
		{"offer", func(w *world) { w.authorized() }, func(ctx context.Context, m *Manager, _ *world) error {
			return discard(m.OfferAuthorization(ctx, theName, Authorization{RedirectURI: fakeRedirect}))
		}, func(t *testing.T, r Record) {
			want(t, r, StatusActive, 1, 0)
			if len(r.Pending) != 1 {
				t.Errorf("%d pending", len(r.Pending))
			}
		}, 1},
		{"adopt", func(w *world) { w.authorized() }, func(ctx context.Context, m *Manager, _ *world) error {
			r, used, err := m.Adopt(ctx, theName, Brought{Refresh: secret.New("brought-along")})
			if err == nil && (used || r.Tokens.Refresh.Reveal() != "brought-along") {
				return errors.New("the store won over a token that was never used")
			}
			return err
		}, func(t *testing.T, r Record) {
			want(t, r, StatusActive, 1, 1)
			if r.Family == "f1" || r.Input != secret.New("brought-along").SHA256() || len(r.Consumed) != 1 {
				t.Errorf("family %s, input %s", r.Family, r.Input)
			}
		}, 0},
		{"heal", func(w *world) { w.authorized() }, func(ctx context.Context, m *Manager, _ *world) error {
			return discard(m.Heal(ctx, theName, Replica{Family: "f1", Generation: 5, Tokens: Tokens{Refresh: secret.New("from-state")}}))
		}, func(t *testing.T, r Record) {
			want(t, r, StatusActive, 5, 1)
			if r.Tokens.Refresh.Reveal() != "from-state" {
				t.Error("the state's token is not in the store")
			}
		}, 0},
		{"heal without tokens", func(w *world) { w.authorized() }, func(ctx context.Context, m *Manager, _ *world) error {
			return discard(m.Heal(ctx, theName, Replica{Family: "f1", Generation: 5}))
		}, func(t *testing.T, r Record) { want(t, r, StatusOutcomeUnknown, 5, 1) }, 0},
		{"seed", func(*world) {}, func(ctx context.Context, m *Manager, w *world) error {
			p := Replica{Family: "f7", Generation: 4, Tokens: Tokens{Refresh: secret.New("from-state")}}
			return discard(m.Seed(ctx, theName, "a7", theSetup(w), p))
		}, func(t *testing.T, r Record) {
			want(t, r, StatusActive, 4, 1)
			if r.Family != "f7" || r.Attachment != (Attachment{ID: "a7", Attached: true}) {
				t.Errorf("family %s, attachment %v", r.Family, r.Attachment)
			}
		}, 0},
		{"take an implicit token", func(w *world) {
			w.authorized(func(r *Record) { r.Pending = []Pending{{State: "s1"}} })
		}, func(ctx context.Context, m *Manager, _ *world) error {
			c := oauth.ImplicitCallback{State: "s1", Token: oauth.Token{AccessToken: secret.New("from-the-fragment"), ExpiresIn: time.Hour}}
			_, err := m.TakeImplicit(ctx, theName, c, nil)
			if IsKind(err, KindConsumed) { // by the time before
				return nil
			}
			return err
		}, func(t *testing.T, r Record) {
			want(t, r, StatusActive, 1, 1)
			if r.Tokens.Access.Reveal() != "from-the-fragment" || !r.Tokens.Refresh.IsEmpty() || len(r.Pending) != 0 || r.Family == "f1" {
				t.Errorf("family %s, %d pending, a refresh token: %v", r.Family, len(r.Pending), !r.Tokens.Refresh.IsEmpty())
			}
		}, 1},
		{"delete without revoking", func(w *world) { w.authorized() }, func(ctx context.Context, m *Manager, _ *world) error {
			_, err := m.Delete(ctx, theName, "f1", false)
			return err
		}, func(t *testing.T, r Record) {
			if !r.IsTombstone() {
				t.Error("no tombstone")
			}
		}, 2},
	}
}

func want(t *testing.T, r Record, status Status, generation int64, events int) {
	t.Helper()
	if r.Status != status || r.Generation != generation || len(r.History) != events || r.Claim != nil {
		t.Errorf("status %s, generation %d, claim %v, history %v; want %s, %d and %d lines", r.Status, r.Generation, r.Claim, r.History, status, generation, events)
	}
}

func TestQuietOperationsUnderFaults(t *testing.T) {
	t.Parallel()
	for _, op := range quietOperations() {
		for _, again := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, by the same process %v", op.name, again), func(t *testing.T) {
				t.Parallel()
				everyFault(func(f fault) int {
					w := shapes[0].world(t)
					op.prepare(w)
					u := w.under(f)
					m := w.start()
					err := op.do(t.Context(), m, w)
					calls := u.count()
					errorIsTold(t, err)
					if err != nil && !f.lasting() && f.at > op.patientFrom {
						t.Errorf("%s: %v", f, err)
					}
					u.over()
					if !again {
						m = w.start()
					}
					// A claim of a process that died is in the way for its TTL.
					for _, pause := range []time.Duration{0, 121 * time.Second} {
						w.clock.pass(pause)
						ctx, cancel := w.clock.timeout(t.Context(), 5*time.Second)
						err = op.do(ctx, m, w)
						cancel()
					}
					if err != nil {
						t.Errorf("%s: again: %v", f, err)
					}
					op.check(t, w.record())
					w.wantServer(0, 0, 0)
					return calls
				})
			})
		}
	}
}
