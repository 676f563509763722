package credential

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

// opened is the use of the world's credential, which was fresh at first.
func (w *world) opened(m *Manager, ask Ask) *API {
	w.t.Helper()
	if ask.DefaultMargin == 0 {
		ask.DefaultMargin = 30 * time.Second
	}
	ask.Asker, ask.Brief = AskerConsumer, true
	a := m.API(theName, ask)
	if _, err := a.Open(context.Background()); err != nil {
		w.t.Fatal(err)
	}
	return a
}

// fresh puts a credential into the store whose access token has just been issued.
func (w *world) fresh(change ...func(*Record)) Record {
	w.t.Helper()
	return w.authorized(append([]func(*Record){func(r *Record) {
		w.clock.pass(-fakeLifetime)
	}}, change...)...)
}

func (w *world) mustUse(a *API, rejected string) Bearer {
	w.t.Helper()
	b, err := a.Token(context.Background(), rejected)
	if err != nil {
		w.t.Fatalf("Token: %v", err)
	}
	return b
}

// The token is kept at hand: calls look into the store once a minute, and a refresh is due when the margin is reached.
func TestAPIKeepsTheToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fresh()
	faulty := w.faulty(storetest.Hooks{})
	a := w.opened(w.start(), Ask{})
	before := len(faulty.Calls())
	first := w.mustUse(a, "")
	for range 1000 {
		if b := w.mustUse(a, ""); b.ID != first.ID {
			t.Fatal("another token")
		}
	}
	if n := len(faulty.Calls()) - before; n != 0 {
		t.Errorf("1,000 calls cost %d operations of the store", n)
	}
	w.clock.pass(lookAfter)
	w.mustUse(a, "")
	w.mustUse(a, "")
	if n := len(faulty.Calls()) - before; n != 1 {
		t.Errorf("a minute later two calls cost %d operations of the store, want 1", n)
	}
	w.wantServer(0, 0, 0)
	w.clock.pass(fakeLifetime - lookAfter - 31*time.Second)
	if b := w.mustUse(a, ""); b.ID != first.ID {
		t.Error("refreshed before the margin")
	}
	w.clock.pass(2 * time.Second)
	if b := w.mustUse(a, ""); b.ID == first.ID || b.Record.Generation != 2 {
		t.Error("not refreshed within the margin")
	}
	w.wantServer(1, 1, 0)
}

// A hundred calls at the expiry, and a hundred refused ones, cost one refresh each.
func TestAPIRefreshesOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fresh()
	a := w.opened(w.start(), Ask{})
	old := w.mustUse(a, "")
	all := func(rejected string) (ids map[string]int) {
		ids = map[string]int{}
		var mu sync.Mutex
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				b, err := a.Token(context.Background(), rejected)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				ids[b.ID]++
			})
		}
		wg.Wait()
		return ids
	}
	w.clock.pass(fakeLifetime)
	if ids := all(""); len(ids) != 1 || ids[old.ID] != 0 {
		t.Errorf("tokens after the expiry: %v", ids)
	}
	w.wantServer(1, 1, 0)
	now := w.mustUse(a, "")
	if ids := all(now.ID); len(ids) != 1 || ids[now.ID] != 0 {
		t.Errorf("tokens after a refusal: %v", ids)
	}
	w.wantServer(2, 2, 0)
	if ids := all(now.ID); ids[now.ID] != 0 { // late ones get what is there
		t.Errorf("tokens after late refusals: %v", ids)
	}
	w.wantServer(2, 2, 0)
}

