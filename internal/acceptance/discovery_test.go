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

const (
	metadataPath = "/.well-known/oauth-authorization-server"
	openIDPath   = "/.well-known/openid-configuration"
)

// byIssuer is a registration that names nothing of its server but the issuer, and a token pair.
func (s *server) byIssuer(endpoints, grant, pair string) string {
	return fmt.Sprintf(`
resource "oauth_app_registration" "this" {
  name          = "app"
  issuer        = %q
  client_id     = %q
  client_secret = %q
  redirect_uris = [%q]
  %s
  refresh_token_policy = { rotation = "single_use", on_reuse = "revoke_family" }
}
resource "oauth_token_pair" "this" {
  name   = "by-issuer"
  client = oauth_app_registration.this.client
  %s
  %s
}
`, s.base, clientID, clientSecret, redirectURI, endpoints, grant, pair)
}

// codeGrant is authorization_code with a callback URL, if there is one.
func codeGrant(callback string) string {
	if callback == "" {
		return "authorization_code = {}"
	}
	return "authorization_code = { " + attribute("callback_url", callback) + " }"
}

// asked counts the questions for metadata since the last call.
func (s *server) asked(before *int) int {
	n := 0
	for _, e := range s.Log() {
		if e.Path == metadataPath || e.Path == openIDPath {
			n++
		}
	}
	since := n - *before
	*before = n
	return since
}

// noMetadata takes the metadata away.
func (s *server) noMetadata(action string) {
	s.t.Helper()
	for _, path := range []string{metadataPath, openIDPath} {
		s.fault(sandbox.Fault{Path: path, Action: action, Status: map[string]int{sandbox.ActionStatus: 404}[action], Count: -1})
	}
}

// A whole life by the issuer alone: two applies, a refresh, consumers, a destroy that revokes. Each process asks at most once, and
// what needs no endpoint asks nobody; nothing of the answer is written down.
func TestDiscoverWholeLife(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	seen := 0
	w.write(s.byIssuer("", codeGrant(""), ""))
	w.ok("validate")
	w.plan("-out=saved")
	if n := s.asked(&seen); n != 0 {
		t.Errorf("validate and plan asked %d times", n)
	}
	change := w.plannedChange("saved", this)
	if change.AfterUnknown["authorization_url"] != true {
		t.Errorf("planned: %v", change.After)
	}
	w.applySaved("saved").mustSay(t, "2 added", s.base+"/authorize?")
	offered := w.string(this, "authorization_url")
	w.plan("-detailed-exitcode").mustSay(t, "No changes.", offered)
	if n := s.asked(&seen); n != 1 {
		t.Errorf("the first apply asked %d times", n)
	}
	config := s.byIssuer("", codeGrant(s.consent(offered)), "") + `
data "oauth_access_token" "x" { token_pair = oauth_token_pair.this.id }
`
	w.write(config)
	w.apply().mustSay(t, "1 changed")
	w.expectLive(s, 1)
	if n := s.asked(&seen); n != 1 {
		t.Errorf("the second apply asked %d times", n)
	}
	client, _ := w.attributes(this)["client"].(map[string]any)
	for _, name := range []string{"authorization_endpoint", "token_endpoint", "revocation_endpoint", "token_endpoint_auth_method"} {
		if client[name] != nil {
			t.Errorf("the state holds %s = %v", name, client[name])
		}
	}
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	if n := s.asked(&seen); n != 0 {
		t.Errorf("a plan with nothing due asked %d times", n)
	}
	s.later(time.Hour, w)
	w.apply()
	w.expectLive(s, 2)
	if n := s.asked(&seen); n != 1 {
		t.Errorf("a refresh asked %d times", n)
	}
	w.ok("destroy", "-no-color", "-auto-approve").mustNotSay(t, "Not Revoked")
	s.expectCalls(calls{refreshes: 1, exchanges: 1, revocations: 1})
	if n := s.asked(&seen); n != 1 {
		t.Errorf("a destroy asked %d times", n)
	}
}

