//go:build unix

package acceptance_test

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// app is a registration at a platform. What it does not say the preset has to.
type app struct {
	profile    string   // of the sandbox: a platform, or a variant of one
	parameters string   // platform_parameters
	revokes    bool     // the platform has a revocation endpoint
	introspect bool     // the platform has an introspection endpoint, which tells what replies do not
	issuer     bool     // the preset names an issuer
	foreign    string   // another one, which the configuration names
	overrides  string   // platform_overrides, where the platform is not as the preset has it
	policy     string   // refresh_token_policy, where the operator of the app decides
	scopes     []string // of tokens that are obtained elsewhere
	grant      string   // of authorization_code: what to ask a person for
	basic      bool     // the platform takes no credentials in the body
	lifetime   time.Duration
}

func (a app) platform() string {
	id, _, _ := strings.Cut(a.profile, ":")
	return id
}

// as is the app at another variant of its platform.
func (a app) as(variant, policy string) app {
	a.profile, a.policy = a.profile+":"+variant, policy
	return a
}

// asking is the app when it asks a person for something else.
func (a app) asking(grant string) app {
	a.grant = grant
	return a
}

// over is the app where somebody knows the platform better than the preset.
func (a app) over(overrides string) app {
	a.overrides = overrides
	return a
}

func exactOnline() app {
	return app{profile: "exact_online", parameters: `country = "nl"`, lifetime: 600 * time.Second}
}

func twinfield() app {
	scopes := []string{"openid", "twf.user", "twf.organisation", "twf.organisationUser", "offline_access"}
	return app{profile: "twinfield", scopes: scopes, basic: true, lifetime: time.Hour}
}

func vismaConnect() app {
	return app{profile: "visma_connect", revokes: true, issuer: true, scopes: []string{"offline_access"}, lifetime: time.Hour}
}

func salesforce() app {
	return app{profile: "salesforce", revokes: true, introspect: true, scopes: []string{"refresh_token"}, lifetime: 2 * time.Hour}
}

func teamleader() app { return app{profile: "teamleader", lifetime: time.Hour} }

func atlassian() app {
	return app{profile: "atlassian", revokes: true, scopes: []string{"offline_access"}, lifetime: time.Hour}
}

func microsoft() app {
	return app{
		profile: "microsoft", parameters: `tenant = "00000000-0000-0000-0000-000000000000"`,
		scopes: []string{"offline_access"}, lifetime: 3599 * time.Second,
	}
}

func slack() app {
	return app{profile: "slack", grant: `scopes = ["users:read", "chat:write"]`, lifetime: 12 * time.Hour}
}

// slackUser is what an app of Slack asks for that wants to act for the user, not as a bot.
const slackUser = `extra_parameters = { user_scope = "users:read,search:read" }`

func zoho() app {
	return app{
		profile: "zoho", parameters: `data_center = "eu"`, revokes: true, grant: `scopes = ["ZohoBooks.fullaccess.all", "ZohoCRM.modules.READ"]`, lifetime: time.Hour,
	}
}

func quickBooks() app {
	return app{
		profile: "quickbooks", revokes: true, basic: true, scopes: []string{"com.intuit.quickbooks.accounting"}, lifetime: time.Hour,
	}
}

func shopify() app { return app{profile: "shopify", parameters: `shop = "acme"`, lifetime: time.Hour} }

func xero() app {
	return app{profile: "xero", revokes: true, basic: true, scopes: []string{"offline_access"}, lifetime: 30 * time.Minute}
}

func hubSpot() app { return app{profile: "hubspot", lifetime: 30 * time.Minute} }

func gitHubApp() app { return app{profile: "github_app", lifetime: 8 * time.Hour} }

// tenancy is a sandbox that behaves like a platform, and a workspace with an app there.
type tenancy struct {
	*server
	app
	w       *workspace
	secret  string
	refresh string // further attributes of a pair that a person authorizes
	beside  string // what else is configured
}

func newTenancy(t *testing.T, a app) *tenancy {
	t.Helper()
	s := startServer(t, sandbox.Options{
		Profile: a.profile,
		Clients: []sandbox.Client{{ID: clientID, Secret: clientSecret, RedirectURIs: []string{redirectURI}}},
	}, sandbox.Listen{})
	return &tenancy{server: s, app: a, w: newWorkspace(t), secret: clientSecret}
}

