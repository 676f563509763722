//go:build unix

package acceptance_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/seal"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/wiring"
)

// booksFate is what must become of a client whose error budget was struck at a place, and of the credential in whose name.
type booksFate struct {
	done   int      // refreshes that the server has carried out when the process is gone, or stands still
	books  string   // what the budget holds then
	later  string   // and when the TTL is over, and a third credential has booked
	others []string // what another credential of the client is told, each time
	count  count    // of the struck credential in the end
}

const (
	nothing   = "nothing"
	underWay  = "under way"
	refreshed = "refreshed"
	fresh     = "served"
	noAnswer  = "0 no answer is known"
	badClient = "401 invalid_client"
	unheard   = "put off, no answer is known"
	refusedBy = "put off, 401 invalid_client"
)

// booksKilled is for a process that dies. What it had booked counts as refused when the claim's TTL is over, and stands for
// one window. The credential itself is none the worse. The others are told: when the TTL is over; half a window later; when
// TTL and window are over.
var booksKilled = map[string]booksFate{
	"before-booking":          {0, nothing, nothing, []string{refreshed, fresh, fresh}, count{1, 0, 1}},
	"after-booking":           {0, underWay, noAnswer, []string{unheard, unheard, refreshed}, count{1, 0, 1}},
	"before-settling":         {1, underWay, noAnswer, []string{unheard, unheard, refreshed}, count{1, 0, 1}},
	"after-settling":          {1, nothing, nothing, []string{refreshed, fresh, fresh}, count{1, 0, 1}},
	"refused-before-settling": {0, underWay, noAnswer, []string{unheard, unheard, refreshed}, count{1, 0, 2}},
	"refused-after-settling":  {0, badClient, badClient, []string{refusedBy, refusedBy, refreshed}, count{1, 0, 2}},
}

// booksStopped is for a process that stands still beyond the TTL. When it goes on it sends nothing under the old booking,
// and puts right what that was taken for. The others are told: when the TTL is over; when the process has gone on; when
// another window is over.
var booksStopped = map[string]booksFate{
	"before-booking":          {0, nothing, nothing, []string{refreshed, fresh, fresh}, count{1, 0, 1}},
	"after-booking":           {0, underWay, noAnswer, []string{unheard, refreshed, fresh}, count{1, 0, 1}},
	"before-settling":         {1, underWay, noAnswer, []string{unheard, refreshed, fresh}, count{1, 0, 1}},
	"after-settling":          {1, nothing, nothing, []string{refreshed, fresh, fresh}, count{1, 0, 1}},
	"refused-before-settling": {0, underWay, noAnswer, []string{unheard, refusedBy, refreshed}, count{1, 0, 2}},
	"refused-after-settling":  {0, badClient, badClient, []string{refusedBy, refusedBy, refreshed}, count{1, 0, 2}},
}

var booksPlaces = []place{
	{name: "before-booking", step: "budget-1-before"},
	{name: "after-booking", step: "budget-1-after"},
	{name: "before-settling", step: "budget-2-before", connects: true, arrived: true, processed: true},
	{name: "after-settling", step: "budget-2-after", connects: true, arrived: true, processed: true},
	{name: "refused-before-settling", step: "budget-2-before", connects: true, arrived: true},
	{name: "refused-after-settling", step: "budget-2-after", connects: true, arrived: true},
}

// books is a site where each place has a client of its own, with three credentials: one is struck, and the other is there to
// tell. The second refusal within an hour would lock the client out. The third one's configuration allows for one more, so
// that it books, and writes down what has become of the booking, where the other has to wait.
type books struct {
	*site
	sealed *seal.Store
}

const booksWindow = time.Hour

// Processes of the engine are killed, and stopped for longer than a claim lives, at the two writes of an error budget.
func TestErrorBudgetCrashMatrix(t *testing.T) {
	t.Parallel()
	for _, store := range []string{"file", "postgres"} {
		t.Run("SIGKILL, "+store, func(t *testing.T) {
			t.Parallel()
			b := openBooks(t, store == "postgres")
			for _, p := range b.places {
				killGroup.strike(b.bring(p))
				b.expect(p, booksKilled)
			}
			b.othersWait(booksKilled)
			b.thirdsBook(booksKilled)
			b.later(booksWindow / 2)
			b.expectOthers(1, booksKilled)
			b.later(booksWindow / 2)
			b.expectOthers(2, booksKilled)
			b.settleUp(booksKilled)
		})
		t.Run("SIGSTOP, "+store, func(t *testing.T) {
			t.Parallel()
			b := openBooks(t, store == "postgres")
			var all []*standing
			for _, p := range b.places {
				st := b.bring(p)
				st.run.signalGroup(syscall.SIGSTOP)
				eventually(t, "the process at "+p.name+" has stopped", func() bool { return isStopped(st.pid) })
				b.expect(p, booksStopped)
				all = append(all, st)
			}
			b.othersWait(booksStopped)
			b.thirdsBook(booksStopped)
			b.goesOn(all[1])
			b.thaw(append(all[:1:1], all[2:]...), false)
			b.expectOthers(1, booksStopped)
			b.later(booksWindow)
			b.expectOthers(2, booksStopped)
			b.settleUp(booksStopped)
		})
	}
}

