//go:build unix

package acceptance_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

const introspection = "data.oauth_token_introspection.x"

// introspecting asks about a token of a pair. more are further arguments.
func introspecting(pair, more string) string {
	return fmt.Sprintf(`
data "oauth_token_introspection" "x" {
  token_pair = %s
  %s
}
`, pair, more)
}

// introspectable is the client of the sandbox with the endpoint that it does not find out by itself.
func (s *server) introspectable() string {
	return strings.Replace(s.client(strict), "revocation_endpoint ", fmt.Sprintf("introspection_endpoint = %q\n    revocation_endpoint ", s.base+"/introspect"), 1)
}

// health is a pair "this" that was authorized elsewhere, and the check of its refresh token.
func (s *server) health(refreshToken string) string {
	return fmt.Sprintf(`
resource "oauth_token_pair" "this" {
  name             = "crm"
  client           = %s
  preauthenticated = { refresh_token = %q }
}
check "authorization" {
  data "oauth_token_introspection" "x" {
    token_pair = oauth_token_pair.this.id
  }
  assert {
    condition     = data.oauth_token_introspection.x.active
    error_message = "The server no longer knows the refresh token."
  }
}
`, s.introspectable(), refreshToken)
}

// The health check spends nothing: it asks about the refresh token in every plan, tells when it is dead, and stops nothing.
func TestIntrospectionAsHealthCheck(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.health(s.issue().RefreshToken))
	w.apply().mustNotSay(t, "Check block assertion failed")
	refreshes := s.Counters().Refreshes
	for range 3 {
		w.plan().mustNotSay(t, "Check block assertion failed")
	}
	if c := s.Counters(); c.Refreshes != refreshes || c.ReuseDetected != 0 {
		t.Errorf("%d refreshes and %d reuses, before %d", c.Refreshes, c.ReuseDetected, refreshes)
	}
	w.expect(introspection, values{"active": true, "client_id": clientID, "token_type": "refresh_token", "extra": nil, "aud": nil})
	s.revoke()
	w.plan().mustSay(t, "Check block assertion failed", "The server no longer knows the refresh token.")
	if c := s.Counters(); c.Refreshes != refreshes {
		t.Errorf("%d refreshes, before %d", c.Refreshes, refreshes)
	}
}

// Either token of a pair can be asked about, by another configuration too; what a server says of a live token comes by the names of
// the RFC, and of a dead one nothing does.
func TestIntrospectionOfAPair(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(strings.Replace(s.pair("crm", s.issue().RefreshToken, strict, ""), "revocation_endpoint ", fmt.Sprintf("introspection_endpoint = %q\n    revocation_endpoint ", s.base+"/introspect"), 1))
	w.apply()
	other := w.sibling()
	other.write(introspecting(`"crm"`, `token_type_hint = "access_token"`))
	other.apply()
	other.expect(introspection, values{"active": true, "client_id": clientID, "token_type": "Bearer", "username": "sandbox-user"})
	exp, err := time.Parse(time.RFC3339, other.string(introspection, "exp"))
	iat, err2 := time.Parse(time.RFC3339, other.string(introspection, "iat"))
	if err != nil || err2 != nil || exp.Sub(iat) != 10*time.Minute {
		t.Errorf("exp %v, iat %v, %v, %v", exp, iat, err, err2)
	}
	s.later(time.Hour, w, other)
	other.apply()
	other.expect(introspection, values{"active": false, "client_id": nil, "exp": nil, "scope": nil, "username": nil})
	other.write(introspecting(`"crm"`, ""))
	other.apply()
	other.expect(introspection, values{"active": true, "token_type": "refresh_token"})
	if c := s.Counters(); c.Refreshes != 1 { // of the apply that brought the token
		t.Errorf("%d refreshes", c.Refreshes)
	}
	other.write(introspecting(`"nobody"`, ""))
	other.fails([]string{"Unable to Introspect Token", `holds no token pair "nobody"`}, "plan", "-no-color", "-input=false")
}

// What goes wrong is told with what was asked, that nothing was used up, and what to do.
func TestIntrospectionRefused(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	foreign := func(client string) string {
		return fmt.Sprintf(`
variable "token" { sensitive = true }
variable "secret" { sensitive = true }
data "oauth_token_introspection" "x" {
  client = %s
  token  = var.token
}
`, strings.Replace(client, fmt.Sprintf("%q", clientSecret), "var.secret", 1))
	}
	w.env["TF_VAR_token"], w.env["TF_VAR_secret"] = s.issue().RefreshToken, "an old secret"
	w.write(foreign(s.introspectable()))
	plan := []string{"plan", "-no-color", "-input=false"}
	w.fails([]string{
		"Unable to Introspect Token", `The server was asked about a token (introspection) for client "demo-client", and does not accept the client.`,
		"Nothing was used up, and the token is as it was.", "Some servers want the credentials of an API here: give them in client.", "The server's own words: invalid_client",
	}, plan...).mustNotSay(t, "an old secret", w.env["TF_VAR_token"])
	w.env["TF_VAR_secret"] = clientSecret
	s.fault(sandbox.Fault{Path: "/introspect", Action: sandbox.ActionStatus, Status: 503, Body: "busy"})
	w.fails([]string{"and no usable answer came: the server seems to be in trouble.", "Run again."}, plan...)
	w.write(foreign(s.client(strict)))
	w.fails([]string{"the client has no introspection_endpoint.", "Nothing was sent."}, plan...)
	w.write(foreign(s.introspectable()))
	w.apply()
	w.expect(introspection, values{"active": true, "token_type": "refresh_token"})
	w.env["TF_VAR_token"] = "unknown-token"
	w.apply()
	w.expect(introspection, values{"active": false})
}