// The metadata are gone later: a token that works is served with a warning, one that has expired is an error for who asks for it,
// and nothing is lost. A destroy fails, and can be repeated.
func TestDiscoverUnreachableLater(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	config := s.byIssuer("", fmt.Sprintf("preauthenticated = { refresh_token = %q }", s.issue().RefreshToken), "refresh = { before_expiry = \"5m\" }") + `
data "oauth_access_token" "x" { token_pair = oauth_token_pair.this.id }
`
	w.write(config)
	w.apply()
	w.expectLive(s, 2)
	tried := []string{s.base + metadataPath + " the answer was HTTP 404.", s.base + openIDPath + " the answer was HTTP 404.", "Nothing else was sent. The stored credential was not used up and still works."}
	s.noMetadata(sandbox.ActionStatus)
	s.later(6*time.Minute, w) // due, and good for four more minutes
	w.plan("-detailed-exitcode").mustSay(t, append(tried, "Warning: Token Pair Not Refreshed", "The current access token still works and is used.", "No changes.")...)
	w.apply().mustSay(t, "Warning: Token Pair Not Refreshed")
	w.expectLive(s, 2)

	s.later(5*time.Minute, w)
	w.fails(append(tried, "Warning: Token Pair Not Refreshed", "Error: Unable to Get Access Token", "write token_endpoint, authorization_endpoint and revocation_endpoint out"),
		"apply", "-no-color", "-auto-approve")
	w.expectLive(s, 2)
	w.fails([]string{"Error: Unable to Destroy Token Pair", "Nothing was revoked or removed", "A destroy can be repeated", "set revoke_on_destroy = false"}, "destroy", "-refresh=false", "-no-color", "-auto-approve")
	s.expectCalls(calls{refreshes: 1})

	s.ClearFaults()
	w.apply()
	w.expectLive(s, 3)
	w.ok("destroy", "-no-color", "-auto-approve")
	s.expectCalls(calls{refreshes: 2, revocations: 1})
}

// A code is kept back where its server's endpoints are not to be had, and can be used later. So is one that comes without the issuer
// that this server always names.
func TestDiscoverKeepsTheCode(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	s.noMetadata(sandbox.ActionDrop)
	w.write(s.byIssuer("", codeGrant(""), ""))
	w.fails([]string{"Error: Unable to Offer Authorization", s.base + metadataPath, s.base + openIDPath, "Nothing else was sent.", "Check the network and the server"},
		"apply", "-no-color", "-auto-approve")
	if w.attributes(this) != nil {
		t.Error("there is a state")
	}
	s.ClearFaults()
	w.apply()
	callback := s.consent(w.string(this, "authorization_url"))
	s.noMetadata(sandbox.ActionDrop)
	w.write(s.byIssuer("", codeGrant(callback), ""))
	w.fails([]string{"Error: Unable to Exchange Authorization Code", s.base + openIDPath, "Nothing else was sent. The code was not used;"}, "apply", "-no-color", "-auto-approve")
	s.ClearFaults()
	w.write(s.byIssuer("", codeGrant(with(t, callback, "iss", "")), ""))
	w.fails([]string{"The callback URL names no iss, although the metadata of the issuer say that it does", "Nothing was sent."}, "apply", "-no-color", "-auto-approve")
	s.expectCalls(calls{})
	w.write(s.byIssuer("", codeGrant(callback), ""))
	w.apply()
	w.expectLive(s, 1)
	s.expectCalls(calls{exchanges: 1})
}

// Metadata of another issuer are not used, and both are named.
func TestDiscoverAnotherIssuer(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.byIssuer("", codeGrant(""), ""))
	for issuer, says := range map[string]string{"https://evil.example": "If that is the server you mean, set issuer to what it names.", s.base + "/": "the two differ in the slash at the end"} {
		s.fault(sandbox.Fault{Action: sandbox.ActionMutate, Path: metadataPath, Set: map[string]json.RawMessage{"issuer": json.RawMessage(`"` + issuer + `"`)}})
		w.fails([]string{fmt.Sprintf(`it names the issuer %q, and must name %q to the letter (RFC 8414 §3.3)`, issuer, s.base), says}, "apply", "-no-color", "-auto-approve")
	}
	s.fault(sandbox.Fault{Action: sandbox.ActionMutate, Path: metadataPath, Set: map[string]json.RawMessage{"token_endpoint": []byte(`"http://as.example/token"`)}})
	s.fault(sandbox.Fault{Action: sandbox.ActionRedirect, Path: openIDPath, Location: "/redirected"})
	w.fails([]string{"its token_endpoint cannot be used", `http to "as.example" would send secrets in the clear`, "HTTP 302, a redirect, which is not followed"}, "apply", "-no-color", "-auto-approve")
	if n := s.Counters().RedirectedHits; n != 0 {
		t.Errorf("%d redirects were followed", n)
	}
	s.expectCalls(calls{})
}

// Where only OpenID Connect's place has the metadata, and clients may authenticate in the body alone.
func TestDiscoverByOpenID(t *testing.T) {
	t.Parallel()
	s := startServer(t, sandbox.Options{
		Clients:  []sandbox.Client{{ID: clientID, Secret: clientSecret, RedirectURIs: []string{redirectURI}, AuthMethod: sandbox.AuthPost}},
		Settings: sandbox.DefaultSettings(),
	}, sandbox.Listen{})
	w := newWorkspace(t)
	s.fault(sandbox.Fault{Path: metadataPath, Action: sandbox.ActionStatus, Status: 404, Count: -1})
	s.fault(sandbox.Fault{Path: openIDPath, Action: sandbox.ActionMutate, Count: -1, Set: map[string]json.RawMessage{
		"token_endpoint_auth_methods_supported": []byte(`["private_key_jwt","client_secret_post"]`),
	}, Remove: []string{"revocation_endpoint_auth_methods_supported"}})
	w.write(s.byIssuer("", fmt.Sprintf("preauthenticated = { refresh_token = %q }", s.issue().RefreshToken), ""))
	w.apply()
	w.expectLive(s, 2)
	w.ok("destroy", "-no-color", "-auto-approve")
	s.expectCalls(calls{refreshes: 1, revocations: 1})
}

