package credential

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

// TestLedgerJoin: what two stores have noted for a client is one budget, and joining again changes nothing.
func TestLedgerJoin(t *testing.T) {
	t.Parallel()
	at := func(minutes int) time.Time { return epoch.Add(time.Duration(minutes) * time.Minute) }
	here := ledger{Window: time.Minute, Refusals: []Spent{{ID: "ours", At: at(0)}}, UnderWay: []seat{{Spent: Spent{ID: "settled since", At: at(0)}}}}
	there := ledger{
		Window:   time.Hour,
		Refusals: []Spent{{ID: "theirs", At: at(1)}, {ID: "settled since", At: at(2)}},
		UnderWay: []seat{{Spent: Spent{ID: "under way", At: at(3)}, TTL: time.Minute}, {Spent: Spent{ID: "ours", At: at(3)}}},
	}
	joined, news := here.join(there, 5*time.Minute)
	var got []string
	for _, s := range joined.Refusals {
		got = append(got, fmt.Sprintf("%s %.0f", s.ID, s.At.Sub(epoch).Minutes()))
	}
	for _, s := range joined.UnderWay {
		got = append(got, fmt.Sprintf("%s %.0f, for %s", s.ID, s.At.Sub(epoch).Minutes(), s.TTL))
	}
	if want := []string{"ours 0", "theirs 6", "settled since 7", "under way 8, for 1m0s"}; !news || joined.Window != time.Hour || !slices.Equal(got, want) {
		t.Errorf("joined: %q, window %s, news %v; want %q", got, joined.Window, news, want)
	}
	if again, news := joined.join(there, 5*time.Minute); news || len(again.Refusals) != 3 || len(again.UnderWay) != 1 {
		t.Errorf("joined again: %+v, news %v", again, news)
	}
}

// TestMoveTakesTheBudgetAlong: refusals until the last moment in the source, and what is under way there, count in the
// destination, whose clock may be another.
func TestMoveTakesTheBudgetAlong(t *testing.T) {
	t.Parallel()
	p := newTwoStores(t)
	p.policy.ErrorBudget = threeAnHour
	p.authorized()
	p.dest.policy = p.policy
	const apart = 10 * time.Minute
	p.dest.store = clockStore{p.dest.store, func() time.Time { return p.clock.Now().Add(apart) }}

	// Somebody is refused between the move's first look at the budget and its claim.
	runner, looked := p.start(), false
	p.faulty(storetest.Hooks{Before: func(c storetest.Call) {
		if c.Op == storetest.OpReplace && c.Key == theKey && !looked {
			looked = true
			p.server.plan = []callPlan{callBadClient}
			_, err := p.token(runner)
			p.wantKind(err, KindBadClient)
		}
	}})
	// Another credential of the client is under way, and its runner dies.
	if _, err := runner.enter(t.Context(), "pair/other", p.client()); err != nil {
		t.Fatal(err)
	}
	if got := p.move(false); got.Outcome != OutcomeMoved || !looked {
		t.Fatalf("moved: %+v", got)
	}
	l, began := p.dest.budget(), epoch.Add(fakeLifetime+apart)
	if len(l.Refusals) != 1 || l.Refusals[0].HTTP != 401 || !l.Refusals[0].At.Equal(began) ||
		len(l.UnderWay) != 1 || l.UnderWay[0].Key != "pair/other" || !l.UnderWay[0].At.Equal(began) {
		t.Errorf("in the destination: %+v and %+v under way", l.Refusals, l.UnderWay)
	}
	m := p.dest.start()
	if _, err := m.enter(t.Context(), theKey, p.client()); err != errBusy {
		t.Errorf("the rest of the budget is booked, and told is %v", err)
	}
	p.clock.pass(3 * time.Minute)
	_, err := p.dest.token(m)
	if e := p.wantKind(err, KindLater); e.Reason != ReasonBudget {
		t.Errorf("told %v", err)
	}
	p.clock.pass(time.Hour)
	b, err := m.enter(t.Context(), theKey, p.client())
	if err != nil {
		t.Fatal(err)
	}
	m.leave(t.Context(), b, oauth.Verdict{})
	if l := p.dest.budget(); len(l.Refusals)+len(l.UnderWay) != 0 {
		t.Errorf("in the end: %+v", l)
	}
}
