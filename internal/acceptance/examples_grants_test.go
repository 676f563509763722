//go:build unix

package acceptance_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

const (
	deviceExample    = "resources/oauth_token_pair/resource_device_code.tf"
	assertionExample = "resources/oauth_token_pair/resource_jwt_bearer.tf"
	exchangeExample  = "resources/oauth_token_pair/resource_token_exchange.tf"
	extensionExample = "resources/oauth_token_pair/resource_extension_grant.tf"
)

func TestDeviceCodeExample(t *testing.T) {
	t.Parallel()
	settings := sandbox.DefaultSettings()
	settings.DeviceInterval = time.Second
	s := startServer(t, sandbox.Options{Clients: []sandbox.Client{{ID: exampleClient, Secret: clientSecret}}, Settings: settings}, sandbox.Listen{})
	w := newExample(t, s, providerExample, deviceExample)
	w.env["TF_VAR_console_client_secret"] = clientSecret
	w.ok("validate")
	w.apply().mustSay(t, "1 added", "enter the code", "enter = {")
	if err := s.ConfirmDevice(w.string("oauth_token_pair.console", "user_code")); err != nil {
		t.Fatal(err)
	}
	w.apply().mustSay(t, "1 changed")
	w.expect("oauth_token_pair.console", values{"status": "active", "generation": 1})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	w.ok("destroy", "-no-color", "-auto-approve").mustSay(t, "1 destroyed")
}

func TestAssertionExample(t *testing.T) {
	t.Parallel()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := startServer(t, sandbox.Options{
		Clients: []sandbox.Client{{ID: exampleClient}}, Settings: sandbox.DefaultSettings(),
		Grants: sandbox.Grants{AssertionKeys: map[string]crypto.PublicKey{"service@example.com": public}},
	}, sandbox.Listen{})
	w := newExample(t, s, providerExample, assertionExample)
	w.env["TF_VAR_service_key"] = keyPEM(t, key)
	w.ok("validate")
	w.apply().mustSay(t, "1 added")
	w.expect("oauth_token_pair.service", values{"status": "active", "generation": 1})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	if c := s.LastAssertion().Claims; c["sub"] != "user@example.com" || c["scope"] != "reports.read" {
		t.Errorf("claims %v", c)
	}
}

func TestTokenExchangeExample(t *testing.T) {
	t.Parallel()
	s := startServer(t, sandbox.Options{
		Clients:  []sandbox.Client{{ID: exampleClient, Secret: clientSecret, RedirectURIs: []string{redirectURI}}, {ID: "portal", Secret: clientSecret}},
		Settings: sandbox.DefaultSettings(), Grants: sandbox.Grants{Exchange: true},
	}, sandbox.Listen{})
	w := newExample(t, s, providerExample, pairExample, exchangeExample)
	w.env["TF_VAR_portal_client_secret"] = clientSecret
	w.ok("validate")
	// Nothing can be derived before somebody has authorized.
	w.fails([]string{"Unable to Get Access Token", `token pair "crm", which gives none`, "has not been authorized yet"}, "apply", "-auto-approve", "-no-color", "-input=false")
	w.env["TF_VAR_callback_url"] = s.consent(w.string("oauth_token_pair.crm", "authorization_url"))
	w.apply()
	w.expect("oauth_token_pair.crm_reports", values{"status": "active"})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	if log := s.Log(); !strings.HasPrefix(log[len(log)-1].Resource, "https://reports.example.com/") {
		t.Errorf("asked for with %+v", log[len(log)-1])
	}
}

func TestExtensionExample(t *testing.T) {
	t.Parallel()
	s := startServer(t, sandbox.Options{
		Clients: []sandbox.Client{{ID: exampleClient, Secret: clientSecret}}, Settings: sandbox.DefaultSettings(),
		Grants: sandbox.Grants{Extensions: map[string]map[string]string{"account_credentials": {"account_id": "a-1"}}},
	}, sandbox.Listen{})
	w := newExample(t, s, providerExample, extensionExample)
	w.env["TF_VAR_meetings"] = `{"account_id":"a-1","client_secret":"` + clientSecret + `"}`
	w.ok("validate")
	w.apply().mustSay(t, "1 added")
	w.expect("oauth_token_pair.meetings", values{"status": "active"})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
}
