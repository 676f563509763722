//go:build unix

package acceptance_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const acceptanceSecret = "acceptance secret/+%"

// pair is a token pair "this" of a person's authorization.
func (f *fositeServer) pair(secret, callbackURL string) string {
	callback := ""
	if callbackURL != "" {
		callback = attribute("callback_url", callbackURL)
	}
	return `
resource "oauth_token_pair" "this" {
  name   = "fosite"
  client = ` + f.client("acceptance", secret) + `
  authorization_code = {
    redirect_uri = "http://127.0.0.1/callback"
    scopes       = ["read"]
    ` + callback + `
  }
  refresh = { before_expiry = "10m" } # what the machine takes for a test does not count
}
`
}

// authorized takes a workspace through the first authorization, and returns the callback URL too.
func (f *fositeServer) authorized() (*workspace, string) {
	f.t.Helper()
	w := newWorkspace(f.t)
	w.write(f.pair(acceptanceSecret, ""))
	w.apply().mustSay(f.t, "has not been authorized yet")
	callback := f.browse(w.string(this, "authorization_url"))
	w.write(f.pair(acceptanceSecret, callback))
	w.apply()
	w.expect(this, values{"status": "active", "generation": 1})
	return w, callback
}

func (f *fositeServer) expect(want fositeCounters) {
	f.t.Helper()
	got := f.counters()
	got.Introspected = want.Introspected // by these tests, mostly
	if got != want {
		f.t.Errorf("the server counted %+v; want %+v", got, want)
	}
}

func (w *workspace) active(introspect func(string) map[string]any, attribute string) bool {
	w.t.Helper()
	active, _ := introspect(w.string(this, attribute))["active"].(bool)
	return active
}

// expectLifetimeAbout compares what a server says of its own clock with what the provider says of another.
func (w *workspace) expectLifetimeAbout(want time.Duration) {
	w.t.Helper()
	lives := moment(w.t, w.string(this, "expires_at")).Sub(moment(w.t, w.string(this, "issued_at")))
	if off := lives - want; off < -time.Minute || off > time.Minute {
		w.t.Errorf("the access token lives %s, want about %s", lives, want)
	}
}

// A second server that others wrote takes the first authorization with PKCE, a refresh for each discarded plan, and none of them with a
// token that was used before.
func TestFositeDiscardedPlans(t *testing.T) {
	t.Parallel()
	f := startFosite(t, fositeOptions{}) // its access tokens live 5 seconds, less than the margin: every read refreshes
	w, _ := f.authorized()
	const plans = 5
	before := f.counters()
	for range plans {
		w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	}
	if after := f.counters(); after.Refresh-before.Refresh != plans || after.Refused != 0 {
		t.Errorf("%d discarded plans: %+v, then %+v; want one refresh each and none refused", plans, before, after)
	}
	w.apply()
	mustBe(t, "the refresh token is live", w.active(f.introspect, "refresh_token"), true)
	w.ok("destroy", "-auto-approve", "-no-color").mustNotSay(t, "Not Revoked")
	if c := f.counters(); c.Refused != 0 || c.Revoked == 0 {
		t.Errorf("in the end: %+v", c)
	}
}

// An authorization request that is pushed, by a client that proves who it is.
func TestFositePushed(t *testing.T) {
	t.Parallel()
	f, w := startFosite(t, fositeOptions{AccessTokenTTL: 3600}), newWorkspace(t)
	pushed := "require_pushed_authorization_requests = true\n    pushed_authorization_request_endpoint = \"" + f.issuer + "/par\"\n    token_endpoint "
	write := func(callback string) {
		w.write(strings.Replace(f.pair(acceptanceSecret, callback), "token_endpoint ", pushed, 1))
	}
	write("")
	w.apply().mustSay(t, "has not been authorized yet")
	offered := w.string(this, "authorization_url")
	if !strings.Contains(offered, "request_uri=") || strings.Contains(offered, "scope=") {
		t.Errorf("the URL is %s", offered)
	}
	f.expect(fositeCounters{Pushed: 1})
	write(f.browse(offered))
	w.apply()
	w.expect(this, values{"status": "active", "generation": 1})
	mustBe(t, "its scope", f.introspect(w.string(this, "access_token"))["scope"], "read")
	f.expect(fositeCounters{Token: 1, Pushed: 1})
}

