//go:build unix

package acceptance_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// Not every server ends the access token with its refresh token: destroy revokes both, and the server knows neither any more.
func TestDestroyRevokesEitherToken(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, func(s *sandbox.Settings) { s.KeepAccessOnRevocation = true }), newWorkspace(t)
	w.write(s.pair("both", s.issue().RefreshToken, strict, ""))
	w.apply()
	access, refresh := w.string(this, "access_token"), w.string(this, "refresh_token")
	known := func(token string) bool {
		t.Helper()
		reply, err := http.PostForm(s.base+"/introspect", url.Values{"token": {token}, "client_id": {clientID}, "client_secret": {clientSecret}})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = reply.Body.Close() }()
		var said struct{ Active *bool }
		if err := json.NewDecoder(reply.Body).Decode(&said); err != nil || said.Active == nil {
			t.Fatalf("the server answers %s, %v", reply.Status, err)
		}
		return *said.Active
	}
	if !known(access) || !known(refresh) {
		t.Fatal("the server does not know the tokens")
	}
	w.ok("destroy", "-no-color", "-auto-approve").mustNotSay(t, "Not Revoked")
	s.expectCalls(calls{refreshes: 1, revocations: 2})
	if known(access) || known(refresh) {
		t.Errorf("the access token is alive: %v, the refresh token: %v", known(access), known(refresh))
	}
}

// A server that does not revoke access tokens: the refresh token is revoked, and a warning says how long the other one may work.
func TestDestroyWithoutRevocationOfAccessTokens(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.pair("one", s.issue().RefreshToken, strict, ""))
	w.apply()
	expires, err := time.Parse(time.RFC3339, w.string(this, "expires_at"))
	if err != nil {
		t.Fatal(err)
	}
	s.fault(sandbox.Fault{Path: "/revoke", Action: sandbox.ActionDelay, DelayMS: 1}) // strikes the first request, which goes on
	s.fault(sandbox.Fault{Path: "/revoke", Action: sandbox.ActionStatus, Status: 400, Body: `{"error":"unsupported_token_type"}`})
	w.ok("destroy", "-no-color", "-auto-approve").mustSay(t, "1 destroyed", "Warning: Access Token Not Revoked",
		`Token pair "one" was removed here, and its last access token could not be revoked by itself: the server said unsupported_token_type (HTTP 400).`,
		"Unless the server has ended it with the refresh token, it works until "+expires.UTC().Format("2006-01-02 15:04:05 UTC"))
}

// A server that is busy for a moment is waited for; one that is busy for longer leaves everything as it was, and is asked again.
func TestDestroyWaitsForABusyServer(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.pair("busy", s.issue().RefreshToken, strict, ""))
	w.apply()
	busy := sandbox.Fault{Path: "/revoke", Action: sandbox.ActionStatus, Status: 503, Headers: map[string]string{"Retry-After": "120"}}
	s.fault(busy)
	w.fails([]string{"The server takes no revocation of token pair \"busy\" before ", "Nothing was revoked or removed. The stored credential still works.", "Destroy again after that time: a revocation can be repeated."},
		"destroy", "-no-color", "-auto-approve")
	w.expectLive(s, 2)
	busy.Headers["Retry-After"] = "1"
	s.fault(busy)
	w.ok("destroy", "-no-color", "-auto-approve").mustNotSay(t, "Not Revoked")
	s.expectCalls(calls{refreshes: 1, revocations: 1})
}
