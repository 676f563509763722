//go:build unix

package acceptance_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// What the examples in the documentation name, and what stands in its place here.
const (
	exampleServer = "https://login.example.com"
	exampleStore  = "file:///var/lib/terraform-oauth"
	exampleClient = "terraform"
	exampleKey    = "AGE-SECRET-KEY-18AKDH744PPGZFKDFJKK5XLSV266NJHPA8HHPAHEAG8D8X6EQDQTQ03UPS2"
)

var exampleDir = filepath.Join("..", "..", "examples")

// newExampleServer knows the client and the redirection URI of the examples.
func newExampleServer(t *testing.T) *server {
	t.Helper()
	return startServer(t, sandbox.Options{
		Clients:  []sandbox.Client{{ID: exampleClient, Secret: clientSecret, RedirectURIs: []string{redirectURI}}},
		Settings: sandbox.DefaultSettings(),
	}, sandbox.Listen{})
}

// newExample is a workspace of one configuration: the given examples, each in a file of its own, against s.
func newExample(t *testing.T, s *server, names ...string) *workspace {
	t.Helper()
	w := newWorkspace(t)
	delete(w.env, "OAUTH_TOKEN_STORE") // the example of the provider names the store
	w.env["TF_VAR_token_store_key"] = exampleKey
	w.env["TF_VAR_client_secret"] = clientSecret
	w.env["TF_VAR_billing_client_secret"] = clientSecret
	w.env["TF_VAR_reports_client_secret"] = clientSecret
	w.env["TF_VAR_metrics_client_secret"] = clientSecret
	w.env["TF_VAR_introspecting_client_secret"] = clientSecret
	for n, name := range names {
		text := readFile(t, filepath.Join(exampleDir, name))
		text = strings.ReplaceAll(text, exampleServer, s.base)
		text = strings.ReplaceAll(text, exampleStore, "file://"+w.store)
		writeFile(t, filepath.Join(w.dir, fmt.Sprintf("%d.tf", n)), text)
	}
	if !slices.Contains(names, providerExample) {
		writeFile(t, filepath.Join(w.dir, "required.tf"), "terraform {\n  required_providers {\n    oauth = { source = \"seed-55355b43/oauth\" }\n  }\n}\n")
	}
	return w
}

// bring gives the values of billing_refresh_token.
func (w *workspace) bring(s *server) {
	w.t.Helper()
	issued, err := s.Issue(exampleClient)
	if err != nil {
		w.t.Fatal(err)
	}
	w.env["TF_VAR_billing_refresh_token"] = issued.RefreshToken
}

const (
	providerExample        = "provider/provider.tf"
	registrationExample    = "resources/oauth_app_registration/resource.tf"
	registrationWOExample  = "resources/oauth_app_registration/resource_write_only.tf"
	registrationOnPlatform = "resources/oauth_app_registration/resource_platform.tf"
	registrationByKey      = "resources/oauth_app_registration/resource_private_key.tf"
	registrationRegistered = "resources/oauth_app_registration/resource_registered.tf"
	registrationByIssuer   = "resources/oauth_app_registration/resource_issuer.tf"
	serverExample          = "data-sources/oauth_authorization_server/data-source.tf"
	platformExample        = "data-sources/oauth_platform/data-source.tf"
	pairExample            = "resources/oauth_token_pair/resource.tf"
	preauthenticated       = "resources/oauth_token_pair/resource_preauthenticated.tf"
	mintExample            = "resources/oauth_token_pair/resource_client_credentials.tf"
	pushedExample          = "resources/oauth_token_pair/resource_pushed_and_bound.tf"
	pairWOExample          = "resources/oauth_token_pair/resource_write_only.tf"
	accessTokenExample     = "data-sources/oauth_access_token/data-source.tf"
	clientTokenExample     = "data-sources/oauth_access_token/data-source_client_credentials.tf"
	clientTokenEphemeral   = "ephemeral-resources/oauth_access_token/ephemeral-resource_client_credentials.tf"
	introspectionExample   = "data-sources/oauth_token_introspection/data-source.tf"
	introspectionEphemeral = "ephemeral-resources/oauth_token_introspection/ephemeral-resource.tf"
	statusExample          = "data-sources/oauth_token_pair/data-source.tf"
	overviewExample        = "data-sources/oauth_token_pairs/data-source.tf"
	ephemeralExample       = "ephemeral-resources/oauth_access_token/ephemeral-resource.tf"
	proxyExample           = "ephemeral-resources/oauth_api_proxy/ephemeral-resource.tf"
	registrationImport     = "resources/oauth_app_registration/import-by-string-id.tf"
	pairImport             = "resources/oauth_token_pair/import-by-string-id.tf"
	registrationImportLine = "resources/oauth_app_registration/import.sh"
	pairImportLine         = "resources/oauth_token_pair/import.sh"
	parseCallbackExample   = "functions/parse_callback/function.tf"
	decodeJWTExample       = "functions/decode_jwt/function.tf"
	basicAuthExample       = "functions/basic_auth/function.tf"
)

