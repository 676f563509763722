//go:build unix

package acceptance_test

import (
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

const day = 24 * time.Hour

// idleMonth makes access tokens live for a year, and refresh tokens for 30 days unless they are used.
func idleMonth(s *sandbox.Settings) {
	s.AccessTokenLifetime, s.RefreshTokenIdleLifetime = 365*day, 30*day
}

// idlePolicy says so.
const idlePolicy = strict + `, idle_lifetime = "720h"`

// A refresh token is used before it dies idle, though nobody needs a new access token: by the first run after two thirds of
// its idle lifetime, and by none before.
func TestIdleRefreshTokenIsKeptAlive(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, idleMonth), newWorkspace(t)
	w.write(s.pair("idle", s.issue().RefreshToken, idlePolicy, ""))
	w.apply()
	s.expect(1, 0)
	s.later(19*day, w)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.expect(1, 0)
	s.later(2*day, w)
	r := w.plan("-detailed-exitcode")
	r.mustSay(t, "No changes.")
	r.mustNotSay(t, "Warning: Refresh", "Warning: Token Pair")
	s.expect(2, 0)
	w.plan()
	s.expect(2, 0)
	s.later(21*day, w) // later than the first one would have lived
	w.apply()
	s.expect(3, 0)
	w.expectLive(s, 4)
}

// Under at_apply a plan shows the update that an apply is to make; under never nothing is done.
func TestIdleRefreshTokenIsKeptAliveAtApply(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, idleMonth), newWorkspace(t)
	config := s.pair("idle", s.issue().RefreshToken, idlePolicy, strategy("at_apply"))
	w.write(config)
	w.apply()
	s.later(19*day, w)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.later(5*day, w)
	for range 2 {
		w.plan().mustSay(t, "oauth_token_pair.this will be updated in-place", "Refresh Token Dies Soon", "An apply uses it: run one before it dies.")
		s.expect(1, 0)
	}
	w.apply().mustNotSay(t, "Warning: Refresh Put Off")
	s.expect(2, 0)
	w.expectLive(s, 3)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")

	w.replace(`strategy = "at_apply"`, `strategy = "never"`)
	w.apply()
	s.later(24*day, w)
	w.plan("-detailed-exitcode").mustSay(t, "Refresh Token Dies Soon", `refresh.strategy = "never" does not use it`)
	s.expect(2, 0)
}
