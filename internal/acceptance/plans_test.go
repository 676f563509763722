//go:build unix

package acceptance_test

import (
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

const strict = `rotation = "single_use", on_reuse = "revoke_family"`

// A plan refreshes an expired access token, and its result is thrown away. Twelve times.
func TestTwelveDiscardedPlans(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	delete(w.env, envNoTLS) // as users have it
	w.write(s.pair("thrown-away", s.issue().RefreshToken, strict, ""))
	w.apply()
	s.expect(1, 0)

	for n := 1; n <= 12; n++ {
		s.later(time.Hour, w)
		r := w.plan("-detailed-exitcode")
		r.mustSay(t, "No changes.")
		s.expect(1+n, 0)
	}
	w.apply().mustSay(t, "No changes.")
	s.expect(13, 0)
	got := w.attributes("oauth_token_pair.this")
	if got["generation"] != float64(14) || got["status"] != "active" {
		t.Errorf("generation %v, status %v; want 14, active", got["generation"], got["status"])
	}
	if live := s.live(); got["refresh_token"] != live.RefreshToken || live.Refreshes != 13 {
		t.Errorf("the state does not hold the server's current refresh token (%d refreshes)", live.Refreshes)
	}
}

// live is the one authorization that the server knows.
func (s *server) live() sandbox.Family {
	s.t.Helper()
	families := s.Current()
	if len(families) != 1 {
		s.t.Fatalf("the server knows %d authorizations, want 1", len(families))
	}
	return families[0]
}
