//go:build unix

package acceptance_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// How many processes there are at a time: engines, and terraforms, which cost fifty times as much.
const racers, plans = 50, 16

// race lets many processes ask for the same credentials at the same moment, again and again. Those without terraform
// finish in milliseconds; all are held at a gate until the last is ready.
type race struct {
	name     string
	postgres bool
	racers   int
	pairs    int
	expiries int
}

// run prepares the credentials that were issued, and starts the command of each racer once for each expiry.
func (r race) run(t *testing.T, prepare func(*workspace, *server, []sandbox.Issued), command func(w *workspace, racer int) *running) {
	t.Helper()
	s, w := newServer(t, nil), newWorkspace(t)
	w.patience = 5 * time.Minute
	var table *pgTable
	if r.postgres {
		table = w.onPostgres(sharedPostgres(t))
	}
	var issued []sandbox.Issued
	for range r.pairs {
		issued = append(issued, s.issue())
	}
	prepare(w, s, issued)
	before := s.Counters()
	for n := range r.expiries {
		s.later(time.Hour, w)
		if table != nil {
			table.later(t, time.Hour)
		}
		gate := w.closeGate()
		var all []*running
		for i := range r.racers {
			all = append(all, command(w, i))
		}
		gate.open(r.racers)
		for _, one := range all {
			done := one.wait()
			if done.code != 0 {
				t.Errorf("a process exited with %d:\n%s\n%s", done.code, done.stdout, done.stderr)
			}
			done.mustNotSay(t, "Refresh Token Recovered") // nobody has died
		}
		now := s.Counters()
		got := [...]int{now.Refreshes - before.Refreshes, now.RefreshErrors - before.RefreshErrors, now.ReuseDetected}
		if want := [...]int{(n + 1) * r.pairs, 0, 0}; got != want {
			t.Fatalf("after %d expiries of %d credentials: refreshes, refused ones and reuses are %v, want %v", n+1, r.pairs, got, want)
		}
	}
	t.Logf("%d processes at a time: %d credentials expired %d times; %d refreshes, no reuse", r.racers, r.pairs, r.expiries, r.expiries*r.pairs)
}

// Fifty engines, all let go at the same moment: on one credential, and on fifty, each of which two of them ask for.
func TestEngineRace(t *testing.T) {
	t.Parallel()
	for _, r := range []race{
		{"file, one credential", false, racers, 1, 2},
		{"file, fifty credentials", false, racers, racers, 1},
		{"postgres, one credential", true, racers, 1, 2},
		{"postgres, fifty credentials", true, racers, racers, 1},
	} {
		t.Run(r.name, func(t *testing.T) {
			name := func(i int) string { return fmt.Sprintf("race-%d", i%r.pairs) }
			r.run(t, func(w *workspace, s *server, issued []sandbox.Issued) {
				for i, one := range issued {
					w.adopt(name(i), s, revokes.tokenPolicy, one)
				}
			}, func(w *workspace, i int) *running { return w.engines().start(name(i), name(i+1)) })
		})
	}
}

// Many times terraform plan, all let go at the same moment. All of them ask for one credential, and two of them for each of as many
// others.
func TestTerraformRace(t *testing.T) {
	t.Parallel()
	for _, r := range []race{
		{"file", false, plans, 1 + plans, 1},
		{"postgres", true, plans, 1 + plans, 1},
	} {
		t.Run(r.name, func(t *testing.T) {
			r.run(t, func(w *workspace, s *server, issued []sandbox.Issued) {
				var tokens strings.Builder
				for i, one := range issued {
					fmt.Fprintf(&tokens, "    %d = %q\n", i, one.RefreshToken)
				}
				w.write(fmt.Sprintf(`
resource "oauth_token_pair" "p" {
  for_each = {
%s  }
  name             = "race-${each.key}"
  client           = %s
  preauthenticated = { refresh_token = each.value }
}
`, tokens.String(), s.client(strict)))
				w.apply("-parallelism=20")
				w.plan("-parallelism=20")
			}, func(w *workspace, i int) *running {
				args := []string{"plan", "-input=false", "-no-color", "-lock=false", "-target=" + raced(plans)}
				return w.start(append(args, "-target="+raced(i), "-target="+raced((i+1)%plans))...)
			})
		})
	}
}

func raced(i int) string { return fmt.Sprintf("oauth_token_pair.p[\"%d\"]", i) }
