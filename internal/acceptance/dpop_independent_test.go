//go:build unix

package acceptance_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// The certified server binds tokens, and wants a nonce of its own in every proof.
func TestIndependentServerBindsTokens(t *testing.T) {
	t.Parallel()
	public := oidcClient{
		"client_id": "public", "token_endpoint_auth_method": "none", "redirect_uris": []string{"http://127.0.0.1/callback"},
		"grant_types": []string{"authorization_code", "refresh_token"}, "response_types": []string{"code"}, "dpop_bound_access_tokens": true,
		"application_type": "native",
	}
	p, w := startOIDCProvider(t, oidcOptions{DPoP: "nonce", PAR: "required", Clients: []oidcClient{public}}), newWorkspace(t)
	config := func(grant string) string {
		return fmt.Sprintf(`
resource "oauth_token_pair" "this" {
  name = "bound"
  client = {
    client_id                = "public"
    issuer                   = %q
    dpop_bound_access_tokens = true
    refresh_token_policy     = { rotation = "single_use", on_reuse = "revoke_family" }
  }
  authorization_code = {
    redirect_uri     = "http://127.0.0.1/callback"
    scopes           = ["openid", "offline_access"]
    extra_parameters = { prompt = "consent" }
    %s
  }
}
`, p.issuer, grant)
	}
	w.write(config(""))
	w.apply()
	grant := attribute("callback_url", p.browse(w.string(this, "authorization_url")))
	w.write(config(grant))
	w.apply()
	w.expect(this, values{"status": "active", "token_type": "DPoP", "generation": 1})
	key := w.string(this, "dpop_private_key")

	// Its access tokens live 5 seconds: every read refreshes. The nonce that a run has learnt is known to the next.
	const plans = 4
	for range plans {
		w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	}
	w.apply()
	w.expect(this, values{"status": "active", "dpop_private_key": key})
	c := p.counters()
	if c.Refresh < plans || c.Reused != 0 || c.Refused != 1 {
		t.Errorf("the server counted %+v; want %d refreshes at least, nothing used twice, and one refusal for want of a nonce", c, plans)
	}
	for _, r := range p.log() {
		if r.Path == "/token" && !r.DPoP {
			t.Errorf("a token request without a proof: %+v", r)
		}
		if r.Path == "/request" && !slices.Contains(r.Parameters, "dpop_jkt") {
			t.Errorf("an authorization request that names no key: %+v", r)
		}
	}

	// The server's nonces change with time; an old one costs a request, and nothing else.
	p.later(time.Hour/2, w)
	w.apply()
	if c := p.counters(); c.Reused != 0 || c.Refused != 2 {
		t.Errorf("after the nonce has changed: %+v", c)
	}

	// A token that was refreshed with the reply lost is not sent again: the rules are those of any other.
	p.drop("/token", "after")
	w.plan("-detailed-exitcode").mustSay(t, "No changes.", "A refresh of token pair \"bound\" was sent, or may have been, and its reply", "never came.")
	if c := p.counters(); c.Reused != 0 {
		t.Errorf("after a lost reply: %+v", c)
	}

	// A machine's tokens are bound as well.
	machine := strings.NewReplacer(`"bound"`, `"machine"`, `"public"`, "\"machine\"\n    client_secret = \"machine secret/+%%\"").Replace(config(""))
	machine = machine[:strings.Index(machine, "  authorization_code")] + "  client_credentials = {}\n}\n"
	w2 := newWorkspace(t)
	w2.write(strings.Replace(machine, "%%", "%", 1))
	w2.apply()
	w2.expect(this, values{"status": "active", "token_type": "DPoP"})
}
