package platform

import (
	"maps"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// TestMyDomains: every form of a login host that Salesforce documents, and nothing that leads elsewhere.
func TestMyDomains(t *testing.T) {
	t.Parallel()
	find := Presets()
	for _, host := range []string{
		"login.salesforce.com", "test.salesforce.com", "acme.my.salesforce.com", "acme--uat.sandbox.my.salesforce.com",
		"acme-dev-ed.develop.my.salesforce.com", "acme.scratch.my.salesforce.com", "acme.trailblaze.my.salesforce.com", "acme.demo.my.salesforce.com",
		"acme.patch.my.salesforce.com", "acme--uat.cs12.my.salesforce.com", "acme.my.site.com", "acme.my.site.com/portal", "acme--uat.sandbox.my.site.com/portal",
	} {
		p, err := find("salesforce", map[string]string{"domain": host}, "")
		if err != nil || p.TokenEndpoint != "https://"+host+"/services/oauth2/token" || p.AuthorizationEndpoint != "https://"+host+"/services/oauth2/authorize" {
			t.Errorf("%s: %s, %s, %v", host, p.TokenEndpoint, p.AuthorizationEndpoint, err)
		}
	}
	for _, host := range []string{
		"login.salesforce.com.evil.example", "acme.my.salesforce.com.evil.example", "evil.example/acme.my.salesforce.com", "evil.example#.my.salesforce.com",
		"evil.example?.my.salesforce.com", "user@acme.my.salesforce.com", "acme.my.salesforce.com@evil.example", "acme.my.salesforce.com:8443",
		"acme.my.salesforce.com/path", "https://acme.my.salesforce.com", "a.b.c.my.salesforce.com", ".my.salesforce.com", "my.salesforce.com",
		"evilmy.salesforce.com", "acme.my.salesforce.co", "acme.my.site.com/a/b", "acme.my.site.com/../x", "evil.example\n.my.salesforce.com", "evil.salesforce.com",
	} {
		if p, err := find("salesforce", map[string]string{"domain": host}, ""); err == nil || !strings.HasPrefix(err.Error(), "domain: it is not of the right form: ") {
			t.Errorf("%q leads to %s, %v", host, p.TokenEndpoint, err)
		}
	}
}

// TestRows says once more, from the platforms' own words, what rows come to that the seven of TestPresets do not show.
func TestRows(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		id         string
		parameters map[string]string
		authorize  string
		token      string
		revoke     string
		lookUp     string
		audience   string
		refresh    map[string]string
	}{
		{
			"hubspot", nil, "https://app.hubspot.com/oauth/authorize", "https://api.hubapi.com/oauth/2026-03/token", "https://api.hubapi.com/oauth/2026-03/token/revoke", "", "", nil,
		},
		{
			"atlassian", map[string]string{"cloud": "government"}, "https://auth.atlassian-us-gov-mod.com/authorize", "https://auth.atlassian-us-gov-mod.com/oauth/token",
			"https://auth.atlassian-us-gov-mod.com/oauth/revoke", "https://api.atlassian-us-gov-mod.com/oauth/token/accessible-resources",
			"api.atlassian-us-gov-mod.com", nil,
		},
		{
			"atlassian", nil, "https://auth.atlassian.com/authorize", "https://auth.atlassian.com/oauth/token", "https://auth.atlassian.com/oauth/revoke",
			"https://api.atlassian.com/oauth/token/accessible-resources", "api.atlassian.com", nil,
		},
		{
			"jira_data_center", map[string]string{"base_url": "https://jira.example.com/jira", "redirect_uri": "https://app.example.com/callback"},
			"https://jira.example.com/jira/rest/oauth2/latest/authorize", "https://jira.example.com/jira/rest/oauth2/latest/token", "", "", "",
			map[string]string{"redirect_uri": "https://app.example.com/callback"},
		},
		{"zoho", map[string]string{"data_center": "ca"}, "https://accounts.zohocloud.ca/oauth/v2/auth", "https://accounts.zohocloud.ca/oauth/v2/token", "https://accounts.zohocloud.ca/oauth/v2/token/revoke", "", "", nil},
		{"zoho", map[string]string{"data_center": "com.au"}, "https://accounts.zoho.com.au/oauth/v2/auth", "https://accounts.zoho.com.au/oauth/v2/token", "https://accounts.zoho.com.au/oauth/v2/token/revoke", "", "", nil},
		{"yuki", nil, "https://connect.visma.com/connect/authorize", "https://connect.visma.com/connect/token", "", "", "", nil},
		{
			"visma_connect", map[string]string{"environment": "staging"}, "https://connect.identity.stagaws.visma.com/connect/authorize",
			"https://connect.identity.stagaws.visma.com/connect/token", "https://connect.identity.stagaws.visma.com/connect/revocation", "", "", nil,
		},
	} {
		p, err := Presets()(tt.id, tt.parameters, "")
		if err != nil {
			t.Errorf("%s: %v", tt.id, err)
			continue
		}
		if p.AuthorizationEndpoint != tt.authorize || p.TokenEndpoint != tt.token || p.RevocationEndpoint != tt.revoke || !maps.Equal(p.RefreshParameters, tt.refresh) {
			t.Errorf("%s %v: %s, %s, %q, %v", tt.id, tt.parameters, p.AuthorizationEndpoint, p.TokenEndpoint, p.RevocationEndpoint, p.RefreshParameters)
		}
		lookUp := ""
		if len(p.LookUps) > 0 {
			lookUp = p.LookUps[0].URL
		}
		if lookUp != tt.lookUp {
			t.Errorf("%s %v: looks up %q", tt.id, tt.parameters, lookUp)
		}
		if got := p.AuthorizationParameters["audience"]; got != tt.audience {
			t.Errorf("%s %v: audience %q", tt.id, tt.parameters, got)
		}
	}
}

// TestLifetimesThatAreNone: where access tokens do not expire, the preset assumes no lifetime.
func TestLifetimesThatAreNone(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"slack", "moneybird", "stripe_connect"} {
		e, _ := Find(id)
		if _, some := e.AccessTokenLifetime.Get(); some || !e.AccessTokenLifetime.Known() || e.AccessTokenLifetime.Confidence == Low {
			t.Errorf("%s: %+v", id, e.AccessTokenLifetime)
		}
	}
}

// TestRedirectURIOfARefresh: as the page of GitLab shows it.
func TestRedirectURIOfARefresh(t *testing.T) {
	t.Parallel()
	p, err := Presets()("gitlab", map[string]string{"host": "gitlab.com"}, `{"refresh_parameters":{"redirect_uri":"https://app.example.com/callback"}}`)
	if err != nil || p.RefreshParameters["redirect_uri"] != "https://app.example.com/callback" || p.Policy.Rotation != credential.RotationSingleUse {
		t.Errorf("%+v, %v", p, err)
	}
	for _, text := range []string{`{"refresh_parameters":{"refresh_token":"x"}}`, `{"token_parameters":{"redirect_uri":"https://x.example"}}`} {
		if _, err := Presets()("gitlab", map[string]string{"host": "gitlab.com"}, text); err == nil || !strings.Contains(err.Error(), "belongs to the protocol") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
