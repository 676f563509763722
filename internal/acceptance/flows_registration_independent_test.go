//go:build unix

package acceptance_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// independentRegistration is a client that the certified server makes, and a token pair of it. Of its server it names the issuer.
func independentRegistration(p *oidcProvider, callback, more string) string {
	return fmt.Sprintf(`
resource "oauth_app_registration" "this" {
  name                 = "independent"
  issuer               = %q
  initial_access_token = "initial"
  redirect_uris        = ["http://127.0.0.1/callback"]
  grant_types          = ["authorization_code", "refresh_token"]
  scope                = "offline_access openid"
  refresh_token_policy = { rotation = "single_use", on_reuse = "revoke_family" }
  %s
}
resource "oauth_token_pair" "this" {
  name   = "independent"
  client = oauth_app_registration.this.client
  authorization_code = {
    scopes           = ["openid", "offline_access"]
    extra_parameters = { prompt = "consent" }
    %s
  }
  refresh = { before_expiry = "10m" }
}
`, p.issuer, more, callback)
}

func managedProvider(t *testing.T) (*oidcProvider, *workspace) {
	t.Helper()
	return startOIDCProvider(t, oidcOptions{
		Registration: "managed", InitialAccessToken: "initial", TTL: map[string]int{"AccessToken": 3600, "RefreshToken": 864000, "Grant": 864000},
	}), newWorkspace(t)
}

// managedCalls are the calls about registrations that the server has seen, as "METHOD status".
func (p *oidcProvider) managedCalls() string {
	p.t.Helper()
	var calls []string
	for _, r := range p.log() {
		if strings.HasPrefix(r.Path, "/reg") {
			calls = append(calls, fmt.Sprintf("%s %d", r.Method, r.Status))
		}
	}
	return strings.Join(calls, ", ")
}

// The certified server registers the client, replaces the registration access token with every update, and forgets the client
// in the end.
func TestIndependentServerRegistration(t *testing.T) {
	t.Parallel()
	p, w := managedProvider(t)
	w.write(independentRegistration(p, "", `client_name = "Books"`))
	w.apply().mustSay(t, "2 added")
	first := w.string(theApp, "registration_access_token")
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	callback := attribute("callback_url", p.browse(w.string(this, "authorization_url")))
	w.write(independentRegistration(p, callback, `client_name = "Books"`))
	w.apply()
	w.expect(this, values{"status": "active", "generation": 1})

	w.write(independentRegistration(p, callback, `client_name = "Ledger"
  contacts    = ["ops@example.com"]`))
	w.plan("-out=saved").mustSay(t, `"Books" -> "Ledger"`)
	w.plan() // discarded
	w.applySaved("saved")
	if w.string(theApp, "registration_access_token") == first {
		t.Error("the server has not rotated the registration access token")
	}
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	w.write(independentRegistration(p, callback, `client_name = "Ledger"`))
	w.apply().mustNotSay(t, "Replaced")

	p.later(2*time.Hour, w)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	w.ok("destroy", "-auto-approve", "-no-color").mustNotSay(t, "Not Revoked", "Gone")
	c := p.counters()
	if c.Registered != 1 || c.Updated != 2 || c.Deleted != 1 || c.Refused != 0 || c.Refresh < 1 {
		t.Errorf("the server counted %+v\n%s", c, p.managedCalls())
	}
	if calls := p.managedCalls(); strings.Contains(calls, " 4") {
		t.Errorf("calls were refused: %s", calls)
	}
}

// A lost reply to an update costs the management at a server that rotates, and nothing else: the client goes on.
func TestIndependentServerRegistrationReplyLost(t *testing.T) {
	t.Parallel()
	for stage, done := range map[string]bool{"before": false, "after": true} {
		t.Run(stage, func(t *testing.T) {
			p, w := managedProvider(t)
			w.write(independentRegistration(p, "", `client_name = "Books"`))
			w.apply()
			w.plan("-detailed-exitcode").mustSay(t, "No changes.")
			callback := attribute("callback_url", p.browse(w.string(this, "authorization_url")))
			p.drop("/reg/"+w.string(theApp, "client_id"), stage)
			w.write(independentRegistration(p, "", `client_name = "Ledger"`))
			w.fails([]string{"Unable to Update App Registration", "no usable reply came"}, append(applyIt, "-refresh=false")...)
			if !done {
				w.apply()
				w.expect(theApp, values{"client_name": "Ledger"})
				w.ok("destroy", "-auto-approve", "-no-color").mustNotSay(t, "Gone")
				return
			}
			w.fails([]string{"refuses the registration access token", "token pairs use its client_id and client_secret as before"}, applyIt...)
			w.write(independentRegistration(p, callback, `client_name = "Books"`))
			w.apply().mustSay(t, "Management of the Registration Lost")
			w.expect(this, values{"status": "active"})
		})
	}
}

// RFC 7591 alone, without RFC 7592: the server hands out no token for the management.
func TestIndependentServerRegistrationUnmanaged(t *testing.T) {
	t.Parallel()
	p, w := startOIDCProvider(t, oidcOptions{Registration: "open", InitialAccessToken: "initial"}), newWorkspace(t)
	w.write(strings.Replace(independentRegistration(p, "", ""), `"initial"`, `"wrong"`, 1))
	w.fails([]string{"wants an initial access token", "invalid_token"}, applyIt...)
	w.write(independentRegistration(p, "", ""))
	w.apply().mustSay(t, "2 added", "Registration Cannot Be Managed")
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	w.write(independentRegistration(p, "", `jwks = jsonencode({ keys = [] })
  logo_uri = "https://app.example/logo.png"`))
	w.fails([]string{"Registration Cannot Be Updated", "logo_uri cannot be changed there"}, applyIt...)
	w.ok("destroy", "-auto-approve", "-no-color").mustSay(t, "Client Not Deleted at the Server")
}
