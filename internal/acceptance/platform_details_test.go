//go:build unix

package acceptance_test

import (
	"fmt"
	"testing"
	"time"
)

// consumer asks for the access token.
const consumer = `
data "oauth_access_token" "x" {
  token_pair         = oauth_token_pair.this.id
  allow_unauthorized = true
}
`

// What API calls need besides the token comes along, in the open, for the consumers too: with the reply, with the callback, or
// from a look-up with the first token. It is still there after refreshes, and nobody asks twice.
func TestPlatformConnectionDetails(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		app
		want    string
		lookUps int
	}{
		{salesforce(), "map[id:https://login.salesforce.com/id/00D000000000000AAA/005000000000000AAA instance_url:https://sandbox.my.salesforce.com]", 0},
		{zoho(), "map[accounts-server:https://accounts.zoho.eu api_domain:https://www.zohoapis.eu location:eu]", 0},
		{zoho().as("refresh_token_once", ""), "map[accounts-server:https://accounts.zoho.eu api_domain:https://www.zohoapis.eu location:eu]", 0},
		{quickBooks(), "map[realmId:9130350000000001]", 0},
		{xero(), "map[tenantId:70784a63-d24b-46a9-a4db-0e70a274b056]", 1},
		{atlassian(), "map[cloudId:1324a887-45db-1bf4-1e99-ef0ff456d421]", 1},
		{twinfield(), "map[clusterUrl:https://api.accounting1.twinfield.com]", 1},
		{shopify(), "map[]", 0},
	} {
		t.Run(tt.profile, func(t *testing.T) {
			t.Parallel()
			s := newTenancy(t, tt.app)
			s.w.env[envPresets] = s.base // look-ups are made at the preset's own servers only
			s.beside = consumer
			expect := func(when string) {
				t.Helper()
				got := fmt.Sprint(s.w.attributes(this)["connection_details"])
				source := fmt.Sprint(s.w.attributes("data.oauth_access_token.x")["connection_details"])
				if got != tt.want || source != got {
					t.Errorf("%s: the pair says %s, the data source %s, want %s", when, got, source, tt.want)
				}
				if c := s.Counters(); c.APIOK != tt.lookUps || c.APIUnauthorized != 0 {
					t.Errorf("%s: %d look-ups, and %d in vain", when, c.APIOK, c.APIUnauthorized)
				}
			}
			s.authorize()
			expect("after the authorization")
			s.later(s.lifetime, s.w)
			s.w.apply()
			expect("after a refresh")
			s.expectCalls(calls{refreshes: 1, exchanges: 1})
		})
	}
}

// A platform that throttles says so in words of its own and names no time: what is known of its window is waited for, and
// the token at hand is used meanwhile.
func TestPlatformThrottled(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		app
		words string
	}{
		{zoho(), "Access Denied: You have made too many requests continuously. (HTTP 200)"},
		{zoho().as("throttled_400", ""), "Access Denied: You have made too many requests continuously. (HTTP 400)"},
	} {
		t.Run(tt.profile, func(t *testing.T) {
			t.Parallel()
			s := newTenancy(t, tt.app)
			token := s.bring()
			s.w.apply()
			s.later(s.lifetime, s.w)
			for range 10 {
				s.spend(token)
			}
			s.w.apply().mustSay(t, "Warning: Token Pair Not Refreshed", tt.words)
			s.w.expect(this, values{"status": "active", "refresh_token": token})
			s.later(9*time.Minute, s.w)
			s.w.apply().mustSay(t, "Warning: Token Pair Not Refreshed", "The stored credential was not used up")
			s.expectCalls(calls{refreshes: 11, tokenRequests: 12}) // ten by others; it was asked once
			s.later(time.Minute, s.w)
			s.w.apply().mustNotSay(t, "Not Refreshed")
			s.w.expectLive(s.server, 3)
			s.expectCalls(calls{refreshes: 12, tokenRequests: 13})
		})
	}
}

// Apps whose tokens do not expire get no refresh token. Who says that the API decides keeps such a token in use.
func TestPlatformEndlessTokens(t *testing.T) {
	t.Parallel()
	for _, a := range []app{slack().as("rotation_off", ""), gitHubApp().as("tokens_do_not_expire", "")} {
		t.Run(a.profile, func(t *testing.T) {
			t.Parallel()
			s := newTenancy(t, a)
			s.refresh = fmt.Sprintf("refresh = { strategy = \"on_rejection\", probe = { url = \"%s/api/me\" } }", s.base)
			s.beside = consumer
			s.authorize()
			token := s.w.string(this, "access_token")
			s.w.expect(this, values{"status": "active", "expires_at": nil, "refresh_token": nil})
			s.later(365*24*time.Hour, s.w)
			s.w.apply().mustNotSay(t, "Authorization Required")
			s.w.expect("data.oauth_access_token.x", values{"access_token": token})
			s.expectCalls(calls{exchanges: 1})
		})
	}
}

// Whether the address that is looked up wants the client to authenticate as well is not known. Where it does, a warning says that
// something is missing, and the token pair works.
func TestPlatformLookUpThatWantsMore(t *testing.T) {
	t.Parallel()
	s := newTenancy(t, twinfield().as("validation_wants_basic", ""))
	s.w.env[envPresets] = s.base
	s.authorize()
	s.w.plan().mustSay(t, "Warning: Connection Details Incomplete", "(clusterUrl)", "The token works all the same.")
	s.expectStored(alive, "")
	s.later(s.lifetime, s.w)
	s.w.apply()
	s.expectStored(alive, "")
	s.expectCalls(calls{exchanges: 1, refreshes: 1})
}
