//go:build unix

package acceptance_test

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// token_store changes from a folder to PostgreSQL, and back. Nobody authorizes again: a plan shows the change and spends
// nothing, and an apply goes on in the other store.
func TestFileToPostgresAndBack(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.pair("moved", s.issue().RefreshToken, strict, ""))
	w.apply()
	w.plan()
	folder := w.env["OAUTH_TOKEN_STORE"]
	w.onPostgres(sharedPostgres(t))
	table := w.env["OAUTH_TOKEN_STORE"]
	refreshes := 1
	for n, url := range []string{table, folder, table} {
		w.env["OAUTH_TOKEN_STORE"] = url
		s.later(time.Hour, w)
		was := w.string(this, "store_id")
		for range 2 {
			w.plan().mustSay(t, `store_id = "`+was+`" -> `, "will be updated in-place")
			s.expect(refreshes, 0)
		}
		w.apply().mustSay(t, "1 changed")
		refreshes++
		s.expect(refreshes, 0)
		w.expectLive(s, refreshes+1)
		if at := w.string(this, "store_location"); strings.HasPrefix(at, "postgres://") != (url == table) || w.string(this, "store_id") == was {
			t.Errorf("change %d: the state says that the credential is in %s", n, at)
		}
		s.later(time.Hour, w)
		w.plan().mustSay(t, "No changes.")
		refreshes++
		s.expect(refreshes, 0)
		w.apply()
		w.expectLive(s, refreshes+1)
	}
}

// The clocks of runners are minutes apart. With a token store that has a clock, that one decides: no claim is stolen, no
// token is refreshed early, and none is sent again early.
func TestClockSkewBetweenRunners(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, func(set *sandbox.Settings) { set.OnReuse = sandbox.ReuseReject }), newWorkspace(t)
	table := w.onPostgres(sharedPostgres(t))
	w.write(s.pair("skewed", s.issue().RefreshToken, rejects.policy, ""))
	w.apply()
	w.plan()
	later := func(d time.Duration) { s.later(d, w); table.later(t, d) }
	// plan plans on a machine whose clock is ahead, or behind.
	plan := func(skew string, wants ...string) {
		t.Helper()
		w.env[envSkew] = skew
		defer delete(w.env, envSkew)
		w.plan().mustSay(t, wants...)
	}

	later(5 * time.Minute) // of ten
	plan("7m")
	s.expect(1, 0)
	plan("-7m")
	s.expect(1, 0)

	later(6 * time.Minute)
	w.env[envSkew] = "-7m" // what it writes into the claim is long past by the clocks of others
	st := w.stopAt("body")
	owner := w.start("plan", "-input=false", "-no-color", "-lock=false")
	st.reached(owner, "body")
	w.env[envSkew] = "7m"
	waiting := w.stopAt("sleep")
	other := w.start("plan", "-input=false", "-no-color", "-lock=false")
	waiting.reached(other, "sleep")
	waiting.letGo("sleep")
	w.noStop()
	delete(w.env, envSkew)
	st.letGo("body")
	for _, r := range []*running{owner, other} {
		if done := r.wait(); done.code != 0 {
			t.Errorf("a plan exited with %d:\n%s\n%s", done.code, done.stdout, done.stderr)
		}
	}
	s.expect(2, 0)

	// The reply of a refresh is lost. Whose clock is ahead does not take the wait as over, and whose clock is behind does
	// not wait for longer.
	later(11 * time.Minute)
	s.fault(sandbox.Fault{Action: sandbox.ActionDrop, When: sandbox.Before})
	plan("-7m", "Outcome of a Refresh Unknown")
	arrivals := s.Counters().TokenArrivals
	plan("7m", "Outcome of a Refresh Unknown")
	plan("-7m", "Outcome of a Refresh Unknown")
	if got := s.Counters().TokenArrivals; got != arrivals {
		t.Errorf("%d requests were sent before the wait was over", got-arrivals)
	}
	later(claimTTL)
	plan("-7m", "No changes.")
	s.expect(3, 0)
	w.apply()
	w.expectLive(s, 4)
}
