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
	indexExample           = "index/main.tf"
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
	deviceExample          = "resources/oauth_token_pair/resource_device_code.tf"
	assertionExample       = "resources/oauth_token_pair/resource_jwt_bearer.tf"
	exchangeExample        = "resources/oauth_token_pair/resource_token_exchange.tf"
	extensionExample       = "resources/oauth_token_pair/resource_extension_grant.tf"
)

func TestRegistrationExample(t *testing.T) {
	t.Parallel()
	s := newExampleServer(t)
	w := newExample(t, s, providerExample, registrationExample)
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

// What a server says of itself is enough, and checked in every plan.
func TestIssuerExamples(t *testing.T) {
	t.Parallel()
	s := newExampleServer(t)
	w := newExample(t, s, providerExample, registrationByIssuer, serverExample)
	w.env["TF_VAR_login_client_secret"] = clientSecret
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

// The first authorization, with everything that the pair's consumers do.
func TestTokenPairExample(t *testing.T) {
	t.Parallel()
	s := newExampleServer(t)
	w := newExample(t, s, providerExample, pairExample)
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

// A client's own token is one for all who ask, whether it comes by a data source or by an ephemeral resource.
func TestClientTokenExamples(t *testing.T) {
	t.Parallel()
	s := newExampleServer(t)
	w := newExample(t, s, providerExample, clientTokenExample)
	w.apply().mustSay(t, "1 added")
	w.expect("data.oauth_access_token.metrics", values{"token_type": "Bearer"})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	if w.knows(ephemeralResources) {
		e := newExample(t, s, providerExample, clientTokenEphemeral)
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
	w.apply("-target=oauth_token_pair.crm")
	w.env["TF_VAR_callback_url"] = s.consent(w.string("oauth_token_pair.crm", "authorization_url"))
	w.apply().mustNotSay(t, "Check block assertion failed")
	if ends, _ := w.outputs()["foreign_token_ends"].(string); ends == "" {
		t.Errorf("outputs %v", w.outputs())
	}
	s.expectCalls(calls{exchanges: 1})
	e := newExample(t, s, providerExample, introspectionEphemeral)
	e.env["TF_VAR_foreign_token"] = foreign.AccessToken
	if w.knows(ephemeralResources) {
		e.plan()
	}
	if _, err := s.RevokeFamily(sandbox.Revocation{All: true}); err != nil {
		t.Fatal(err)
	}
	if w.knows(ephemeralResources) {
		e.fails([]string{"The token is not good any more."}, "plan", "-no-color", "-input=false")
	}
	w.plan().mustSay(t, "Check block assertion failed", "The server no longer knows the refresh token of crm")
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
	w.apply().mustSay(t, "1 added")
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	expectIn(t, w.dir, "the client secret", clientSecret, false)

	w = newExample(t, s, pairWOExample)
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
