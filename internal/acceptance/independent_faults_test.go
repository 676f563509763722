//go:build unix

package acceptance_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"
)

// independentPair is a token pair "this" that names nothing of its server but the issuer.
func independentPair(p *oidcProvider, callbackURL string, more ...string) string {
	if callbackURL != "" {
		more = append(more, attribute("callback_url", callbackURL))
	}
	return `
resource "oauth_token_pair" "this" {
  name = "independent"
  client = {
    client_id            = "acceptance"
    client_secret        = "acceptance secret/+%"
    issuer               = "` + p.issuer + `"
    refresh_token_policy = { rotation = "single_use", on_reuse = "revoke_family" }
  }
  authorization_code = {
    redirect_uri     = "http://127.0.0.1/callback"
    scopes           = ["openid", "offline_access"]
    extra_parameters = { prompt = "consent" }
    ` + strings.Join(more, "\n    ") + `
  }
  refresh = { before_expiry = "10m" } # what the machine takes for a test does not count
}
`
}

// independentAuthorized starts a server whose access tokens live an hour, and takes a workspace through the first authorization.
func independentAuthorized(t *testing.T, w *workspace) *oidcProvider {
	t.Helper()
	p := startOIDCProvider(t, oidcOptions{TTL: map[string]int{"AccessToken": 3600, "RefreshToken": 86400, "Grant": 86400}})
	w.write(independentPair(p, ""))
	w.apply().mustSay(t, "has not been authorized yet")
	w.write(independentPair(p, p.browse(w.string(this, "authorization_url"))))
	w.apply()
	w.expect(this, values{"status": "active", "generation": 1})
	return p
}

func (p *oidcProvider) expect(want oidcCounters) {
	p.t.Helper()
	if got := p.counters(); got != want {
		p.t.Errorf("the server counted %+v; want %+v\nlog: %+v", got, want, p.log())
	}
}

// by sends a token request without our code, as somebody does who got hold of a code or token.
func (p *oidcProvider) by(client, secret string, pairs ...string) map[string]any {
	p.t.Helper()
	_, answer := caller{t: p.t, client: newBrowser(p.t)}.post(p.issuer+"/token", append(pairs, "client_id", client, "client_secret", secret)...)
	return answer
}

// Destroy ends both tokens, which the server itself says.
func TestIndependentServerRevocation(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	p := independentAuthorized(t, w)
	access, refresh := w.string(this, "access_token"), w.string(this, "refresh_token")
	for _, token := range []string{access, refresh} {
		mustBe(t, "before", p.introspect(token)["active"], true)
	}
	w.ok("destroy", "-auto-approve", "-no-color").mustNotSay(t, "Not Revoked")
	for _, token := range []string{access, refresh} {
		mustBe(t, "after destroy", p.introspect(token)["active"], false)
	}
	mustBe(t, "token requests that were refused", p.counters().Refused, 0)
}

// A request that never arrived is sent again once that is safe, and nobody is any the wiser.
func TestIndependentServerRequestLost(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	p := independentAuthorized(t, w)
	p.later(2*time.Hour, w)
	p.drop("/token", "before")
	w.plan().mustSay(t, "No changes.", "Warning: Outcome of a Refresh Unknown")
	p.expect(oidcCounters{Token: 1})
	p.later(2*time.Hour, w)
	w.apply()
	w.expect(this, values{"status": "active", "generation": 2})
	mustBe(t, "the refresh token is live", w.active(p.introspect, "refresh_token"), true)
	p.expect(oidcCounters{Token: 2, Refresh: 1, Introspected: 1})
}

// A reply that was lost costs the family at such a server. The token is not sent again while the access token works; then once, which ends
// it; and the way back is an authorization.
func TestIndependentServerReplyLost(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	p := independentAuthorized(t, w)
	p.later(55*time.Minute, w) // within the margin, and alive
	p.drop("/token", "after")
	for range 3 {
		w.plan().mustSay(t, "No changes.", "its reply never came", "sends it once more")
	}
	p.expect(oidcCounters{Token: 2, Refresh: 1})
	p.later(2*time.Hour, w)
	w.apply().mustSay(t, "Authorization Required")
	w.plan()
	p.expect(oidcCounters{Token: 2, Refresh: 1, Refused: 1, Reused: 1})
	w.write(independentPair(p, p.browse(w.string(this, "authorization_url"))))
	w.apply()
	w.expect(this, values{"status": "active", "generation": 1})
	p.expect(oidcCounters{Token: 3, Refresh: 1, Refused: 1, Reused: 1})
}

