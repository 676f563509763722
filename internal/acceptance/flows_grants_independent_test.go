//go:build unix

package acceptance_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"
)

// grantingClient is a client of the independent server that may use the given grants, and refresh.
func grantingClient(grants ...string) oidcClient {
	return oidcClient{
		"client_id": "granting", "client_secret": "granting secret/+%", "redirect_uris": []string{}, "response_types": []string{},
		"grant_types": append(grants, "refresh_token"),
	}
}

// hours are lifetimes of hours and days, so that what the machine takes for a test does not count; short ones live ten minutes.
func hours(short ...string) map[string]int {
	ttl := map[string]int{"AccessToken": 3600, "RefreshToken": 86400, "Grant": 86400}
	for _, name := range short {
		ttl[name] = 600
	}
	return ttl
}

// granted is a pair at the independent server, by the given grant.
func (p *oidcProvider) granted(name, grant string) string {
	return fmt.Sprintf(`
resource "oauth_token_pair" %[3]q {
  name = %[3]q
  client = {
    issuer        = %[1]q
    client_id     = "granting"
    client_secret = "granting secret/+%%"
  }
  %[2]s
}
`, p.issuer, grant, name)
}

// The device flow of a server that others wrote and certified: the whole way to a refresh, a refusal, and a code that nobody enters.
func TestIndependentServerDeviceCode(t *testing.T) {
	t.Parallel()
	p, w := startOIDCProvider(t, oidcOptions{DeviceFlow: true, Clients: []oidcClient{grantingClient(grantDeviceCode)}, TTL: hours("DeviceCode")}), newWorkspace(t)
	const pair = "oauth_token_pair.this"
	w.write(p.granted("this", `device_code = { scopes = ["openid", "offline_access"] }`))
	w.apply().mustSay(t, "Authorization Required", "enter the code")
	code := w.string(pair, "user_code")
	w.expect(pair, values{"status": "authorization_required", "verification_uri": p.issuer + "/device", "verification_uri_complete": p.issuer + "/device?user_code=" + code})
	p.decideDevice(code, false)
	w.fails([]string{"Unable to Authorize Token Pair", "was refused", "access_denied"}, "apply", "-auto-approve", "-no-color", "-input=false")

	w.apply() // the next code, which nobody enters in time
	code = w.string(pair, "user_code")
	p.later(20*time.Minute, w)
	w.plan().mustSay(t, "Its device code expired at", "Apply: that gets a new device code")
	w.apply()
	if next := w.string(pair, "user_code"); next == code {
		t.Error("the code has expired, and is shown again")
	}
	p.decideDevice(w.string(pair, "user_code"), true)
	w.apply()
	w.expect(pair, values{"status": "active", "generation": 1, "user_code": nil})
	if w.string(pair, "id_token") == "" || w.string(pair, "refresh_token") == "" {
		t.Error("the tokens are not all there")
	}
	p.later(2*time.Hour, w)
	for range 2 {
		w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	}
	c := p.counters()
	if c.Refresh != 1 || c.Reused != 0 || c.Device != 3 {
		t.Errorf("%+v", c)
	}
	w.ok("destroy", "-auto-approve", "-no-color").mustNotSay(t, "Not Revoked")
}

// Assertions signed here, verified there: an ES256 key, a jti that the server takes once, and a refusal in its words.
func TestIndependentServerAssertion(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	jwks := map[string]any{"keys": []any{map[string]any{"kty": "EC", "crv": "P-256", "kid": "k1", "x": encode(point[1:33]), "y": encode(point[33:])}}}
	p := startOIDCProvider(t, oidcOptions{
		Clients: []oidcClient{grantingClient(grantJWTBearer)}, Scopes: []string{"openid", "offline_access", "read", "write"}, TTL: hours(),
		Grants: map[string]any{grantJWTBearer: map[string]any{"issuers": []any{map[string]any{"iss": "service", "jwks": jwks}}}},
	})
	w := newWorkspace(t)
	config := func(subject string) string {
		return p.granted("this", fmt.Sprintf(`jwt_bearer = {
    private_key = %q
    key_id      = "k1"
    issuer      = "service"
    scopes      = ["read"]
    %s
  }`, keyPEM(t, key), subject))
	}
	w.write(config(""))
	w.fails([]string{"Unable to Get Access Token", "invalid_grant"}, "apply", "-auto-approve", "-no-color", "-input=false") // this server wants a sub
	w.write(config(`subject = "alice"`))
	w.apply()
	w.expect("oauth_token_pair.this", values{"status": "active"})
	p.later(2*time.Hour, w)
	for range 2 {
		w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	}
	if c := p.counters(); c.Token != 2 || c.Refused != 1 {
		t.Errorf("%+v", c)
	}
}

