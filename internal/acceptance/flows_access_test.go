//go:build unix

package acceptance_test

import (
	"fmt"
	"testing"
	"time"
)

// Two configurations share a store: one owns the pair, the other uses it by name. Each expiry costs one refresh between
// them, and both see the same token.
func TestTwoConfigurationsShareAStore(t *testing.T) {
	t.Parallel()
	s, owner := newServer(t, nil), newWorkspace(t)
	owner.write(s.pair("shared", s.issue().RefreshToken, strict, ""))
	owner.apply()
	user := owner.sibling()
	user.write(reader("shared", "") + ephemeral("shared", "") + s.registration("copy", `
  client_secret_wo         = ephemeral.oauth_access_token.x.access_token
  client_secret_wo_version = 1`))
	user.replace(fmt.Sprintf("  client_secret          = %q\n", clientSecret), "")
	user.apply()
	s.expect(1, 0)
	if got, want := user.outputs()["access_token"], owner.string(this, "access_token"); got != want {
		t.Errorf("the user has the access token %v, the owner has %s", got, want)
	}
	for n := 2; n <= 3; n++ {
		s.later(time.Hour, owner)
		user.env[envClock] = owner.env[envClock]
		first, second := user, owner
		if n == 3 {
			first, second = owner, user
		}
		first.apply()
		second.apply()
		s.expect(n, 0)
		owner.expectLive(s, n+1)
		if got, want := user.outputs()["access_token"], owner.string(this, "access_token"); got != want {
			t.Errorf("the user has the access token %v, the owner has %s", got, want)
		}
	}
}

// copied is a registration whose write-only secret is the ephemeral access token: it shows what the ephemeral resource
// gives, since neither state nor plan may hold that.
func (s *server) copied(version int) string {
	return fmt.Sprintf(`
resource "oauth_app_registration" "copy" {
  name                     = "copy"
  client_id                = "copy"
  client_secret_wo         = ephemeral.oauth_access_token.x.access_token
  client_secret_wo_version = %d
  token_endpoint           = "%s/token"
}
`, version, s.base)
}

// The ephemeral resource gives the token of the store, fresh at every apply, and leaves it in neither state nor plan.
func TestEphemeralAccessToken(t *testing.T) {
	t.Parallel()
	s, owner := newServer(t, nil), newWorkspace(t)
	owner.write(s.pair("fleeting", s.issue().RefreshToken, strict, ""))
	owner.apply()
	user := owner.sibling()
	user.write(ephemeral("fleeting", "") + s.copied(1))
	user.plan("-out=saved")
	planned := owner.string(this, "access_token")

	// The plan gets old; what its apply uses does not.
	s.later(time.Hour, owner)
	user.env[envClock] = owner.env[envClock]
	user.applySaved("saved").mustSay(t, "1 added")
	s.expect(2, 0)
	owner.apply()
	s.expect(2, 0)
	fresh := owner.string(this, "access_token")
	if fresh == planned {
		t.Fatal("the access token was not refreshed")
	}
	expectIn(t, owner.store+"/registration", "the access token of the plan", planned, false)
	expectIn(t, owner.store+"/registration", "the access token of the apply", fresh, true)
	for what, token := range map[string]string{"old": planned, "fresh": fresh, "refresh": s.live().RefreshToken} {
		expectIn(t, user.dir, "the "+what+" token", token, false) // state, saved plan and all
	}

	// Its users show no difference after a refresh.
	s.later(time.Hour, owner)
	user.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.expect(3, 0)
	user.write(ephemeral("fleeting", "") + s.copied(2))
	user.apply().mustSay(t, "1 changed")
	owner.apply()
	expectIn(t, owner.store+"/registration", "the newest access token", owner.string(this, "access_token"), true)
	s.expect(3, 0)
}