// From the issuer alone to endpoints that are written out, mistyped at first, and back: no token is lost, and nobody authorizes again.
func TestDiscoverThenWrittenOut(t *testing.T) {
	t.Parallel()
	s, elsewhere, w := newServer(t, nil), newServer(t, nil), newWorkspace(t)
	grant := fmt.Sprintf("preauthenticated = { refresh_token = %q }", s.issue().RefreshToken)
	write := func(endpoints string) { w.write(s.byIssuer(endpoints, grant, "")) }
	write("")
	w.apply()
	w.expectLive(s, 2)

	s.later(time.Hour, w)
	write(fmt.Sprintf("token_endpoint = \"%s/token\"", elsewhere.base))
	w.apply("-refresh=false").mustSay(t, "Warning: Authorization Required", "the authorization server refused it")
	write("")
	w.apply("-refresh=false").mustNotSay(t, "Authorization Required")
	w.expectLive(s, 3)
	s.later(time.Hour, w)
	write(fmt.Sprintf("token_endpoint = \"%s/token\"", s.base))
	w.apply("-refresh=false")
	w.expectLive(s, 4)
	seen := 0
	s.asked(&seen)
	s.later(time.Hour, w)
	w.apply()
	w.expectLive(s, 5)
	if n := s.asked(&seen); n != 0 {
		t.Errorf("a client with a token endpoint asked %d times", n)
	}
	// Only the revocation endpoint is left to be discovered.
	w.ok("destroy", "-no-color", "-auto-approve").mustNotSay(t, "Not Revoked")
	s.expectCalls(calls{refreshes: 4, revocations: 1})
}

// Many pairs of one server ask it once in a process, with a store or without.
func TestDiscoverOnceForMany(t *testing.T) {
	t.Parallel()
	for _, provider := range []string{"", `provider "oauth" { token_store = "state" }` + "\n"} {
		s, w := newServer(t, nil), newWorkspace(t)
		if provider != "" {
			w.env["OAUTH_TOKEN_STORE"] = ""
		}
		var config strings.Builder
		config.WriteString(provider)
		for n := range 8 {
			fmt.Fprintf(&config, "resource \"oauth_token_pair\" \"p%d\" {\n  name = \"p%[1]d\"\n  client = { issuer = %[2]q, client_id = %[3]q, client_secret = %[4]q }\n  preauthenticated = { refresh_token = %[5]q }\n}\n",
				n, s.base, clientID, clientSecret, s.issue().RefreshToken)
		}
		w.write(config.String())
		seen := 0
		w.apply()
		if n := s.asked(&seen); n != 1 {
			t.Errorf("an apply asked %d times", n)
		}
		s.later(time.Hour, w)
		w.plan()
		if n := s.asked(&seen); n != 1 {
			t.Errorf("a plan asked %d times", n)
		}
		s.expectCalls(calls{refreshes: 16})
	}
}

// The data source tells what a client would use, by the names of RFC 8414.
func TestDiscoverDataSource(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(fmt.Sprintf(`
data "oauth_authorization_server" "x" { issuer = %q }
output "x" { value = data.oauth_authorization_server.x }
`, s.base))
	w.apply()
	got, _ := w.outputs()["x"].(map[string]any)
	for name, want := range map[string]any{
		"issuer": s.base, "authorization_endpoint": s.base + "/authorize", "token_endpoint": s.base + "/token", "revocation_endpoint": s.base + "/revoke",
		"jwks_uri": nil, "scopes_supported": nil, "authorization_response_iss_parameter_supported": true, "mtls_endpoint_aliases": nil,
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	for name, want := range map[string]string{
		"grant_types_supported": "[authorization_code refresh_token client_credentials urn:ietf:params:oauth:grant-type:device_code]", "response_types_supported": "[code]",
		"code_challenge_methods_supported": "[S256]", "token_endpoint_auth_methods_supported": "[client_secret_basic client_secret_post none]",
	} {
		if fmt.Sprint(got[name]) != want {
			t.Errorf("%s is %v, want %s", name, got[name], want)
		}
	}
	s.noMetadata(sandbox.ActionStatus)
	w.fails([]string{"Error: Unable to Read Authorization Server Metadata", s.base + metadataPath, s.base + openIDPath, "HTTP 404"}, "plan", "-no-color")
}
