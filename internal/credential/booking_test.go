package credential

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

var twoAnHour = ErrorBudget{Limit: 2, Window: time.Hour}

// budget reads the ledger of the world's client past all processes.
func (w *world) budget() ledger {
	w.t.Helper()
	e, err := w.plain.Get(context.Background(), budgetKey(w.client()))
	if err != nil {
		w.t.Fatal(err)
	}
	var l ledger
	if err := decodeAs(e.Value, &l, kindBudget); err != nil {
		w.t.Fatal(err)
	}
	return l
}

func isBudget(c storetest.Call) bool { return strings.HasPrefix(c.Key, kindBudget+"/") }

// onFirst returns a hook that runs f after the first write of a budget.
func onFirst(f func()) storetest.Hooks {
	done := false
	return storetest.Hooks{After: func(c storetest.Call) {
		if isBudget(c) && c.Op == storetest.OpCreate && !done {
			done = true
			f()
		}
	}}
}

// TestErrorBudgetOutlived: a process stands still between its booking and its claim. Others take the booking for refused.
// Then it sends nothing under that: it books anew, and what it knows not to have been sent counts no longer.
func TestErrorBudgetOutlived(t *testing.T) {
	t.Parallel()
	for _, still := range []time.Duration{91 * time.Second, 3 * time.Minute, 2 * time.Hour} {
		w := newWorld(t)
		w.policy.ErrorBudget = threeAnHour
		w.authorized()
		others := w.start()
		w.faulty(onFirst(func() {
			w.clock.pass(still)
			b, err := others.enter(t.Context(), "pair/other", w.client())
			if err != nil {
				t.Error(err)
			}
			others.leave(t.Context(), b, oauth.Verdict{})
		}))
		w.server.plan = []callPlan{callBadClient, callBadClient} // the first one finds that the body is not to be read
		w.server.during = slices.Repeat([]func(){func() {
			l := w.budget()
			if len(l.UnderWay) != 1 || w.clock.Now().Sub(l.UnderWay[0].At) > 10*time.Second || len(l.Refusals) != 0 {
				t.Errorf("after %s: sent under %+v, with refusals %+v", still, l.UnderWay, l.Refusals)
			}
		}}, 2)
		_, err := w.token(w.start())
		w.wantKind(err, KindBadClient)
		w.wantServer(1, 0, 0)
		if l := w.budget(); len(l.UnderWay) != 0 || len(l.Refusals) != 1 || l.Refusals[0].HTTP != 401 || !l.Refusals[0].At.Equal(w.clock.Now()) {
			t.Errorf("after %s: %+v under way, refusals %+v", still, l.UnderWay, l.Refusals)
		}
	}
}

// TestLedgerSettledLate: a process that stood still beyond the TTL puts right what its booking was taken for.
func TestLedgerSettledLate(t *testing.T) {
	t.Parallel()
	at := func(minutes int) time.Time { return epoch.Add(time.Duration(minutes) * time.Minute) }
	booked := ledger{UnderWay: []seat{{Spent: Spent{ID: "late", At: at(0), Key: "pair/x"}, TTL: 2 * time.Minute}}}
	for name, tt := range map[string]struct {
		minutes int
		verdict oauth.Verdict
		want    string
	}{
		"refused":            {30, oauth.Verdict{Class: oauth.BadClient, Status: 401, Code: "invalid_client"}, "[30 401 invalid_client]"},
		"no answer":          {30, oauth.Verdict{Class: oauth.OutcomeUnknown}, "[30 no answer is known]"},
		"success":            {30, oauth.Verdict{Class: oauth.Success, Status: 200}, "[]"},
		"not sent":           {30, oauth.Verdict{Class: oauth.NotSent}, "[]"},
		"claim lost":         {30, oauth.Verdict{}, "[]"},
		"refused, forgotten": {90, oauth.Verdict{Class: oauth.BadClient, Status: 401, Code: "invalid_client"}, "[90 401 invalid_client]"},
		"success, forgotten": {90, oauth.Verdict{Class: oauth.Success, Status: 200}, "[]"},
	} {
		l := booked.clean(threeAnHour, at(tt.minutes))
		for range 2 { // the second time after an ambiguous error
			l = l.settle(threeAnHour, Spent{ID: "late", At: at(tt.minutes), Key: "pair/x"}, tt.verdict)
			got := []string{}
			for _, s := range l.Refusals {
				got = append(got, fmt.Sprintf("%.0f %s", s.At.Sub(epoch).Minutes(), s.answer()))
			}
			if fmt.Sprint(got) != tt.want || len(l.UnderWay) != 0 {
				t.Errorf("%s: %v and %v under way, want %s", name, got, l.UnderWay, tt.want)
			}
		}
	}
	brief := ErrorBudget{Limit: 3, Window: time.Minute}
	l := ledger{Window: time.Hour, UnderWay: booked.UnderWay}.clean(brief, at(1)).clean(brief, at(3)).clean(threeAnHour, at(30))
	if len(l.Refusals) != 1 {
		t.Errorf("a shorter window beside has forgotten what is under way: %+v", l)
	}
}

