package platform

import (
	"strings"
	"testing"
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
