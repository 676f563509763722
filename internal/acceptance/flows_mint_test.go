//go:build unix

package acceptance_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// minting is a pair "this" whose client gets its tokens for itself. grant is the body of client_credentials.
func (s *server) minting(grant, more string) string {
	return fmt.Sprintf(`
resource "oauth_token_pair" "this" {
  name               = "machine"
  client             = %s
  client_credentials = { %s }
  %s
}
`, s.client(strict), grant, more)
}

// expectMints compares how many tokens clients have asked for, and that nothing else was asked for.
func (s *server) expectMints(want int) {
	s.t.Helper()
	c := s.Counters()
	if c.ClientCredentials != want || c.TokenRequests != want {
		s.t.Errorf("the server gave %d tokens to clients in %d requests, want %d\nlog: %+v", c.ClientCredentials, c.TokenRequests, want, s.Log())
	}
}

// lastParameters are those of the newest token request.
func (s *server) lastParameters() string {
	s.t.Helper()
	log := s.Log()
	for i := len(log) - 1; i >= 0; i-- {
		if log[i].Path == "/token" {
			return log[i].Parameters
		}
	}
	s.t.Fatal("nothing was asked for")
	return ""
}

// One apply brings a token; plans get the next ones when those end, for all who use the pair, whether anybody applies them
// or not. The end revokes.
func TestClientCredentials(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.minting(`scopes = ["b", "a"]`, "") + consumers)
	w.plan().mustSay(t, "oauth_token_pair.this will be created", "data.oauth_access_token.x will be read during apply")
	s.expectMints(0)
	r := w.apply()
	r.mustSay(t, "2 added")
	r.mustNotSay(t, "Authoriz", "refresh token")
	s.expectMints(1)
	w.expect(this, values{
		"status": "active", "generation": 1, "authorization_url": nil, "refresh_token": nil, "last_rotated_at": nil, "refresh_token_expires_at": nil, "reauthorize_by": nil,
	})
	if got := fmt.Sprint(w.attributes(this)["scopes"]); got != "[a b]" || s.lastParameters() != "grant_type scope" {
		t.Errorf("scopes %s, asked for with %s", got, s.lastParameters())
	}
	if got, want := w.attributes("data.oauth_access_token.x")["access_token"], w.string(this, "access_token"); got != want {
		t.Errorf("the data source gives %v, want %s", got, want)
	}
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.expectMints(1)

	s.later(time.Hour, w)
	for range 3 { // thrown away, and the next one uses what the first has got
		w.plan("-detailed-exitcode").mustSay(t, "No changes.")
		s.expectMints(2)
	}
	other := w.sibling()
	other.write(reader("machine", ""))
	other.apply()
	s.expectMints(2)
	w.apply()
	w.expect(this, values{"status": "active", "generation": 2})
	s.later(time.Hour, w, other)
	other.apply() // a configuration that knows the name alone
	s.expectMints(3)
	w.apply()
	s.expectMints(3)
	w.expect(this, values{"status": "active", "generation": 3})

	w.ok("destroy", "-auto-approve", "-no-color").mustNotSay(t, "Not Revoked")
	if c := s.Counters(); c.Revocations != 1 {
		t.Errorf("%d revocations", c.Revocations)
	}
	other.fails([]string{`Token pair "machine" was destroyed`}, "plan", "-no-color", "-input=false")
	s.expectMints(3)
}

// Other scopes and parameters get another token in the apply that changes them, and whoever uses the pair waits for it. What
// the server does not grant leaves everything as it was.
func TestClientCredentialsChange(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.minting("", "") + consumers)
	w.apply()
	first := w.string(this, "access_token")
	w.write(s.minting(`extra_parameters = { audience = "x" }`, "") + consumers)
	w.plan("-out=saved").mustSay(t, `id = "machine" -> (known after apply)`, "data.oauth_access_token.x will be read during apply")
	s.expectMints(1)
	w.applySaved("saved")
	s.expectMints(2)
	second := w.string(this, "access_token")
	if second == first || s.lastParameters() != "audience grant_type" || w.attributes("data.oauth_access_token.x")["access_token"] != second {
		t.Errorf("the token in use was asked for with %s", s.lastParameters())
	}
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")

	// Refused: an error at the grant, with the server's own words; the former grant stays, and goes on.
	s.fault(sandbox.Fault{Action: sandbox.ActionStatus, Status: 400, Body: `{"error":"invalid_scope","error_description":"no such scope"}`})
	w.write(s.minting(`scopes = ["nonsense"]`, "") + consumers)
	r := w.fails([]string{"Unable to Get Access Token", "Nothing was used up: the client can ask again at any time, and nobody has to authorize.", "invalid_scope: no such scope"},
		"apply", "-auto-approve", "-no-color", "-input=false")
	r.mustNotSay(t, "refresh token", "Open this URL")
	w.expect(this, values{"status": "active", "access_token": second})
	w.write(s.minting(`extra_parameters = { audience = "x" }`, "") + consumers)
	w.apply().mustNotSay(t, "Warning: Token")
	w.expect(this, values{"status": "active"})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")

	// A client that is refused when a token is due: a warning, and whoever asks for one gets the error.
	s.later(time.Hour, w)
	s.fault(sandbox.Fault{Count: 2, Action: sandbox.ActionStatus, Status: 401, Body: `{"error":"invalid_client"}`})
	w.fails([]string{"Token Pair Not Refreshed", "Unable to Get Access Token", "does not accept the client of token pair \"machine\""}, "plan", "-no-color", "-input=false")
	w.apply()
	w.expect(this, values{"status": "active"})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
}

