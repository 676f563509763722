//go:build unix

package acceptance_test

import (
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// Destroy revokes the token of the store, and leaves a tombstone that knows what was used. A resource that is made
// again with the same input gets no token and sends nothing.
func TestDestroyAndMakeAgain(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	input := s.issue().RefreshToken
	w.write(s.pair("gone", input, strict, ""))
	w.apply()
	s.later(time.Hour, w)
	w.plan() // the newest token is in the store, not in the state
	newest := s.live().RefreshToken
	expectIn(t, w.store, "the newest refresh token", newest, true)

	w.ok("destroy", "-no-color", "-auto-approve").mustSay(t, "1 destroyed")
	s.expectCalls(calls{refreshes: 2, revocations: 1})
	if f := s.live(); f.RevokedBy != sandbox.RevokedByClient || f.LiveRefreshTokens != 0 || f.LiveAccessTokens != 0 {
		t.Errorf("the authorization was not revoked: %+v", f)
	}
	expectIn(t, w.store, "the newest refresh token", newest, false)

	r := w.apply()
	r.mustSay(t, "preauthenticated.refresh_token was used before and is not sent again", "Provide new tokens in preauthenticated")
	r.mustNotSay(t, "first of two steps", "nothing is wrong")
	w.expect(this, values{"status": "authorization_required", "refresh_token": nil, "access_token": nil, "generation": 0})
	s.expectCalls(calls{refreshes: 2, revocations: 1})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.", "Authorization Required")

	// A new token brings it back.
	w.write(s.pair("gone", s.issue().RefreshToken, strict, ""))
	w.apply().mustSay(t, "1 changed")
	s.expectCalls(calls{refreshes: 3, revocations: 1})
	w.expect(this, values{"status": "active", "generation": 2, "refresh_token": s.family(1, 2).RefreshToken})
}

// With revoke_on_destroy = false the tokens live on at the server, and the tombstone holds none of them.
func TestDestroyWithoutRevoking(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.pair("left-alive", s.issue().RefreshToken, strict, "revoke_on_destroy = false"))
	w.apply()
	live := s.live().RefreshToken
	r := w.ok("destroy", "-no-color", "-auto-approve")
	r.mustSay(t, "1 destroyed")
	r.mustNotSay(t, "Tokens Not Revoked") // it was asked for
	s.expectCalls(calls{refreshes: 1})
	if f := s.live(); f.Revoked || f.RefreshToken != live {
		t.Errorf("the authorization did not stay as it was: %+v", f)
	}
	expectIn(t, w.store, "the refresh token", live, false)
}

// Without a revocation endpoint a warning says that a person must revoke.
func TestDestroyWithoutRevocationEndpoint(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.pair("by-hand", s.issue().RefreshToken, strict, ""))
	w.replace(`    revocation_endpoint    = "`+s.base+`/revoke"`+"\n", "")
	w.apply()
	w.ok("destroy", "-no-color", "-auto-approve").mustSay(t, "1 destroyed", "Warning: Tokens Not Revoked",
		`Token pair "by-hand" was removed here, but its tokens were not revoked: the client has no revocation_endpoint.`,
		"Revoke the app's access on the platform")
	s.expectCalls(calls{refreshes: 1})
	if s.live().Revoked {
		t.Error("the authorization was revoked")
	}
}

// A server that does not answer the revocation leaves everything as it was, and destroy can be repeated.
func TestDestroyServerDown(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.pair("unreached", s.issue().RefreshToken, strict, ""))
	w.apply()
	s.fault(sandbox.Fault{Path: "/revoke", Action: sandbox.ActionStatus, Status: 503, Count: -1})
	w.fails([]string{"Unable to Destroy Token Pair"}, "destroy", "-no-color", "-auto-approve")
	w.expectLive(s, 2)
	s.ClearFaults()
	w.ok("destroy", "-no-color", "-auto-approve")
	s.expectCalls(calls{refreshes: 1, revocations: 1})
}

// Destroyed by another configuration that shares the store: the plan is not blocked, and nothing is sent again.
func TestDestroyedFromElsewhere(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	config := s.pair("shared", s.issue().RefreshToken, strict, "")
	w.write(config)
	w.apply()
	other := w.sibling()
	other.write(config)
	other.ok("import", "-no-color", this, "shared")
	other.ok("destroy", "-no-color", "-auto-approve").mustSay(t, "1 destroyed")
	s.expectCalls(calls{refreshes: 1, revocations: 1})

	s.later(time.Hour, w)
	w.plan().mustSay(t, "Authorization Required", `Token pair "shared" was destroyed from elsewhere`, "will be updated in-place")
	w.apply().mustSay(t, "codes and tokens that were used before are not sent again", "1 changed")
	w.expect(this, values{"status": "authorization_required", "refresh_token": nil, "access_token": nil})
	w.plan().mustSay(t, "No changes.", `Token pair "shared" holds no tokens.`, "Provide new tokens in preauthenticated")
	w.ok("destroy", "-no-color", "-auto-approve").mustSay(t, "1 destroyed")
	s.expectCalls(calls{refreshes: 1, revocations: 1})
}