// With secrets_in_state = false a token of the configuration goes into the ephemeral resource alone; that of a pair is asked about
// all the same.
func TestIntrospectionWithoutSecretsInState(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	issued := s.issue()
	w.env["TF_VAR_token"], w.env["TF_VAR_secret"] = issued.RefreshToken, clientSecret
	const head = `
provider "oauth" { secrets_in_state = false }
variable "token" {
  sensitive = true
  ephemeral = true
}
variable "secret" {
  sensitive = true
  ephemeral = true
}
`
	client := strings.Replace(s.introspectable(), "client_secret          = "+fmt.Sprintf("%q", clientSecret), "client_secret = var.secret", 1)
	w.write(head + fmt.Sprintf(`
ephemeral "oauth_token_introspection" "x" {
  client = %s
  token  = var.token
  lifecycle {
    postcondition {
      condition     = self.active && self.client_id == %q
      error_message = "The token is not good."
    }
  }
}
resource "oauth_token_pair" "this" {
  name             = "crm"
  client           = %s
  preauthenticated = { refresh_token_wo = var.token, refresh_token_wo_version = 1 }
}
`, client, clientID, strings.Replace(client, "client_secret = var.secret", "client_secret_wo = var.secret\n    client_secret_wo_version = 1", 1)))
	w.apply("-target=ephemeral.oauth_token_introspection.x")
	w.apply("-target=oauth_token_pair.this")
	w.fails([]string{"The token is not good."}, "plan", "-no-color", "-input=false") // it was used since
	w.write(head + introspecting(`"crm"`, "") + `
removed {
  from = oauth_token_pair.this
  lifecycle { destroy = false }
}
`)
	w.apply()
	w.expect(introspection, values{"active": true, "extra": nil})
	for what, text := range map[string]string{"first refresh token": issued.RefreshToken, "refresh token": s.live().RefreshToken, "client secret": clientSecret} {
		expectIn(t, w.dir, what, text, false)
	}
	w.write(strings.Replace(head, "ephemeral = true", "", 2) + fmt.Sprintf("data \"oauth_token_introspection\" \"x\" {\n  client = %s\n  token = var.token\n}\n", s.introspectable()))
	w.fails([]string{"Secret Would Enter the State", `Use the ephemeral resource instead: ephemeral "oauth_token_introspection".`}, "plan", "-no-color", "-input=false")
}

// A server that others wrote and certified: its endpoints are discovered, an access token that has expired and a refresh token that has
// not are told apart, and another client may ask.
func TestIndependentServerTellsOfTokens(t *testing.T) {
	t.Parallel()
	p, w := startOIDCProvider(t, oidcOptions{TTL: map[string]int{"AccessToken": 60}}), newWorkspace(t)
	config := func(callbackURL, hint string) string {
		return fmt.Sprintf(`
resource "oauth_token_pair" "this" {
  name = "independent"
  client = {
    client_id            = "acceptance"
    client_secret        = "acceptance secret/+%%"
    issuer               = %[1]q
    refresh_token_policy = { rotation = "single_use", on_reuse = "revoke_family" }
  }
  authorization_code = {
    callback_url     = %[2]s
    redirect_uri     = "http://127.0.0.1/callback"
    scopes           = ["openid", "offline_access"]
    extra_parameters = { prompt = "consent" }
  }
}
data "oauth_token_introspection" "x" {
  token_pair      = oauth_token_pair.this.id
  token_type_hint = %[3]q
}
data "oauth_token_introspection" "observed" {
  token_pair = oauth_token_pair.this.id
  client     = { client_id = "observer", client_secret = "observer-secret", issuer = %[1]q }
}
`, p.issuer, callbackURL, hint)
	}
	w.write(config("null", "access_token"))
	w.apply("-target=oauth_token_pair.this")
	w.write(config(fmt.Sprintf("%q", p.browse(w.string(this, "authorization_url"))), "access_token"))
	w.apply()
	w.expect(introspection, values{"active": true, "client_id": "acceptance", "sub": "alice", "scope": "offline_access openid", "token_type": "Bearer"})
	w.expect("data.oauth_token_introspection.observed", values{"active": true, "client_id": "acceptance"})
	p.later(2*time.Minute, w)
	other := w.sibling()
	other.write(introspecting(`"independent"`, `token_type_hint = "access_token"`))
	other.apply()
	other.expect(introspection, values{"active": false, "sub": nil})
	other.write(introspecting(`"independent"`, ""))
	other.apply()
	other.expect(introspection, values{"active": true, "sub": "alice"})
	if c := p.counters(); c.Refresh != 0 || c.Refused != 0 || c.Introspected < 4 {
		t.Errorf("%+v", c)
	}
}