// A lost reply costs one more request, and nobody needs to do anything. A first apply that gets no token leaves no state.
func TestClientCredentialsLost(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.minting("", ""))
	s.fault(sandbox.Fault{Count: 3, When: sandbox.After, Action: sandbox.ActionDrop})
	w.fails([]string{"Unable to Get Access Token", "asked for a token, and no usable reply came", "Run again."}, "apply", "-auto-approve", "-no-color", "-input=false")
	if w.attributes(this) != nil {
		t.Error("a pair without a token is in the state")
	}
	s.fault(sandbox.Fault{When: sandbox.After, Action: sandbox.ActionDrop})
	w.apply().mustNotSay(t, "Warning: Outcome")
	w.expect(this, values{"status": "active", "generation": 1})
	s.later(time.Hour, w)
	s.fault(sandbox.Fault{When: sandbox.After, Action: sandbox.ActionDrop})
	w.plan("-detailed-exitcode").mustNotSay(t, "Warning: Outcome", "Warning: Token")
	w.apply()
	w.expect(this, values{"status": "active", "generation": 2})
}

// The grant changes in place, there and back. The tokens of the authorization are not revoked and return with it.
func TestClientCredentialsThereAndBack(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	code := func(more string) string {
		return fmt.Sprintf("\nresource \"oauth_token_pair\" \"this\" {\n  name   = \"machine\"\n  client = %s\n  authorization_code = {\n    redirect_uri = %q\n    %s\n  }\n}\n", s.client(strict), redirectURI, more)
	}
	w.write(code(""))
	w.apply()
	callback := attribute("callback_url", s.consent(w.string(this, "authorization_url")))
	w.write(code(callback))
	w.apply()
	w.expectLive(s, 1)

	w.write(s.minting("", ""))
	w.apply().mustSay(t, "1 changed", "Warning: Another Grant", "were not revoked; they are kept aside")
	w.expect(this, values{"status": "active", "generation": 1, "refresh_token": nil, "authorization_url": nil})
	for range 2 {
		s.later(time.Hour, w)
		w.apply().mustNotSay(t, "Another Grant")
	}
	w.expect(this, values{"generation": 3})
	s.expectCalls(calls{exchanges: 1, tokenRequests: 4})

	w.write(code(callback))
	w.apply().mustSay(t, "1 changed", "Warning: Another Grant", "are in use again")
	w.expectLive(s, 2)
	s.expectCalls(calls{exchanges: 1, refreshes: 1, tokenRequests: 5})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")

	// Destroyed while it mints: its own token is revoked, and the others are told of.
	w.write(s.minting("", ""))
	w.apply()
	w.ok("destroy", "-auto-approve", "-no-color").mustSay(t, "Tokens Not Revoked", "were kept aside and are not revoked")
	s.expectCalls(calls{exchanges: 1, refreshes: 1, revocations: 1, tokenRequests: 6})
}

// A change of the grant that fails is taken back: the client gets its tokens for itself again, and a destroy that looks at
// nothing before still finds its record.
func TestClientCredentialsFailedChange(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.minting("", ""))
	w.apply()
	w.write(fmt.Sprintf("resource \"oauth_token_pair\" \"this\" {\n  name   = \"machine\"\n  client = %s\n  authorization_code = {\n    redirect_uri = %q\n    code = \"nonsense\"\n  }\n}\n", s.client(strict), redirectURI))
	w.fails([]string{"Unable to Exchange Authorization Code"}, "apply", "-auto-approve", "-no-color", "-input=false")
	w.write(s.minting("", ""))
	w.ok("destroy", "-refresh=false", "-auto-approve", "-no-color").mustNotSay(t, "Left in the Token Store")
	w.write(s.minting("", ""))
	w.apply().mustSay(t, "1 added")
	w.expect(this, values{"status": "active", "generation": 1})
}

