package sandbox_test

import (
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

func TestIntrospection(t *testing.T) {
	r := newRig(t, func(s *sandbox.Settings) { s.RefreshTokenIdleLifetime = time.Hour })
	issued := r.issue()
	ask := func(token string) answer {
		return r.post("/introspect", asApp("token", token, "token_type_hint", "access_token")...)
	}
	// 2026-01-02T03:04:05Z is 1767323045.
	const life = `{"active":true,"client_id":"app","username":"sandbox-user","token_type":"Bearer","exp":1767323645,"iat":1767323045}`
	got := ask(issued.AccessToken)
	r.says("an access token", got, 200, life)
	equal(t, "cache", got.header.Get("Cache-Control"), "no-store")
	equal(t, "the log", r.lastEntry().TokenID, sandbox.TokenID(issued.AccessToken))
	r.says("a refresh token", ask(issued.RefreshToken), 200, `{"active":true,"client_id":"app","username":"sandbox-user","token_type":"refresh_token","exp":1767326645,"iat":1767323045}`)

	// RFC 7662 §2.1, §2.3.
	for name, pairs := range map[string][]string{
		"nobody": {"token", issued.AccessToken}, "a public client": {"token", issued.AccessToken, "client_id", "public"},
		"a wrong secret": {"token", issued.AccessToken, "client_id", "app", "client_secret", "no"},
	} {
		got := r.post("/introspect", pairs...)
		equal(t, name, got.status, 401)
		equal(t, name, got.text("error"), "invalid_client")
	}
	const dead = `{"active":false}`
	r.says("another client's", r.post("/introspect", "token", issued.AccessToken, "client_id", "other", "client_secret", "other-secret"), 200, dead)
	r.says("an unknown one", ask("x"), 200, dead)

	r.advance(9*time.Minute + 59*time.Second)
	r.says("it does not slide", ask(issued.AccessToken), 200, life)
	r.advance(time.Second)
	r.says("an expired one", ask(issued.AccessToken), 200, dead)
	next := r.refresh(issued.RefreshToken)
	r.says("a spent one", ask(issued.RefreshToken), 200, dead)
	equal(t, "asking is no reuse", r.Counters().ReuseDetected, 0)
	equal(t, "the next", ask(next.text("access_token")).json["exp"], any(1767324245.0))
	if _, err := r.RevokeFamily(sandbox.Revocation{All: true}); err != nil {
		t.Fatal(err)
	}
	r.says("a revoked one", ask(next.text("access_token")), 200, dead)

	r = newRig(t, func(s *sandbox.Settings) { s.AccessTokenLifetime, s.Rotation = 0, sandbox.RotationUntilSuccessorUsed })
	issued = r.issue()
	second := r.refresh(issued.RefreshToken)
	r.says("one without end", ask(second.text("access_token")), 200, `{"active":true,"client_id":"app","username":"sandbox-user","token_type":"Bearer","iat":1767323045}`)
	equal(t, "asking is no use", r.refresh(issued.RefreshToken).status, 200)
}

func TestProfileIntrospection(t *testing.T) {
	t.Parallel()
	for profile, want := range map[string]struct {
		status int
		exp    bool
	}{
		"salesforce": {200, true}, "salesforce:introspection_without_exp": {200, false}, "salesforce:introspection_refused": {403, false},
		"visma_connect": {200, true}, "exact_online": {404, false}, "twinfield": {404, false}, "teamleader": {404, false},
		"atlassian": {404, false}, "microsoft": {404, false},
	} {
		r := newProfileRig(t, profile)
		got := r.post("/introspect", asApp("token", r.issue().AccessToken)...)
		_, exp := got.json["exp"]
		equal(t, profile, got.status, want.status)
		equal(t, profile+": exp", exp, want.exp)
		equal(t, profile+": active", got.json["active"] == true, want.status == 200)
	}
}

// RFC 7009 §2.1: the access tokens SHOULD end with their refresh token, and a server may be told that they do not.
func TestRevocationKeepsAccess(t *testing.T) {
	for _, keeps := range []bool{false, true} {
		r := newRig(t, func(s *sandbox.Settings) { s.KeepAccessOnRevocation = keeps })
		issued := r.issue()
		equal(t, "revoked", r.post("/revoke", asApp("token", issued.RefreshToken)...).status, 200)
		active := func(token string) any { return r.post("/introspect", asApp("token", token)...).json["active"] }
		equal(t, "the refresh token", active(issued.RefreshToken), any(false))
		equal(t, "the access token", active(issued.AccessToken), any(keeps))
		equal(t, "revoked by itself", r.post("/revoke", asApp("token", issued.AccessToken)...).status, 200)
		equal(t, "the access token", active(issued.AccessToken), any(false))
	}
}
