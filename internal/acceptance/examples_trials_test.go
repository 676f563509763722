//go:build unix

package acceptance_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/platform"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// refusal is what programs say of a word that they do not have, or of a configuration that asks for a newer one.
var refusal = regexp.MustCompile(`Unsupported (block type|argument|Terraform Core version|OpenTofu Core version)|Invalid ephemeral|not (expected|supported)|Write-only`)

const requires = "terraform {\n  required_providers {\n    oauth = { source = \"seed-55355b43/oauth\" }\n  }\n}\n"

// copyExamples puts all configurations, with other names in them, into the workspace, and returns where.
func (w *workspace) copyExamples(names *strings.Replacer) string {
	w.t.Helper()
	to := filepath.Join(w.dir, "examples")
	copyNamed(w.t, exampleDir, to, names)
	return to
}

// copyNamed copies a folder of configurations, with other names in them and with the modules that lie here.
func copyNamed(t testing.TB, from, to string, names *strings.Replacer) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		text, err := os.ReadFile(path) // #nosec G122 -- of this repository
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), []byte(names.Replace(modulesHere(string(text)))), 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// alone takes all files but one away from the folder, and declares the providers there.
func (w *workspace) alone(file string) {
	w.t.Helper()
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.Name() != file {
			if err := os.Remove(filepath.Join(w.dir, entry.Name())); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	writeFile(w.t, filepath.Join(w.dir, "required.tf"), requires)
}

// module is an example as a part of a larger configuration: one run tries many.
type module struct {
	name    string // in the configuration
	example string // a folder below examples/, or a file
	store   string // the provider's alias; empty: it configures the provider itself
	args    string
}

// fold writes a configuration of all the modules into the workspace, which holds the examples below dir.
func (w *workspace) fold(dir string, head string, modules []module) {
	w.t.Helper()
	text := requires + head
	for _, m := range modules {
		at := filepath.Join(dir, filepath.FromSlash(m.example))
		if filepath.Ext(m.example) == ".tf" {
			whole := readFile(w.t, at)
			at = filepath.Join(w.dir, "single-"+m.name)
			if err := os.Mkdir(at, 0o700); err != nil {
				w.t.Fatal(err)
			}
			writeFile(w.t, filepath.Join(at, "main.tf"), whole)
			writeFile(w.t, filepath.Join(at, "required.tf"), requires)
		}
		rel, err := filepath.Rel(w.dir, at)
		if err != nil {
			w.t.Fatal(err)
		}
		text += fmt.Sprintf("module %q {\n  source = %q\n", m.name, "./"+filepath.ToSlash(rel))
		if m.store != "" {
			text += fmt.Sprintf("  providers = { oauth = oauth.%s }\n", m.store)
		}
		text += m.args + "\n}\n"
	}
	writeFile(w.t, filepath.Join(w.dir, "main.tf"), text)
	w.ok("get")
	w.ok("validate")
}

// stores are providers with a folder each.
func (w *workspace) stores(names ...string) (text string) {
	for _, name := range names {
		text += fmt.Sprintf("provider \"oauth\" {\n  alias       = %q\n  token_store = %q\n}\n", name, w.storeAt(name))
	}
	return text
}

func (w *workspace) storeAt(name string) string { return "file://" + w.store + "-" + name }

// settled wants a plan to show nothing more to do.
func (w *workspace) settled() {
	w.t.Helper()
	w.plan("-detailed-exitcode").mustSay(w.t, "No changes.")
}

// tryObjects tries the examples of resources, data sources, ephemeral resources and functions in one configuration.
func tryObjects(t *testing.T, x *trials) {
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	settings := sandbox.DefaultSettings()
	quick(&settings)
	settings.Registration = sandbox.Registration{Enabled: true, InitialAccessToken: "let-me-in-7f3a"}
	s := startServer(t, sandbox.Options{
		Settings: settings,
		Clients:  []sandbox.Client{{ID: exampleClient, Secret: clientSecret, RedirectURIs: []string{redirectURI}}, {ID: "portal", Secret: clientSecret}},
		Grants:   sandbox.Grants{Exchange: true, Extensions: map[string]map[string]string{"account_credentials": {"account_id": "a-1"}}},
	}, sandbox.Listen{})
	assertions := sandbox.Grants{AssertionKeys: map[string]crypto.PublicKey{"service@example.com": public}}
	open := startServer(t, sandbox.Options{Settings: settings, Clients: []sandbox.Client{{ID: exampleClient}}, Grants: assertions}, sandbox.Listen{})
	a := newAPI(t, s)

	w := newWorkspaceOn(t, x.cli)
	w.overrideRestAPI()
	delete(w.env, "OAUTH_TOKEN_STORE")
	foreign := s.issueTo(exampleClient)
	for name, value := range map[string]string{
		"token_store_key": exampleKey, "service_key": keyPEM(t, key), "initial_access_token": "let-me-in-7f3a", "foreign_token": foreign.AccessToken,
		"meetings":        `{"account_id":"a-1","client_secret":"` + clientSecret + `"}`,
		"pasted_callback": "https://example.com/callback?error=access_denied&state=s",
		"access_token":    unsignedJWT(`{"exp":1893456000,"aud":["https://api.example.com","other"]}`),
	} {
		w.env["TF_VAR_"+name] = value
	}
	for _, whose := range []string{"", "billing_", "reports_", "metrics_", "introspecting_", "exact_", "login_", "bank_", "console_", "portal_", "api_"} {
		w.env["TF_VAR_"+whose+"client_secret"] = clientSecret
	}
	w.bring(s)
	add := func(s *server, names ...string) []string {
		for _, name := range names {
			text := strings.NewReplacer(
				exampleServer, s.base, exampleStore, "file://"+w.store, "uri     = \"https://api.example.com", "uri = \""+a.URL, "upstream   = \"https://api.example.com", "upstream = \""+a.URL,
				"required_providers {", "required_providers {\n    restapi = { source = \"Mastercard/restapi\" }",
			).Replace(readFile(t, filepath.Join(exampleDir, name)))
			writeFile(t, filepath.Join(w.dir, strings.ReplaceAll(name, "/", "-")), text)
		}
		return names
	}
	done := add(s, providerExample, pairExample, preauthenticated, mintExample, deviceExample, extensionExample, pushedExample, registrationOnPlatform, platformExample,
		registrationByIssuer, registrationRegistered, serverExample, parseCallbackExample, decodeJWTExample, basicAuthExample)
	done = append(done, add(open, assertionExample)...)
	w.apply().mustSay(t, "Authorization Required: crm", "Authorization Required: console", "Authorization Required: exact")

	// Those who know a pair by its name need it to be there, and the exchange needs it to be authorized.
	done = append(done, add(s, accessTokenExample, clientTokenExample, introspectionExample, statusExample, overviewExample, exchangeExample)...)
	w.env["TF_VAR_callback_url"] = s.consent(w.string("oauth_token_pair.crm", "authorization_url"))
	w.env["TF_VAR_bank_callback_url"] = s.consent(w.string("oauth_token_pair.bank", "authorization_url"))
	if err := s.ConfirmDevice(w.string("oauth_token_pair.console", "user_code")); err != nil {
		t.Fatal(err)
	}
	w.ok("validate")
	w.apply()
	// What a check block reads is read in every apply, which a plan shows.
	w.plan().mustSay(t, "Plan: 0 to add, 0 to change, 0 to destroy.", "Not active: books (authorization_required), exact (authorization_required).")
	for _, name := range []string{"crm", "billing", "reports", "console", "meetings", "bank", "service", "crm_reports"} {
		w.expect("oauth_token_pair."+name, values{"status": "active"})
	}
	w.expect("oauth_token_pair.bank", values{"token_type": "DPoP"})
	s.expectPushes(1)
	if c := open.LastAssertion().Claims; c["sub"] != "user@example.com" || c["scope"] != "reports.read" {
		t.Errorf("claims %v", c)
	}
	asksForReports := func(e sandbox.Entry) bool { return strings.HasPrefix(e.Resource, "https://reports.example.com/") }
	if !slices.ContainsFunc(s.Log(), asksForReports) {
		t.Error("the exchange has asked for no resource")
	}
	if policy, _ := w.outputs()["exact_refresh_tokens"].(map[string]any); policy["rotation"] != "single_use" {
		t.Errorf("outputs %v", w.outputs())
	}
	x.did(done...)

	const both = "oauth_token_pair.crm oauth_app_registration.crm"
	w.ok(append([]string{"state", "rm"}, strings.Fields(both)...)...)
	w.importLine(registrationImportLine)
	w.importLine(pairImportLine)
	w.ok(append([]string{"state", "rm"}, strings.Fields(both)...)...)
	done = append(add(s, registrationImport, pairImport), registrationImportLine, pairImportLine)
	remove := func(names ...string) {
		for _, name := range names {
			if err := os.Remove(filepath.Join(w.dir, strings.ReplaceAll(name, "/", "-"))); err != nil {
				t.Fatal(err)
			}
		}
	}
	remove(introspectionExample)
	if x.cli.knows(ephemeralResources) {
		remove(clientTokenExample) // whose variable has the same name
		done = append(done, add(s, ephemeralExample, clientTokenEphemeral, introspectionEphemeral, proxyExample)...)
		writeFile(t, filepath.Join(w.dir, "uses.tf"), "resource \"restapi_object\" \"contact\" {\n  path = \"/contacts\"\n  data = jsonencode({ id = \"jo\" })\n}\n")
		w.ok("validate")
	}
	w.apply().mustSay(t, "2 imported")
	w.settled()
	if x.cli.knows(ephemeralResources) && a.has("/contacts/jo") == "" {
		t.Error("nothing came through the proxy")
	}
	x.did(done...)
	if x.cli.knows(ephemeralResources) { // what the start page shows takes the pair over
		remove(pairExample, ephemeralExample, proxyExample, registrationImport, pairImport)
		add(s, registrationExample, indexExample)
		writeFile(t, filepath.Join(w.dir, "callback.tf"), "variable \"callback_url\" {\n  type      = string\n  sensitive = true\n}\n")
		// OpenTofu opens nothing that depends on a change that is still to come, so what reads through it is not there yet.
		w.ok("state", "rm", "restapi_object.contact")
		w.apply()
		w.settled()
		w.expect("oauth_token_pair.crm", values{"status": "active"})
		x.did(indexExample)
	}
	s.expect(1, 0) // of what was brought
}

// tryPlatforms tries the example on the page of each platform, up to the point where a person opens the URL.
func tryPlatforms(t *testing.T, x *trials) {
	w := newWorkspaceOn(t, x.cli)
	dir := w.copyExamples(strings.NewReplacer())
	var modules []module
	var outputs strings.Builder
	for _, id := range platform.IDs() {
		if e, ok := platform.Find(id); !ok || e.Usable() != nil {
			continue
		}
		modules = append(modules, module{name: id, example: "guides/platform-" + strings.ReplaceAll(id, "_", "-"), store: "all", args: id + "_client_secret = " + strconv.Quote(clientSecret)})
		fmt.Fprintf(&outputs, "output %q {\n  value = module.%s.%[1]s_authorization_url\n}\n", id, id)
	}
	w.fold(dir, w.stores("all")+outputs.String(), modules)
	w.apply().mustSay(t, fmt.Sprintf("%d added", 2*len(modules)), "https://start.exactonline.be/api/oauth2/auth?", "https://login.microsoftonline.com/")
	w.settled()
	found := w.outputs()
	for name, url := range found {
		if text, ok := url.(string); !ok || !strings.HasPrefix(text, "https://") {
			t.Errorf("%s is %v", name, url)
		}
	}
	if len(modules) < 31 || len(found) != len(modules) {
		t.Errorf("%d examples of platforms, %d addresses", len(modules), len(found))
	}
	for _, m := range modules {
		x.did(m.example)
	}
}

// tryOwners tries the configurations that have a credential, and then those that use one.
func tryOwners(t *testing.T, x *trials) {
	key, certificate := newECKey(t), selfSigned(t, exampleClient)
	keyed := func(id string) string {
		jwks, err := json.Marshal(jwksOf(publicJWK(t, key.Public(), id, nil)))
		if err != nil {
			t.Fatal(err)
		}
		return string(jwks)
	}
	port := freePort(t)
	s := startServer(t, sandbox.Options{Settings: sandbox.DefaultSettings(), Clients: []sandbox.Client{
		{ID: exampleClient, Secret: clientSecret, RedirectURIs: []string{redirectURI, "http://127.0.0.1:8080/callback", "http://127.0.0.1:" + port + "/callback"}},
		{ID: exampleClient + "-keyed", JWKS: keyed("k1"), AuthMethod: sandbox.AuthPrivateKeyJWT},
	}}, sandbox.Listen{})
	signing := startServer(t, sandbox.Options{Clients: []sandbox.Client{{ID: exampleClient, JWKS: keyed("terraform-1"), AuthMethod: sandbox.AuthPrivateKeyJWT, RedirectURIs: []string{redirectURI}}}}, sandbox.Listen{})
	mutual := startServer(t, sandbox.Options{Clients: []sandbox.Client{{ID: exampleClient, Certificate: certificate.cert.Raw, AuthMethod: sandbox.AuthSelfSignedTLS}}}, sandbox.Listen{MTLS: &sandbox.MTLS{}})
	a := newAPI(t, s)

	w := newWorkspaceOn(t, x.cli)
	w.overrideRestAPI()
	w.env[envPresets] = s.base
	w.env["OAUTH_TOKEN_STORE_KEY"] = exampleKey
	s.fault(sandbox.Fault{Path: "/api/v1/current/Me", Action: sandbox.ActionStatus, Status: 200, Body: `{"d":{"results":[{"CurrentDivision":4711}]}}`})
	dir := w.copyExamples(strings.NewReplacer(
		exampleServer, s.base, `"00000000-0000-0000-0000-000000000000"`, strconv.Quote(exampleClient), exampleStore, "file://"+w.store+"-own", ":8912/", ":"+port+"/",
		"http://127.0.0.1:8080/authorize", s.base+"/authorize", "http://127.0.0.1:8080/token", s.base+"/token", "http://127.0.0.1:8080/revoke", s.base+"/revoke",
		"https://api.example.com", a.URL, "https://ledger.example.com", a.URL, "https://start.exactonline.nl", a.URL,
	))
	at := func(example, old, with string) {
		path := filepath.Join(dir, filepath.FromSlash(example), "main.tf")
		writeFile(t, path, strings.Replace(readFile(t, path), old, with, 1))
	}
	at(clientByKey, s.base, signing.base)
	at(clientByCert, s.base, mutual.base)
	at(laptopCredential, `provider "oauth" {}`, "provider \"oauth\" {\n  token_store = "+strconv.Quote(w.storeAt("laptop"))+"\n}")
	at(pipelineConfig, "secrets_in_state = false", "secrets_in_state = false\n  token_store = "+strconv.Quote(w.storeAt("pipeline")))
	ca := filepath.Join(w.dir, "ca.pem")
	writeFile(t, ca, newTestCA(t).pem)
	code := s.foreignCode()

	secret := "client_secret = " + strconv.Quote(clientSecret)
	callback := func(name string) string {
		return secret + "\n  callback_url = lookup(var.callbacks, " + strconv.Quote(name) + ", null)"
	}
	brought := func() string {
		return secret + "\n  refresh_token = " + strconv.Quote(s.issueTo(exampleClient).RefreshToken)
	}
	id := "\n  client_id = " + strconv.Quote(exampleClient)
	owners := []module{
		{"adopt", adoptToken, "a", brought()},
		{"adopt_code", adoptCode, "b", secret + "\n  code = " + strconv.Quote(code)},
		{"any", anyServer, "a", callback("any") + id},
		{"by_key", clientByKey, "b", heredoc("private_key", privateKeyPEM(t, key))},
		{"by_certificate", clientByCert, "tls", heredoc("certificate", certificate.certPEM) + heredoc("certificate_key", certificate.keyPEM)},
		{"exact", exactCredential, "a", callback("exact") + id},
		{"first", firstCredential, "a", callback("first")},
		{"strategies", strategies, "a", secret},
		{"window", window, "a", brought()},
		{"checks", alertChecks, "b", callback("checks")},
		{"laptop", laptopCredential, "", secret},
		{"registration", registrationExample, "tls", secret},
		{"demo", "demo", "", callback("demo") + id + fmt.Sprintf("\n  server = %q\n  ca_file = %q\n  redirect_uri = %q", s.base, ca, redirectURI)},
	}
	if x.cli.knows(ephemeralResources) {
		owners = append(owners, module{"same", consumeSame, "a", secret})
	}
	if x.cli.knows(writeOnlyArguments) {
		owners = append(owners,
			module{"registration_wo", registrationWOExample, "c", secret},
			module{"registration_key", registrationByKey, "b", heredoc("login_private_key", privateKeyPEM(t, key))},
			module{"pair_wo", pairWOExample, "", secret},
			module{"pipeline", pipelineConfig, "", secret},
			module{"owner", consumeOwner, "", callback("owner") + "\n  callback_url_version = length(var.callbacks)"},
		)
	}
	head := w.stores("a", "b", "c") + fmt.Sprintf("provider \"oauth\" {\n  alias = \"tls\"\n  token_store = %q\n%s}\n", w.storeAt("tls"), heredoc("ca_certificate_pem", string(mutual.running.CAPEM))) +
		"variable \"callbacks\" {\n  type      = map(string)\n  default   = {}\n  sensitive = true\n}\n"
	w.fold(dir, head, owners)
	if x.cli.knows(writeOnlyArguments) { // whose pair somebody authorizes before the first apply
		laptop := newWorkspace(t).desktop()
		laptop.env["OAUTH_TOKEN_STORE"], laptop.env["OAUTH_TOKEN_STORE_KEY"], laptop.env["OAUTH_CLIENT_SECRET"] = w.storeAt("pipeline"), exampleKey, clientSecret
		laptop.byCommand(s, "--name", "crm", "--issuer", s.base, "--client-id", exampleClient, "--redirect-uri", "http://127.0.0.1:"+port+"/callback")
	}
	w.apply().mustSay(t, "Authorization Required: exact-prod", "Authorization Required: demo")

	callbacks := map[string]string{}
	for name, pair := range map[string]string{
		"any": "oauth_token_pair.sso", "exact": "oauth_token_pair.exact", "first": "oauth_token_pair.crm", "checks": "oauth_token_pair.crm", "demo": "oauth_token_pair.demo",
		"owner": "module.crm.oauth_token_pair.this",
	} {
		if name != "owner" || x.cli.knows(writeOnlyArguments) {
			callbacks[name] = s.consent(w.string("module."+name+"."+pair, "authorization_url"))
		}
	}
	text, err := json.Marshal(callbacks)
	if err != nil {
		t.Fatal(err)
	}
	w.env["TF_VAR_callbacks"] = string(text)
	if x.cli.knows(actionsAndLists) {
		action := newGuideOn(t, x.cli.path, s, nil, laptopAction)
		action.env["OAUTH_TOKEN_STORE"] = w.storeAt("laptop")
		action.desktop().byAction(s)
		x.did(laptopAction)
	}
	w.apply().mustNotSay(t, "Authorization Required: exact-prod", "Authorization Required: demo")
	w.settled()
	for _, active := range []string{
		"adopt.oauth_token_pair.teamleader", "adopt_code.oauth_token_pair.teamleader", "any.oauth_token_pair.sso", "by_certificate.oauth_token_pair.bank",
		"exact.oauth_token_pair.exact", "first.oauth_token_pair.crm", "window.oauth_token_pair.strict", "checks.oauth_token_pair.crm", "demo.oauth_token_pair.demo",
	} {
		w.expect("module."+active, values{"status": "active"})
	}
	for _, m := range owners {
		x.did(m.example)
	}
	if x.cli.knows(writeOnlyArguments) {
		x.did(credentialModule)
	}
	tryConsumers(t, x, w, a)
	if c := s.Counters(); c.ReuseDetected != 0 {
		t.Errorf("%d reuses", c.ReuseDetected)
	}
}

// tryConsumers tries the configurations that use a credential of owners.
func tryConsumers(t *testing.T, x *trials, owners *workspace, a *api) {
	w := newWorkspaceOn(t, x.cli).shares(owners)
	w.overrideRestAPI()
	w.env[envPresets] = owners.env[envPresets]
	dir := w.copyExamples(strings.NewReplacer("https://api.example.com", a.URL, "https://ledger.example.com", a.URL, "https://start.exactonline.nl", a.URL))
	consumers := []module{{"monitor", alertMonitor, "", ""}, {"watch", "demo/watch", "env", ""}}
	head := "provider \"oauth\" {\n  alias = \"env\"\n}\n"
	if x.cli.knows(ephemeralResources) {
		head += owners.stores("a")
		stores := ""
		for _, whose := range []string{"sales", "finance"} {
			stores += fmt.Sprintf("%s_store = %q\n  %[1]s_store_key = %[3]q\n  ", whose, owners.storeAt("a"), exampleKey)
		}
		consumers = append(consumers, module{"consumer", consumeConsumer, "a", ""}, module{"two", consumeTwoStores, "", stores},
			module{"token", longToken, "a", ""}, module{"proxy", longProxy, "a", ""}, module{"exact", exactConsumer, "a", ""})
	}
	w.fold(dir, head, consumers)
	w.apply()
	w.settled()
	for _, m := range consumers {
		x.did(m.example)
	}
	if x.cli.knows(ephemeralResources) {
		x.did(apiTokenModule)
		if a.has("/api/v1/4711/crm/Contacts/jo") == "" || a.has("/contacts/sam") == "" || a.has("/accounts/4712") == "" {
			t.Error("the API has not got everything")
		}
	}
}

// tryActions tries the actions and the list on the pair of the first example, where the program has them.
func tryActions(t *testing.T, x *trials) {
	if !x.cli.knows(actionsAndLists) {
		return
	}
	actionExamples(t, x.cli)
	x.did(rotateExample, revokeExample, listExample)
}

func tryAuthorize(t *testing.T, x *trials) {
	if !x.cli.knows(actionsAndLists) {
		return
	}
	authorizeByAction(t, x.cli)
	x.did(authorizeExample)
}
