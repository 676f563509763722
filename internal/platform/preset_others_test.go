package platform

import (
	"slices"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// TestPresetsOfTheOthers is TestPresets for the platforms beyond the seven.
func TestPresetsOfTheOthers(t *testing.T) {
	t.Parallel()
	type policy = credential.RefreshTokenPolicy
	const (
		day         = 24 * time.Hour
		post, basic = "client_secret_post", "client_secret_basic"
		none        = credential.RotationNone
		single      = credential.RotationSingleUse
		setting     = credential.RotationAppSetting
		rejected    = credential.ReuseReject
		family      = credential.ReuseRevokeFamily
	)
	one := func(name, value string) map[string]string { return map[string]string{name: value} }
	offline := []string{"offline_access"}
	consent := map[string]string{"access_type": "offline", "prompt": "consent"}
	const okta, realm = "https://acme.okta.com/oauth2/default/v1/", "https://id.acme.example/realms/staff/protocol/openid-connect/"
	rows := []presetRow{
		{
			id: "google", authorize: "https://accounts.google.com/o/oauth2/v2/auth", token: "https://oauth2.googleapis.com/token",
			revoke: "https://oauth2.googleapis.com/revoke", method: post, params: consent, policy: policy{Rotation: none, IdleLifetime: 180 * day}, lifetime: 3599 * time.Second,
		},
		{
			id: "github_app", authorize: "https://github.com/login/oauth/authorize", token: "https://github.com/login/oauth/access_token",
			method: post, policy: policy{Rotation: single, OnReuse: rejected, IdleLifetime: 180 * day}, lifetime: credential.Endless,
		},
		{
			id: "gitlab", parameters: one("host", "git.acme.example"), authorize: "https://git.acme.example/oauth/authorize", token: "https://git.acme.example/oauth/token",
			revoke: "https://git.acme.example/oauth/revoke", method: post, policy: policy{Rotation: single}, lifetime: 7200 * time.Second,
		},
		{
			id: "slack", authorize: "https://slack.com/oauth/v2/authorize", token: "https://slack.com/api/oauth.v2.access",
			method: basic, policy: policy{Rotation: single}, lifetime: credential.Endless,
		},
		{
			id: "hubspot", authorize: "https://app.hubspot.com/oauth/authorize", token: "https://api.hubapi.com/oauth/2026-03/token",
			revoke: "https://api.hubapi.com/oauth/2026-03/token/revoke", method: post, policy: policy{Rotation: none}, lifetime: 30 * time.Minute,
		},
		{
			id: "xero", authorize: "https://login.xero.com/identity/connect/authorize", token: "https://identity.xero.com/connect/token",
			revoke: "https://identity.xero.com/connect/revocation", method: basic, scopes: offline,
			policy:   policy{Rotation: credential.RotationSingleUseGrace, GracePeriod: 30 * time.Minute, IdleLifetime: 60 * day},
			lifetime: 30 * time.Minute,
		},
		{
			id: "quickbooks", authorize: "https://appcenter.intuit.com/connect/oauth2", token: "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer",
			revoke: "https://developer.api.intuit.com/v2/oauth2/tokens/revoke", method: basic, scopes: []string{"com.intuit.quickbooks.accounting"},
			policy:   policy{Rotation: credential.RotationServerDecides, IdleLifetime: 100 * day, AbsoluteLifetime: 5 * 365 * day},
			lifetime: 3600 * time.Second,
		},
		{
			id: "zoho", parameters: one("data_center", "com.au"), authorize: "https://accounts.zoho.com.au/oauth/v2/auth", token: "https://accounts.zoho.com.au/oauth/v2/token",
			revoke: "https://accounts.zoho.com.au/oauth/v2/token/revoke", method: post, params: consent,
			policy:   policy{Rotation: none, TokenCalls: credential.CallLimit{Limit: 10, Window: 10 * time.Minute}},
			lifetime: time.Hour,
		},
		{
			id: "dropbox", authorize: "https://www.dropbox.com/oauth2/authorize", token: "https://api.dropboxapi.com/oauth2/token",
			method: post, params: map[string]string{"token_access_type": "offline"}, policy: policy{Rotation: none}, lifetime: 4 * time.Hour,
		},
		{
			id: "box", authorize: "https://account.box.com/api/oauth2/authorize", token: "https://api.box.com/oauth2/token", revoke: "https://api.box.com/oauth2/revoke",
			method: post, policy: policy{Rotation: single, IdleLifetime: 60 * day}, lifetime: time.Hour,
		},
		{
			id: "linkedin", authorize: "https://www.linkedin.com/oauth/v2/authorization", token: "https://www.linkedin.com/oauth/v2/accessToken",
			method: post, policy: policy{Rotation: none, AbsoluteLifetime: 365 * day}, lifetime: 60 * day,
		},
		{
			id: "shopify", parameters: one("shop", "acme"), authorize: "https://acme.myshopify.com/admin/oauth/authorize", token: "https://acme.myshopify.com/admin/oauth/access_token",
			method: post, policy: policy{Rotation: credential.RotationUntilSuccessorUsed, IdleLifetime: 90 * day}, lifetime: time.Hour,
		},
		{
			id: "stripe_connect", authorize: "https://connect.stripe.com/oauth/authorize", token: "https://connect.stripe.com/oauth/token",
			method: post, scopes: []string{"read_write"}, lifetime: credential.Endless,
		},
		{
			id: "moneybird", authorize: "https://moneybird.com/oauth/authorize", token: "https://moneybird.com/oauth/token", method: post, scopes: []string{"sales_invoices"},
			lifetime: credential.Endless,
		},
		{
			id: "afas", parameters: map[string]string{"env": "12345", "stage": "test"}, authorize: "https://12345.resttest.afas.online/ProfitRestServices/oauth/authorize",
			token: "https://12345.resttest.afas.online/ProfitRestServices/oauth/token", method: post, lifetime: time.Hour,
			policy: policy{Rotation: single, OnReuse: credential.ReuseReject, AbsoluteLifetime: 30 * day},
		},
		{
			id:         "jira_data_center",
			parameters: map[string]string{"base_url": "https://jira.acme.example/tracker", "redirect_uri": "https://app.acme.example/callback"},
			authorize:  "https://jira.acme.example/tracker/rest/oauth2/latest/authorize", token: "https://jira.acme.example/tracker/rest/oauth2/latest/token",
			method: post, policy: policy{IdleLifetime: 90 * day}, lifetime: time.Hour,
		},
		{
			id: "yuki", authorize: "https://connect.visma.com/connect/authorize", token: "https://connect.visma.com/connect/token", method: post, scopes: offline,
			params: map[string]string{"response_mode": "query"},
			policy: policy{Rotation: setting, OnReuse: credential.ReuseRevokeClientUser, GracePeriod: 5 * time.Second}, lifetime: time.Hour,
		},
		{ // what is said of its rotation is not sure enough to count, nor is that its tokens live for five minutes only
			id: "sage_accounting", authorize: "https://www.sageone.com/oauth2/auth/central?filter=apiv3.1", token: "https://oauth.accounting.sage.com/token",
			revoke: "https://oauth.accounting.sage.com/revoke", method: post, scopes: []string{"full_access"}, policy: policy{IdleLifetime: 31 * day},
		},
		{
			id: "datev", authorize: "https://login.datev.de/openid/authorize", token: "https://api.datev.de/token", method: basic,
			params: map[string]string{"nonce": "{state}", "enableWindowsSso": "true"}, policy: policy{AbsoluteLifetime: 2 * 365 * day}, lifetime: 900 * time.Second,
		},
		{
			id: "fortnox", authorize: "https://apps.fortnox.se/oauth-v1/auth", token: "https://apps.fortnox.se/oauth-v1/token", revoke: "https://apps.fortnox.se/oauth-v1/revoke",
			method: basic, params: one("access_type", "offline"), policy: policy{Rotation: single, OnReuse: rejected, IdleLifetime: 45 * day}, lifetime: time.Hour,
		},
		{
			id: "okta", parameters: map[string]string{"domain": "acme.okta.com", "issuer_path": "oauth2/default"}, authorize: okta + "authorize", token: okta + "token",
			revoke: okta + "revoke", method: basic, scopes: offline, policy: policy{Rotation: setting, OnReuse: family, GracePeriod: 30 * time.Second, IdleLifetime: 7 * day},
		},
		{
			id: "auth0", parameters: one("domain", "acme.eu.auth0.com"), authorize: "https://acme.eu.auth0.com/authorize", token: "https://acme.eu.auth0.com/oauth/token",
			revoke: "https://acme.eu.auth0.com/oauth/revoke", policy: policy{Rotation: setting, OnReuse: family},
		},
		{
			id: "keycloak", parameters: map[string]string{"base_url": "https://id.acme.example", "realm": "staff"}, authorize: realm + "auth", token: realm + "token",
			revoke: realm + "revoke", policy: policy{Rotation: setting, IdleLifetime: 30 * time.Minute, AbsoluteLifetime: 10 * time.Hour}, lifetime: 5 * time.Minute,
		},
		{
			id: "hydra", parameters: one("public_url", "https://auth.acme.example"), authorize: "https://auth.acme.example/oauth2/auth", token: "https://auth.acme.example/oauth2/token",
			revoke: "https://auth.acme.example/oauth2/revoke", method: basic, policy: policy{Rotation: setting, OnReuse: family, IdleLifetime: 30 * day},
		},
	}
	shown := []string{"exact_online", "twinfield", "visma_connect", "salesforce", "teamleader", "atlassian", "microsoft"} // in TestPresets
	for _, tt := range rows {
		tt.check(t)
		shown = append(shown, tt.id)
	}
	for _, id := range usableIDs() {
		if !slices.Contains(shown, id) {
			t.Errorf("%s has no row here: write out, from its own words, what its preset must come to", id)
		}
	}
	for i, id := range shown {
		if !slices.Contains(usableIDs(), id) || slices.Contains(shown[:i], id) {
			t.Errorf("%s has a row twice, or is no platform that can be used", id)
		}
	}
}