// Every example is tried by a test below; a new one must be, too.
func TestEveryExampleIsTried(t *testing.T) {
	t.Parallel()
	tried := []string{
		providerExample, registrationExample, registrationWOExample, registrationOnPlatform, registrationByIssuer, registrationByKey, registrationRegistered, platformExample, serverExample, pairExample,
		preauthenticated, mintExample, deviceExample, assertionExample, exchangeExample, extensionExample, pushedExample, pairWOExample, accessTokenExample,
		statusExample, overviewExample, ephemeralExample, proxyExample, registrationImport, pairImport, registrationImportLine, pairImportLine,
		clientTokenExample, clientTokenEphemeral, introspectionExample, introspectionEphemeral, parseCallbackExample, decodeJWTExample, basicAuthExample,
		alertChecks, alertMonitor, consumeOwner, consumeConsumer, consumeSame, consumeTwoStores, longToken, longProxy,
		laptopCredential, laptopAction, laptopPipeline, credentialModule, apiTokenModule, authorizeExample, rotateExample, revokeExample, listExample,
	}
	var found []string
	for _, pattern := range []string{"provider/*", "*resources/*/*", "data-sources/*/*", "functions/*/*", "actions/*/*", "guides/*/*", "modules/*"} {
		paths, err := filepath.Glob(filepath.Join(exampleDir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			rel, err := filepath.Rel(exampleDir, path)
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, filepath.ToSlash(rel))
		}
	}
	slices.Sort(tried)
	slices.Sort(found)
	if !slices.Equal(slices.Compact(found), tried) {
		t.Errorf("the examples are\n%s\nand those tried are\n%s", strings.Join(found, "\n"), strings.Join(tried, "\n"))
	}
}

func TestRegistrationExample(t *testing.T) {
	t.Parallel()
	s := newExampleServer(t)
	w := newExample(t, s, providerExample, registrationExample)
	w.ok("validate")
	w.apply().mustSay(t, "1 added")
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")

	w.ok("state", "rm", "oauth_app_registration.crm")
	w.importLine(registrationImportLine)
	w.apply()
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	w.ok("state", "rm", "oauth_app_registration.crm")
	writeFile(t, filepath.Join(w.dir, "import.tf"), readFile(t, filepath.Join(exampleDir, registrationImport)))
	w.apply().mustSay(t, "1 imported")
	w.ok("destroy", "-no-color", "-auto-approve").mustSay(t, "1 destroyed")
}

// The server makes the client, and forgets it with the destroy.
func TestRegisteredExample(t *testing.T) {
	t.Parallel()
	settings := sandbox.DefaultSettings()
	settings.Registration = sandbox.Registration{Enabled: true, InitialAccessToken: "let-me-in-7f3a", RotateTokenOnRead: true, RotateSecretOnUpdate: true}
	s := startServer(t, sandbox.Options{Settings: settings}, sandbox.Listen{})
	w := newExample(t, s, providerExample, registrationRegistered)
	w.env["TF_VAR_initial_access_token"] = "let-me-in-7f3a"
	w.ok("validate")
	w.apply().mustSay(t, "2 added")
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	secret := s.registered().Secret
	w.edit("1.tf", `quarter = "2026-4"`, `quarter = "2027-1"`)
	w.apply()
	if s.registered().Secret == secret {
		t.Error("the secret was not rotated")
	}
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	w.ok("destroy", "-no-color", "-auto-approve").mustSay(t, "2 destroyed")
	s.expectManaged(managed{1, s.Counters().RegistrationReads, 1, 1, 0})
}

// A platform needs nothing but its name, and nothing is sent until a person has consented.
func TestPlatformExamples(t *testing.T) {
	t.Parallel()
	w := newExample(t, newExampleServer(t), providerExample, registrationOnPlatform, platformExample)
	w.env["TF_VAR_exact_client_secret"] = clientSecret
	w.ok("validate")
	w.apply().mustSay(t, "2 added", "https://start.exactonline.nl/api/oauth2/auth?client_id=00000000-0000-0000-0000-000000000000")
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	if policy, _ := w.outputs()["exact_refresh_tokens"].(map[string]any); policy["rotation"] != "single_use" {
		t.Errorf("outputs %v", w.outputs())
	}
}

