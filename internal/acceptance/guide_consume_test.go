//go:build unix

package acceptance_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

const (
	consumeOwner     = "guides/consuming-a-credential/owner"
	consumeConsumer  = "guides/consuming-a-credential/consumer"
	consumeSame      = "guides/consuming-a-credential/same-configuration"
	consumeTwoStores = "guides/consuming-a-credential/two-stores"
	credentialModule = "modules/credential"
	apiTokenModule   = "modules/api-token"
)

// One configuration owns a credential, another uses it by its name, for as long as the owner keeps it.
func TestConsumingGuide(t *testing.T) {
	t.Parallel()
	s := newExampleServer(t)
	a := newAPI(t, s)

	owner := newGuide(t, s, nil, consumeOwner)
	owner.apply().mustSay(t, "Check block assertion failed", "The credential crm is authorization_required. Ask sales-it@example.com.")
	url, _ := owner.outputs()["authorization_url"].(string)
	owner.env["TF_VAR_callback_url"], owner.env["TF_VAR_callback_url_version"] = s.consent(url), "1"
	owner.apply().mustNotSay(t, "Check block assertion failed")
	delete(owner.env, "TF_VAR_callback_url")
	owner.plan("-detailed-exitcode").mustSay(t, "No changes.")

	consumer := newGuide(t, s, a, consumeConsumer)
	consumer.fails([]string{`Error: Unable to Get Access Token`, "The token store file://" + consumer.store + " holds no token pair \"crm\".", "nothing was sent"}, "plan", "-no-color", "-input=false") // in a store of its own
	consumer.shares(owner)
	consumer.apply().mustSay(t, "1 added")
	if got := a.has("/contacts/jo"); !strings.Contains(got, "Jo Example") {
		t.Errorf("the API has %q", got)
	}
	s.later(time.Hour, owner)
	consumer.shares(owner).plan("-detailed-exitcode").mustSay(t, "No changes.")
	owner.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.expectCalls(calls{exchanges: 1, refreshes: 1})
	if a.seen() != 2 {
		t.Errorf("the API saw %d tokens, want the first one and its successor", a.seen())
	}
	for _, secret := range s.Secrets() {
		expectIn(t, owner.dir, "a "+string(secret.Kind), secret.Value, false)
		expectIn(t, consumer.dir, "a "+string(secret.Kind), secret.Value, false)
	}

	leak := filepath.Join(consumer.dir, "leak.tf")
	writeFile(t, leak, "output \"token\" {\n  value     = module.crm.access_token\n  sensitive = true\n}\n")
	consumer.fails([]string{"phemeral value"} /* in the words of either CLI */, "plan", "-no-color", "-input=false")
	if err := os.Remove(leak); err != nil {
		t.Fatal(err)
	}

	ledger := newGuide(t, s, a, consumeSame)
	ledger.apply().mustSay(t, "3 added")
	ledger.plan("-detailed-exitcode").mustSay(t, "No changes.")
	both := newGuide(t, s, a, consumeTwoStores)
	both.env[envClock] = owner.env[envClock]
	both.env["TF_VAR_sales_store"], both.env["TF_VAR_sales_store_key"] = "file://"+owner.store, exampleKey
	both.env["TF_VAR_finance_store"], both.env["TF_VAR_finance_store_key"] = "file://"+ledger.store, exampleKey
	delete(both.env, "OAUTH_TOKEN_STORE_KEY")
	both.apply().mustSay(t, "2 added")
	if a.has("/accounts/4711") == "" || a.has("/accounts/4712") == "" {
		t.Error("not both accounts are there")
	}

	owner.ok("destroy", "-no-color", "-auto-approve").mustSay(t, "2 destroyed")
	consumer.fails([]string{`Error: Unable to Get Access Token`, `Token pair "crm" was destroyed.`}, "plan", "-no-color", "-input=false")
}

// Wrong values of the modules' variables are told together, in validate; in the plan what depends on two.
func TestModulesVariables(t *testing.T) {
	t.Parallel()
	w := newGuide(t, newExampleServer(t), nil, consumeOwner)
	w.write(`
module "credential" {
  source        = "../../../modules/credential"
  name          = "-"
  platform      = "exact_online"
  issuer        = "https://login.example.com"
  client_id     = " terraform"
  client_secret = ""
  redirect_uri  = "app.example.com"
  warn_days     = 0

  client_secret_version = 0
  callback_url_version  = -1
  contact       = " "
}
module "token" {
  source       = "../../../modules/api-token"
  token_pair   = "ya29.a0Af/H6S+="
  min_validity = "5 minutes"
}
`)
	w.ok("get")
	w.fails([]string{
		"A name has 1 to 100 letters", "A redirect URI is a whole address", "warn_days is a whole number from 1 to 365.",
		"A client id, without spaces around it.", "The client secret is empty.", "A version is a whole number from 1 on.", "A version is a whole number from 0 on.",
		"Say who authorizes.", "Give the name of the credential, not a token", "A duration, such as 90s or 5m.",
	}, "validate", "-no-color")
	w.write(`
module "credential" {
  source        = "../../../modules/credential"
  name          = "crm"
  client_id     = "terraform"
  client_secret = "x"
  redirect_uri  = "https://app.example.com/callback"
  contact       = "sales-it@example.com"

  platform_parameters = { country = "nl" }
}
`)
	w.fails([]string{"Give either platform or issuer.", "platform_parameters belong to a platform"}, "plan", "-no-color", "-input=false")
}

// An app without a secret has null in its place.
func TestModuleOfAPublicClient(t *testing.T) {
	t.Parallel()
	s := startServer(t, sandbox.Options{
		Clients: []sandbox.Client{{ID: exampleClient, RedirectURIs: []string{redirectURI}}}, Settings: sandbox.DefaultSettings(),
	}, sandbox.Listen{})
	w := newGuide(t, s, nil, consumeOwner)
	main := filepath.Join(w.dir, "main.tf")
	writeFile(t, main, strings.Replace(readFile(t, main), "client_secret = var.client_secret", "client_secret = null", 1))
	w.apply().mustSay(t, "2 added")
	w.env["TF_VAR_callback_url"] = s.consent(w.outputs()["authorization_url"].(string))
	w.apply("-var", "callback_url_version=1").mustNotSay(t, "Check block assertion failed")
	delete(w.env, "TF_VAR_callback_url")
	s.later(time.Hour, w)
	w.apply("-var", "callback_url_version=1")
	s.expectCalls(calls{exchanges: 1, refreshes: 1})
}
