//go:build unix

package acceptance_test

import "testing"

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
			config := func(callback string) string { return onPlatformAlone(tt.platform(), tt.parameters, callback) }
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
