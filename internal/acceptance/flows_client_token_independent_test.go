//go:build unix

package acceptance_test

import (
	"fmt"
	"testing"
	"time"
)

// A server that others wrote and certified: many data sources of two configurations, one request for each expiry.
func TestIndependentServerClientToken(t *testing.T) {
	t.Parallel()
	p, w := startOIDCProvider(t, oidcOptions{}), newWorkspace(t)
	config := func(secret string) string {
		return fmt.Sprintf(`
variable "secret" {
  default   = %q
  sensitive = true
}
data "oauth_access_token" "x" {
  count = 20
  client = {
    client_id     = "machine"
    client_secret = var.secret
    issuer        = %q
  }
  client_credentials = {}
}
output "different" { value = nonsensitive(length(distinct(data.oauth_access_token.x[*].access_token))) }
`, secret, p.issuer)
	}
	w.write(config("machine secret/+%"))
	w.apply()
	if got := fmt.Sprint(w.outputs()["different"]); got != "1" {
		t.Errorf("%s tokens for twenty askers", got)
	}
	other := w.sibling()
	other.write(config("machine secret/+%"))
	other.apply()
	if c := p.counters(); c.Token != 1 || c.Refused != 0 {
		t.Errorf("after two runs: %+v", c)
	}
	w.advance(time.Minute)
	w.apply()
	other.plan()
	if c := p.counters(); c.Token != 2 || c.Refused != 0 {
		t.Errorf("after the expiry: %+v", c)
	}
	w.advance(time.Minute)
	w.write(config("wrong"))
	w.fails([]string{"asked " + p.issuer + " for an access token (client_credentials), and the server does not accept the client.", "Nothing was used up", "invalid_client"},
		"plan", "-no-color", "-input=false")
	if c := p.counters(); c.Token != 2 || c.Refused != 1 {
		t.Errorf("after a wrong secret: %+v", c)
	}
}
