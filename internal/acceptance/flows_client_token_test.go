//go:build unix

package acceptance_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// asking is a data source "x" whose client asks for a token of its own. grant is the body of client_credentials.
func (s *server) asking(grant, more string) string {
	return fmt.Sprintf(`
data "oauth_access_token" "x" {
  client             = %s
  client_credentials = { %s }
  %s
}
output "token" {
  value     = data.oauth_access_token.x.access_token
  sensitive = true
}
`, s.client(strict), grant, more)
}

// A client's token is shared by all that ask for the same, until it expires: within a plan, across runs and configurations. What
// asks for something else has another.
func TestClientTokenIsShared(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.asking(`scopes = ["b", "a"]`, ""))
	w.plan().mustNotSay(t, "known after apply")
	s.expectMints(1)
	w.apply()
	s.expectMints(1)
	first := w.string("data.oauth_access_token.x", "access_token")
	w.expect("data.oauth_access_token.x", values{"token_type": "Bearer"})
	if got := fmt.Sprint(w.attributes("data.oauth_access_token.x")["scopes"]); got != "[a b]" || s.lastParameters() != "grant_type scope" {
		t.Errorf("scopes %s, asked for with %s", got, s.lastParameters())
	}
	other := w.sibling()
	other.write(s.asking(`scopes = ["a", "b"]`, ""))
	other.apply()
	if got := other.string("data.oauth_access_token.x", "access_token"); got != first {
		t.Error("the other configuration has another token")
	}
	s.expectMints(1)
	other.write(s.asking(`scopes = ["a"]`, ""))
	other.apply()
	s.expectMints(2)
	other.write(s.asking(`scopes = ["a"], extra_parameters = { audience = "x" }`, ""))
	other.apply()
	s.expectMints(3)

	s.later(9*time.Minute, w, other) // of ten
	w.plan()
	s.expectMints(3) // the provider's margin is 30 seconds
	w.write(s.asking(`scopes = ["b", "a"]`, `min_validity = "5m"`))
	w.plan()
	s.expectMints(4)
	w.plan()
	s.expectMints(4)
	w.write(s.asking(`scopes = ["b", "a"]`, `min_validity = "2h"`))
	w.plan().mustSay(t, "No Access Token Lives That Long", `The access tokens of client "`, `The one that is shared is renewed when half of that is over.`)
	s.expectMints(4)
}

// A thousand data sources in one plan, and many plans at once, cause one request for each expiry.
func TestManyAskersOfAClientToken(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.patience = 5 * time.Minute
	config := strings.Replace(s.asking(`scopes = ["a"]`, "count = 25"), "data.oauth_access_token.x.access_token", "data.oauth_access_token.x[0].access_token", 1)
	w.write(config)
	const processes = 8
	for expiry := 1; expiry <= 2; expiry++ {
		gate := w.closeGate()
		var all []*running
		for range processes {
			all = append(all, w.start("plan", "-input=false", "-no-color", "-lock=false", "-parallelism=25"))
		}
		gate.open(processes)
		for _, one := range all {
			if r := one.wait(); r.code != 0 {
				t.Errorf("a process exited with %d:\n%s\n%s", r.code, r.stdout, r.stderr)
			}
		}
		s.expectMints(expiry)
		s.later(time.Hour, w)
	}
}

// What the server refuses is told once, with what was tried, and sent once, however many ask.
func TestClientTokenRefused(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	s.fault(sandbox.Fault{Action: sandbox.ActionStatus, Status: 400, Body: `{"error":"invalid_scope","error_description":"no such scope"}`})
	w.write(strings.Replace(s.asking(`scopes = ["nonsense"]`, "count = 100"), ".x.access", ".x[0].access", 1))
	w.fails([]string{
		"Unable to Get Access Token", `client_credentials = { scopes = ["nonsense"] }`,
		`asked ` + s.base + `/token for an access token (client_credentials, scopes nonsense), and the server refused.`,
		"Nothing was used up: the client can ask again at any time, and nobody has to authorize.",
		"Check that the app may use this grant on the platform", "The server's own words: invalid_scope: no such scope (HTTP 400)",
	}, "plan", "-no-color", "-input=false")
	if c := s.Counters(); c.TokenRequests != 1 {
		t.Errorf("%d requests", c.TokenRequests)
	}

	w.env["TF_VAR_secret"] = "an old secret"
	w.write("variable \"secret\" { sensitive = true }\n" + strings.Replace(s.asking("", ""), fmt.Sprintf("%q", clientSecret), "var.secret", 1))
	w.fails([]string{
		"and the server does not accept the client.", "Nothing was used up", "a secret that was renewed on the platform must be renewed here too.",
		"The server's own words: invalid_client",
	}, "plan", "-no-color", "-input=false").mustNotSay(t, "an old secret")
	w.write(s.asking("", ""))
	w.apply()
}

