//go:build unix

package acceptance_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// A wrong client secret costs nothing, in whatever words and status a platform says so: the token waits for the right one.
func TestPlatformWrongSecret(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		app
		words string
	}{
		{exactOnline(), "invalid_client (HTTP 400)"},
		{twinfield(), "invalid_client: wrong client secret (HTTP 401)"},
		{vismaConnect(), "invalid_client: wrong client secret (HTTP 401)"},
		{salesforce(), "invalid_client: invalid client credentials (HTTP 400)"},
		{salesforce().as("wrong_secret_401", ""), "invalid_client: invalid client credentials (HTTP 401)"},
		{teamleader(), "invalid_client: wrong client secret (HTTP 401)"},
		{atlassian(), "access_denied: Unauthorized (HTTP 401)"},
		{atlassian().as("wrong_secret_403", ""), "access_denied: Unauthorized (HTTP 403)"},
		{microsoft(), "invalid_client: AADSTS7000215: Invalid client secret provided."},
		{microsoft().as("expired_secret", ""), "invalid_client: AADSTS7000222: The provided client secret keys are expired."},
		{slack(), "invalid_client: wrong client secret (HTTP 200)"},
		{zoho(), "invalid_client: wrong client secret (HTTP 200)"},
		{quickBooks(), "invalid_client: wrong client secret (HTTP 401)"},
		{shopify(), "invalid_client: wrong client secret (HTTP 401)"},
		{xero(), "invalid_client: wrong client secret (HTTP 401)"},
		{hubSpot(), "invalid_client: wrong client secret (HTTP 401)"},
		{gitHubApp(), "incorrect_client_credentials (HTTP 200)"},
	} {
		t.Run(tt.profile, func(t *testing.T) {
			t.Parallel()
			s := newTenancy(t, tt.app)
			s.secret = "mistyped"
			token := s.bring()
			s.w.fails([]string{"does not accept the client", tt.words}, "apply", "-no-color", "-auto-approve", "-input=false")
			s.secret = clientSecret
			s.hold(token)
			s.w.apply()
			s.expectStored(alive, "")
			s.expectCalls(calls{refreshes: 1, tokenRequests: 2})
		})
	}
}

// The ends of a refresh token that a platform has words of its own for. The URL for a person is there at once.
func TestPlatformEnds(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for _, tt := range []struct {
		app
		after time.Duration // it ends by itself; 0: it is revoked on the platform
		words string
	}{
		{exactOnline(), 30 * day, "The refresh token expired at "},
		{twinfield(), 25 * 365 * day, "the refresh token has expired"},
		{salesforce().as("idle_limit", ""), 30 * day, "expired access/refresh token"},
		{atlassian(), 90 * day, "Unknown or invalid refresh token."},
		{atlassian().as("dead_token_unauthorized_client", ""), 0, "refresh_token is invalid"},
		{atlassian().as("thirty_days", ""), 30 * day, "Unknown or invalid refresh token."},
		{twinfield().as("twenty_years", ""), 20 * 365 * day, "the refresh token has expired"},
		{microsoft(), 90 * day, "AADSTS700082: "},
		{microsoft().as("single_page_app", ""), day, "AADSTS700082: "},
		{slack(), 0, "invalid_refresh_token (HTTP 200)"},
		{zoho(), 0, "invalid_code (HTTP 200)"},
		{quickBooks(), 100 * day, "the refresh token has expired"},
		{quickBooks().as("no_hard_end", ""), 100 * day, "the refresh token has expired"},
		{shopify(), 90 * day, "the refresh token has expired"},
		{shopify().as("tells_refresh_end", ""), 90 * day, "the refresh token has expired"},
		{xero(), 60 * day, "the refresh token has expired"},
		{xero().as("idle_30_days", ""), 30 * day, "the refresh token has expired"},
		{gitHubApp(), 183 * day, "bad_refresh_token (HTTP 200)"},
		{gitHubApp().as("idle_180_days", ""), 180 * day, "bad_refresh_token (HTTP 200)"},
	} {
		t.Run(tt.profile, func(t *testing.T) {
			t.Parallel()
			s := newTenancy(t, tt.app)
			s.bring()
			s.w.apply()
			before := s.w.string(this, "refresh_token")
			if tt.after == 0 {
				s.revoke()
			}
			s.later(max(tt.after, s.lifetime), s.w)
			s.w.apply().mustSay(t, "Warning: Authorization Required", tt.words)
			s.expectStored(dead, before)
			s.expectCalls(calls{refreshes: 1, tokenRequests: 2})
		})
	}
}

// What a rumour says of a refusal does not make a token dead, and neither does one that a login would not help: the token is
// kept, and the server's words are told.
func TestPlatformRumour(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		app
		words string
	}{
		{salesforce().as("inactive_user", ""), "inactive_user: user is inactive"},
		{salesforce().as("rate_limited", ""), "rate_limit_exceeded: too many logins"},
		{salesforce().as("client_gone", ""), "invalid_client_id: client identifier invalid"},
		{salesforce().as("inactive_org", ""), "inactive_org: organization is not active"},
		{microsoft().as("blocked", ""), "AADSTS53003: "},
		{microsoft().as("interaction_required", ""), "interaction_required: AADSTS50076: "},
	} {
		t.Run(tt.profile, func(t *testing.T) {
			t.Parallel()
			s := newTenancy(t, tt.app)
			s.bring()
			s.w.apply()
			before := s.w.string(this, "refresh_token")
			s.revoke()
			s.later(s.lifetime, s.w)
			s.w.apply().mustSay(t, "Warning: Token Pair Not Refreshed", tt.words)
			s.w.expect(this, values{"status": "active", "refresh_token": before})
		})
	}
}

