//go:build unix

package acceptance_test

import (
	"fmt"
	"strings"
	"testing"
)

// asks is a configuration whose other provider asks the certified server's UserInfo endpoint for eleven seconds. Its access tokens
// live five.
func (p *oidcProvider) asks(pair string) string {
	return strings.Replace((&server{base: p.issuer}).proxied(pair, "11s", ""), `/api"`, `"`, 1)
}

func (p *oidcProvider) codePair(client, grant string) string {
	return fmt.Sprintf(`
resource "oauth_token_pair" "this" {
  name = "independent"
  client = {
    %s
    issuer               = %q
    refresh_token_policy = { rotation = "single_use", on_reuse = "revoke_family" }
  }
  authorization_code = {
    redirect_uri     = "http://127.0.0.1/callback"
    scopes           = ["openid", "offline_access"]
    extra_parameters = { prompt = "consent" }
    %s
  }
}
`, client, p.issuer, grant)
}

// outlives authorizes a pair and has it used through the proxy, for longer than its tokens live.
func (p *oidcProvider) outlives(t *testing.T, client string, nonces int) {
	t.Helper()
	owner := newWorkspace(t)
	owner.write(p.codePair(client, ""))
	owner.apply()
	owner.write(p.codePair(client, attribute("callback_url", p.browse(owner.string(this, "authorization_url")))))
	owner.apply()
	before := p.counters()
	user := owner.sibling().consumes()
	user.writeConsumer(p.asks("independent"))
	user.apply()
	c := p.counters()
	if n := c.Refresh - before.Refresh; n < 2 || n > 8 || c.Reused != 0 || c.Refused != nonces {
		t.Errorf("the server counted %+v, %d refreshes in 11 seconds", c, n)
	}
	owner.apply()
	owner.expect(this, values{"status": "active"})
}

// What is configured with the proxy outlives the access tokens of a server that others wrote and certified, and that checks each
// of them itself.
func TestIndependentServerProxy(t *testing.T) {
	t.Parallel()
	p := startOIDCProvider(t, oidcOptions{})
	p.outlives(t, `client_id = "acceptance"
    client_secret = "acceptance secret/+%"`, 0)
}

// Likewise with tokens that are bound to a key: the server takes them with a proof of each request alone.
func TestIndependentServerProxyOfBoundTokens(t *testing.T) {
	t.Parallel()
	public := oidcClient{
		"client_id": "public", "token_endpoint_auth_method": "none", "redirect_uris": []string{"http://127.0.0.1/callback"},
		"grant_types": []string{"authorization_code", "refresh_token"}, "response_types": []string{"code"}, "dpop_bound_access_tokens": true,
		"application_type": "native",
	}
	p := startOIDCProvider(t, oidcOptions{DPoP: "nonce", Clients: []oidcClient{public}})
	p.outlives(t, `client_id = "public"
    dpop_bound_access_tokens = true`, 1)
	for _, r := range p.log() {
		if r.Path == "/me" && !r.DPoP {
			t.Errorf("a request of the API without a proof: %+v", r)
		}
	}
}