// The token of a state without a store lives as long as the process: one request for each plan and apply.
func TestClientTokenWithoutAStore(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.env["OAUTH_TOKEN_STORE"] = "state"
	w.write(strings.Replace(s.asking("", "count = 20"), ".x.access", ".x[0].access", 1))
	w.plan()
	s.expectMints(1)
	w.plan()
	s.expectMints(2)
}

// What is not known yet is read in the apply; a registration of the store has the secret.
func TestClientTokenOfARegistration(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(fmt.Sprintf(`
resource "oauth_app_registration" "this" {
  name           = "machine"
  client_id      = %q
  client_secret  = %q
  token_endpoint = "%s/token"
}
data "oauth_access_token" "x" {
  client             = oauth_app_registration.this.client
  client_credentials = {}
}
`, clientID, clientSecret, s.base))
	w.plan().mustSay(t, "data.oauth_access_token.x will be read during apply")
	s.expectMints(0)
	w.apply()
	s.expectMints(1)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.expectMints(1)
}

// Without secrets in the state the data source names the ephemeral resource, which needs none there.
func TestClientTokenEphemeral(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	const hides = "provider \"oauth\" { secrets_in_state = false }\n"
	w.write(hides + s.asking("", ""))
	w.fails([]string{"Secret Would Enter the State", `Use the ephemeral resource instead: ephemeral "oauth_access_token".`}, "plan", "-no-color", "-input=false")
	s.expectMints(0)

	config := hides + fmt.Sprintf(`
ephemeral "oauth_access_token" "x" {
  client             = %s
  client_credentials = {}
}
resource "terraform_data" "y" {
  lifecycle {
    precondition {
      condition     = ephemeral.oauth_access_token.x.access_token != "" && ephemeral.oauth_access_token.x.token_type == "Bearer"
      error_message = "There is no token."
    }
  }
}
`, s.client(strict))
	w.write(config)
	w.apply()
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.expectMints(1)
	other := w.sibling()
	other.write(s.asking("", ""))
	other.apply()
	s.expectMints(1)
	expectIn(t, w.dir, "the access token", other.string("data.oauth_access_token.x", "access_token"), false)
	expectIn(t, w.store, "the client secret", clientSecret, false)
}

// askingBy is a data source "x" whose client asks by another grant.
func (s *server) askingBy(grant, more string) string {
	return fmt.Sprintf(`
data "oauth_access_token" "x" {
  client = %s
  %s
  %s
}
`, s.client(strict), grant, more)
}

// A person's password, an assertion that is signed here, and a token in place of another: each is asked for once, and shared.
func TestClientTokenByOtherGrants(t *testing.T) {
	t.Parallel()
	s, w := newGranting(t, withUser(true)), newWorkspace(t)
	w.write(s.askingBy(userGrant, "count = 10"))
	w.apply()
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.expectGrants(1, 0)
	s.later(time.Hour, w)
	w.apply() // a refresh token in the reply is of no use: the grant is at hand
	s.expectGrants(2, 0)
	expectIn(t, w.store, "the password", "pass word&1", false)

	w.write(s.askingBy(`password = { username = "zoë", password = "guessed" }`, "count = 10"))
	for range 2 {
		w.fails([]string{"Unable to Get Access Token", "(password), and the server does not accept what the grant brings.", "Nothing was used up", "This run has asked once", "invalid_grant: wrong username or password"}, "plan", "-no-color", "-input=false")
	}
	if c := s.Counters(); c.TokenRequests != 4 {
		t.Errorf("%d requests: a refused password is sent once by each run", c.TokenRequests)
	}
	w.write(s.askingBy(userGrant, ""))
	w.apply()
	s.expectGrants(2, 0)
}

// An assertion is signed afresh for each request, and an extension sends what it is given: one request for each expiry, however many ask.
func TestClientTokenByAssertionAndExtension(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	const urn = "urn:example:params:oauth:grant-type:ticket"
	s, w := newGranting(t, func(g *sandbox.Grants) {
		g.AssertionKeys = map[string]crypto.PublicKey{clientID: key.Public()}
		g.Extensions = map[string]map[string]string{urn: {"ticket": "t1ck3t-1"}}
	}), newWorkspace(t)
	w.write(s.askingBy(fmt.Sprintf("jwt_bearer = { private_key = %q, subject = \"user-1\", scopes = [\"a\"] }", keyPEM(t, key)), "count = 10"))
	w.apply()
	s.later(time.Hour, w)
	w.apply()
	s.expectGrants(2, 0) // the server refuses a jti that it has seen
	if got := s.LastAssertion(); got.Claims["sub"] != "user-1" || got.Claims["iss"] != clientID {
		t.Errorf("claims %v", got.Claims)
	}
	w.write(s.askingBy(fmt.Sprintf("extension_grant = { grant_type = %q, sensitive_parameters = { ticket = \"t1ck3t-1\" } }", urn), "count = 10"))
	w.apply()
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.expectGrants(3, 0)
	expectIn(t, w.store, "the ticket", "t1ck3t-1", false)
	expectIn(t, w.store, "the key", "PRIVATE KEY", false)
}

