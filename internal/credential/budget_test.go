package credential

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

var threeAnHour = ErrorBudget{Limit: 3, Window: time.Hour}

func TestLedger(t *testing.T) {
	t.Parallel()
	at := func(minutes int) time.Time { return epoch.Add(time.Duration(minutes) * time.Minute) }
	refused := func(minutes ...int) (all []Spent) {
		for _, m := range minutes {
			all = append(all, Spent{At: at(m)})
		}
		return all
	}
	underWay := func(minutes ...int) (all []seat) {
		for _, m := range minutes {
			all = append(all, seat{Spent: Spent{ID: fmt.Sprint(m), At: at(m)}, TTL: 2 * time.Minute})
		}
		return all
	}
	for name, tt := range map[string]struct {
		ledger ledger
		now    int
		busy   bool
		until  int // 0: it may be sent
	}{
		"nothing stands":                         {ledger{}, 0, false, 0},
		"one of two":                             {ledger{Refusals: refused(0)}, 1, false, 0},
		"two of two":                             {ledger{Refusals: refused(0, 10)}, 11, false, 60},
		"the first has left":                     {ledger{Refusals: refused(0, 10)}, 60, false, 0},
		"three, as another limit was set before": {ledger{Refusals: refused(0, 10, 20)}, 30, false, 70},
		"one refused, one under way":             {ledger{Refusals: refused(0), UnderWay: underWay(1)}, 2, true, 0},
		"two under way":                          {ledger{UnderWay: underWay(1, 2)}, 2, true, 0},
		"nobody came back from one":              {ledger{Refusals: refused(0), UnderWay: underWay(1)}, 3, false, 60},
		"nobody came back, an hour ago":          {ledger{Refusals: refused(0), UnderWay: underWay(1)}, 63, false, 0},
	} {
		l, err := tt.ledger.take(threeAnHour, seat{Spent: Spent{ID: "new", At: at(tt.now)}, TTL: 2 * time.Minute}, unseen{})
		full, isFull := err.(*BudgetError)
		switch {
		case tt.until > 0 && (!isFull || !full.Until.Equal(at(tt.until))):
			t.Errorf("%s: %v, want full until minute %d", name, err, tt.until)
		case tt.busy && err != errBusy:
			t.Errorf("%s: %v, want to wait", name, err)
		case tt.until == 0 && !tt.busy && (err != nil || !slices.ContainsFunc(l.UnderWay, func(s seat) bool { return s.ID == "new" })):
			t.Errorf("%s: not booked: %v", name, err)
		}
	}
	// A clock that was set back, another window beside, and an answer that came late.
	ahead := ledger{Refusals: refused(600000), UnderWay: underWay(600000)}
	if _, err := ahead.take(threeAnHour, seat{Spent: Spent{ID: "new", At: at(0)}}, unseen{}); err != errBusy {
		t.Errorf("beside what lies ahead: %v, want to wait", err)
	}
	cleaned := ahead.clean(threeAnHour, at(0))
	if l, err := cleaned.take(threeAnHour, seat{Spent: Spent{ID: "new", At: at(61)}}, unseen{}); err != nil || len(l.Refusals) != 1 || !l.Refusals[0].At.Equal(at(2)) {
		t.Errorf("an hour later the seat alone counts, as refused at its end: %v, %v", err, l.Refusals)
	}
	brief := ErrorBudget{Limit: 3, Window: time.Minute}
	shared, err := ledger{Window: time.Hour, Refusals: refused(0, 1)}.take(brief, seat{Spent: Spent{ID: "brief", At: at(3)}}, unseen{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := shared.settle(brief, Spent{ID: "brief", At: at(3)}, oauth.Verdict{}).take(threeAnHour, seat{Spent: Spent{ID: "new", At: at(4)}}, unseen{}); err == nil {
		t.Error("a shorter window beside has forgotten what the longer one needs")
	}
	late := ledger{UnderWay: underWay(0, 0)}.settle(threeAnHour, Spent{ID: "0", At: at(2)}, oauth.Verdict{Class: oauth.BadClient, Status: 401})
	if got := late.Refusals[0].At; !got.Equal(at(2)) {
		t.Errorf("charged at %s, want when the answer came", got)
	}

	for name, tt := range map[string]struct {
		verdict oauth.Verdict
		want    int
	}{
		"success": {oauth.Verdict{Class: oauth.Success, Status: 200}, 0}, "not sent": {oauth.Verdict{Class: oauth.NotSent}, 0},
		"claim lost": {oauth.Verdict{}, 0}, "refused": {oauth.Verdict{Class: oauth.Reauthorize, Status: 400, Code: "invalid_grant"}, 1},
		"rate limited": {oauth.Verdict{Class: oauth.RateLimited, Status: 429}, 1}, "broken": {oauth.Verdict{Class: oauth.OutcomeUnknown, Status: 503}, 0},
		"no answer": {oauth.Verdict{Class: oauth.OutcomeUnknown}, 1},
	} {
		l := ledger{UnderWay: underWay(1, 2)}.settle(threeAnHour, Spent{ID: "1", At: at(2)}, tt.verdict)
		if len(l.UnderWay) != 1 || l.UnderWay[0].ID != "2" || len(l.Refusals) != tt.want {
			t.Errorf("%s: %d under way, %d refusals, want 1 and %d", name, len(l.UnderWay), len(l.Refusals), tt.want)
		}
	}
}

// TestErrorBudget: the provider stops by itself before the server locks the client out, for every credential of that
// client and every process, says who spent it and until when, and goes on when the window has passed.
func TestErrorBudget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy.ErrorBudget = threeAnHour
	w.authorized()
	w.server.plan = []callPlan{callTooMany, callBadClient}
	started := w.clock.Now()
	for _, host := range []string{"host1", "host2"} {
		if _, err := w.token(w.start(func(o *Options) { o.Owner = host })); err == nil {
			t.Fatal("refused, and no error")
		}
		w.clock.pass(2 * time.Minute)
	}
	w.wantServer(2, 0, 0)
	for range 3 {
		_, err := w.token(w.start())
		e := w.wantKind(err, KindLater)
		if e.Reason != ReasonBudget || !e.Until.Equal(started.Add(time.Hour)) {
			t.Fatalf("reason %s until %s, want %s", e.Reason, e.Until, started.Add(time.Hour))
		}
		for _, want := range []string{
			"3 refusals within 1h lock the client the-client out",
			started.UTC().Format("2006-01-02 15:04:05") + " UTC  host1  pair/exact  429", "host2  pair/exact  401 invalid_client",
		} {
			if !strings.Contains(e.Error(), want) {
				t.Errorf("%q does not say %q", e, want)
			}
		}
	}
	w.wantServer(2, 0, 0)
	if r := w.record(); r.Claim != nil || r.Status != StatusActive {
		t.Errorf("left a claim %v, status %s", r.Claim, r.Status)
	}
	w.clock.pass(time.Hour - 4*time.Minute)
	w.mustToken(w.start())
	w.wantServer(3, 1, 0)
}

// TestErrorBudgetServesALiveToken: others have booked the rest. A token that still works is not kept from anybody by that.
func TestErrorBudgetServesALiveToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy.ErrorBudget = ErrorBudget{Limit: 2, Window: time.Hour}
	old := w.authorized(func(r *Record) { r.Tokens.ExpiresAt = w.clock.Now().Add(20 * time.Second) })
	if _, err := w.start().enter(t.Context(), theKey, w.client()); err != nil { // by a runner that dies
		t.Fatal(err)
	}
	asked := w.clock.Now()
	res := w.mustToken(w.start())
	if waited := w.clock.Now().Sub(asked); waited > time.Second || !res.Record.Tokens.Access.Equal(old.Tokens.Access) {
		t.Errorf("waited %s", waited)
	}
	w.wantServer(0, 0, 0)
}