// What follows when the API refuses a token that no clock condemns. Other askers are not concerned.
func TestAPIRefusal(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change    func(*world, *Record)
		meanwhile func(*world) // done by another process
		another   bool         // the caller gets another token
		kind      Kind         // of the error
		reason    Reason
		calls     int
	}{
		"refreshed":        {another: true, calls: 1},
		"every_read":       {change: func(_ *world, r *Record) { r.Refresh.Strategy = StrategyEveryRead }, another: true, calls: 2}, // the first one by Open
		"never":            {change: func(_ *world, r *Record) { r.Refresh.Strategy = StrategyNever }, kind: KindStrategy, reason: ReasonNever},
		"at_apply":         {change: func(_ *world, r *Record) { r.Refresh.Strategy = StrategyAtApply }, kind: KindStrategy, reason: ReasonAtApply},
		"too early":        {change: func(_ *world, r *Record) { r.Refresh.Earliest = time.Minute }, kind: KindLater, reason: ReasonEarliest},
		"asked to wait":    {change: func(w *world, r *Record) { r.NotBefore = w.clock.Now().Add(time.Minute) }, kind: KindLater, reason: ReasonNotBefore},
		"no refresh token": {change: func(_ *world, r *Record) { r.Tokens.Refresh = secret.String{} }, kind: KindAuthorize, reason: ReasonNoRefreshToken},
		"client refused":   {change: func(w *world, _ *Record) { w.server.plan = []callPlan{callBadClient} }, kind: KindBadClient, calls: 1},
		"reply lost":       {change: func(w *world, _ *Record) { w.server.plan = []callPlan{callLostUndone} }, kind: KindUnknown, calls: 1},
		"another one's":    {meanwhile: func(w *world) { w.other() }, another: true, calls: 1},
		"refused for good": {change: func(w *world, r *Record) { w.server.refreshes = map[string]*fakeRefresh{} }, kind: KindAuthorize, calls: 1},
		"outcome not known": {change: func(w *world, r *Record) {
			r.Status, r.Unknown = StatusOutcomeUnknown, &Unknown{ClaimedAt: w.clock.Now(), TTL: time.Minute}
		}, kind: KindUnknown, reason: ReasonUnknownWaiting},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.fresh(func(r *Record) {
				if test.change != nil {
					test.change(w, r)
				}
			})
			m := w.start()
			a := w.opened(m, Ask{})
			old := w.mustUse(a, "")
			if test.meanwhile != nil {
				test.meanwhile(w)
			}
			b, err := a.Token(t.Context(), old.ID)
			if test.kind == "" {
				if err != nil || (b.ID != old.ID) != test.another {
					t.Errorf("another token: %t, %v", b.ID != old.ID, err)
				}
			} else if e := w.wantKind(err, test.kind); test.reason != "" && e.Reason != test.reason {
				t.Errorf("%v", err)
			}
			calls := w.server.calls
			if calls != test.calls {
				t.Errorf("%d calls of the server, want %d", calls, test.calls)
			}
			if test.another {
				return
			}
			// The refusal may have been about something else: the token goes on being used, and nobody asks again at once.
			for range 10 {
				if b, err := a.Token(t.Context(), ""); err != nil || b.ID != old.ID {
					t.Errorf("the next call gets another token: %t, %v", b.ID != old.ID, err)
				}
				if b, err := a.Token(t.Context(), old.ID); err != nil || b.ID != old.ID {
					t.Errorf("refused again: another token: %t, %v", b.ID != old.ID, err)
				}
			}
			if w.server.calls != calls {
				t.Errorf("%d calls of the server after further refusals, want %d", w.server.calls, calls)
			}
			if res, err := m.Token(t.Context(), theName, Ask{DefaultMargin: 30 * time.Second}); err != nil || res.Record.Tokens.Access.SHA256() != old.ID {
				t.Errorf("another asker: %v", err)
			}
		})
	}
}

// other lets another process refresh.
func (w *world) other() {
	w.t.Helper()
	if _, err := w.start().Token(context.Background(), theName, Ask{DefaultMargin: 24 * time.Hour}); err != nil {
		w.t.Fatal(err)
	}
}

// A refresh that does not help against a refusal is about something else, and is not repeated for each call: the pause grows, and
// ends when one helps.
func TestAPIRefreshThatDoesNotHelp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fresh()
	a := w.opened(w.start(), Ask{})
	at := w.mustUse(a, "")
	for n, pause := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute} {
		next := w.mustUse(a, at.ID)
		if next.ID == at.ID {
			t.Fatalf("%d: no other token", n)
		}
		for range 5 { // of many calls at once
			a.Helped(next.ID, false)
		}
		w.clock.pass(pause - time.Second)
		if b := w.mustUse(a, next.ID); b.ID != next.ID {
			t.Fatalf("%d: refreshed within %s", n, pause)
		}
		w.clock.pass(time.Second)
		at = next
	}
	next := w.mustUse(a, at.ID)
	a.Helped(next.ID, true)
	after := w.mustUse(a, next.ID)
	if after.ID == next.ID {
		t.Error("not refreshed although the last refresh had helped")
	}
	a.Helped(after.ID, false)
	w.clock.pass(30 * time.Second)
	if b := w.mustUse(a, after.ID); b.ID == after.ID {
		t.Error("the pause did not begin anew")
	}
	w.wantServer(6, 6, 0)
}