// A password and a grant of the server's own; the refresh token of the former rotates like any other.
func TestIndependentServerPasswordAndExtension(t *testing.T) {
	t.Parallel()
	p := startOIDCProvider(t, oidcOptions{
		Clients: []oidcClient{grantingClient(grantPassword, grantPIN)}, Scopes: []string{"openid", "offline_access", "read", "write"}, TTL: hours(),
		Grants: map[string]any{grantPassword: map[string]any{}, grantPIN: map[string]any{}},
	})
	w := newWorkspace(t)
	config := func(password, pin string) string {
		return p.granted("this", fmt.Sprintf(`password = { username = "alice", password = %q, scopes = ["read"] }`, password)) +
			p.granted("that", fmt.Sprintf(`extension_grant = {
    grant_type           = %q
    parameters           = { user = "alice" }
    sensitive_parameters = { pin = %q }
    scopes               = ["read"]
  }`, grantPIN, pin))
	}
	w.write(config("pässword of alice/+%", "47+11/%"))
	w.apply()
	w.expect("oauth_token_pair.this", values{"status": "active"})
	w.expect("oauth_token_pair.that", values{"status": "active", "refresh_token": nil})
	p.later(2*time.Hour, w)
	for range 2 {
		w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	}
	if c := p.counters(); c.Refresh != 1 || c.Reused != 0 || c.Refused != 0 {
		t.Errorf("%+v", c)
	}
	w.write(config("pässword of alice/+%", "wrong"))
	w.fails([]string{"refuses what extension_grant sends", "invalid_grant"}, "apply", "-auto-approve", "-no-color", "-input=false")
}

// A narrower token is derived from a pair that a person's password has opened, for another resource; the pair is not rotated by that.
func TestIndependentServerTokenExchange(t *testing.T) {
	t.Parallel()
	p := startOIDCProvider(t, oidcOptions{
		Clients: []oidcClient{grantingClient(grantPassword, grantTokenExchange)}, Scopes: []string{"openid", "offline_access", "read", "write"}, TTL: hours(),
		Resources: map[string]string{"https://api.example.com": "read write"},
		Grants:    map[string]any{grantPassword: map[string]any{}, grantTokenExchange: map[string]any{}},
	})
	w := newWorkspace(t)
	w.write(p.granted("source", `password = { username = "alice", password = "pässword of alice/+%", scopes = ["read", "write"] }`) +
		p.granted("this", `token_exchange = {
    subject_token_pair = oauth_token_pair.source.id
    scopes             = ["read"]
    resource           = ["https://api.example.com"]
  }`))
	w.apply()
	w.expect("oauth_token_pair.this", values{"status": "active", "generation": 1, "refresh_token": nil})
	w.expect("oauth_token_pair.source", values{"status": "active", "generation": 1})
	if token := w.string("oauth_token_pair.this", "access_token"); strings.Count(token, ".") != 2 {
		t.Error("the token for the resource is no JWT")
	}
	if extra, _ := w.attributes("oauth_token_pair.this")["extra"].(map[string]any); extra["issued_token_type"] != "urn:ietf:params:oauth:token-type:access_token" {
		t.Errorf("extra: %v", extra)
	}
	p.later(2*time.Hour, w)
	for range 2 {
		w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	}
	if c := p.counters(); c.Refresh != 1 || c.Reused != 0 || c.Refused != 0 || c.Token != 4 {
		t.Errorf("%+v", c)
	}
}

// resource in the authorization URL, with the code and with the refresh: a server that checks it gives tokens for it (RFC 8707).
func TestIndependentServerResource(t *testing.T) {
	t.Parallel()
	p, w := startOIDCProvider(t, oidcOptions{Resources: map[string]string{"https://api.example.com": "read"}, Scopes: []string{"openid", "offline_access", "read"}, TTL: hours()}), newWorkspace(t)
	config := func(callback string) string {
		return strings.Replace(independentPair(p, callback), "authorization_code = {", `authorization_code = {
    resource = ["https://api.example.com"]`, 1)
	}
	w.write(config(""))
	w.apply()
	w.write(config(p.browse(w.string("oauth_token_pair.this", "authorization_url"))))
	w.apply()
	w.expect("oauth_token_pair.this", values{"status": "active"})
	if token := w.string("oauth_token_pair.this", "access_token"); strings.Count(token, ".") != 2 {
		t.Error("the token for the resource is no JWT")
	}
	p.later(2*time.Hour, w)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	if c := p.counters(); c.Refresh != 1 || c.Refused != 0 {
		t.Errorf("%+v", c)
	}
}
