//go:build unix

package acceptance_test

import (
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// A dead credential does not block plans. Its token is sent once, its status and a warning tell, with a fresh URL; who
// asks for a token gets the error.
func TestDeadCredential(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.codePair("dead", ""))
	w.apply()
	callback := attribute("callback_url", s.consent(w.string(this, "authorization_url")))
	w.write(s.codePair("dead", callback))
	w.apply()
	s.later(time.Hour, w)
	s.revoke()

	for range 2 {
		w.plan().mustSay(t, "No changes.", "Warning: Authorization Required", "The stored credential of token pair \"dead\" no longer works", "Open this URL, consent")
		s.expectCalls(calls{exchanges: 1, tokenRequests: 2})
	}
	w.apply().mustSay(t, "No changes.")
	w.expect(this, values{"status": "authorization_required", "refresh_token": nil, "access_token": nil, "generation": 1})
	fresh := w.string(this, "authorization_url")
	other := w.sibling()
	other.write(reader("dead", ""))
	other.fails([]string{"Error: Unable to Get Access Token", fresh}, "plan", "-no-color", "-input=false")
	other.write("data \"oauth_token_pair\" \"x\" {\n  name = \"dead\"\n}\n")
	other.apply()
	other.expect("data.oauth_token_pair.x", values{"status": "authorization_required", "authorization_url": fresh})
	s.expectCalls(calls{exchanges: 1, tokenRequests: 2})

	w.write(s.codePair("dead", attribute("callback_url", s.consent(fresh))))
	w.apply().mustSay(t, "1 changed")
	s.expectCalls(calls{exchanges: 2, tokenRequests: 3})
	w.expect(this, values{"status": "active", "generation": 1, "refresh_token": s.family(1, 2).RefreshToken})
}

// While the access token of a dead credential still works, it is served.
func TestDeadRefreshTokenLiveAccessToken(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.pair("half-dead", s.issue().RefreshToken, strict, ""))
	w.apply()
	if _, err := s.RevokeFamily(sandbox.Revocation{All: true, Only: "refresh_tokens"}); err != nil {
		t.Fatal(err)
	}
	s.later(10*time.Minute-20*time.Second, w)
	w.apply().mustSay(t, "No changes.", "no longer works")
	w.plan().mustSay(t, "Its access token works until", "After that, what depends on this pair fails")
	access := w.string(this, "access_token")
	w.expect(this, values{"status": "authorization_required", "refresh_token": nil})
	other := w.sibling()
	other.write(reader("half-dead", ""))
	other.apply()
	if got := other.outputs()["access_token"]; got != access {
		t.Errorf("the data source gives %v, want %s", got, access)
	}
	s.later(time.Minute, w)
	w.apply().mustSay(t, "Provide new tokens in preauthenticated")
	w.expect(this, values{"access_token": nil})
	s.expectCalls(calls{refreshes: 1, tokenRequests: 2})
}

// A reply that is lost: the outcome is unknown, plans go on, and nothing is sent again before it is safe.
func TestOutcomeUnknown(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.pair("unknown", s.issue().RefreshToken, `rotation = "single_use", on_reuse = "revoke_client_user"`, ""))
	w.apply()
	s.later(time.Hour, w)
	s.fault(sandbox.Fault{Action: sandbox.ActionDrop, When: sandbox.After})
	w.plan().mustSay(t, "No changes.", "Warning: Outcome of a Refresh Unknown", "its reply never came. The refresh token may be used up.", "It is not sent again")
	s.later(24*time.Hour, w)
	w.apply().mustSay(t, "No changes.", "Warning: Outcome of a Refresh Unknown")
	w.expect(this, values{"status": "outcome_unknown", "generation": 2})
	other := w.sibling()
	other.write(reader("unknown", "allow_unauthorized = true"))
	other.fails([]string{"Error: Unable to Get Access Token", "The refresh token may be used up."}, "plan", "-no-color", "-input=false")
	s.expectCalls(calls{refreshes: 2})

	w.write(s.pair("unknown", s.issue().RefreshToken, strict, ""))
	w.apply().mustSay(t, "1 changed")
	s.expectCalls(calls{refreshes: 3})
	w.expect(this, values{"status": "active", "generation": 2, "refresh_token": s.family(1, 2).RefreshToken})
}

// A server that is too busy keeps nobody from planning, and is left alone until the time it names; then its credential still works.
func TestServerAsksToWait(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.pair("down", s.issue().RefreshToken, strict, ""))
	w.apply()
	s.later(time.Hour, w)
	s.fault(sandbox.Fault{Action: sandbox.ActionStatus, Status: 429, Headers: map[string]string{"Retry-After": "120"}})
	w.plan().mustSay(t, "No changes.", "Warning: Token Pair Not Refreshed", "cannot be refreshed before", "still works")
	asked := s.Counters().TokenArrivals
	w.plan().mustSay(t, "Warning: Token Pair Not Refreshed", "the server asked to wait")
	if got := s.Counters().TokenArrivals; got != asked {
		t.Errorf("the server was asked %d times more before its time", got-asked)
	}
	s.later(3*time.Minute, w)
	w.apply().mustSay(t, "No changes.")
	s.expect(2, 0)
	w.expectLive(s, 3)
}