// Destroy ends both tokens, which the server itself says.
func TestFositeRevocation(t *testing.T) {
	t.Parallel()
	f := startFosite(t, fositeOptions{AccessTokenTTL: 3600})
	w, _ := f.authorized()
	access, refresh := w.string(this, "access_token"), w.string(this, "refresh_token")
	for _, token := range []string{access, refresh} {
		mustBe(t, "before", f.introspect(token)["active"], true)
	}
	mustBe(t, "its scope", f.introspect(access)["scope"], "read")
	w.ok("destroy", "-auto-approve", "-no-color").mustNotSay(t, "Not Revoked")
	for _, token := range []string{access, refresh} {
		mustBe(t, "after destroy", f.introspect(token)["active"], false)
	}
	f.expect(fositeCounters{Token: 1, Revoked: f.counters().Revoked})
}

// Where the replies tell no expiry, the server is asked about each new access token, once, and is believed.
func TestFositeIntrospectedLifetime(t *testing.T) {
	t.Parallel()
	f := startFosite(t, fositeOptions{AccessTokenTTL: 2700, HideExpiry: true})
	w := newWorkspace(t)
	overrides := "client = {\n    platform_overrides     = jsonencode({ access_token_lifetime_source = \"introspection\" })"
	write := func(callback string) {
		w.write(strings.Replace(f.pair(acceptanceSecret, callback), "client = {", overrides, 1))
	}
	write("")
	w.apply()
	write(f.browse(w.string(this, "authorization_url")))
	w.apply()
	w.expectLifetimeAbout(45 * time.Minute)
	for range 2 {
		w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	}
	mustBe(t, "questions", f.counters().Introspected, 1)
	w.advance(40 * time.Minute)
	w.apply()
	w.expect(this, values{"generation": 2})
	f.expect(fositeCounters{Token: 2, Refresh: 1})
	mustBe(t, "questions", f.counters().Introspected, 2)
}

// A request that never arrived is sent again once that is safe, and nobody is any the wiser.
func TestFositeRequestLost(t *testing.T) {
	t.Parallel()
	f := startFosite(t, fositeOptions{AccessTokenTTL: 3600})
	w, _ := f.authorized()
	w.advance(2 * time.Hour)
	f.drop("/token", "before")
	w.plan().mustSay(t, "No changes.", "Warning: Outcome of a Refresh Unknown")
	f.expect(fositeCounters{Token: 1})
	w.advance(2 * time.Hour)
	w.apply()
	w.expect(this, values{"status": "active", "generation": 2})
	mustBe(t, "the access token is live", w.active(f.introspect, "access_token"), true)
	f.expect(fositeCounters{Token: 2, Refresh: 1})
}

// A reply that was lost costs the family at such a server. The token is not sent again while the access token works; then once, which ends
// it; and the way back is an authorization.
func TestFositeReplyLost(t *testing.T) {
	t.Parallel()
	f := startFosite(t, fositeOptions{AccessTokenTTL: 3600})
	w, _ := f.authorized()
	w.advance(55 * time.Minute) // within the margin, and alive
	f.drop("/token", "after")
	for range 3 {
		w.plan().mustSay(t, "No changes.", "its reply never came", "sends it once more")
	}
	f.expect(fositeCounters{Token: 2, Refresh: 1})
	w.advance(2 * time.Hour)
	w.apply().mustSay(t, "Authorization Required")
	w.plan()
	f.expect(fositeCounters{Token: 2, Refresh: 1, Refused: 1, Reused: 1})
	w.write(f.pair(acceptanceSecret, f.browse(w.string(this, "authorization_url"))))
	w.apply()
	w.expect(this, values{"status": "active", "generation": 1})
	mustBe(t, "the refresh token is live", w.active(f.introspect, "refresh_token"), true)
	f.expect(fositeCounters{Token: 3, Refresh: 1, Refused: 1, Reused: 1})
}