// Import takes the pair over as it is; the first plan shows the grant as added.
func TestClientCredentialsImport(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.minting(`scopes = ["a"]`, ""))
	w.apply()
	token := w.string(this, "access_token")
	w.ok("state", "rm", this)
	w.ok("import", "-no-color", "-input=false", this, "machine")
	w.apply().mustSay(t, "1 changed")
	w.expect(this, values{"access_token": token, "generation": 1})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.expectMints(1)
}

// Strategies mean what they mean for others; the first token comes with the first apply under each.
func TestClientCredentialsStrategies(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.minting("", strategy("at_apply")) + consumers)
	w.apply()
	s.expectMints(1)
	s.later(time.Hour, w)
	w.plan().mustSay(t, "oauth_token_pair.this will be updated in-place", `id = "machine" -> (known after apply)`)
	s.expectMints(1)
	w.apply()
	s.expectMints(2)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	w.write(s.minting("", strategy("every_read")))
	w.apply()
	mints := s.Counters().ClientCredentials
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.expectMints(mints + 1)
	w.ok("destroy", "-auto-approve", "-no-color")

	s, w = newServer(t, nil), newWorkspace(t)
	w.write(s.minting("", strategy("never")))
	w.apply()
	s.expectMints(1)
	w.expect(this, values{"status": "active", "generation": 1})
	s.later(time.Hour, w)
	r := w.plan()
	r.mustSay(t, "No changes.", "Token Pair Not Refreshed", "has expired, and its refresh.strategy is never")
	r.mustNotSay(t, "refresh token")
	s.expectMints(1)
}

// token_store = "state": nothing of this grant can be lost, so there is nothing to warn of.
func TestClientCredentialsStateOnly(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	provider := stateOnly(w, "")
	w.write(provider + s.minting("", ""))
	w.apply().mustNotSay(t, "Warning: Single", "Warning: Token")
	s.expectMints(1)
	s.later(time.Hour, w)
	w.apply().mustNotSay(t, "Warning: Single")
	w.expect(this, values{"status": "active", "generation": 2})
	s.expectMints(2)
	w.write(provider + s.minting(`scopes = ["a"]`, ""))
	w.apply()
	s.expectMints(3)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	w.ok("destroy", "-auto-approve", "-no-color")
	if c := s.Counters(); c.Revocations != 1 {
		t.Errorf("%d revocations", c.Revocations)
	}
}

// Into another store it goes without its token, which the apply there gets anew.
func TestClientCredentialsInAnotherStore(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.minting("", ""))
	w.apply()
	w.env["OAUTH_TOKEN_STORE"] += "-new"
	w.plan().mustSay(t, "Credential Not in the Token Store")
	s.expectMints(1)
	w.apply()
	s.expectMints(2)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	w.ok("destroy", "-auto-approve", "-no-color")
}

// secrets_in_state = false: consumers open the ephemeral resource; the state holds no token.
func TestClientCredentialsWithoutSecrets(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	config := strings.Replace(s.minting("", ""), "client_secret          =", "client_secret_wo_version = 1\n    client_secret_wo =", 1)
	w.write("provider \"oauth\" {\n  secrets_in_state = false\n}\n" + config + "ephemeral \"oauth_access_token\" \"x\" {\n  token_pair = oauth_token_pair.this.id\n}\n")
	w.apply()
	w.expect(this, values{"status": "active", "generation": 1, "access_token": nil})
	s.later(time.Hour, w)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	w.apply()
	w.expect(this, values{"generation": 2})
	s.expectMints(2)
}

// Visma Connect gives a client no token without its tenant: that is told before anything is sent. With it nothing but the
// client's name and secret is needed, and none of the scopes is asked for that a person would need.
func TestClientCredentialsAtVisma(t *testing.T) {
	t.Parallel()
	s := newTenancy(t, vismaConnect())
	s.write("client_credentials = {}")
	s.w.fails([]string{`client_credentials.extra_parameters lacks "tenant_id": Visma Connect gives a client no token without it.`}, "plan", "-no-color", "-input=false")
	if c := s.Counters(); c.Connections != 0 {
		t.Errorf("%d connections were made", c.Connections)
	}
	s.write(`client_credentials = { extra_parameters = { tenant_id = "8cf9d4b2-0c1d-4b0e-9a57-3d2f0f8d9e11" } }`)
	r := s.w.apply()
	r.mustSay(t, "2 added")
	r.mustNotSay(t, "Platform Facts to Confirm")
	if s.lastParameters() != "client_id client_secret grant_type tenant_id" {
		t.Errorf("asked for with %s", s.lastParameters())
	}
	s.later(s.lifetime, s.w)
	s.w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.w.apply()
	s.expectMints(2)
	s.w.ok("destroy", "-auto-approve", "-no-color")
	s.expectMints(2)
	if c := s.Counters(); c.Revocations != 1 {
		t.Errorf("%d revocations", c.Revocations)
	}
}
