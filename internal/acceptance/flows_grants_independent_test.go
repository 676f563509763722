//go:build unix

package acceptance_test

import (
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

// The device flow of a server that others wrote, by its metadata alone: a code that nobody enters is replaced, as the plan says.
func TestIndependentServerDeviceCodeExpires(t *testing.T) {
	t.Parallel()
	p, w := startOIDCProvider(t, oidcOptions{DeviceFlow: true, Clients: []oidcClient{grantingClient(grantDeviceCode)}, TTL: hours("DeviceCode")}), newWorkspace(t)
	const pair = "oauth_token_pair.this"
	w.write(p.granted("this", `device_code = { scopes = ["openid", "offline_access"] }`))
	w.apply().mustSay(t, "Authorization Required", "enter the code")
	code := w.string(pair, "user_code")
	w.expect(pair, values{"status": "authorization_required", "verification_uri": p.issuer + "/device", "verification_uri_complete": p.issuer + "/device?user_code=" + code})
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
	if c.Refresh != 1 || c.Reused != 0 || c.Device != 2 {
		t.Errorf("%+v", c)
	}
	w.ok("destroy", "-auto-approve", "-no-color").mustNotSay(t, "Not Revoked")
}

// resource in the authorization URL, with the code and with the refresh: a server that checks it gives tokens for it (RFC 8707).
func TestIndependentServerResourceOfAnAuthorization(t *testing.T) {
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