// While the server is in trouble, calls are not made to try it one by one. A token that works is used until it ends.
func TestAPIInTrouble(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fresh()
	a := w.opened(w.start(), Ask{})
	old := w.mustUse(a, "")
	w.server.plan = []callPlan{callBadClient, callBadClient, callBadClient, callBadClient}
	w.clock.pass(fakeLifetime - 20*time.Second)
	for range 100 {
		if b := w.mustUse(a, ""); b.ID != old.ID {
			t.Fatal("another token")
		}
	}
	w.wantServer(1, 0, 0)
	notices, err := a.Told()
	if w.wantNotices(notices, NoticeFailed); err != nil {
		t.Errorf("told %v, though the token works", err)
	}
	w.clock.pass(30 * time.Second)
	for range 100 {
		_, err = a.Token(t.Context(), "")
		w.wantKind(err, KindBadClient)
	}
	w.wantServer(1, 0, 0) // still at rest
	w.clock.pass(longRest)
	for range 100 {
		_, err = a.Token(t.Context(), "")
		w.wantKind(err, KindBadClient)
	}
	w.wantServer(2, 0, 0)
	if _, err := a.Told(); !IsKind(err, KindBadClient) {
		t.Errorf("told %v", err)
	}
	w.server.plan = nil
	w.clock.pass(longRest)
	if b := w.mustUse(a, ""); b.ID == old.ID {
		t.Error("no other token")
	}
	if notices, err := a.Told(); len(notices) != 0 || err != nil {
		t.Errorf("told %v and %v, though all is well", notices, err)
	}
}

// A credential that is dead gives no token any more, though the clock says that it works.
func TestAPIOfADeadCredential(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fresh()
	a := w.opened(w.start(), Ask{})
	w.mustUse(a, "")
	r := w.record()
	r.Status = StatusRevoked
	w.put(r)
	w.clock.pass(lookAfter)
	for range 3 {
		_, err := a.Token(t.Context(), "")
		w.wantKind(err, KindAuthorize)
	}
}

// Whoever gives up while he asks says nothing about the credential.
func TestAPIGivenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fresh()
	a := w.opened(w.start(), Ask{})
	w.clock.pass(fakeLifetime)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.Token(ctx, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if b := w.mustUse(a, ""); b.Record.Generation != 2 {
		t.Error("not refreshed")
	}
	w.wantServer(1, 1, 0)
}

// Margins of calls are cut to a quarter of the lifetime; those of others are not.
func TestBriefMargin(t *testing.T) {
	t.Parallel()
	for lifetime, want := range map[time.Duration]time.Duration{ // with a margin of 30 s
		3 * time.Second: 750 * time.Millisecond, time.Minute: 15 * time.Second, 2 * time.Minute: 30 * time.Second, time.Hour: 30 * time.Second,
	} {
		w := newWorld(t)
		r := w.fresh(func(r *Record) { r.Tokens.ExpiresAt = r.Tokens.IssuedAt.Add(lifetime) })
		m := w.start()
		ask := Ask{DefaultMargin: 30 * time.Second}
		if got := m.policy(theKey, r, ask).Margin; got != 30*time.Second {
			t.Errorf("%s: a margin of %s for an ask that is not brief", lifetime, got)
		}
		ask.Brief = true
		if got := m.policy(theKey, r, ask).Margin; got != want {
			t.Errorf("%s: a margin of %s, want %s", lifetime, got, want)
		}
	}
}

