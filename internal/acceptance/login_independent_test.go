//go:build unix

package acceptance_test

import (
	"fmt"
	"strings"
	"testing"
)

// At a certified server, which takes pushed requests alone and any port of a loopback address for a native client (RFC 8252): the
// subcommand authorizes by the browser, an apply takes that over, and the action authorizes anew by a device code.
func TestIndependentServerLogin(t *testing.T) {
	t.Parallel()
	p := startOIDCProvider(t, oidcOptions{PAR: "required", DeviceFlow: true, Clients: []oidcClient{{
		"client_id": "native", "application_type": "native", "token_endpoint_auth_method": "none", "redirect_uris": []string{loopbackURI},
		"grant_types": []string{"authorization_code", "refresh_token", grantDeviceCode},
	}}})
	w := acting(t).desktop()
	run := w.startShell("authorize", "--name", "laptop", "--issuer", p.issuer, "--client-id", "native", "--scope", "openid", "--scope", "offline_access", "--parameter", "prompt=consent")
	page := visit(t, p.browse(w.address(run)))
	if !strings.Contains(page, "Token pair “laptop” is authorized") {
		t.Errorf("the page says:\n%s", page)
	}
	run.wait().mustSay(t, "open this address in a browser on this machine, before ", "credential laptop is authorized", "granted: offline_access openid")
	w.write(fmt.Sprintf(`
resource "oauth_token_pair" "this" {
  name   = "laptop"
  client = {
    client_id            = "native"
    issuer               = %q
    refresh_token_policy = { rotation = "single_use", on_reuse = "revoke_family" }
  }
  authorization_code = {
    redirect_uri     = %q
    scopes           = ["openid", "offline_access"]
    extra_parameters = { prompt = "consent" }
  }
}
`, p.issuer, loopbackURI) + authorizeAction("laptop", `device_code = {
      scopes           = ["openid", "offline_access"]
      extra_parameters = { prompt = "consent" }
    }`))
	w.apply().mustSay(t, "1 added")
	w.expect(this, values{"status": "active"})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")

	device := w.start(invokeNow...)
	_, userCode, _ := strings.Cut(w.address(device), "user_code=")
	p.decideDevice(userCode, true)
	device.wait().mustSay(t, "and enter the code "+userCode, `Token pair "laptop" is authorized.`, "A state shows that with the next plan or apply.")
	w.apply().mustSay(t, "0 changed")
	w.expect(this, values{"status": "active"})
	if c := p.counters(); c.Pushed != 1 {
		t.Errorf("the server counted %+v", c)
	}
}
