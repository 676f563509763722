//go:build unix

package acceptance_test

import (
	"strings"
	"testing"
	"time"
)

// The Salesforce half of the guide works as it stands: a session that has ended is noticed by the API's refusal, and refreshed. At
// the address that the guide warns of, it is not.
func TestRejectionGuide(t *testing.T) {
	t.Parallel()
	_, block, ok := strings.Cut(guideExample(t, strategies), "# Salesforce tells")
	if !ok {
		t.Fatal("the guide has no such example any more")
	}
	const scopes = `scopes = ["api", "refresh_token"]`
	for path, refreshes := range map[string]int{"/services/data/v62.0/limits": 1, "/services/oauth2/userinfo": 0} {
		s := newTenancy(t, salesforce().as("introspection_without_exp", ""))
		s.w.env[envPresets] = s.base
		config := "#" + strings.NewReplacer(
			`"00000000-0000-0000-0000-000000000000"`, `"`+clientID+`"`, "var.client_secret", `"`+clientSecret+`"`,
			"https://app.example.com/callback", redirectURI,
			"https://example.my.salesforce.com/services/data/v62.0/limits", s.base+path,
		).Replace(block)
		if !strings.Contains(config, s.base+path) || !strings.Contains(config, scopes) {
			t.Fatal("the guide's example has changed")
		}
		s.w.write(config)
		s.w.apply()
		const pair = "oauth_token_pair.salesforce"
		callback := attribute("callback_url", s.consent(s.w.string(pair, "authorization_url")))
		s.w.write(strings.Replace(config, scopes, scopes+"\n    "+callback, 1))
		s.w.apply()
		s.w.expect(pair, values{"status": "active"})
		s.later(3*time.Hour, s.w) // the session has ended
		r := s.w.apply()
		s.expectCalls(calls{exchanges: 1, refreshes: refreshes})
		if refreshes == 0 {
			r.mustSay(t, "Warning: Access Token Not Probed", "it answered 403")
		}
		s.w.expect(pair, values{"status": "active"})
	}
}
