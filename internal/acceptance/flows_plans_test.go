//go:build unix

package acceptance_test

import (
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// A saved plan that is thrown away costs the refresh that it made, and nothing else.
func TestSavedPlanDiscarded(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.pair("discarded", s.issue().RefreshToken, strict, ""))
	w.apply()
	s.expect(1, 0)

	s.later(time.Hour, w)
	w.plan("-out=saved")
	s.expect(2, 0)
	w.expect(this, values{"generation": 2}) // the state knows nothing of the plan's refresh
	s.later(time.Hour, w)
	w.apply().mustSay(t, "No changes.")
	s.expect(3, 0)
	w.expectLive(s, 4)
}

// A saved plan without changes keeps what its Read has refreshed when it is applied.
func TestSavedPlanWithoutChangesApplied(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.pair("kept", s.issue().RefreshToken, strict, ""))
	w.apply()
	for n := 2; n <= 3; n++ {
		s.later(time.Hour, w)
		w.plan("-out=saved").mustSay(t, "No changes.")
		s.expect(n, 0)
		w.applySaved("saved").mustSay(t, "0 added, 0 changed, 0 destroyed")
		s.expect(n, 0)
		w.expectLive(s, n+1)
	}
}

// A saved plan with an in-place update is applied after others have rotated: the store's tokens go into the state, and
// core finds no inconsistency.
func TestSavedUpdateAppliedAfterOthersRotated(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.pair("overtaken", s.issue().RefreshToken, strict, `refresh = { before_expiry = "30s" }`))
	w.apply()
	w.plan() // the first Read marks the record as managed
	other := w.sibling()
	other.write(reader("overtaken", ""))

	w.replace(`before_expiry = "30s"`, `before_expiry = "60s"`)
	w.plan("-out=saved").mustSay(t, "oauth_token_pair.this will be updated in-place", "1 to change")
	s.expect(1, 0)
	for n := 2; n <= 3; n++ {
		s.later(time.Hour, w)
		other.env[envClock] = w.env[envClock]
		other.plan()
		s.expect(n, 0)
	}
	w.applySaved("saved").mustSay(t, "1 changed")
	s.expect(3, 0)
	w.expectLive(s, 4)

	// Here nobody else was there, and the access token has expired between plan and apply: the apply refreshes.
	w.replace(`before_expiry = "60s"`, `before_expiry = "90s"`)
	w.plan("-out=saved")
	s.later(time.Hour, w)
	w.applySaved("saved").mustSay(t, "1 changed")
	s.expect(4, 0)
	w.expectLive(s, 5)
	w.plan().mustSay(t, "No changes.")
	s.expect(4, 0)
}

// A saved plan without changes is applied after others have rotated: the state falls behind, which costs nothing.
func TestSavedNoOpAppliedAfterOthersRotated(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.pair("behind", s.issue().RefreshToken, strict, ""))
	w.apply()
	s.later(time.Hour, w)
	w.plan("-out=saved").mustSay(t, "No changes.")
	s.expect(2, 0)

	s.later(time.Hour, w)
	other := w.sibling()
	other.write(reader("behind", ""))
	other.plan()
	s.expect(3, 0)
	w.applySaved("saved")
	w.expect(this, values{"generation": 3})
	s.expect(3, 0)

	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	w.apply()
	s.expect(3, 0)
	w.expectLive(s, 4)
}

// An apply without changes keeps what it has refreshed.
func TestPlainApplyWithoutChanges(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.pair("quiet", s.issue().RefreshToken, strict, ""))
	w.apply()
	w.apply().mustSay(t, "No changes.")
	s.expect(1, 0) // the access token is fresh
	for n := 2; n <= 4; n++ {
		s.later(time.Hour, w)
		w.apply().mustSay(t, "No changes.", "0 added, 0 changed, 0 destroyed")
		s.expect(n, 0)
		w.expectLive(s, n+1)
	}
}

// Several plans at the same time without the state lock: each expiry costs one refresh, whoever makes it.
func TestParallelPlans(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.pair("crowded", s.issue().RefreshToken, strict, ""))
	w.apply()
	for round := 2; round <= 3; round++ {
		s.later(time.Hour, w)
		var plans []*running
		for range 6 {
			plans = append(plans, w.start("plan", "-lock=false", "-input=false", "-no-color"))
		}
		for _, p := range plans {
			r := p.wait()
			if r.code != 0 {
				t.Errorf("a plan exited with %d:\n%s\n%s", r.code, r.stdout, r.stderr)
			}
			r.mustSay(t, "No changes.")
			r.mustNotSay(t, "Warning: Token", "Warning: Refresh")
		}
		s.expect(round, 0)
	}
	w.apply()
	w.expectLive(s, 4)
	s.expect(3, 0)
}

// What does not read the resource does not refresh it; what reads it and throws the result away loses nothing.
func TestRefreshOptions(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.pair("options", s.issue().RefreshToken, strict, "") + `
resource "terraform_data" "elsewhere" { input = "one" }
`)
	w.apply()
	s.expect(1, 0)

	s.later(time.Hour, w)
	w.plan("-refresh=false").mustSay(t, "No changes.")
	w.apply("-refresh=false")
	w.replace(`"one"`, `"two"`)
	w.plan("-target=terraform_data.elsewhere").mustSay(t, "0 to add, 1 to change")
	w.apply("-target=terraform_data.elsewhere").mustSay(t, "1 changed")
	w.ok("validate")
	w.ok("show")
	s.expect(1, 0)
	w.expect(this, values{"generation": 2})

	w.plan("-refresh-only")
	s.expect(2, 0)
	w.expect(this, values{"generation": 2})
	w.apply("-refresh-only")
	s.expect(2, 0)
	w.expectLive(s, 3)
	s.later(time.Hour, w)
	w.apply("-refresh-only")
	s.expect(3, 0)
	w.expectLive(s, 4)

	s.later(time.Hour, w)
	w.plan("-destroy").mustSay(t, "2 to destroy")
	s.expect(4, 0)
	w.apply().mustSay(t, "No changes.")
	s.expect(4, 0)
	w.expectLive(s, 5)
}

// While another run refreshes, a token that still works is served: nobody waits, and nobody warns.
func TestOtherRunHoldsTheClaim(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.pair("held", s.issue().RefreshToken, strict, ""))
	w.apply()
	s.later(10*time.Minute-20*time.Second, w)
	s.fault(sandbox.Fault{Action: sandbox.ActionHold})
	first := w.start("plan", "-lock=false", "-input=false", "-no-color")
	s.waitHeld(1)
	second := w.plan("-lock=false") // the token still lives: nobody waits
	second.mustSay(t, "No changes.")
	second.mustNotSay(t, "Warning: Refresh", "Warning: Token")
	s.Release()
	if r := first.wait(); r.code != 0 {
		t.Errorf("the first plan exited with %d:\n%s\n%s", r.code, r.stdout, r.stderr)
	}
	s.expect(2, 0)
}
