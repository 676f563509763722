//go:build unix

package acceptance_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Write-only tokens: a version takes them over, and neither plan nor state ever holds them. A changed input starts a new
// family; one that was used before is not sent again.
func TestWriteOnlyTokens(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	first, second := s.issue().RefreshToken, s.issue().RefreshToken
	w.write(s.secretlessPair("write-only", first, 1))
	w.plan("-out=saved")
	w.applySaved("saved")
	s.expect(1, 0)
	w.expect(this, values{"status": "active", "generation": 2, "refresh_token": s.family(0, 2).RefreshToken})

	w.write(s.secretlessPair("write-only", second, 1))
	w.plan("-detailed-exitcode").mustSay(t, "No changes.") // the version says that nothing is new
	w.write(s.secretlessPair("write-only", second, 2))
	w.plan("-out=saved").mustSay(t, `id = "write-only" -> (known after apply)`, "1 to change")
	w.applySaved("saved")
	s.expect(2, 0)
	w.expect(this, values{"status": "active", "generation": 2, "refresh_token": s.family(1, 2).RefreshToken})

	w.write(s.secretlessPair("write-only", first, 3))
	r := w.apply()
	r.mustSay(t, "Warning: Used Before", "preauthenticated.refresh_token_wo was used before and is not sent again", "1 changed")
	s.expect(2, 0)
	w.expect(this, values{"status": "active", "generation": 2, "refresh_token": s.family(1, 2).RefreshToken})
	w.plan("-detailed-exitcode").mustNotSay(t, "Used Before")
	for what, secret := range map[string]string{"first input": first, "second input": second, "client secret": clientSecret} {
		expectSecretAbsent(t, w, what, secret) // main.tf is not looked at
	}
}

// A plain token that changes starts a new family; the old one is left alone at the server.
func TestChangedInput(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.pair("changed", s.issue().RefreshToken, strict, ""))
	w.apply()
	s.later(time.Hour, w)
	w.apply()
	w.write(s.pair("changed", s.issue().RefreshToken, strict, ""))
	w.plan().mustSay(t, `id = "changed" -> (known after apply)`, "0 to add, 1 to change, 0 to destroy")
	s.expect(2, 0)
	w.apply()
	s.expectCalls(calls{refreshes: 3})
	w.expect(this, values{"status": "active", "generation": 2, "refresh_token": s.family(1, 2).RefreshToken})
	if s.family(0, 2).Revoked {
		t.Error("the old authorization was revoked")
	}
}

// An access token that is brought along is used until it expires; with its expiry known, nothing is sent before.
func TestBroughtAccessToken(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	issued := s.issue()
	pair := s.pair("brought", issued.RefreshToken, strict, "")
	w.write(strings.Replace(pair, "refresh_token =", fmt.Sprintf("access_token = %q, expires_at = %q, refresh_token =",
		issued.AccessToken, issued.ExpiresAt.UTC().Format(time.RFC3339)), 1))
	w.apply()
	s.expectCalls(calls{})
	w.expect(this, values{"status": "active", "generation": 1, "access_token": issued.AccessToken, "refresh_token": issued.RefreshToken})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.later(time.Hour, w)
	w.apply().mustSay(t, "No changes.")
	s.expect(1, 0)
	w.expectLive(s, 2)

	// Without a refresh token it counts as one without end, unless somebody knows its end. Then it dies, and says so.
	alone := func(more string) *workspace {
		w := newWorkspace(t)
		w.write(strings.Replace(s.pair("only", "", strict, ""), `refresh_token = ""`, fmt.Sprintf("access_token = %q%s", s.issue().AccessToken, more), 1))
		w.apply()
		return w
	}
	endless := alone("")
	endless.advance(365 * 24 * time.Hour)
	endless.plan().mustNotSay(t, "Warning: Authorization Required")
	endless.expect(this, values{"status": "active", "expires_at": nil})
	only := alone(fmt.Sprintf(", expires_at = %q", time.Now().Add(365*24*time.Hour).UTC().Format(time.RFC3339)))
	only.expect(this, values{"status": "active", "generation": 1, "refresh_token": nil})
	only.advance(366 * 24 * time.Hour)
	only.plan().mustSay(t, "No changes.", "Authorization Required", `The access token of token pair "only" has expired, and there is no refresh token.`)
	s.expect(1, 0)
}