// A client's secret is replaced while the server takes both: nothing is lost at any moment. With one that is no longer taken, the refusal
// costs nothing either.
func TestFositeSecretRotation(t *testing.T) {
	t.Parallel()
	f := startFosite(t, fositeOptions{AccessTokenTTL: 3600})
	w, callback := f.authorized()
	f.newSecret("acceptance", "next secret/+%")
	w.advance(2 * time.Hour)
	w.apply() // with the former secret
	w.expect(this, values{"status": "active", "generation": 2})
	f.expect(fositeCounters{Token: 2, Refresh: 1})

	f.forgetSecrets("acceptance")
	w.advance(2 * time.Hour)
	r := w.plan()
	r.mustSay(t, "invalid_client")
	r.mustNotSay(t, "acceptance secret")
	w.write(f.pair("next secret/+%", callback))
	w.apply()
	w.expect(this, values{"status": "active", "generation": 3})
	f.expect(fositeCounters{Token: 3, Refresh: 2, Refused: 2}) // what is read before an update knows the former secret only
}

// A client's own tokens.
func TestFositeClientCredentials(t *testing.T) {
	t.Parallel()
	f, w := startFosite(t, fositeOptions{AccessTokenTTL: 3600}), newWorkspace(t)
	w.write(fmt.Sprintf(`
resource "oauth_token_pair" "this" {
  name               = "machine"
  client             = %s
  client_credentials = { scopes = ["read", "write"] }
}
`, f.client("machine", "machine secret/+%")))
	w.apply()
	w.expect(this, values{"status": "active", "generation": 1, "refresh_token": nil})
	mustBe(t, "its scope", f.introspect(w.string(this, "access_token"))["scope"], "read write")
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	f.expect(fositeCounters{Token: 1})
	w.advance(time.Hour)
	w.apply()
	w.expect(this, values{"status": "active", "generation": 2})
	token := w.string(this, "access_token")
	w.ok("destroy", "-auto-approve", "-no-color").mustNotSay(t, "Not Revoked")
	mustBe(t, "after destroy", f.introspect(token)["active"], false)
	f.expect(fositeCounters{Token: 2, Revoked: 1})
}

// A client that proves itself with a key, at a server that names the algorithm and wants the token endpoint as the audience: code, refresh
// and revocation, each with an assertion of its own. (At its introspection endpoint this server takes secrets only.)
func TestFositePrivateKeyJWT(t *testing.T) {
	t.Parallel()
	key := newECKey(t)
	f, w := startFosite(t, fositeOptions{Clients: []fositeClient{{
		"client_id": "keyed", "token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": "ES256",
		"jwks": jwksOf(publicJWK(t, key.Public(), "k", map[string]any{"alg": "ES256"})), "redirect_uris": []string{"http://127.0.0.1/callback"},
		"grant_types": []string{"authorization_code", "refresh_token"}, "response_types": []string{"code"}, "scopes": []string{"read"},
	}}}), newWorkspace(t)
	write := func(callback string) {
		secret := `client_secret          = "` + acceptanceSecret + `"`
		proof := "private_key_id = \"k\"\n    private_key = <<-EOT\n" + privateKeyPEM(t, key) + "EOT"
		w.write(strings.NewReplacer(secret, proof, `"acceptance"`, `"keyed"`).Replace(f.pair(acceptanceSecret, callback)))
	}
	write("")
	w.apply()
	write(f.browse(w.string(this, "authorization_url")))
	w.apply()
	const plans = 3
	before := f.counters()
	for range plans {
		w.plan("-detailed-exitcode").mustSay(t, "No changes.") // its access tokens live 5 seconds: each read refreshes
	}
	mustBe(t, "refreshes", f.counters().Refresh-before.Refresh, plans)
	w.ok("destroy", "-auto-approve", "-no-color").mustNotSay(t, "Not Revoked")
	if c := f.counters(); c.Refused != 0 || c.Revoked == 0 {
		t.Errorf("in the end: %+v", c)
	}
}