// openBooks makes the site, with every access token expired.
func openBooks(t *testing.T, postgres bool) *books {
	t.Helper()
	var ids []string
	for _, p := range booksPlaces {
		ids = append(ids, p.name)
	}
	at := behaviour{name: "budget", tokenPolicy: rejects.tokenPolicy}
	at.tokenPolicy.ErrorBudget = credential.ErrorBudget{Limit: 2, Window: booksWindow}
	c := &site{t: t, b: at, pairs: map[string]*pairOnSite{}, places: booksPlaces, driver: &engineDriver{}}
	c.s = newServerOn(t, sandbox.Listen{}, func(s *sandbox.Settings) {
		s.OnReuse, s.AccessTokenLifetime = sandbox.ReuseReject, 12*time.Hour // what is refreshed stays so
	}, ids...)
	c.w = newWorkspace(t).engines()
	if postgres {
		c.onPostgres()
	}
	for _, p := range c.places {
		for _, name := range []string{p.name, other(p.name), third(p.name)} {
			policy := at.tokenPolicy
			if name == third(p.name) {
				policy.ErrorBudget.Limit++
			}
			issued := c.s.issueTo(p.name)
			c.pairs[name] = &pairOnSite{family: issued.Family}
			c.w.adoptFor(p.name, pairName(name), c.s, policy, issued)
		}
	}
	c.later(time.Hour)
	c.mark()
	deps := wiring.System(stores(newSteps("", "")), nil)
	sealed, _, err := openSealed(deps, func(name string) string { return c.w.env[name] })
	if err != nil {
		t.Fatal(err)
	}
	return &books{c, sealed}
}

func other(place string) string { return "other-" + place }
func third(place string) string { return "third-" + place }

// bring is site.bring; at some places the server refuses the request.
func (b *books) bring(p place) *standing {
	b.t.Helper()
	if strings.HasPrefix(p.name, "refused-") {
		b.s.fault(sandbox.Fault{
			Action: sandbox.ActionStatus, When: sandbox.Before, Status: 401, Body: `{"error":"invalid_client"}`,
			Headers: map[string]string{"Content-Type": "application/json"},
		})
	}
	return b.site.bring(p)
}

// expect compares what the server and the budget know while the process stands, or when it is gone.
func (b *books) expect(p place, fates map[string]booksFate) {
	b.t.Helper()
	want := rowOf(b.t, fates, p.name)
	b.expectDone(p.name, want.done)
	if got := b.held(p.name); got != want.books {
		b.t.Errorf("%s: the budget holds %s, want %s", p.name, got, want.books)
	}
}

// held says what the budget of a client holds in the store.
func (b *books) held(client string) string {
	b.t.Helper()
	keys, err := b.sealed.List(context.Background(), "budget")
	if err != nil {
		b.t.Fatal(err)
	}
	for _, key := range keys {
		e, err := b.sealed.Get(context.Background(), key)
		if err != nil {
			b.t.Fatal(err)
		}
		var ledger struct {
			ClientID string `json:"client_id"`
			Refusals []struct {
				Code   string
				Status int
			}
			UnderWay []any `json:"under_way"`
		}
		if err := json.Unmarshal(e.Value, &ledger); err != nil {
			b.t.Fatal(err)
		}
		if ledger.ClientID != client {
			continue
		}
		var all []string
		for _, r := range ledger.Refusals {
			all = append(all, fmt.Sprintf("%d %s", r.Status, r.Code))
		}
		for range ledger.UnderWay {
			all = append(all, underWay)
		}
		if len(all) > 0 {
			return strings.Join(all, ", ")
		}
	}
	return nothing
}