// A platform lets so many authorizations of a user live: another one ends the oldest, and nobody tells.
func TestPlatformCrowdedOut(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		app
		lives int
	}{{exactOnline(), 1}, {twinfield(), 1}, {salesforce(), 5}, {zoho(), 20}} {
		t.Run(tt.profile, func(t *testing.T) {
			t.Parallel()
			s := newTenancy(t, tt.app)
			s.bring()
			s.w.apply()
			elsewhere := func(n int) {
				for range n {
					if _, err := s.Issue(clientID, s.scopes...); err != nil {
						t.Fatal(err)
					}
				}
				s.later(s.lifetime, s.w)
			}
			elsewhere(tt.lives - 1)
			s.w.apply()
			s.w.expect(this, values{"status": "active"})
			elsewhere(1)
			s.w.apply().mustSay(t, "Warning: Authorization Required")
			s.expectCalls(calls{refreshes: 2, tokenRequests: 3})
			if f := s.Current()[0]; f.RevokedBy != sandbox.RevokedByLimit {
				t.Errorf("the first authorization: %+v", f)
			}
		})
	}
}

// What a platform's revocation endpoint says to tokens that it does not take, or that are gone, keeps no pair from being
// destroyed; where there is no such endpoint after all, a person is told.
func TestPlatformRevocations(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		app
		gone bool   // somebody revoked it before
		says string // a warning; empty: the token is revoked
	}{
		{vismaConnect().as("revokes_refresh_tokens_only", ""), false, ""},
		{salesforce(), true, ""},
		{salesforce().as("rotating", ""), false, ""},
		{atlassian().as("no_revocation", ""), false, "its tokens were not revoked: the server said HTTP 404."},
	} {
		t.Run(tt.profile, func(t *testing.T) {
			t.Parallel()
			s := newTenancy(t, tt.app)
			s.bring()
			s.w.apply()
			if tt.gone {
				s.revoke()
			}
			r := s.w.ok("destroy", "-no-color", "-auto-approve")
			r.mustSay(t, "2 destroyed", tt.says)
			if told := strings.Contains(r.text(), "Tokens Not Revoked"); told != (tt.says != "") || s.newest().Revoked == told {
				t.Errorf("a warning: %t; the authorization is %+v", told, s.newest())
			}
		})
	}
}

// Where it is not known what a platform makes of PKCE, each way leads to tokens.
func TestPlatformPKCE(t *testing.T) {
	t.Parallel()
	for _, a := range []app{
		exactOnline().as("pkce_ignored", ""), exactOnline().as("pkce_refused", "").over(`pkce = "unsupported"`),
		atlassian().as("pkce_refused", "").over(`pkce = "unsupported"`), twinfield().as("pkce_ignored", ""),
		teamleader().as("pkce_refused", ""), atlassian().as("pkce_ignored", ""), slack().as("pkce_ignored", ""), zoho().as("pkce_ignored", ""),
		quickBooks().as("pkce_ignored", ""), shopify().as("pkce_ignored", ""), xero().as("pkce_ignored", ""), hubSpot().as("pkce_ignored", ""),
	} {
		t.Run(a.profile, func(t *testing.T) {
			t.Parallel()
			s := newTenancy(t, a)
			s.authorize()
			s.expectStored(alive, "")
			s.expectCalls(calls{exchanges: 1})
		})
	}
}

// No variant of a platform that the sandbox knows is left out of these tests.
func TestPlatformVariantsAreTried(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("platform_*_test.go")
	if err != nil || len(files) < 3 {
		t.Fatalf("%q, %v", files, err)
	}
	var text strings.Builder
	for _, f := range files {
		text.WriteString(readFile(t, f))
	}
	apps := map[string]string{
		"exact_online": "exactOnline", "twinfield": "twinfield", "visma_connect": "vismaConnect", "salesforce": "salesforce",
		"teamleader": "teamleader", "atlassian": "atlassian", "microsoft": "microsoft", "slack": "slack", "zoho": "zoho",
		"quickbooks": "quickBooks", "shopify": "shopify", "xero": "xero", "github_app": "gitHubApp", "hubspot": "hubSpot",
	}
	for _, name := range sandbox.Profiles() {
		app := apps[name]
		if app == "" {
			t.Errorf("nobody tries %s", name)
		}
		for _, v := range sandbox.Variants(name) {
			_, variant, _ := strings.Cut(v, ":")
			if !strings.Contains(text.String(), app+`().as("`+variant+`"`) {
				t.Errorf("nobody tries %s", v)
			}
		}
	}
}

// An authorization server that names itself (RFC 9207) is compared with the issuer that the preset names, and the code is
// not sent if that is another.
func TestPlatformIssuer(t *testing.T) {
	t.Parallel()
	s := newTenancy(t, vismaConnect().as("sends_issuer", ""))
	s.foreign = "https://connect.visma.com"
	s.ask("")
	s.w.apply()
	s.ask(s.consent(s.w.string(this, "authorization_url")))
	s.w.fails([]string{"The iss of the callback URL is another issuer than the client's"}, "apply", "-no-color", "-auto-approve", "-input=false")
	s.expectCalls(calls{})

	s.foreign = ""
	s.authorize()
	s.expectStored(alive, "")
	if e := s.last(); e.GrantType != "authorization_code" || strings.Contains(e.Parameters, "iss") {
		t.Errorf("the exchange was %+v", e)
	}
}