// What a server says of itself is enough, and checked in every plan.
func TestIssuerExamples(t *testing.T) {
	t.Parallel()
	s := newExampleServer(t)
	w := newExample(t, s, providerExample, registrationByIssuer, serverExample)
	w.env["TF_VAR_login_client_secret"] = clientSecret
	w.ok("validate")
	w.apply().mustNotSay(t, "Check block assertion failed")
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	if got := w.outputs()["token_endpoint"]; got != s.base+"/token" {
		t.Errorf("token_endpoint is %v", got)
	}
	for range 2 { // to validate the checks, plan and refresh both ask
		s.fault(sandbox.Fault{Path: metadataPath, Action: sandbox.ActionMutate, Remove: []string{"revocation_endpoint", "code_challenge_methods_supported"}})
	}
	w.plan().mustSay(t, "Check block assertion failed", "The server does not say that it takes PKCE.", "A destroy cannot revoke: a person has to.")
}

// What the server wants is one line each: requests that are pushed first, and tokens that are bound to a key.
func TestPushedAndBoundExample(t *testing.T) {
	t.Parallel()
	s := newExampleServer(t)
	w := newExample(t, s, providerExample, pushedExample)
	w.env["TF_VAR_bank_client_secret"] = clientSecret
	w.ok("validate")
	w.apply().mustSay(t, "Open this URL before ", "bank_authorization = ")
	w.env["TF_VAR_bank_callback_url"] = s.consent(w.string("oauth_token_pair.bank", "authorization_url"))
	w.apply().mustSay(t, "1 changed")
	w.expect("oauth_token_pair.bank", values{"status": "active", "token_type": "DPoP", "authorization_url": nil})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.expectPushes(1)
	w.ok("destroy", "-no-color", "-auto-approve").mustSay(t, "1 destroyed")
}

// The first authorization, with everything that the pair's consumers do.
func TestTokenPairExample(t *testing.T) {
	t.Parallel()
	s := newExampleServer(t)
	w := newExample(t, s, providerExample, pairExample)
	w.ok("validate")
	w.apply().mustSay(t, "2 added", "This is the first of two steps; nothing is wrong.", "authorization_url = ")
	w.env["TF_VAR_callback_url"] = s.consent(w.string("oauth_token_pair.crm", "authorization_url"))
	w.apply().mustSay(t, "1 changed")
	w.expect("oauth_token_pair.crm", values{"status": "active", "generation": 1})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")

	delete(w.env, "TF_VAR_callback_url") // it need not be given again
	w.apply().mustSay(t, "1 changed")
	w.expect("oauth_token_pair.crm", values{"status": "active", "generation": 1})

	w.ok("state", "rm", "oauth_token_pair.crm")
	w.importLine(pairImportLine)
	w.apply()
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	w.ok("state", "rm", "oauth_token_pair.crm")
	writeFile(t, filepath.Join(w.dir, "import.tf"), readFile(t, filepath.Join(exampleDir, pairImport)))
	w.apply().mustSay(t, "1 imported")
	s.expectCalls(calls{exchanges: 1})
	w.ok("destroy", "-no-color", "-auto-approve").mustSay(t, "2 destroyed")
	s.expectCalls(calls{exchanges: 1, revocations: 1})
}

// A client that gets tokens for itself has one after the first apply.
func TestClientCredentialsExample(t *testing.T) {
	t.Parallel()
	s := newExampleServer(t)
	w := newExample(t, s, providerExample, mintExample)
	w.ok("validate")
	w.apply().mustSay(t, "1 added")
	w.expect("oauth_token_pair.reports", values{"status": "active", "generation": 1, "authorization_url": nil, "refresh_token": nil})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	w.ok("destroy", "-no-color", "-auto-approve").mustSay(t, "1 destroyed")
	s.expectCalls(calls{revocations: 1, tokenRequests: 1})
}

// A client's own token is one for all who ask, whether it comes by a data source or by an ephemeral resource.
func TestClientTokenExamples(t *testing.T) {
	t.Parallel()
	s := newExampleServer(t)
	w := newExample(t, s, providerExample, clientTokenExample)
	w.ok("validate")
	w.apply().mustSay(t, "1 added")
	w.expect("data.oauth_access_token.metrics", values{"token_type": "Bearer"})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	if w.knows(ephemeralResources) {
		e := newExample(t, s, providerExample, clientTokenEphemeral)
		e.ok("validate")
		e.apply()
		e.apply()
		s.expectCalls(calls{tokenRequests: 2}) // in a store of its own
	}
}

