//go:build unix

package acceptance_test

import (
	"fmt"
	"testing"
)

// With nothing configured but the platform, the endpoints of the preset are those of the platform: the way from a first
// authorization over a refresh to the revocation leads over the platform's own paths.
func TestPlatformPaths(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		app
		token  string
		revoke string // empty: there is none
	}{
		{exactOnline(), "/api/oauth2/token", ""},
		{twinfield(), "/auth/authentication/connect/token", ""},
		{vismaConnect(), "/connect/token", "/connect/revocation"},
		{salesforce(), "/services/oauth2/token", "/services/oauth2/revoke"},
		{teamleader(), "/oauth2/access_token", ""},
		{atlassian(), "/oauth/token", "/oauth/revoke"},
		{microsoft(), "/00000000-0000-0000-0000-000000000000/oauth2/v2.0/token", ""},
	} {
		t.Run(tt.profile, func(t *testing.T) {
			t.Parallel()
			s := newTenancy(t, tt.app)
			s.w.env[envHosts] = s.base
			config := func(callback string) string {
				return fmt.Sprintf(`
resource "oauth_app_registration" "this" {
  name                = "app"
  platform            = %q
  platform_parameters = { %s }
  client_id           = %q
  client_secret       = %q
  redirect_uris       = [%q]
}
resource "oauth_token_pair" "this" {
  name               = "on-a-platform"
  client             = oauth_app_registration.this.client
  authorization_code = { %s }
}
`, tt.platform(), tt.parameters, clientID, clientSecret, redirectURI, callback)
			}
			s.w.write(config(""))
			s.w.apply()
			s.w.write(config(attribute("callback_url", s.consent(s.w.string(this, "authorization_url")))))
			s.w.apply()
			s.expectStored(alive, "")
			s.later(s.lifetime, s.w)
			s.w.apply()
			s.expectStored(alive, "")
			s.w.ok("destroy", "-no-color", "-auto-approve")
			revocations := 0
			if tt.revoke != "" {
				revocations = 1
			}
			s.expectCalls(calls{exchanges: 1, refreshes: 1, revocations: revocations})
			asked := map[string]bool{}
			for _, e := range s.Log() {
				asked[e.Asked] = true
			}
			if !asked[tt.token] || tt.revoke != "" && !asked[tt.revoke] {
				t.Errorf("asked for %v", asked)
			}
		})
	}
}
