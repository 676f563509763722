//go:build unix

package acceptance_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// A token pair on each platform, from the first authorization to its end: nothing is configured but what a user must say.
func TestPlatformLife(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		app
		exchange string // how the exchange went: method and parameters
		refresh  string
		words    string // of the platform, for a token that was revoked
		rotates  bool
		scopes   string // that were granted, of those that were asked for
	}{
		{
			exactOnline(), "client_secret_post client_id client_secret code code_verifier grant_type redirect_uri",
			"client_secret_post client_id client_secret grant_type refresh_token", "invalid or empty chainId", true, "",
		},
		{
			twinfield(), "client_secret_basic code grant_type redirect_uri",
			"client_secret_basic grant_type refresh_token", "invalid_grant", false, "offline_access openid twf.organisation twf.organisationUser twf.user",
		},
		{
			vismaConnect(), "client_secret_post client_id client_secret code code_verifier grant_type redirect_uri",
			"client_secret_post client_id client_secret grant_type refresh_token", "invalid_grant", true, "offline_access",
		},
		{
			salesforce(), "client_secret_post client_id client_secret code code_verifier grant_type redirect_uri",
			"client_secret_post client_id client_secret grant_type refresh_token", "expired access/refresh token", false, "refresh_token",
		},
		{
			teamleader(), "client_secret_post client_id client_secret code grant_type redirect_uri",
			"client_secret_post client_id client_secret grant_type refresh_token", "invalid_grant", true, "",
		},
		{
			atlassian(), "client_secret_post client_id client_secret code code_verifier grant_type redirect_uri",
			"client_secret_post client_id client_secret grant_type refresh_token", "Unknown or invalid refresh token.", true, "offline_access",
		},
		{
			microsoft(), "client_secret_post client_id client_secret code code_verifier grant_type redirect_uri",
			"client_secret_post client_id client_secret grant_type refresh_token", "AADSTS50173: ", true, "offline_access",
		},
		{
			slack(), "client_secret_basic code grant_type redirect_uri",
			"client_secret_basic grant_type refresh_token", "invalid_refresh_token", true, "chat:write users:read",
		},
		{
			slack().asking(slackUser), "client_secret_basic code grant_type redirect_uri",
			"client_secret_basic grant_type refresh_token", "invalid_refresh_token", true, "search:read users:read",
		},
		{
			slack().as("user_refreshed_at_top", "").asking(slackUser), "client_secret_basic code grant_type redirect_uri",
			"client_secret_basic grant_type refresh_token", "invalid_refresh_token", true, "search:read users:read",
		},
		{
			zoho(), "client_secret_post client_id client_secret code code_verifier grant_type redirect_uri",
			"client_secret_post client_id client_secret grant_type refresh_token", "invalid_code", false, "ZohoBooks.fullaccess.all ZohoCRM.modules.READ",
		},
		{ // its first refresh brings the same value again
			quickBooks(), "client_secret_basic code code_verifier grant_type redirect_uri",
			"client_secret_basic grant_type refresh_token", "invalid_grant", false, "com.intuit.quickbooks.accounting",
		},
		{
			shopify(), "client_secret_post client_id client_secret code code_verifier expiring grant_type redirect_uri",
			"client_secret_post client_id client_secret grant_type refresh_token", "invalid_grant", true, "",
		},
		{
			xero(), "client_secret_basic code code_verifier grant_type redirect_uri",
			"client_secret_basic grant_type refresh_token", "invalid_grant", true, "offline_access",
		},
		{
			hubSpot(), "client_secret_post client_id client_secret code code_verifier grant_type redirect_uri",
			"client_secret_post client_id client_secret grant_type refresh_token", "HTTP 400", false, "",
		},
		{
			gitHubApp(), "client_secret_post client_id client_secret code code_verifier grant_type redirect_uri",
			"client_secret_post client_id client_secret grant_type refresh_token", "bad_refresh_token", true, "",
		},
	} {
		t.Run(tt.profile+" "+tt.grant, func(t *testing.T) {
			t.Parallel()
			s := newTenancy(t, tt.app)
			sent := func(what, want string) {
				t.Helper()
				if e := s.last(); e.Status != 200 || e.AuthMethod+" "+e.Parameters != want {
					t.Errorf("%s was %+v, want %s", what, e, want)
				}
			}
			s.authorize()
			sent("the exchange", tt.exchange)
			s.w.expectLive(s.server, 1)
			s.expectDeadline()
			granted, _ := s.w.attributes(this)["scopes"].([]any)
			if got := strings.Trim(fmt.Sprint(granted), "[]"); got != tt.scopes {
				t.Errorf("scopes %q, want %q", got, tt.scopes)
			}
			first := s.w.string(this, "refresh_token")

			// Not before it is due; then with the platform's own parameters.
			s.later(s.lifetime/2, s.w)
			s.w.apply()
			s.later(s.lifetime/2, s.w)
			s.w.apply()
			sent("the refresh", tt.refresh)
			s.expectCalls(calls{exchanges: 1, refreshes: 1})
			s.w.expectLive(s.server, 2)
			if changed := s.w.string(this, "refresh_token") != first; changed != tt.rotates {
				t.Errorf("the refresh token changed: %t", changed)
			}

			// Whoever ends it on the platform ends it here, and a person brings it back.
			s.revoke()
			s.later(s.lifetime, s.w)
			s.w.apply().mustSay(t, "Warning: Authorization Required", tt.words)
			s.w.expect(this, values{"status": "authorization_required", "refresh_token": nil})
			s.answer()
			s.expectStored("active", "")
			s.expectCalls(calls{exchanges: 2, refreshes: 1, tokenRequests: 4})

			s.destroyed()
		})
	}
}

// expectDeadline checks how long the access token lives, be it told by a number, by a text or at the introspection endpoint, and
// that what else the reply says is kept.
func (s *tenancy) expectDeadline() {
	s.t.Helper()
	if s.platform() == "salesforce" {
		if extra, ok := s.w.attributes(this)["extra"].(map[string]any); !ok || extra["instance_url"] != "https://sandbox.my.salesforce.com" {
			s.t.Errorf("extra is %v", extra)
		}
	}
	s.w.expectLifetime(s.lifetime)
}

// destroyed destroys the pair and checks what becomes of its tokens on the platform.
func (s *tenancy) destroyed() {
	s.t.Helper()
	r := s.w.ok("destroy", "-no-color", "-auto-approve")
	if !s.revokes {
		r.mustSay(s.t, "2 destroyed", "Warning: Tokens Not Revoked", "the client has no revocation_endpoint")
		return
	}
	r.mustNotSay(s.t, "Tokens Not Revoked")
	if f := s.newest(); f.RevokedBy != sandbox.RevokedByClient {
		s.t.Errorf("the authorization stands: %+v", f)
	}
	if e := s.last(); e.Path != "/revoke" || strings.Contains(e.AuthMethod, "basic") != (s.basic || s.platform() == "visma_connect") {
		s.t.Errorf("the revocation was %+v", e)
	}
}