// TestErrorBudgetGoesByTheStoresClock: a slow read tells the store's time to within seconds only. A refusal leaves the
// window no second too early for that.
func TestErrorBudgetGoesByTheStoresClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy.ErrorBudget = twoAnHour
	w.authorized()
	took := time.Duration(0)
	slow := func() time.Time {
		w.clock.pass(took)
		return w.clock.Now()
	}
	w.store = clockStore{w.plain, slow}
	start := func(skew time.Duration) *Manager {
		return w.start(func(o *Options) { o.Clock = skewedClock{w.clock, skew} })
	}
	w.server.plan = []callPlan{callBadClient}
	var refused time.Time
	w.server.behind = []func(){func() { refused = w.clock.Now() }}
	_, err := w.token(start(-7 * time.Minute))
	w.wantKind(err, KindBadClient)
	took = 4 * time.Second
	// Three reads, of four seconds each, come before the ledger is judged.
	w.clock.pass(refused.Add(time.Hour - 13*time.Second).Sub(w.clock.Now()))
	_, err = w.token(start(7 * time.Minute))
	if e := w.wantKind(err, KindLater); e.Reason != ReasonBudget {
		t.Errorf("%s after the refusal: %v", w.clock.Now().Sub(refused), err)
	}
	w.wantServer(1, 0, 0)
	w.clock.pass(time.Minute)
	w.mustToken(start(-7 * time.Minute))
}

// TestErrorBudgetIsWrittenAgain: what can be read after an ambiguous error may still be on its way to the disk. Before
// anything is sent one write of the booking must have returned without an error.
func TestErrorBudgetIsWrittenAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy.ErrorBudget = twoAnHour
	w.authorized()
	f := w.faulty(storetest.Hooks{Fault: func(op storetest.Op, key string, _ int) storetest.Fault {
		if op == storetest.OpCreate && isBudget(storetest.Call{Key: key}) {
			return storetest.Done
		}
		return storetest.None
	}})
	w.server.during = []func(){func() {
		var wrote []error
		for _, c := range f.Calls() {
			if isBudget(c) && c.Op != storetest.OpGet {
				wrote = append(wrote, c.Err)
			}
		}
		if len(wrote) != 2 || wrote[0] == nil || wrote[1] != nil {
			t.Errorf("booked by writes that said %v", wrote)
		}
	}}
	w.mustToken(w.start())
	w.wantServer(1, 1, 0)
	if l := w.budget(); len(l.UnderWay)+len(l.Refusals) != 0 {
		t.Errorf("left %+v", l)
	}
}

