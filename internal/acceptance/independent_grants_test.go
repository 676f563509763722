//go:build unix

package acceptance_test

import (
	"slices"
	"testing"
	"time"
)

// A device code at a server that others wrote: it is shown, a person decides, and the next apply collects. The tokens are refreshed like any
// others. Who denies gets another code.
func TestIndependentServerDeviceCode(t *testing.T) {
	t.Parallel()
	none := []string{}
	p, w := startOIDCProvider(t, oidcOptions{DeviceFlow: true, Clients: []oidcClient{{
		"client_id": "device", "token_endpoint_auth_method": "none", "grant_types": []string{grantDeviceCode, "refresh_token"}, "response_types": none, "redirect_uris": none,
	}}}), newWorkspace(t)
	w.write(`
resource "oauth_token_pair" "this" {
  name = "device"
  client = {
    client_id                  = "device"
    token_endpoint_auth_method = "none"
    issuer                     = "` + p.issuer + `"
    refresh_token_policy       = { rotation = "single_use", on_reuse = "revoke_family" }
  }
  device_code = { scopes = ["openid", "offline_access"] }
}
`)
	w.apply()
	denied := w.string(this, "user_code")
	p.decideDevice(denied, false)
	w.fails([]string{"was refused, by the person or by the server", "access_denied"}, "apply", "-no-color", "-input=false", "-auto-approve")
	w.apply()
	code := w.string(this, "user_code")
	if code == denied {
		t.Error("the code that was denied is still shown")
	}
	w.plan()
	// Nobody confirms it before it is over: the next apply gets another.
	p.later(11*time.Minute, w)
	w.plan().mustSay(t, "Its device code expired at")
	w.apply()
	expired := code
	if code = w.string(this, "user_code"); code == expired {
		t.Error("the code that has expired is still shown")
	}
	// The person decides while an apply asks, to which the server says authorization_pending before.
	pending := p.counters().Refused
	waiting := w.start("apply", "-auto-approve", "-no-color", "-input=false")
	done := make(chan result, 1)
	go func() { done <- waiting.wait() }()
	for p.counters().Refused == pending {
		time.Sleep(100 * time.Millisecond)
	}
	p.decideDevice(code, true)
	if r := <-done; r.code != 0 {
		t.Fatal(r.text())
	}
	if last := p.log(); !slices.ContainsFunc(last, func(r oidcRequest) bool { return r.Error == "authorization_pending" }) {
		t.Error("the server never said authorization_pending")
	}
	w.expect(this, values{"status": "active", "generation": 1, "user_code": nil})
	const plans = 3
	before := p.counters()
	for range plans { // its access tokens live 5 seconds: each read refreshes
		w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	}
	after := p.counters()
	mustBe(t, "refreshes", after.Refresh-before.Refresh, plans)
	mustBe(t, "codes", after.Device, 3)
	mustBe(t, "refused refreshes", after.Refused, before.Refused)
	w.ok("destroy", "-auto-approve", "-no-color").mustNotSay(t, "Not Revoked")
}

