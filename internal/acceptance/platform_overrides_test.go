//go:build unix

package acceptance_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// Whatever the provider takes a platform to be, its user can say better; and with nothing but that, it speaks with a server of
// which it knows nothing.
func TestPlatformOverrides(t *testing.T) {
	t.Parallel()
	for name, platform := range map[string]string{
		"of a platform": "  platform            = \"exact_online\"\n  platform_parameters = { country = \"nl\" }\n", "without one": "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, w := newServer(t, nil), newWorkspace(t)
			config := func(grant, refresh string) string {
				return fmt.Sprintf(`
resource "oauth_app_registration" "this" {
  name          = "app"
%s  platform_overrides = jsonencode({
    token_endpoint_auth_methods_supported = ["client_secret_post"]
    authorization_parameters              = { audience = "books" }
    token_parameters                      = { resource_server = "shelf" }
    refresh_parameters                    = { audience = "books" }
    default_scopes                        = ["api", "offline"]
    scope_separator                       = ","
    earliest_refresh                      = "9m"
    idle_lifetime                         = "48h"
    connection_details                    = [{ name = "company", from = "response" }]
    errors                                = [{ status = [400], error = "patience", class = "too_early", wait = "3m" }]
  })
  client_id              = %q
  client_secret          = %q
  redirect_uris          = [%q]
  authorization_endpoint = "%[5]s/authorize"
  token_endpoint         = "%[5]s/token"
}
resource "oauth_token_pair" "this" {
  name               = "overridden"
  client             = oauth_app_registration.this.client
  authorization_code = { %[6]s }
  refresh            = { %[7]s }
}
`, platform, clientID, clientSecret, redirectURI, s.base, grant, refresh)
			}
			w.write(config("", ""))
			w.apply()
			url := w.string(this, "authorization_url")
			if !strings.Contains(url, "audience=books") || !strings.Contains(url, "scope=api%2Coffline") {
				t.Errorf("authorization_url %s", url)
			}
			s.fault(sandbox.Fault{Path: "/token", Action: sandbox.ActionMutate, Set: map[string]json.RawMessage{"company": []byte(`"42"`)}})
			w.write(config(attribute("callback_url", s.consent(strings.Replace(url, "api%2Coffline", "api", 1))), `before_expiry = "5m"`))
			w.apply()
			if sent := s.Log()[len(s.Log())-1]; sent.GrantType != "authorization_code" || !strings.Contains(sent.Parameters, " resource_server") {
				t.Errorf("the exchange was %+v", sent)
			}
			if got := fmt.Sprint(w.attributes(this)["connection_details"]); got != "map[company:42]" {
				t.Errorf("connection_details %s", got)
			}
			if got := w.string(this, "refresh_token_expires_at"); got == "" {
				t.Error("the idle lifetime is of no effect")
			}

			s.later(8*time.Minute, w)
			w.apply().mustSay(t, "Warning: Refresh Put Off", "the server refuses an earlier refresh")
			s.later(90*time.Second, w)
			s.fault(sandbox.Fault{Path: "/token", Action: sandbox.ActionStatus, Status: 400, Body: `{"error":"patience"}`})
			w.apply().mustSay(t, "Warning: Token Pair Not Refreshed", "The stored credential was not used up and still works.", "patience")
			s.later(2*time.Minute, w)
			w.apply()
			s.expectCalls(calls{exchanges: 1, tokenRequests: 2}) // three minutes it is to wait
			s.later(2*time.Minute, w)
			w.apply()
			w.expectLive(s, 2)
			last := s.Log()[len(s.Log())-1]
			if last.AuthMethod != sandbox.AuthPost || last.Parameters != "audience client_id client_secret grant_type refresh_token" {
				t.Errorf("the refresh was %+v", last)
			}
		})
	}
}