// TestErrorBudgetOfACancelledAsk: whoever gives up during the booking takes it back, if it may have been written.
func TestErrorBudgetOfACancelledAsk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy.ErrorBudget = twoAnHour
	w.authorized()
	ctx, cancel := context.WithCancel(t.Context())
	hooks := onFirst(cancel)
	hooks.Fault = func(op storetest.Op, key string, _ int) storetest.Fault {
		if op == storetest.OpCreate && isBudget(storetest.Call{Key: key}) {
			return storetest.Done
		}
		return storetest.None
	}
	w.faulty(hooks)
	if _, err := w.start().Token(ctx, theName, Ask{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v", err)
	}
	if l := w.budget(); len(l.UnderWay)+len(l.Refusals) != 0 {
		t.Errorf("left %+v", l)
	}
	w.wantServer(0, 0, 0)
}

// TestErrorBudgetWhenToldToEnd: a process that is asked to end between booking and claim takes the booking back first.
func TestErrorBudgetWhenToldToEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy.ErrorBudget = twoAnHour
	w.authorized()
	sections, drained := &Sections{}, make(chan ledger)
	m := w.start(func(o *Options) { o.Section = sections })
	w.faulty(onFirst(func() {
		go func() {
			if err := sections.Drain(t.Context()); err != nil {
				t.Error(err)
			}
			drained <- w.budget()
		}()
		for begun := false; !begun; {
			sections.mu.Lock()
			begun = sections.draining
			sections.mu.Unlock()
		}
	}))
	m.store = w.store
	_, err := w.token(m)
	w.wantKind(err, KindShuttingDown)
	if l := <-drained; len(l.UnderWay)+len(l.Refusals) != 0 {
		t.Errorf("ended, and left %+v", l)
	}
	w.wantServer(0, 0, 0)
}

// TestErrorBudgetUnderFaults fails the store at each call of a refresh, in every way. The server is never asked once more
// within the window of a refusal, and when that has passed, the token is refreshed.
func TestErrorBudgetUnderFaults(t *testing.T) {
	t.Parallel()
	for _, sh := range shapes {
		for name, plan := range map[string]callPlan{
			"refused": callBadClient, "rate limited": callTooMany, "no answer": callLostUndone, "good": callGood, "not sent": callNotSent,
		} {
			t.Run(sh.name+", "+name, func(t *testing.T) {
				t.Parallel()
				everyFault(func(f fault) int { return budgetUnder(t, sh, f, plan) })
			})
		}
	}
}

func budgetUnder(t *testing.T, sh shape, f fault, plan callPlan) (calls int) {
	t.Helper()
	w := sh.world(t).semantics(RotationNone, ReuseReject, 0)
	w.policy.ErrorBudget = twoAnHour
	w.authorized()
	w.server.plan = []callPlan{plan}
	answered := w.clock.Now()
	w.server.behind = []func(){func() { answered = w.clock.Now() }}
	u := w.under(f)
	_, _ = w.token(w.start())
	calls = u.count()
	u.over()
	w.server.behind = nil

	charged := w.server.calls > 0 && plan != callGood && plan != callNotSent
	before := w.server.calls
	for _, at := range []time.Duration{0, time.Minute, 3 * time.Minute, 30 * time.Minute, time.Hour - 6*time.Second} {
		if wait := answered.Add(at).Sub(w.clock.Now()); wait > 0 {
			w.clock.pass(wait)
		}
		ctx, cancel := w.clock.timeout(context.Background(), 5*time.Second)
		_, _ = w.start().Token(ctx, theName, Ask{DefaultMargin: 30 * time.Second})
		cancel()
		if charged && w.server.calls != before {
			t.Errorf("%s: asked again %s after a refusal", f, at)
			return calls
		}
	}
	// A booking is over after its TTL, and after one more window it is forgotten.
	w.clock.pass(2 * time.Hour)
	w.mustToken(w.start())
	if l := w.budget(); len(l.UnderWay)+len(l.Refusals) != 0 {
		t.Errorf("%s: left %+v", f, l)
	}
	return calls
}