// Grants for which the library leaves the check to its user (testdata/oidc-provider/grants.js): the requests are made as it wants them.
func TestIndependentServerFurtherGrants(t *testing.T) {
	t.Parallel()
	key := newECKey(t)
	none := []string{}
	client := func(id string, grants ...string) oidcClient {
		return oidcClient{"client_id": id, "client_secret": id + "-secret", "grant_types": grants, "response_types": none, "redirect_uris": none}
	}
	p, w := startOIDCProvider(t, oidcOptions{
		Scopes: []string{"openid", "offline_access", "read", "write"}, TTL: map[string]int{"AccessToken": 3600, "RefreshToken": 86400, "Grant": 86400},
		Clients: []oidcClient{client("legacy", "password", "refresh_token", grantTokenExchange, grantPIN), client("bearer", grantJWTBearer)},
		Grants: map[string]any{grantPassword: map[string]any{}, grantTokenExchange: map[string]any{}, grantPIN: map[string]any{}, grantJWTBearer: map[string]any{
			"issuers": []any{map[string]any{"iss": "https://idp.example.com", "jwks": jwksOf(publicJWK(t, key.Public(), "k", nil))}},
		}},
	}), newWorkspace(t)
	of := func(id string) string {
		return "{\n    client_id     = \"" + id + "\"\n    client_secret = \"" + id + "-secret\"\n    issuer        = \"" + p.issuer + "\"\n  }"
	}
	w.write(`
resource "oauth_token_pair" "this" {
  name     = "legacy"
  client   = ` + of("legacy") + `
  password = {
    username = "alice"
    password = "pässword of alice/+%"
    scopes   = ["read", "write"]
  }
}
resource "oauth_token_pair" "narrow" {
  name           = "narrow"
  client         = ` + of("legacy") + `
  token_exchange = {
    subject_token_pair = oauth_token_pair.this.id
    scopes             = ["read"]
  }
}
resource "oauth_token_pair" "extension" {
  name            = "extension"
  client          = ` + of("legacy") + `
  extension_grant = {
    grant_type           = "` + grantPIN + `"
    scopes               = ["write"]
    parameters           = { user = "alice" }
    sensitive_parameters = { pin = "47+11/%" }
  }
}
resource "oauth_token_pair" "bearer" {
  name       = "bearer"
  client     = ` + of("bearer") + `
  jwt_bearer = {
    issuer      = "https://idp.example.com"
    subject     = "alice"
    key_id      = "k"
    scopes      = ["write"]
    private_key = <<-EOT
` + privateKeyPEM(t, key) + `EOT
  }
}
`)
	w.apply()
	for address, scope := range map[string]string{this: "read write", "oauth_token_pair.narrow": "read", "oauth_token_pair.bearer": "write", "oauth_token_pair.extension": "write"} {
		token := p.introspect(w.string(address, "access_token"))
		mustBe(t, address, token["scope"], scope)
		mustBe(t, address, token["sub"], "alice")
	}
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	p.expect(oidcCounters{Token: 4, Introspected: 4})
	p.later(2*time.Hour, w)
	w.apply()
	for _, address := range []string{this, "oauth_token_pair.narrow", "oauth_token_pair.bearer", "oauth_token_pair.extension"} {
		mustBe(t, address, p.introspect(w.string(address, "access_token"))["active"], true)
	}
	p.expect(oidcCounters{Token: 8, Refresh: 1, Introspected: 8})
}

// A token for a resource is a JWT here, and says for whom it is.
func TestIndependentServerResource(t *testing.T) {
	t.Parallel()
	const api = "https://api.example.com/"
	none := []string{}
	p, w := startOIDCProvider(t, oidcOptions{
		Resources: map[string]string{api: "read write"},
		Clients:   []oidcClient{{"client_id": "jwt", "client_secret": "jwt-secret", "grant_types": []string{"client_credentials"}, "response_types": none, "redirect_uris": none}},
	}), newWorkspace(t)
	config := func(resource string) string {
		return `
resource "oauth_token_pair" "this" {
  name   = "resource"
  client = {
    client_id     = "jwt"
    client_secret = "jwt-secret"
    issuer        = "` + p.issuer + `"
  }
  client_credentials = {
    resource = ["` + resource + `"]
    scopes   = ["read"]
  }
}
output "claims" {
  value     = provider::oauth::decode_jwt(oauth_token_pair.this.access_token).claims
  sensitive = true
}
`
	}
	w.write(config("https://other.example.com/"))
	w.fails([]string{"invalid_target"}, "apply", "-no-color", "-input=false", "-auto-approve")
	w.write(config(api))
	w.apply()
	claims, _ := w.outputs()["claims"].(map[string]any)
	for name, want := range map[string]any{"aud": api, "iss": p.issuer, "client_id": "jwt", "scope": "read"} {
		mustBe(t, name, claims[name], want)
	}
}