// TestErrorBudgetOfOtherClients: another client_id, or another server, has a budget of its own; no budget, no record.
func TestErrorBudgetOfOtherClients(t *testing.T) {
	t.Parallel()
	client := Client{ClientID: "a", TokenEndpoint: "https://as.example/token"}
	other, elsewhere := client, client
	other.ClientID, elsewhere.TokenEndpoint = "b", "https://as.example/other"
	keys := []string{budgetKey(client), budgetKey(other), budgetKey(elsewhere)}
	for i, k := range keys {
		if err := store.CheckKey(k); err != nil || slices.Contains(keys[:i], k) {
			t.Errorf("key %q: %v", k, err)
		}
	}
	w := newWorld(t)
	w.authorized()
	w.mustToken(w.start())
	if got, err := w.plain.List(t.Context(), "budget"); err != nil || len(got) != 0 {
		t.Errorf("without a budget the store holds %v, %v", got, err)
	}
}

// TestErrorBudgetIsExact: however many ask at once, no more refusals reach the server than it forgives.
func TestErrorBudgetIsExact(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy.ErrorBudget = ErrorBudget{Limit: 5, Window: time.Hour}
	w.authorized()
	base := w.record()
	var names []string
	for i := range 40 {
		name := fmt.Sprintf("pair%d", i)
		names = append(names, name)
		text, err := EncodeRecord(base)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.plain.Create(t.Context(), PairKey(name), text); err != nil {
			t.Fatal(err)
		}
	}
	w.server.plan = slices.Repeat([]callPlan{callBadClient}, 1000)
	var all sync.WaitGroup
	for _, name := range names {
		m := w.start(func(o *Options) { o.Clock = SystemClock() }) // the fake one runs ahead while somebody waits
		all.Go(func() {
			if _, err := m.Token(t.Context(), name, Ask{}); err == nil {
				t.Errorf("%s: a token out of nothing", name)
			}
		})
	}
	all.Wait()
	if w.server.calls != 4 {
		t.Errorf("%d refusals reached the server, and 5 lock the client out; want 4", w.server.calls)
	}
}