// Under on_rejection a refusal of any call leads to a refresh, whose token is probed as ever.
func TestAPIOnRejection(t *testing.T) {
	t.Parallel()
	w, api := rejecting(t, answered(200), answered(200))
	a := w.opened(w.start(api.options), Ask{})
	old := w.mustUse(a, "")
	for range 5 {
		w.mustUse(a, "")
	}
	api.wantProbes(t, "at first", 1)
	b := w.mustUse(a, old.ID)
	if b.ID == old.ID {
		t.Error("no other token")
	}
	w.mustUse(a, "")
	api.wantProbes(t, "after the refresh", 2)
	w.wantServer(1, 1, 0)
}

// Nonces of the API are kept for its next proofs, apart from others.
func TestAPIHearsNonces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fresh(func(r *Record) { r.Tokens.Type, r.Tokens.ProofKey = "DPoP", secret.New("{}") })
	a := w.opened(w.start(), Ask{})
	b := w.mustUse(a, "")
	const address = "https://api.example/v1/x?y=z"
	if got := a.Access(b, address).Proof; got.Nonce != "" || got.Key.IsEmpty() {
		t.Errorf("proof %+v", got)
	}
	challenge := http.Header{"Dpop-Nonce": {"n1"}, "Www-Authenticate": {`DPoP error="use_dpop_nonce"`}}
	for status, want := range map[int]bool{401: true, 400: false, 200: false} {
		if got := a.Heard(address, status, challenge); got != want {
			t.Errorf("%d: wants a nonce: %t", status, got)
		}
	}
	if got := a.Access(b, "https://api.example/other").Proof.Nonce; got != "n1" {
		t.Errorf("nonce %q", got)
	}
	if got := a.Access(b, "https://other.example/").Proof.Nonce; got != "" {
		t.Errorf("nonce %q elsewhere", got)
	}
}

// spends makes calls of the API at once, and ends them with these statuses; it returns the errors of Enter.
func (w *world) spends(a *API, statuses ...int) (errs []error) {
	w.t.Helper()
	b := w.mustUse(a, "")
	for _, status := range statuses {
		leave, err := a.Enter(context.Background(), b)
		if errs = append(errs, err); err == nil {
			leave(true, status)
		}
	}
	return errs
}

var tenAnHour = ErrorBudget{Limit: 10, Window: time.Hour}

// Calls of an API are counted where their refusals lock the client out, and cost next to nothing where they are none.
func TestAPIBudget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy.ErrorBudget = tenAnHour
	w.fresh()
	faulty := w.faulty(storetest.Hooks{})
	a := w.opened(w.start(), Ask{})
	ops := func() (reads, writes int) {
		for _, c := range faulty.Calls() {
			switch {
			case !isBudget(c):
			case c.Op == storetest.OpGet:
				reads++
			default:
				writes++
			}
		}
		return reads, writes
	}
	for n := range 500 {
		for _, err := range w.spends(a, []int{200, 204, 301, 500, 503}[n%5]) {
			if err != nil {
				t.Fatal(err)
			}
		}
		if n%100 == 99 {
			w.clock.pass(viewFor)
		}
	}
	if reads, writes := ops(); reads != 5 || writes != 0 {
		t.Errorf("500 calls within ten seconds cost %d reads and %d writes of the budget, want 5 and 0", reads, writes)
	}
	for _, err := range w.spends(a, 400, 401, 403, 404, 429, 404, 404) {
		if err != nil {
			t.Fatal(err)
		}
	}
	l := w.budget()
	if len(l.Refusals) != 7 || len(l.UnderWay) != 0 || l.Refusals[0].answer() != "400 (call of the API)" || l.Refusals[0].Key != theKey {
		t.Errorf("the budget holds %+v", l)
	}
	err := w.spends(a, 200)[0]
	if e := w.wantKind(err, KindLater); e.Reason != ReasonBudget || !e.Until.Equal(w.clock.Now().Add(time.Hour)) || e.Record.Status != StatusActive {
		t.Errorf("%v until %s", err, e.Until)
	}
	if full := (*BudgetError)(nil); !errors.As(err, &full) || !strings.HasPrefix(full.Error(),
		"10 refusals within 1h lock the client "+fakeClientID+" out, 2 of them are left to what other runs may have under way, and these stand already:\n") {
		t.Errorf("%v", err)
	}
	// Two are left for others, and for the token endpoint.
	w.clock.pass(30 * time.Minute)
	for range 2 {
		m := w.start()
		b, err := m.enter(t.Context(), "pair/other", w.client())
		if err != nil {
			t.Fatal(err)
		}
		m.leave(t.Context(), b, oauth.Verdict{Class: oauth.BadClient, Status: 401})
	}
	if _, err := w.start().enter(t.Context(), "pair/other", w.client()); !IsKind(err, KindLater) {
		t.Errorf("a request of the token endpoint: %v", err)
	}
	w.clock.pass(30 * time.Minute)
	if err := w.spends(w.opened(w.start(), Ask{}), 200)[0]; err != nil {
		t.Errorf("after the window: %v", err)
	}
}

