//go:build unix

package acceptance_test

import (
	"strings"
	"testing"
	"time"
)

// Users with a password, and tokens in the fragment: this library decides both by itself.
func TestFositePassword(t *testing.T) {
	t.Parallel()
	f, w := startFosite(t, fositeOptions{AccessTokenTTL: 3600, Clients: []fositeClient{{
		"client_id": "legacy", "client_secret": "legacy-secret", "grant_types": []string{"password", "refresh_token"}, "scopes": []string{"read"},
	}}}), newWorkspace(t)
	config := func(password string) string {
		return `
resource "oauth_token_pair" "this" {
  name     = "legacy"
  client   = ` + f.client("legacy", "legacy-secret") + `
  password = {
    username = "alice"
    password = "` + password + `"
    scopes   = ["read"]
  }
}
`
	}
	w.write(config("mistyped"))
	w.fails([]string{"invalid_grant"}, "apply", "-no-color", "-input=false", "-auto-approve")
	w.write(config("pässword of alice/+%"))
	w.apply()
	w.expect(this, values{"status": "active"})
	mustBe(t, "its scope", f.introspect(w.string(this, "access_token"))["scope"], "read")
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	w.advance(time.Hour)
	w.apply()
	mustBe(t, "after a refresh", w.active(f.introspect, "access_token"), true)
	f.expect(fositeCounters{Token: 2, Refresh: 1, Refused: 1}) // the password once, then the refresh token
}

func TestFositeImplicit(t *testing.T) {
	t.Parallel()
	f, w := startFosite(t, fositeOptions{AccessTokenTTL: 3600, Clients: []fositeClient{{
		"client_id": "legacy", "client_secret": "legacy-secret", "redirect_uris": []string{"http://127.0.0.1/callback"},
		"grant_types": []string{"implicit"}, "response_types": []string{"token"}, "scopes": []string{"read"},
	}}}), newWorkspace(t)
	config := func(callback string) string {
		return `
resource "oauth_token_pair" "this" {
  name     = "legacy"
  client   = ` + f.client("legacy", "legacy-secret") + `
  implicit = {
    redirect_uri = "http://127.0.0.1/callback"
    scopes       = ["read"]
    ` + callback + `
  }
}
`
	}
	w.write(config(""))
	w.apply()
	w.write(config(attribute("callback_url", f.browse(w.string(this, "authorization_url")))))
	w.apply()
	w.expect(this, values{"status": "active", "refresh_token": nil})
	mustBe(t, "its scope", f.introspect(w.string(this, "access_token"))["scope"], "read")
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	f.expect(fositeCounters{})
	w.advance(time.Hour)
	w.plan().mustSay(t, "Authorization Required")
}

// An assertion that is signed here, one for each token; and one that was signed elsewhere, which is sent once.
func TestFositeJWTBearer(t *testing.T) {
	t.Parallel()
	key := newECKey(t)
	public := jwksOf(publicJWK(t, key.Public(), "k", map[string]any{"alg": "ES256"}))
	f, w := startFosite(t, fositeOptions{Clients: []fositeClient{{
		"client_id": "bearer", "client_secret": "bearer-secret", "grant_types": []string{grantJWTBearer}, "scopes": []string{"read"},
	}}, Issuers: []fositeIssuer{{Issuer: "https://idp.example.com", Subject: "alice", Scopes: []string{"read"}, JWKS: public}}}), newWorkspace(t)
	config := func(grant string) string {
		return `
resource "oauth_token_pair" "this" {
  name       = "bearer"
  client     = ` + f.client("bearer", "bearer-secret") + `
  jwt_bearer = {
    scopes = ["read"]
` + grant + `
  }
}
`
	}
	signed := "    issuer      = \"https://idp.example.com\"\n    subject     = \"alice\"\n    key_id      = \"k\"\n    private_key = <<-EOT\n" + privateKeyPEM(t, key) + "EOT\n"
	w.write(config(signed))
	w.apply()
	w.expect(this, values{"status": "active", "refresh_token": nil})
	token := f.introspect(w.string(this, "access_token"))
	mustBe(t, "for whom", token["sub"], "alice")
	mustBe(t, "its scope", token["scope"], "read")
	before := f.counters().Token
	w.plan("-detailed-exitcode").mustSay(t, "No changes.") // its access tokens live 5 seconds: each read asks for another
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	mustBe(t, "tokens of two plans", f.counters().Token-before, 2)

	w.write(config(strings.Replace(signed, "alice", "bob", 1)))
	w.fails([]string{"invalid_grant"}, "apply", "-no-color", "-input=false", "-auto-approve")

	other := newWorkspace(t)
	now := time.Now().Unix()
	elsewhere := signES256(t, key, "k", map[string]any{"iss": "https://idp.example.com", "sub": "alice", "aud": f.issuer + "/token", "iat": now, "exp": now + 3000, "jti": "elsewhere"})
	other.write(config("    " + attribute("assertion", elsewhere)))
	before = f.counters().Token
	other.apply()
	other.advance(time.Hour)
	other.plan().mustSay(t, "Authorization Required")
	other.plan()
	mustBe(t, "tokens of one assertion", f.counters().Token-before, 1)
}
