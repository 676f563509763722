//go:build unix

package acceptance_test

import (
	"fmt"
	"testing"
	"time"
)

// A server that others wrote and certified gives a client tokens of its own: one for each expiry, and it takes the last one
// back in the end.
func TestIndependentServerClientCredentials(t *testing.T) {
	t.Parallel()
	p, w := startOIDCProvider(t, oidcOptions{}), newWorkspace(t)
	w.write(fmt.Sprintf(`
resource "oauth_token_pair" "this" {
  name = "machine"
  client = {
    client_id           = "machine"
    client_secret       = "machine secret/+%%"
    token_endpoint      = "%[1]s/token"
    revocation_endpoint = "%[1]s/token/revocation"
  }
  client_credentials = {}
}
`, p.issuer))
	w.apply()
	w.expect(this, values{"status": "active", "generation": 1, "refresh_token": nil, "token_type": "Bearer"})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	if c := p.counters(); c != (oidcCounters{Token: 1}) {
		t.Errorf("after two runs: %+v", c)
	}
	w.advance(time.Minute)
	for range 2 {
		w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	}
	w.apply()
	w.expect(this, values{"status": "active", "generation": 2})
	w.ok("destroy", "-auto-approve", "-no-color").mustNotSay(t, "Not Revoked")
	if c := p.counters(); c != (oidcCounters{Token: 2, Revoked: 1}) {
		t.Errorf("in the end: %+v", c)
	}
}