// What a server says of the token of a pair and of one from elsewhere. A dead credential fails the check, and stops nothing.
func TestIntrospectionExamples(t *testing.T) {
	t.Parallel()
	s := newExampleServer(t)
	w := newExample(t, s, providerExample, pairExample, introspectionExample)
	foreign, err := s.Issue(exampleClient)
	if err != nil {
		t.Fatal(err)
	}
	w.env["TF_VAR_foreign_token"] = foreign.AccessToken
	w.ok("validate")
	w.apply("-target=oauth_token_pair.crm")
	w.env["TF_VAR_callback_url"] = s.consent(w.string("oauth_token_pair.crm", "authorization_url"))
	w.apply().mustNotSay(t, "Check block assertion failed")
	if ends, _ := w.outputs()["foreign_token_ends"].(string); ends == "" {
		t.Errorf("outputs %v", w.outputs())
	}
	s.expectCalls(calls{exchanges: 1})
	if w.knows(ephemeralResources) {
		e := newExample(t, s, providerExample, introspectionEphemeral)
		e.env["TF_VAR_foreign_token"] = foreign.AccessToken
		e.ok("validate")
		e.plan()
		if _, err := s.RevokeFamily(sandbox.Revocation{All: true}); err != nil {
			t.Fatal(err)
		}
		e.fails([]string{"The token is not good any more."}, "plan", "-no-color", "-input=false")
	}
	w.plan().mustSay(t, "Check block assertion failed", "The server no longer knows the refresh token of crm")
	s.expectCalls(calls{exchanges: 1})
}

// What is configured with the proxy uses the API, once the pair is there.
func TestProxyExample(t *testing.T) {
	t.Parallel()
	s := newExampleServer(t)
	w := newExample(t, s, providerExample, pairExample).consumes()
	w.apply()
	w.env["TF_VAR_callback_url"] = s.consent(w.string("oauth_token_pair.crm", "authorization_url"))
	w.apply()
	// The provider of the example is one that nobody has here.
	text := strings.NewReplacer(
		"https://api.example.com", s.base, `provider "restapi"`, `provider "consumer"`, "uri     =", "url =",
		`headers = { Authorization = "Bearer ${ephemeral.oauth_api_proxy.crm.bearer}" }`, "bearer = ephemeral.oauth_api_proxy.crm.bearer",
	).Replace(readFile(t, filepath.Join(exampleDir, proxyExample)))
	writeFile(t, filepath.Join(w.dir, "proxy.tf"), text+`
resource "consumer_calls" "this" {
  path = "/api/me"
  for  = "1s"
}
`)
	settings := filepath.Join(w.dir, "0.tf")
	required := readFile(t, settings)
	writeFile(t, settings, strings.Replace(required, "required_providers {", "required_providers {\n    consumer = { source = \"seed-55355b43/consumer\" }", 1))
	w.ok("validate")
	w.apply().mustSay(t, "consumer_calls.this: Creation complete")
	s.expectCalls(calls{exchanges: 1})
}

// Consumers in the same configuration wait for the apply that authorizes.
func TestConsumerExamples(t *testing.T) {
	t.Parallel()
	s := newExampleServer(t)
	names := []string{providerExample, pairExample, preauthenticated, accessTokenExample, statusExample}
	if w := newWorkspace(t); w.knows(ephemeralResources) {
		names = append(names, ephemeralExample)
	}
	w := newExample(t, s, names...)
	w.bring(s)
	w.ok("validate")
	// Those who know a pair by its name need it to be there.
	w.apply("-target=oauth_token_pair.crm", "-target=oauth_token_pair.billing")
	w.env["TF_VAR_callback_url"] = s.consent(w.string("oauth_token_pair.crm", "authorization_url"))
	w.apply().mustNotSay(t, "Check block assertion failed")
	w.expect("data.oauth_access_token.crm", values{"access_token": w.string("oauth_token_pair.crm", "access_token")})
	w.expect("data.oauth_access_token.billing", values{"access_token": w.string("oauth_token_pair.billing", "access_token")})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.expectCalls(calls{refreshes: 1, exchanges: 1})
}