// However many calls are under way in two processes, and all refused, the client is not locked out.
func TestAPIBudgetAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy.ErrorBudget = tenAnHour
	w.fresh()
	var mu sync.Mutex
	refusals, most, underWay := 0, 0, 0
	var wg sync.WaitGroup
	for range 2 {
		a := w.opened(w.start(), Ask{})
		b := w.mustUse(a, "")
		for range 30 {
			wg.Go(func() {
				leave, err := a.Enter(context.Background(), b)
				if err != nil {
					w.wantKindOf(err, KindLater)
					return
				}
				mu.Lock()
				underWay++
				refusals++
				most = max(most, refusals)
				mu.Unlock()
				leave(true, 404)
			})
		}
	}
	wg.Wait()
	if most > 9 {
		t.Errorf("%d refusals: the client is locked out", most)
	}
}

func (w *world) wantKindOf(err error, want Kind) {
	if !IsKind(err, want) {
		w.t.Errorf("%v, want one of kind %s", err, want)
	}
}

// A call whose answer never came may have been refused; one that was not sent was not.
func TestAPIBudgetWithoutAnswer(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		sent   bool
		status int
		want   string
	}{
		"not sent": {false, 0, "[]"}, "no answer": {true, 0, "[no answer is known]"}, "refused": {true, 404, "[404 (call of the API)]"}, "good": {true, 200, "[]"}, "in trouble": {true, 502, "[]"},
	} {
		for _, budget := range []ErrorBudget{tenAnHour, twoAnHour} { // unbooked, and booked
			w := newWorld(t)
			w.policy.ErrorBudget = budget
			w.fresh()
			a := w.opened(w.start(), Ask{})
			leave, err := a.Enter(t.Context(), w.mustUse(a, ""))
			if err != nil {
				t.Fatal(err)
			}
			leave(test.sent, test.status)
			got := []string{}
			if _, err := w.plain.Get(t.Context(), budgetKey(w.client())); err == nil {
				for _, s := range w.budget().Refusals {
					got = append(got, s.answer())
				}
			}
			if fmt.Sprint(got) != test.want {
				t.Errorf("%s, of %d: %v, want %s", name, budget.Limit, got, test.want)
			}
		}
	}
}

// A budget that cannot be read lets nothing through, and is said to be the reason.
func TestAPIBudgetUnreadable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy.ErrorBudget = tenAnHour
	w.fresh()
	w.faulty(storetest.Hooks{Fault: func(_ storetest.Op, key string, _ int) storetest.Fault {
		if isBudget(storetest.Call{Key: key}) {
			return storetest.NothingDone
		}
		return storetest.None
	}})
	a := w.opened(w.start(), Ask{})
	_, err := a.Enter(t.Context(), w.mustUse(a, ""))
	w.wantKind(err, KindStore)
}

// The use of a token that a client gets for itself.
func TestClientAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.start().ClientAPI(w.mintSetup(), Ask{DefaultMargin: 30 * time.Second, Asker: AskerConsumer, Brief: true})
	if _, err := a.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	first := w.mustUse(a, "")
	for range 10 {
		w.mustUse(a, "")
	}
	if n := w.server.mints(); n != 1 {
		t.Errorf("%d tokens", n)
	}
	if b := w.mustUse(a, first.ID); b.ID == first.ID {
		t.Error("no other token after a refusal")
	}
	w.clock.pass(fakeLifetime)
	w.mustUse(a, "")
	if n := w.server.mints(); n != 3 {
		t.Errorf("%d tokens", n)
	}
}
