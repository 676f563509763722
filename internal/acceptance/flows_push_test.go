//go:build unix

package acceptance_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// pushing is a token pair "this" of a client that pushes its authorization requests.
func (s *server) pushing(name, grant string) string {
	return strings.Replace(s.codePair(name, grant), "token_endpoint ", fmt.Sprintf(`require_pushed_authorization_requests = true
    pushed_authorization_request_endpoint = "%s/par"
    token_endpoint `, s.base), 1)
}

func (s *server) expectPushes(want int) {
	s.t.Helper()
	if got := s.Counters().Pushes; got != want {
		s.t.Errorf("the server took %d pushed requests, want %d\nlog: %+v", got, want, s.Log())
	}
}

// pushedFor is how long the server of these tests keeps a pushed request. A run of Terraform has to fit into it.
const pushedFor = 10 * time.Minute

func strictlyPushed(s *sandbox.Settings) {
	s.RequirePushedRequests, s.RequirePKCE, s.PushedRequestLifetime = true, true, pushedFor
	s.AccessTokenLifetime, s.CodeLifetime = 12*time.Hour, 24*time.Hour
}

// A pushed request lives for a minute or so, and a person may come hours later. The URL says until when it can be opened; then
// the next apply gives another, of the same authorization: who has opened the former one in time can still come back.
func TestPushedAuthorization(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, strictlyPushed), newWorkspace(t)
	consumers := `
data "oauth_access_token" "x" {
  token_pair         = oauth_token_pair.this.id
  allow_unauthorized = true
}
`
	w.write(s.pushing("pushed", `scopes = ["read"]`) + consumers)
	w.plan().mustSay(t, "1 to add")
	s.expectPushes(0) // never in a plan
	first := w.apply()
	s.expectPushes(1)
	offered, until := w.string(this, "authorization_url"), w.string(this, "authorization_url_expires_at")
	first.mustSay(t, "Warning: Authorization Required", "has not been authorized yet.", "Open this URL before ", offered, "After that time apply as it is, which gives another URL.")
	u, err := url.Parse(offered)
	if err != nil {
		t.Fatal(err)
	}
	if q := u.Query(); len(q) != 2 || q.Get("client_id") != clientID || !strings.HasPrefix(q.Get("request_uri"), "urn:ietf:params:oauth:request_uri:") {
		t.Errorf("the URL is %s", offered)
	}
	if at, err := time.Parse(time.RFC3339, until); err != nil || time.Until(at) > pushedFor || time.Until(at) < pushedFor/2 {
		t.Errorf("the URL is good until %s: %v", until, err)
	}
	w.plan("-detailed-exitcode").mustSay(t, "No changes.", offered)
	w.apply().mustSay(t, "No changes.")
	s.expectPushes(1) // stable as long as it can be opened

	s.later(time.Hour, w)
	team := w.sibling() // of another team
	team.write(reader("pushed", ""))
	team.fails([]string{"has not been authorized yet.", "The URL that was offered has expired", "Apply the oauth_token_pair"}, "plan", "-no-color", "-input=false")
	w.write(s.pushing("pushed", `scopes = ["read"]`) + consumers)
	w.plan().mustSay(t, "0 to add, 1 to change, 0 to destroy", "Warning: Authorization Required (Apply for a URL)", "The URL that was offered has expired", "+ authorization_url", "data.oauth_access_token.x will be read during apply")
	s.expectPushes(1)
	w.apply().mustSay(t, "Open this URL before ")
	s.expectPushes(2)
	again := w.string(this, "authorization_url")
	if again == offered {
		t.Error("the expired URL is offered again")
	}
	if _, err := s.Approve(offered); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("the server takes the expired request: %v", err)
	}

	// The person comes back after the URL of this authorization has been replaced once more.
	callback := s.consent(again)
	s.later(time.Hour, w)
	w.apply()
	s.expectPushes(3)
	w.write(s.pushing("pushed", `scopes = ["read"]`+"\n"+attribute("callback_url", callback)) + consumers)
	w.apply().mustSay(t, "1 changed")
	s.expectCalls(calls{exchanges: 1})
	w.expectLive(s, 1)
	w.expect(this, values{"authorization_url": nil, "authorization_url_expires_at": nil})
	s.expectPushes(3) // nobody has to authorize now
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.later(time.Hour, w)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")

	// Other scopes are for a person to grant. Who does not come is asked for a day.
	w.write(s.pushing("pushed", `scopes = ["read", "write"]`+"\n"+attribute("callback_url", callback)))
	w.apply()
	s.expectPushes(4)
	w.string(this, "authorization_url")
	s.later(time.Hour, w)
	w.plan().mustSay(t, "Authorization URL Expired", "Its tokens work, and nobody has to.", "1 to change")
	w.apply()
	s.expectPushes(5)
	w.write(s.pushing("pushed", `scopes = ["read", "write"]`+"\n"+attribute("callback_url", s.consent(w.string(this, "authorization_url")))))
	w.apply()
	s.expectCalls(calls{exchanges: 2})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
}