// min_validity refreshes a token that would not live long enough, for both kinds of users; the longer margin wins.
func TestMinValidity(t *testing.T) {
	t.Parallel()
	s, owner := newServer(t, nil), newWorkspace(t) // access tokens live for ten minutes
	owner.write(s.pair("long", s.issue().RefreshToken, strict, `refresh = { before_expiry = "2m" }`))
	owner.apply()
	user := owner.sibling()
	s.later(5*time.Minute, owner)
	user.env[envClock] = owner.env[envClock]

	user.write(reader("long", `min_validity = "4m"`) + ephemeral("long", `min_validity = "1m"`))
	user.apply()
	s.expect(1, 0)
	user.write(reader("long", `min_validity = "6m"`))
	user.apply()
	s.expect(2, 0)
	s.later(5*time.Minute, owner)
	user.write(ephemeral("long", `min_validity = "6m"`))
	user.plan()
	s.expect(3, 0)
	s.later(8*time.Minute+10*time.Second, owner)
	user.write(ephemeral("long", `min_validity = "1m"`)) // the pair's own margin is longer
	user.plan()
	s.expect(4, 0)

	// A server whose tokens never live that long: one refresh a run, not one after the other, and a warning.
	user.write(reader("long", `min_validity = "1h"`))
	user.plan()
	s.expect(5, 0)

	user.write(reader("long", `min_validity = "25h"`))
	user.fails([]string{"min_validity must be a duration like 30s, 5m or 1h, from 1s to 24h"}, "plan", "-no-color", "-input=false")
	s.expect(5, 0)
}

// A pair that is not authorized gives an error that prints the URL, or null and a warning where that is allowed.
func TestNotAuthorized(t *testing.T) {
	t.Parallel()
	s, owner := newServer(t, nil), newWorkspace(t)
	owner.write(s.codePair("waiting", ""))
	owner.apply()
	url := owner.string(this, "authorization_url")
	user := owner.sibling()
	for kind, config := range map[string]func(string, string) string{"data": reader, "ephemeral": ephemeral} {
		user.write(config("waiting", ""))
		user.fails([]string{"Unable to Get Access Token", `Token pair "waiting" has not been authorized yet.`, url}, "plan", "-no-color", "-input=false")
		user.write(config("waiting", "allow_unauthorized = true"))
		user.apply().mustSay(t, "Warning: Authorization Required", url)
		if kind == "data" {
			user.expect("data.oauth_access_token.x", values{"access_token": nil, "expires_at": nil})
		}
	}
	user.write(reader("nobody", "allow_unauthorized = true"))
	user.fails([]string{`holds no token pair "nobody"`, "that token_store (or OAUTH_TOKEN_STORE) is the one the credential was made in"}, "plan", "-no-color", "-input=false")
	s.expectCalls(calls{})
}

// The status of a pair feeds a check block. Reading it refreshes nothing, and it holds no secret.
func TestTokenPairInCheckBlock(t *testing.T) {
	t.Parallel()
	s, owner := newServer(t, nil), newWorkspace(t)
	owner.write(s.pair("watched", s.issue().RefreshToken, `rotation = "single_use", on_reuse = "revoke_family", idle_lifetime = "720h"`, ""))
	owner.apply()
	user := owner.sibling()
	user.write(`
check "token" {
  data "oauth_token_pair" "x" {
    name = "watched"
  }
  assert {
    condition     = data.oauth_token_pair.x.status == "active"
    error_message = "The token pair is ${data.oauth_token_pair.x.status}."
  }
}
`)
	r := user.apply()
	r.mustNotSay(t, "Check block assertion failed")
	s.later(time.Hour, owner)
	user.env[envClock] = owner.env[envClock]
	user.plan().mustNotSay(t, "Check block assertion failed")
	s.expect(1, 0)
	for what, token := range map[string]string{"refresh token": s.live().RefreshToken, "access token": owner.string(this, "access_token")} {
		expectIn(t, user.dir, "the "+what, token, false)
	}

	s.revoke()
	owner.plan()
	user.plan().mustSay(t, "Check block assertion failed", "The token pair is authorization_required.")
	user.write("data \"oauth_token_pair\" \"x\" {\n  name = \"watched\"\n}\noutput \"verdicts\" {\n  value = data.oauth_token_pair.x.history[*].verdict\n}\n")
	user.apply()
	want := []any{"adopted tokens from the configuration", "refreshed", "refused: authorization required"}
	if got := user.outputs()["verdicts"]; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the history is %v, want %v", got, want)
	}
	user.write("data \"oauth_token_pair\" \"x\" {\n  name = \"nobody\"\n}\n")
	user.fails([]string{`holds no token pair "nobody"`}, "plan", "-no-color", "-input=false")
	s.expectCalls(calls{refreshes: 1, tokenRequests: 2})
}