// Somebody else uses a token that was rotated long ago: the server ends the family. The plan says so, is not blocked, and spends one request
// to learn it.
func TestIndependentServerReuseByOthers(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	p := independentAuthorized(t, w)
	stolen := w.string(this, "refresh_token")
	p.later(2*time.Hour, w)
	w.apply()
	mustBe(t, "the answer to the thief", p.by("acceptance", "acceptance secret/+%", "grant_type", "refresh_token", "refresh_token", stolen)["error"], "invalid_grant")
	mustBe(t, "our refresh token", w.active(p.introspect, "refresh_token"), false)
	p.later(2*time.Hour, w)
	for range 2 {
		w.plan().mustSay(t, "No changes.", "Warning: Authorization Required", "no longer works")
	}
	p.expect(oidcCounters{Token: 2, Refresh: 1, Refused: 2, Reused: 1, Introspected: 1})
}

// A code is exchanged once: not again after the pair was destroyed and made anew with the same callback URL.
func TestIndependentServerCodeOnce(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	p := independentAuthorized(t, w)
	w.ok("destroy", "-auto-approve", "-no-color")
	w.apply().mustSay(t, "is not sent again")
	w.expect(this, values{"status": "authorization_required"})
	p.expect(oidcCounters{Token: 1, Revoked: 2}) // either token
}