// The check tells that the credential needs a person, first and when it is dead, and stops nothing.
func TestStatusExample(t *testing.T) {
	t.Parallel()
	const required = "The credential crm is authorization_required."
	s := newExampleServer(t)
	w := newExample(t, s, providerExample, pairExample, statusExample)
	w.ok("validate")
	w.apply().mustSay(t, "Check block assertion failed", required)
	w.env["TF_VAR_callback_url"] = s.consent(w.string("oauth_token_pair.crm", "authorization_url"))
	w.apply()
	w.plan("-detailed-exitcode").mustNotSay(t, "Check block assertion failed")
	if _, err := s.RevokeFamily(sandbox.Revocation{All: true}); err != nil {
		t.Fatal(err)
	}
	s.later(time.Hour, w)
	w.plan().mustSay(t, "Authorization Required", "Check block assertion failed", required)
}

// The overview tells of every pair in the store, those of other configurations among them, and stops nothing. A pair that
// no key opens does not hide the others.
func TestOverviewExample(t *testing.T) {
	t.Parallel()
	s := newExampleServer(t)
	w := newExample(t, s, providerExample, pairExample, overviewExample)
	w.ok("validate")
	w.apply("-target=oauth_token_pair.crm")
	w.apply().mustSay(t, "Check block assertion failed", "Not active: crm (authorization_required).")
	w.env["TF_VAR_callback_url"] = s.consent(w.string("oauth_token_pair.crm", "authorization_url"))
	w.apply()
	w.plan("-detailed-exitcode").mustNotSay(t, "Check block assertion failed")

	there, other := newServer(t, nil), newWorkspace(t) // without the key
	other.env["OAUTH_TOKEN_STORE"] = "file://" + w.store
	other.write(there.pair("other", there.issue().RefreshToken, strict, "") + `
output "all" { value = data.oauth_token_pairs.all }
data "oauth_token_pairs" "all" { depends_on = [oauth_token_pair.this] }
`)
	r := other.apply()
	r.mustSay(t, "Token Pairs Not Readable", "crm: ")
	all, ok := other.outputs()["all"].(map[string]any)
	if !ok {
		t.Fatalf("the output is %v", other.outputs()["all"])
	}
	pairs, _ := all["token_pairs"].(map[string]any)
	pair, _ := pairs["other"].(map[string]any)
	history, _ := pair["history"].([]any)
	if len(pairs) != 1 || pair["status"] != "active" || pair["generation"] != 2.0 || pair["claim_stale"] != false || len(history) != 2 {
		t.Errorf("the overview holds %v", pairs)
	}
	if unreadable, _ := all["unreadable"].([]any); len(unreadable) != 1 || unreadable[0] != "crm" {
		t.Errorf("unreadable: %v", all["unreadable"])
	}
}

// The examples without secrets in the state, in two applies.
func TestWriteOnlyExamples(t *testing.T) {
	t.Parallel()
	s := newExampleServer(t)
	w := newExample(t, s, providerExample, registrationWOExample)
	w.ok("validate")
	w.apply().mustSay(t, "1 added")
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	expectIn(t, w.dir, "the client secret", clientSecret, false)

	w = newExample(t, s, pairWOExample)
	w.ok("validate")
	w.apply().mustSay(t, "2 added")
	w.env["TF_VAR_callback_url"] = s.consent(w.string("oauth_token_pair.crm", "authorization_url"))
	w.edit("0.tf", "callback_url_wo_version = 0", "callback_url_wo_version = 1")
	w.apply().mustSay(t, "1 changed")
	w.expect("oauth_token_pair.crm", values{"status": "active", "generation": 1, "access_token": nil, "refresh_token": nil})
	delete(w.env, "TF_VAR_callback_url")
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	expectIn(t, w.dir, "the refresh token", s.live().RefreshToken, false)
	expectIn(t, w.dir, "the client secret", clientSecret, false)
}

// edit changes one of the files of a workspace.
func (w *workspace) edit(file, old, with string) {
	w.t.Helper()
	path := filepath.Join(w.dir, file)
	text := readFile(w.t, path)
	if strings.Count(text, old) != 1 {
		w.t.Fatalf("%s holds %q %d times, want once", file, old, strings.Count(text, old))
	}
	writeFile(w.t, path, strings.Replace(text, old, with, 1))
}

// importLine runs the command of an import.sh.
func (w *workspace) importLine(example string) {
	w.t.Helper()
	lines := strings.Split(strings.TrimSpace(readFile(w.t, filepath.Join(exampleDir, example))), "\n")
	words := strings.Fields(lines[len(lines)-1])
	if len(words) < 2 || words[0] != "terraform" {
		w.t.Fatalf("%s does not end in a terraform command", example)
	}
	w.ok(words[1:]...)
}
