//go:build unix

package acceptance_test

import (
	"fmt"
	"strings"
	"testing"
)

// The same life as against our own sandbox, at a server that others wrote and certified: it rotates refresh tokens, and a
// second use of one revokes the whole grant.
func TestIndependentServer(t *testing.T) {
	t.Parallel()
	p := startOIDCProvider(t, oidcOptions{})
	p.wholeLife(fmt.Sprintf(`
    authorization_endpoint = "%[1]s/auth"
    token_endpoint         = "%[1]s/token"
    revocation_endpoint    = "%[1]s/token/revocation"`, p.issuer))
}

// Its endpoints are not the ones that anybody would guess: what it says of itself is enough.
func TestIndependentServerByIssuer(t *testing.T) {
	t.Parallel()
	startOIDCProvider(t, oidcOptions{}).wholeLife("")
}

func (p *oidcProvider) wholeLife(endpoints string) {
	t, w := p.t, newWorkspace(p.t)
	t.Helper()
	config := func(callbackURL string) string {
		return fmt.Sprintf(`
resource "oauth_token_pair" "this" {
  name = "independent"
  client = {
    client_id              = "acceptance"
    client_secret          = "acceptance secret/+%%"
    issuer                 = "%[1]s"
    refresh_token_policy   = { rotation = "single_use", on_reuse = "revoke_family" }%[3]s
  }
  authorization_code = {
    callback_url     = %[2]s
    redirect_uri     = "http://127.0.0.1/callback"
    scopes           = ["openid", "offline_access"]
    extra_parameters = { prompt = "consent" }
  }
}
`, p.issuer, callbackURL, endpoints)
	}
	w.write(config("null"))
	w.apply().mustSay(t, "has not been authorized yet")
	url, ok := w.attributes("oauth_token_pair.this")["authorization_url"].(string)
	if !ok {
		t.Fatal("there is no authorization_url")
	}
	w.write(config(fmt.Sprintf("%q", p.browse(url))))
	w.apply()

	// Its access tokens live 5 seconds, which is the shortest margin: every read refreshes.
	before := p.counters()
	if before.Refused != 0 || before.Token == 0 {
		t.Fatalf("after the authorization: %+v", before)
	}
	const plans = 5
	for range plans {
		w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	}
	after := p.counters()
	if after.Refresh-before.Refresh != plans || after.Refused != 0 {
		t.Errorf("%d discarded plans: %+v, then %+v; want one refresh each and none refused", plans, before, after)
	}
	// At the shell it is one asker more. No token lives for an hour there, so that asks for a refresh.
	token := w.shell("", "token", "--name", "independent", "--min-validity", "1h")
	if seen := p.introspect(strings.TrimSpace(token.out)); token.code != 0 || seen["active"] != true || !strings.Contains(token.err, "which is less than --min-validity") {
		t.Errorf("%+v, of which the server says %v", token, seen)
	}
	if c := p.counters(); c.Refresh != after.Refresh+1 || c.Refused != 0 {
		t.Errorf("%+v, then %+v; want one refresh more and none refused", after, c)
	}
	if status := w.shell("", "status", "--check"); status.code != 0 || !strings.Contains(status.out, "independent  active") {
		t.Errorf("%+v", status)
	}
	w.ok("destroy", "-auto-approve", "-no-color").mustNotSay(t, "Not Revoked")
	if c := p.counters(); c.Refused != 0 {
		t.Errorf("in the end: %+v; want none refused", c)
	}
}
