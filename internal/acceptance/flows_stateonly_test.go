//go:build unix

package acceptance_test

import (
	"os"
	"testing"
	"time"
)

// stateOnly makes the workspace keep its tokens in the state and nowhere else.
func stateOnly(w *workspace, more string) string {
	w.env["OAUTH_TOKEN_STORE"] = ""
	return "provider \"oauth\" {\n  token_store = \"state\"\n  " + more + "\n}\n"
}

// token_store = "state": Read rotates, and an apply keeps that. Whoever plans is warned; no file is kept.
func TestStateOnly(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(stateOnly(w, "") + s.pair("plain", s.issue().RefreshToken, strict, ""))
	warning := []string{"Warning: Single-Use Refresh Token Kept in the State Only", "A plan that refreshes and is not applied", `refresh.strategy = "at_apply" so that plans spend nothing`}
	r := w.apply()
	r.mustSay(t, warning...)
	r.mustNotSay(t, "Token Store Not Sealed")
	w.expect(this, values{"store_id": "state", "store_location": "state"})
	for n := 2; n <= 3; n++ {
		s.later(time.Hour, w)
		w.apply().mustSay(t, append(warning, "No changes.")...)
		s.expect(n, 0)
		w.expectLive(s, n+1)
	}
	s.later(time.Hour, w)
	w.plan("-out=saved").mustSay(t, warning...)
	w.applySaved("saved")
	s.expect(4, 0)
	w.expectLive(s, 5)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	if _, err := os.Stat(w.store); err == nil {
		t.Error("there is a store")
	}
	expectSecretAbsent(t, &workspace{dir: w.env["HOME"]}, "refresh token", s.live().RefreshToken)
	w.ok("destroy", "-no-color", "-auto-approve")
	s.expectCalls(calls{refreshes: 4, revocations: 1})
}

// at_apply loses nothing there, however many plans are thrown away, and needs no warning.
func TestStateOnlyAtApply(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(stateOnly(w, "") + s.pair("careful", s.issue().RefreshToken, strict, strategy("at_apply")))
	w.apply()
	for n := 2; n <= 3; n++ {
		s.later(time.Hour, w)
		for range 2 {
			w.plan().mustSay(t, "oauth_token_pair.this will be updated in-place")
			s.expect(n-1, 0)
		}
		w.apply().mustSay(t, "1 changed")
		s.expect(n, 0)
		w.expectLive(s, n+1)
	}
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
}

// The first authorization in two applies needs no store: the verifier waits in the private state.
func TestStateOnlyAuthorization(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	provider := stateOnly(w, "")
	w.write(provider + s.codePair("two-steps", ""))
	w.apply()
	offered := w.string(this, "authorization_url")
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	w.write(provider + s.codePair("two-steps", attribute("callback_url", with(t, s.consent(offered), "state", "foreign"))))
	w.fails([]string{"is not one that is waiting", offered}, "apply", "-no-color", "-auto-approve")
	w.write(provider + s.codePair("two-steps", attribute("callback_url", s.consent(offered))))
	w.apply().mustSay(t, "1 changed")
	s.expectCalls(calls{exchanges: 1})
	w.expectLive(s, 1)
	s.later(time.Hour, w)
	w.apply()
	s.expectCalls(calls{exchanges: 1, refreshes: 1})
	w.expectLive(s, 2)
}

// What needs a store says so, and spends nothing.
func TestStateOnlyNeedsAStore(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	provider := stateOnly(w, "")
	pair := s.pair("plain", s.issue().RefreshToken, strict, "")
	for name, tt := range map[string]struct {
		config string
		wants  []string
	}{
		"data":        {provider + reader("plain", ""), []string{"Error: No Token Store", "data.oauth_access_token looks tokens up by name in a token store", "Set token_store to a folder"}},
		"ephemeral":   {provider + ephemeral("plain", ""), []string{"Error: No Token Store", "ephemeral.oauth_access_token looks"}},
		"status":      {provider + "data \"oauth_token_pair\" \"x\" {\n  name = \"plain\"\n}\n", []string{"Error: No Token Store", "data.oauth_token_pair looks"}},
		"import":      {provider + pair + "import {\n  to = " + this + "\n  id = \"plain\"\n}\n", []string{"Error: No Token Store", "An import looks"}},
		"write-only":  {provider + s.secretlessPair("plain", "token", 1), []string{"Error: Write-Only Secret Without a Token Store", "preauthenticated.refresh_token_wo is kept in the token store alone"}},
		"contradicts": {stateOnly(w, "secrets_in_state = false") + pair, []string{"Error: Contradicting Provider Settings", "so secrets_in_state cannot be false"}},
	} {
		w.write(tt.config)
		w.fails(tt.wants, "plan", "-no-color", "-input=false")
		if t.Failed() {
			t.Fatalf("in case %q", name)
		}
	}
	s.expectCalls(calls{})
}

// A first apply whose code was sent and refused leaves a state: nothing else remembers that it must not be sent again.
func TestStateOnlyCodeIsSentOnce(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(stateOnly(w, "") + s.codePair("bare", attribute("code", "made-up")))
	w.apply().mustSay(t, "Warning: Unable to Exchange Authorization Code", "1 added")
	w.expect(this, values{"status": "authorization_required", "refresh_token": nil})
	for range 2 {
		w.apply().mustSay(t, "Authorization Required", "No changes.")
	}
	s.expectCalls(calls{tokenRequests: 1})
	w.write(stateOnly(w, "") + s.codePair("bare", attribute("callback_url", s.consent(w.string(this, "authorization_url")))))
	w.apply()
	w.expectLive(s, 1)
}