// othersWait has the others ask. Those who find a request under way wait, until its TTL is over.
func (b *books) othersWait(fates map[string]booksFate) {
	b.t.Helper()
	waiting := b.w.stopAt("sleep")
	run := b.w.start(b.names(other)...)
	b.w.noStop()
	waiting.reached(run, "sleep")
	eventually(b.t, "those who need not wait have refreshed", func() bool {
		for _, p := range b.places {
			if fates[p.name].others[0] == refreshed && (b.count(other(p.name)).refreshes != 1 || b.held(p.name) != nothing) {
				return false
			}
		}
		return true
	})
	select {
	case <-run.done:
		b.t.Error("nobody has waited")
	default:
	}
	b.later(claimTTL)
	waiting.letGo("sleep")
	b.compare(0, fates, run.wait())
}

// thirdsBook has the third credentials refreshed.
func (b *books) thirdsBook(fates map[string]booksFate) {
	b.t.Helper()
	answers := b.w.terraform(b.names(third)...).answers(b.t)
	for _, p := range b.places {
		if a := answers[pairName(third(p.name))]; a.Kind != "" || !a.Rotated {
			b.t.Errorf("%s: the third credential is told %s", p.name, a.Error)
		}
		if got, want := b.held(p.name), fates[p.name].later; got != want {
			b.t.Errorf("%s: when the TTL is over the budget holds %s, want %s", p.name, got, want)
		}
	}
}

// goesOn lets the process go on that stood between booking and claim. What it sends is booked anew.
func (b *books) goesOn(st *standing) {
	b.t.Helper()
	b.s.fault(*held(sandbox.ActionHold, sandbox.Before))
	st.goOn()
	st.run.signalGroup(syscall.SIGCONT)
	b.s.waitHeld(1)
	if got := b.held(st.place.name); got != underWay {
		b.t.Errorf("%s: its request is on the way, and the budget holds %s", st.place.name, got)
	}
	b.s.Release()
	if r := st.run.wait(); r.code != 0 {
		b.t.Errorf("%s: what was stopped exited with %d: %s", st.place.name, r.code, r.stderr)
	}
}

// names are those of one credential for each place.
func (b *books) names(which func(string) string) []string {
	var names []string
	for _, p := range b.places {
		names = append(names, pairName(which(p.name)))
	}
	return names
}

func (b *books) expectOthers(round int, fates map[string]booksFate) {
	b.t.Helper()
	b.compare(round, fates, b.w.terraform(b.names(other)...))
}

// compare compares what the others are told.
func (b *books) compare(round int, fates map[string]booksFate, r result) {
	b.t.Helper()
	answers := r.answers(b.t)
	for _, p := range b.places {
		a := answers[pairName(other(p.name))]
		got := fmt.Sprintf("%s: %s", a.Kind, a.Error)
		switch {
		case a.Kind == "" && a.Rotated:
			got = refreshed
		case a.Kind == "":
			got = fresh
		case a.Reason == credential.ReasonBudget && strings.HasSuffix(a.Error, "  "+pairKey(p.name)+"  no answer is known"):
			got = unheard
		case a.Reason == credential.ReasonBudget && strings.HasSuffix(a.Error, "  "+pairKey(p.name)+"  401 invalid_client"):
			got = refusedBy
		}
		if want := fates[p.name].others[round]; got != want {
			b.t.Errorf("%s: in round %d the other credential is told %q, want %q", p.name, round+1, got, want)
		}
	}
}

func pairKey(place string) string { return credential.PairKey(pairName(place)) }

// settleUp asks for the struck credentials. All of them work, nobody was told anything else, and no budget holds anything.
func (b *books) settleUp(fates map[string]booksFate) {
	b.t.Helper()
	b.driver.apply(b.site)
	state := b.driver.state(b.site)
	for _, p := range b.places {
		got := b.count(p.name)
		if want := fates[p.name].count; got != want {
			b.t.Errorf("%s: refreshes, reuse, requests are %v, want %v", p.name, got, want)
		}
		if v := b.judge(p, state[p.name]); v != kept {
			b.t.Errorf("%s: the credential is %s, want %s", p.name, v, kept)
		}
		for _, name := range []string{other(p.name), third(p.name)} {
			if n := b.count(name); n != (count{1, 0, 1}) {
				b.t.Errorf("%s: refreshes, reuse, requests are %v", name, n)
			}
		}
		if held := b.held(p.name); held != nothing {
			b.t.Errorf("%s: in the end the budget holds %s", p.name, held)
		}
	}
}