// Who exchanges a code a second time ends the tokens of the first, which the next refresh finds out. The code was obtained without us, with
// a verifier of its own.
func TestIndependentServerCodeReplayedByOthers(t *testing.T) {
	t.Parallel()
	p, w := startOIDCProvider(t, oidcOptions{TTL: map[string]int{"AccessToken": 3600}}), newWorkspace(t)
	const verifier = "0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGH"
	challenge := sha256.Sum256([]byte(verifier))
	address, err := url.Parse(p.browse(p.issuer + "/auth?" + url.Values{
		"client_id": {"acceptance"}, "response_type": {"code"}, "redirect_uri": {"http://127.0.0.1/callback"}, "scope": {"openid offline_access"}, "prompt": {"consent"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	code := address.Query().Get("code")
	w.write(independentPair(p, "", attribute("code", code), attribute("code_verifier", verifier)))
	w.apply()
	refresh := w.string(this, "refresh_token")
	mustBe(t, "before", p.introspect(refresh)["active"], true)
	answer := p.by("acceptance", "acceptance secret/+%", "grant_type", "authorization_code", "redirect_uri", "http://127.0.0.1/callback", "code", code, "code_verifier", verifier)
	mustBe(t, "the answer to the thief", answer["error"], "invalid_grant")
	mustBe(t, "after the code was used twice", p.introspect(refresh)["active"], false)
	w.advance(2 * time.Hour)
	w.plan().mustSay(t, "Warning: Authorization Required")
	p.expect(oidcCounters{Token: 1, Refused: 2, Reused: 1, Introspected: 2})
}

// RFC 9207: this server puts its issuer into every callback and says so in its metadata. A callback with another issuer, or with none, is
// refused before anything is sent, as is the state of another request, and the code works afterwards.
func TestIndependentServerIssuer(t *testing.T) {
	t.Parallel()
	p, w := startOIDCProvider(t, oidcOptions{}), newWorkspace(t)
	w.write(independentPair(p, ""))
	w.apply()
	callback := p.browse(w.string(this, "authorization_url"))
	address, err := url.Parse(callback)
	if err != nil {
		t.Fatal(err)
	}
	mustBe(t, "iss", address.Query().Get("iss"), p.issuer)
	for bad, want := range map[string]string{
		with(t, callback, "iss", "https://attacker.example.com"): "is another issuer than the client's", with(t, callback, "iss", ""): "names no iss",
		with(t, callback, "state", "of-nobody"): "The state of the callback URL is not one that is waiting.",
	} {
		w.write(independentPair(p, bad))
		w.fails([]string{want}, "apply", "-no-color", "-auto-approve", "-input=false")
	}
	p.expect(oidcCounters{})
	w.write(independentPair(p, callback))
	w.apply()
	p.expect(oidcCounters{Token: 1})
}

// A person who denies costs nothing, and the same URL serves the next attempt.
func TestIndependentServerDenied(t *testing.T) {
	t.Parallel()
	p, w := startOIDCProvider(t, oidcOptions{Deny: true}), newWorkspace(t)
	w.write(independentPair(p, ""))
	w.apply()
	offered := w.string(this, "authorization_url")
	w.write(independentPair(p, p.browse(offered)))
	w.fails([]string{"answered the visit", "with an error instead of a code: access_denied", "Nothing was sent."}, "apply", "-no-color", "-auto-approve", "-input=false")
	w.expect(this, values{"status": "authorization_required", "authorization_url": offered})
	p.expect(oidcCounters{})
}

// What the server says of itself reaches the data source.
func TestIndependentServerMetadata(t *testing.T) {
	t.Parallel()
	p, w := startOIDCProvider(t, oidcOptions{DeviceFlow: true, Registration: "managed", PAR: "required", DPoP: "optional", TLS: newTestCA(t).listener()}), newWorkspace(t)
	w.write("data \"oauth_authorization_server\" \"this\" {\n  issuer = \"" + p.issuer + "\"\n}\n")
	w.apply()
	w.expect("data.oauth_authorization_server.this", values{
		"authorization_endpoint": p.issuer + "/auth", "token_endpoint": p.issuer + "/token", "introspection_endpoint": p.issuer + "/token/introspection",
		"revocation_endpoint": p.issuer + "/token/revocation", "registration_endpoint": p.issuer + "/reg", "device_authorization_endpoint": p.issuer + "/device/auth",
		"pushed_authorization_request_endpoint": p.issuer + "/request", "require_pushed_authorization_requests": true,
	})
}

// Where the replies tell no expiry, the server is asked about each new access token, once, and is believed.
func TestIndependentServerIntrospectedLifetime(t *testing.T) {
	t.Parallel()
	p, w := startOIDCProvider(t, oidcOptions{HideExpiry: true, TTL: map[string]int{"AccessToken": 2700}}), newWorkspace(t)
	overrides := "client = {\n    platform_overrides   = jsonencode({ access_token_lifetime_source = \"introspection\" })"
	write := func(callback string) {
		w.write(strings.Replace(independentPair(p, callback), "client = {", overrides, 1))
	}
	write("")
	w.apply()
	write(p.browse(w.string(this, "authorization_url")))
	w.apply()
	w.expectLifetimeAbout(45 * time.Minute)
	for range 2 {
		w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	}
	p.expect(oidcCounters{Token: 1, Introspected: 1})
	p.later(40*time.Minute, w)
	w.apply()
	w.expect(this, values{"generation": 2})
	w.expectLifetimeAbout(45 * time.Minute)
	p.expect(oidcCounters{Token: 2, Refresh: 1, Introspected: 2})
}

// The ID token is kept as the server sent it, and decode_jwt shows what is in it.
func TestIndependentServerIDToken(t *testing.T) {
	t.Parallel()
	p, w := startOIDCProvider(t, oidcOptions{TTL: map[string]int{"AccessToken": 3600}}), newWorkspace(t)
	w.write(independentPair(p, ""))
	w.apply()
	w.write(independentPair(p, p.browse(w.string(this, "authorization_url"))) + `
output "id" {
  value     = provider::oauth::decode_jwt(oauth_token_pair.this.id_token)
  sensitive = true
}
`)
	w.apply()
	id, _ := w.outputs()["id"].(map[string]any)
	header, _ := id["header"].(map[string]any)
	claims, _ := id["claims"].(map[string]any)
	for name, want := range map[string]any{"iss": p.issuer, "aud": "acceptance", "sub": "alice"} {
		mustBe(t, name, claims[name], want)
	}
	mustBe(t, "alg", header["alg"], "ES256")
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
}
