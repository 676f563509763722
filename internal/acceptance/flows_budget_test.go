//go:build unix

package acceptance_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// runners are two configurations of two runners that share a token store: a folder on one machine, or PostgreSQL between
// machines that share nothing else and whose clocks are minutes apart.
type runners struct {
	s        *server
	w, other *workspace
	table    *pgTable // nil: the token store is a folder
}

// onEachStore runs a test with runners on each kind of store.
func onEachStore(t *testing.T, test func(*testing.T, *runners)) {
	t.Helper()
	for _, store := range []string{"file", "postgres"} {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			r := &runners{s: newServer(t, nil), w: newWorkspace(t)}
			r.w.advance(0) // so that the other one goes by the same clock
			if store == "postgres" {
				r.table = r.w.onPostgres(sharedPostgres(t))
			}
			r.other = r.w.sibling()
			if r.table != nil {
				r.other.env[envRescue] = filepath.Join(filepath.Dir(r.other.dir), "rescue")
				r.other.env[envSkew] = "3m"
			}
			test(t, r)
		})
	}
}

// later moves the clocks of all.
func (r *runners) later(d time.Duration) {
	r.w.t.Helper()
	r.s.later(d, r.w)
	if r.table != nil {
		r.table.later(r.w.t, d)
	}
}

const budget = strict + `, error_budget = "3/1h"`

// The error budget of a client stops every run and every pair before the server would lock it out, and says until when and
// which calls spent it. It recovers by itself.
func TestErrorBudget(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, r *runners) {
		s, w, other := r.s, r.w, r.other
		config := s.pair("first", s.issue().RefreshToken, budget, "")
		w.write(config)
		w.apply()
		r.later(2 * time.Hour) // the access token has expired

		w.write(strings.Replace(config, clientSecret, "mistyped", 1))
		w.fails([]string{"does not accept the client"}, "apply", "-no-color", "-auto-approve", "-refresh=false")
		wrong := strings.Replace(s.pair("second", s.issue().RefreshToken, budget, ""), clientSecret, "mistyped", 1)
		other.write(wrong)
		other.fails([]string{"does not accept the client"}, "apply", "-no-color", "-auto-approve")
		s.expectCalls(calls{refreshes: 1, tokenRequests: 3})

		for range 2 {
			w.plan().mustSay(t, "Warning: Token Pair Not Refreshed", `Nothing is sent for token pair "first" before`,
				"one more refusal would make the server lock the client out", "3 refusals within 1h lock the client "+clientID+" out",
				"pair/first 401 invalid_client", "pair/second 401 invalid_client")
		}
		other.fails([]string{"one more refusal would make the server lock the client out"}, "apply", "-no-color", "-auto-approve")
		s.expectCalls(calls{refreshes: 1, tokenRequests: 3})

		r.later(time.Hour)
		w.write(config)
		w.apply()
		w.expect(this, values{"status": "active", "generation": 3, "refresh_token": s.family(0, 2).RefreshToken})
		s.expectCalls(calls{refreshes: 2, tokenRequests: 4})
	})
}

// Plans of both runners, two at once of each, find all of their pairs expired, and the server refuses the client. It sees one
// refusal less than lock it out, whoever comes first.
func TestErrorBudgetOfParallelPlans(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, r *runners) {
		const pairs = 4
		r.w.write(r.s.pairs("here", pairs, budget))
		r.other.write(r.s.pairs("there", pairs, budget))
		both := []*workspace{r.w, r.other}
		for _, w := range both {
			w.apply()
		}
		r.s.expect(2*pairs, 0)
		r.later(2 * time.Hour)

		refuse := sandbox.Fault{
			Action: sandbox.ActionStatus, When: sandbox.Before, Count: -1, Status: 401, Body: `{"error":"invalid_client"}`,
			Headers: map[string]string{"Content-Type": "application/json"},
		}
		r.s.fault(refuse)
		before := r.s.Counters().TokenArrivals
		refused := func() int { return r.s.Counters().TokenArrivals - before }
		gate := r.w.closeGate()
		r.other.env[envGate] = gate.dir
		plan := func(w *workspace) *running { return w.start("plan", "-input=false", "-no-color", "-lock=false") }
		all := []*running{plan(r.w), plan(r.w), plan(r.other), plan(r.other)}
		gate.open(len(all))
		delete(r.other.env, envGate)
		for _, p := range all {
			if done := p.wait(); done.code != 0 {
				t.Errorf("a plan exited with %d:\n%s\n%s", done.code, done.stdout, done.stderr)
			}
		}
		if n := refused(); n != 2 {
			t.Errorf("the server has refused %d requests, and 3 lock the client out; want 2", n)
		}

		one, two := r.w.plan().spent(t), r.other.plan().spent(t)
		if !slices.Equal(one, two) {
			t.Errorf("one runner says %q and the other %q", one, two)
		}
		if n := refused(); n != 2 {
			t.Errorf("the server has refused %d requests by now", n)
		}

		r.later(time.Hour)
		r.s.ClearFaults()
		for _, w := range both {
			w.apply().mustNotSay(t, "Not Refreshed")
		}
		r.s.expect(4*pairs, 0)
	})
}

// pairs is a configuration of n token pairs of one client.
func (s *server) pairs(prefix string, n int, policy string) string {
	s.t.Helper()
	var tokens strings.Builder
	for i := range n {
		fmt.Fprintf(&tokens, "    %s-%d = %q\n", prefix, i, s.issue().RefreshToken)
	}
	return fmt.Sprintf(`
resource "oauth_token_pair" "p" {
  for_each = {
%s  }
  name             = each.key
  client           = %s
  preauthenticated = { refresh_token = each.value }
}
`, tokens.String(), s.client(policy))
}

var (
	untilPattern = regexp.MustCompile(`Nothing is sent for token pair "[^"]+" before (\S+ \S+ UTC): one more refusal`)
	spentPattern = regexp.MustCompile(`(\d\S+ \S+ UTC) \S+ (pair/\S+) 401 invalid_client`)
)

// spent reads until when a plan says that nothing is sent, and which calls were refused. They must be two, and the first of
// them must be what is waited for.
func (r result) spent(t testing.TB) []string {
	t.Helper()
	until, calls := untilPattern.FindStringSubmatch(r.text()), spentPattern.FindAllStringSubmatch(r.text(), 2)
	if until == nil || len(calls) != 2 {
		t.Fatalf("the plan does not say until when and which calls were refused:\n%s\n%s", r.stdout, r.stderr)
	}
	first, err := time.Parse("2006-01-02 15:04:05 UTC", calls[0][1])
	if err != nil {
		t.Fatal(err)
	}
	if want := first.Add(time.Hour).Format("2006-01-02 15:04:05 UTC"); until[1] != want {
		t.Errorf("the plan says %s, and the first refusal leaves the window at %s", until[1], want)
	}
	return []string{until[1], calls[0][0], calls[1][0]}
}