// A narrower token is derived from a pair without rotating it, for all who ask; another subject makes another token.
func TestClientTokenOfAnExchange(t *testing.T) {
	t.Parallel()
	s, w := newGranting(t, func(g *sandbox.Grants) { g.Exchange = true }), newWorkspace(t)
	w.write(s.pair("crm", s.issue().RefreshToken, strict, "") + `
data "oauth_access_token" "x" {
  client         = ` + s.client(strict) + `
  token_exchange = { subject_token_pair = oauth_token_pair.this.id, scopes = ["read"] }
}
`)
	w.apply()
	refreshes := s.Counters().Refreshes
	s.expectGrants(1, refreshes)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.expectGrants(1, refreshes)
	if got, pair := w.string("data.oauth_access_token.x", "access_token"), w.string(this, "access_token"); got == pair || got == "" {
		t.Error("the derived token is that of the pair")
	}
	// The pair dies: it is told as what it is, at the attribute that names it.
	if _, err := s.RevokeFamily(sandbox.Revocation{All: true}); err != nil {
		t.Fatal(err)
	}
	s.later(time.Hour, w)
	other := w.sibling()
	other.write(`
data "oauth_access_token" "x" {
  client = ` + s.client(strict) + `
  token_exchange = {
    subject_token_pair = "crm"
  }
}
`)
	other.fails([]string{
		"Unable to Get Access Token", "token_exchange = {", `gets its token in exchange for the access token of token pair "crm", which gives none.`,
		`The stored credential of token pair "crm" no longer works`, "invalid_grant",
	}, "plan", "-no-color", "-input=false").mustNotSay(t, `client "crm"`)
}

// At TRACE, in output, state and plan: neither the secret of a client, its token, nor a token that is asked about, also where the server
// quotes them.
func TestClientTokenLeavesNoSecret(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.env["TF_LOG"], w.env["TF_LOG_PATH"] = "TRACE", filepath.Join(w.dir, "trace.log")
	foreign := s.issue()
	w.env["TF_VAR_secret"], w.env["TF_VAR_token"] = clientSecret, foreign.RefreshToken
	client := strings.Replace(s.introspectable(), fmt.Sprintf("%q", clientSecret), "var.secret", 1)
	w.write(fmt.Sprintf(`
provider "oauth" { secrets_in_state = false }
variable "secret" {
  sensitive = true
  ephemeral = true
}
variable "token" {
  sensitive = true
  ephemeral = true
}
ephemeral "oauth_access_token" "x" {
  client             = %[1]s
  client_credentials = {}
}
ephemeral "oauth_token_introspection" "x" {
  client = %[1]s
  token  = var.token
}
ephemeral "oauth_token_introspection" "own" {
  client = %[1]s
  token  = ephemeral.oauth_access_token.x.access_token
}
`, client))
	outputs := ""
	note := func(r result) { outputs += r.stdout + r.stderr }
	note(w.plan("-out=saved"))
	note(w.applySaved("saved"))
	s.later(time.Hour, w)
	for path, quoted := range map[string]string{"/token": clientSecret, "/introspect": clientSecret + " and " + foreign.RefreshToken} {
		body, err := json.Marshal(map[string]string{"error": "invalid_request", "error_description": "not with " + quoted})
		if err != nil {
			t.Fatal(err)
		}
		s.fault(sandbox.Fault{Path: path, Action: sandbox.ActionStatus, Status: 400, Body: string(body), Count: 2})
	}
	note(w.fails([]string{"Unable to Get Access Token", "Unable to Introspect Token", "invalid_request: not with (redacted) and (redacted)"}, "plan", "-no-color", "-input=false"))
	other := w.sibling()
	delete(other.env, "TF_LOG")
	s.ClearFaults()
	other.write(s.asking("", ""))
	other.apply()
	if text := readFile(t, w.env["TF_LOG_PATH"]); !strings.Contains(text, "refresh answered") || !strings.Contains(text, "introspected") {
		t.Error("the log tells too little")
	}
	for what, text := range map[string]string{
		"client secret": clientSecret, "foreign token": foreign.RefreshToken, "access token": other.string("data.oauth_access_token.x", "access_token"),
	} {
		expectIn(t, w.dir, "the "+what, text, false)
		if strings.Contains(outputs, text) {
			t.Errorf("the %s was printed", what)
		}
	}
	expectIn(t, w.store, "the client secret", clientSecret, false)
}