// TestErrorBudgetSharedByRunners: a waiting request goes on as soon as one under way has succeeded.
func TestErrorBudgetSharedByRunners(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy.ErrorBudget = ErrorBudget{Limit: 2, Window: time.Hour}
	w.authorized()
	_, second := w.server.begin()
	r := w.record()
	r.Family, r.Tokens.Refresh = "f2", secret.New(second)
	text, err := EncodeRecord(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.plain.Create(t.Context(), PairKey("other"), text); err != nil {
		t.Fatal(err)
	}
	var other sync.WaitGroup
	over, waits := make(chan struct{}), make(chan struct{}, 1)
	w.server.during = []func(){func() {
		m := w.start(func(o *Options) { o.Clock = patientClock{w.clock, waits, over} })
		other.Go(func() {
			if _, err := m.Token(t.Context(), "other", Ask{}); err != nil {
				t.Error(err)
			}
		})
		<-waits
	}}
	w.mustToken(w.start())
	close(over)
	other.Wait()
	w.wantServer(2, 2, 0)
}

// patientClock says that somebody waits, and lets no time pass until the wait is over.
type patientClock struct {
	Clock
	waits chan<- struct{}
	over  <-chan struct{}
}

func (c patientClock) Sleep(ctx context.Context, _ time.Duration) error {
	select {
	case c.waits <- struct{}{}:
	default:
	}
	select {
	case <-c.over:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// FuzzLedger: whatever a store holds, reading it neither panics nor allows more than the budget.
func FuzzLedger(f *testing.F) {
	f.Add([]byte(`{"format":1,"kind":"budget","refusals":[{"at":"2026-01-01T00:00:00Z","key":"pair/x"}]}`))
	f.Add([]byte(`{"format":1,"kind":"budget","under_way":[{"id":"a","at":"2026-01-01T00:00:00Z","ttl":1}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var l ledger
		if decodeAs(text, &l, kindBudget) != nil {
			return
		}
		next, err := l.take(threeAnHour, seat{Spent: Spent{ID: "new", At: epoch}, TTL: time.Minute}, unseen{})
		if err == nil && len(next.Refusals)+len(next.UnderWay) > threeAnHour.spare() {
			t.Errorf("%d stand", len(next.Refusals)+len(next.UnderWay))
		}
	})
}