// A wrong client secret does not kill the refresh token: with the right one everything goes on.
func TestWrongClientSecret(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	input := s.issue().RefreshToken
	right := s.pair("wrong-secret", input, strict, "")
	wrong := strings.Replace(right, fmt.Sprintf("%q", clientSecret), `"not the secret"`, 1)
	bad := []string{"does not accept the client of token pair", "The stored refresh token was not used up and still works.", "Check client_id, client_secret", "invalid_client"}

	w.write(wrong)
	w.fails(append(bad, "Error: Unable to Refresh Token Pair"), "apply", "-no-color", "-auto-approve")
	if got := w.attributes(this); got != nil {
		t.Fatalf("the state holds %v", got)
	}
	w.write(right)
	w.apply().mustSay(t, "1 added")
	s.expectCalls(calls{refreshes: 1, tokenRequests: 2})
	w.expectLive(s, 2)

	w.write(wrong)
	w.apply().mustSay(t, "1 changed") // nothing is due
	s.later(time.Hour, w)
	w.plan().mustSay(t, "No changes.", "Warning: Token Pair Not Refreshed", bad[0], bad[3])
	w.expect(this, values{"status": "active"})
	w.write(right)
	w.apply("-refresh=false").mustSay(t, "1 changed")
	s.expectCalls(calls{refreshes: 2, tokenRequests: 4})
	w.expectLive(s, 3)
}

// The secret of a registration changes in place and reaches the pair, plain or write-only.
func TestRegistrationSecretReachesPair(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	pair := fmt.Sprintf(`
resource "oauth_token_pair" "this" {
  name             = "by-registration"
  client           = oauth_app_registration.this.client
  preauthenticated = { refresh_token = %q }
}
`, s.issue().RefreshToken)
	plain := fmt.Sprintf("client_secret          = %q", clientSecret)
	app := func(secret string) string {
		return strings.Replace(s.registration("app", ""), plain, secret, 1) + pair
	}
	w.write(app(`client_secret = "wrong"`))
	w.fails([]string{"does not accept the client"}, "apply", "-no-color", "-auto-approve")
	w.write(app(plain))
	w.apply().mustSay(t, "1 added, 1 changed, 0 destroyed")
	s.expectCalls(calls{refreshes: 1, tokenRequests: 2})

	w.write(app(`client_secret = "wrong"`))
	w.plan().mustSay(t, "0 to add, 2 to change, 0 to destroy")
	w.apply()
	s.later(time.Hour, w)
	writeOnly := fmt.Sprintf("client_secret_wo = %q\n  client_secret_wo_version = 1", clientSecret)
	w.write(app(writeOnly))
	w.apply("-refresh=false")
	s.expectCalls(calls{refreshes: 2, tokenRequests: 3})
	w.expectLive(s, 3)
	w.expect("oauth_app_registration.this", values{"client_secret": nil})
	if strings.Contains(w.stateText(), clientSecret) {
		t.Error("the state holds the write-only client secret")
	}

	// The version alone tells of a new secret.
	w.write(app(`client_secret_wo = "wrong"` + "\n  client_secret_wo_version = 2"))
	w.apply().mustSay(t, "0 added, ")
	s.later(time.Hour, w)
	w.plan().mustSay(t, "does not accept the client")
	w.write(app(strings.Replace(writeOnly, "version = 1", "version = 3", 1)))
	w.apply("-refresh=false")
	w.apply()
	s.expectCalls(calls{refreshes: 3, tokenRequests: 5})
	w.expectLive(s, 4)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
}