// The implicit grant's URL goes stale as well, and the next apply offers another.
func TestPushedImplicit(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, func(s *sandbox.Settings) { strictlyPushed(s); s.RequirePKCE = false }), newWorkspace(t)
	s.UpdateGrants(func(g *sandbox.Grants) { g.Implicit = true })
	w.write(strings.Replace(s.pushing("spa", ""), "authorization_code =", "implicit =", 1))
	w.apply()
	offered := w.string(this, "authorization_url")
	s.later(time.Hour, w)
	w.apply().mustSay(t, "1 changed", "Open this URL before ", "as implicit.callback_url")
	s.expectPushes(2)
	if again := w.string(this, "authorization_url"); again == "" || again == offered {
		t.Errorf("the URL is %q", again)
	}
}

// Without a store the pending authorization lives in the private state, and its URL goes stale there as well.
func TestPushedAuthorizationWithoutStore(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, strictlyPushed), newWorkspace(t)
	provider := "provider \"oauth\" {\n  token_store = \"state\"\n}\n"
	w.write(provider + s.pushing("stateless", ""))
	w.apply()
	s.later(time.Hour, w)
	w.plan().mustSay(t, "1 to change")
	w.apply()
	s.expectPushes(2)
	w.write(provider + s.pushing("stateless", attribute("callback_url", s.consent(w.string(this, "authorization_url")))))
	w.apply()
	s.expectCalls(calls{exchanges: 1})
}

// A server whose metadata require it needs nothing but its issuer.
func TestPushedAuthorizationByMetadata(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, strictlyPushed), newWorkspace(t)
	config := func(grant string) string {
		return fmt.Sprintf(`
resource "oauth_token_pair" "this" {
  name   = "by-metadata"
  client = {
    client_id     = %q
    client_secret = %q
    issuer        = %q
  }
  authorization_code = {
    redirect_uri = %q
    %s
  }
}
`, clientID, clientSecret, s.base, redirectURI, grant)
	}
	w.write(config(""))
	w.apply()
	s.expectPushes(1)
	s.later(time.Hour, w)
	w.apply()
	w.write(config(attribute("callback_url", s.consent(w.string(this, "authorization_url")))))
	w.apply()
	s.expectCalls(calls{exchanges: 1})
	s.expectPushes(2)

	// The credential dies: the next apply has a URL for a person.
	s.revoke()
	s.later(13*time.Hour, w)
	w.plan().mustSay(t, "Warning: Authorization Required", "1 to change")
	s.expectPushes(2)
	w.apply().mustSay(t, "Open this URL before ")
	s.expectPushes(3)
}

// Where the push fails nothing is used up, and the error says so.
func TestPushRefused(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, strictlyPushed), newWorkspace(t)
	w.write(strings.Replace(s.pushing("refused", ""), s.base+"/par", "", 1))
	w.fails([]string{"client.pushed_authorization_request_endpoint"}, "plan", "-no-color", "-input=false")
	w.write(strings.Replace(s.pushing("refused", ""), fmt.Sprintf(`pushed_authorization_request_endpoint = "%s/par"`, s.base), "", 1))
	w.fails([]string{"client.pushed_authorization_request_endpoint is needed", "client.require_pushed_authorization_requests is true"}, "plan", "-no-color", "-input=false")

	w.write(strings.Replace(s.pushing("refused", ""), clientSecret, "another", 1))
	w.fails([]string{"Unable to Offer Authorization", "could not be pushed to " + s.base + "/par", "Nothing was used up", "Check client_id, client_secret", "invalid_client: wrong client secret (HTTP 401)"}, "apply", "-auto-approve", "-no-color", "-input=false")
	w.write(strings.Replace(s.pushing("refused", ""), redirectURI, "https://elsewhere.example/callback", 1))
	w.fails([]string{"invalid_request: redirect_uri is not registered for this client (HTTP 400)", "Nothing was used up"}, "apply", "-auto-approve", "-no-color", "-input=false")
	w.write(strings.Replace(s.pushing("refused", ""), "/par", "/nowhere", 1))
	w.fails([]string{"could not be pushed to " + s.base + "/nowhere", "HTTP 404"}, "apply", "-auto-approve", "-no-color", "-input=false")

	// A reply that is lost once costs a request, nothing else; a server in trouble is asked a few times.
	w.write(s.pushing("refused", ""))
	s.fault(sandbox.Fault{Action: sandbox.ActionDrop, When: sandbox.After, Path: "/par"})
	w.apply().mustSay(t, "Open this URL before ")
	s.expectPushes(2)
	w.string(this, "authorization_url")
	s.later(time.Hour, w)
	s.fault(sandbox.Fault{Action: sandbox.ActionStatus, Status: 503, When: sandbox.Before, Path: "/par", Count: 3})
	w.fails([]string{"could not be pushed", "HTTP 503", "Nothing was used up"}, "apply", "-auto-approve", "-no-color", "-input=false")
	w.apply().mustSay(t, "Open this URL before ")
	s.expectCalls(calls{})
}
