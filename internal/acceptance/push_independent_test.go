//go:build unix

package acceptance_test

import (
	"fmt"
	"testing"
)

// A server that takes pushed authorization requests only, and says so in its metadata.
func TestIndependentServerPushed(t *testing.T) {
	t.Parallel()
	p, w := startOIDCProvider(t, oidcOptions{PAR: "required"}), newWorkspace(t)
	config := func(grant string) string {
		return fmt.Sprintf(`
resource "oauth_token_pair" "this" {
  name = "pushed"
  client = {
    client_id            = "acceptance"
    client_secret        = "acceptance secret/+%%"
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
`, p.issuer, grant)
	}
	w.write(config(""))
	w.apply().mustSay(t, "Open this URL before ")
	w.write(config(attribute("callback_url", p.browse(w.string(this, "authorization_url")))))
	w.apply()
	w.expect(this, values{"status": "active", "generation": 1, "authorization_url": nil})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	if c := p.counters(); c.Pushed != 1 || c.Refused != 0 || c.Token != 1+c.Refresh {
		t.Errorf("the server counted %+v; want one pushed request and nothing refused", c)
	}
	for _, r := range p.log() {
		if r.Path == "/request" && r.Auth != "client_secret_basic" {
			t.Errorf("pushed by %q", r.Auth)
		}
	}
}