// write configures the app, with nothing but its endpoints, and a token pair. more are further attributes of the pair.
func (s *tenancy) write(more string) {
	s.t.Helper()
	var endpoints strings.Builder
	if s.revokes {
		fmt.Fprintf(&endpoints, "  revocation_endpoint = \"%s/revoke\"\n", s.base)
	}
	if s.introspect {
		fmt.Fprintf(&endpoints, "  introspection_endpoint = \"%s/introspect\"\n", s.base)
	}
	if s.issuer {
		fmt.Fprintf(&endpoints, "  issuer = %q\n", cmp.Or(s.foreign, s.base))
	}
	if s.overrides != "" {
		fmt.Fprintf(&endpoints, "  platform_overrides = jsonencode({ %s })\n", s.overrides)
	}
	if s.policy != "" {
		fmt.Fprintf(&endpoints, "  refresh_token_policy = { %s }\n", s.policy)
	}
	s.w.write(fmt.Sprintf(`
resource "oauth_app_registration" "this" {
  name                   = "app"
  platform               = %q
  platform_parameters    = { %s }
  client_id              = %q
  client_secret          = %q
  redirect_uris          = [%q]
  authorization_endpoint = "%[6]s/authorize"
  token_endpoint         = "%[6]s/token"
%[7]s}
resource "oauth_token_pair" "this" {
  name   = "on-a-platform"
  client = oauth_app_registration.this.client
  %[8]s
}
%[9]s`, s.platform(), s.parameters, clientID, s.secret, redirectURI, s.base, endpoints.String(), more, s.beside))
}

// authorize takes a person through a first authorization, or another one: two applies.
func (s *tenancy) authorize() {
	s.t.Helper()
	s.ask("")
	s.w.apply()
	s.answer()
}

// ask configures that a person authorizes, or has with this callback URL.
func (s *tenancy) ask(callback string) {
	s.t.Helper()
	answered := ""
	if callback != "" {
		answered = attribute("callback_url", callback)
	}
	s.write(fmt.Sprintf("authorization_code = {\n    %s\n    %s\n  }\n  %s", s.grant, answered, s.refresh))
}

// answer hands over what the person's browser ends up at.
func (s *tenancy) answer() {
	s.t.Helper()
	s.ask(s.consent(s.w.string(this, "authorization_url")))
	s.w.apply()
}

// bring configures tokens that somebody obtained elsewhere, when a refresh of them is due, and returns the refresh token.
func (s *tenancy) bring() string {
	s.t.Helper()
	issued, err := s.Issue(clientID, s.scopes...)
	if err != nil {
		s.t.Fatal(err)
	}
	s.later(s.lifetime, s.w)
	s.hold(issued.RefreshToken)
	return issued.RefreshToken
}

// hold configures a refresh token that somebody obtained elsewhere. more are further attributes of the pair.
func (s *tenancy) hold(token string, more ...string) {
	s.t.Helper()
	s.write(fmt.Sprintf("preauthenticated = { refresh_token = %q }\n  %s", token, strings.Join(more, "\n  ")))
}

// newest is the authorization that was given last.
func (s *tenancy) newest() sandbox.Family {
	s.t.Helper()
	families := s.Current()
	if len(families) == 0 {
		s.t.Fatal("nobody authorized anything")
	}
	return families[len(families)-1]
}

// expectStored checks that the state holds the refresh token that the platform takes. If only a person can go on, the
// platform must take none that was stored before; if nobody knows, that one is kept and nothing thrown away.
func (s *tenancy) expectStored(status, before string) {
	s.t.Helper()
	live := s.newest().RefreshToken
	switch status {
	case "active":
		s.w.expect(this, values{"status": "active", "refresh_token": live})
	case "outcome_unknown":
		s.w.expect(this, values{"status": "outcome_unknown", "refresh_token": before})
	default:
		s.w.expect(this, values{"status": status, "refresh_token": nil})
		if live == before {
			s.t.Errorf("%s, and the platform still takes the refresh token", status)
		}
	}
}

// spend uses a refresh token as somebody else would who has the app's secret, too.
func (s *tenancy) spend(token string) {
	s.t.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
	if !s.basic {
		form.Set("client_id", clientID)
		form.Set("client_secret", clientSecret)
	}
	if status := s.post(form, s.basic); status != http.StatusOK {
		s.t.Fatalf("somebody else's refresh: HTTP %d", status)
	}
}

// post sends a token request as another program would, and returns the status. basic puts the client's secret into the header.
func (s *tenancy) post(form url.Values, basic bool) int {
	s.t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, s.base+"/token", strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if basic {
		request.SetBasicAuth(url.QueryEscape(clientID), url.QueryEscape(clientSecret))
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// last is the newest line of the server's log, but for introspections.
func (s *tenancy) last() sandbox.Entry {
	s.t.Helper()
	for _, e := range slices.Backward(s.Log()) {
		if e.Path != "/introspect" {
			return e
		}
	}
	s.t.Fatal("nothing was sent")
	return sandbox.Entry{}
}

// introspections are the lines of the server's log about introspections.
func (s *server) introspections() []sandbox.Entry {
	return slices.DeleteFunc(s.Log(), func(e sandbox.Entry) bool { return e.Path != "/introspect" })
}
