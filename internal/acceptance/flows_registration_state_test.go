//go:build unix

package acceptance_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

func TestRegistrationImport(t *testing.T) {
	t.Parallel()
	s, w := newRegistrar(t, func(r *sandbox.Registration) { r.RotateTokenOnRead = true }), newWorkspace(t)
	config := s.registering(`
  client_name    = "Books"
  scope          = "a b"
  extra_metadata = jsonencode({ application_type = "web" })`)
	w.write(config)
	w.apply()
	w.plan()
	other := w.sibling()
	other.write(config)
	other.ok("import", "-no-color", theApp, "app").mustSay(t, "Import successful!")
	other.expectRegistered(s)
	other.expect(theApp, values{"client_name": "Books", "scope": "a b", "extra_metadata": `{"application_type":"web"}`})
	other.plan("-detailed-exitcode").mustSay(t, "No changes.")
	other.ok("destroy", "-auto-approve", "-no-color").mustSay(t, "1 destroyed")
	w.plan("-detailed-exitcode").mustSay(t, "Client Was Deregistered", "No changes.")
	w.apply("-replace="+theApp).mustSay(t, "1 added")
	w.expectRegistered(s)
}

// No secret enters state or plan; what is write-only reaches the server all the same.
func TestRegistrationWithoutSecretsInState(t *testing.T) {
	t.Parallel()
	s, w := newRegistrar(t, func(r *sandbox.Registration) {
		r.InitialAccessToken, r.RotateTokenOnRead, r.RotateSecretOnUpdate = "let-me-in-7f3a", true, true
	}), newWorkspace(t)
	config := func(more string) string {
		return "provider \"oauth\" {\n  secrets_in_state = false\n}\n" + s.registering(`
  initial_access_token_wo         = "let-me-in-7f3a"
  initial_access_token_wo_version = 1
  software_statement_wo           = "statement-9d2b"
  software_statement_wo_version   = 1
  `+more)
	}
	w.write(config(""))
	w.apply().mustSay(t, "1 added")
	w.expect(theApp, values{"client_id": s.registered().ID, "client_secret": nil, "registration_access_token": nil})
	if got := string(s.registered().Metadata["software_statement"]); got != `"statement-9d2b"` {
		t.Errorf("the server knows %s", got)
	}
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	w.write(config(`client_name = "Books"`))
	w.apply().mustSay(t, "1 changed")
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	for _, secret := range s.Secrets() {
		if text := w.stateText(); strings.Contains(text, secret.Value) {
			t.Errorf("the state holds a %s", secret.Kind)
		}
	}
	w.loseStore()
	w.write(config(`client_name = "Ledger"`))
	w.fails([]string{"Registration Lost With Its Token Store", "-replace=ADDRESS"}, applyIt...)
}

// A store that was lost gets the registration back from the state; the default store does not, and another store spends nothing.
func TestRegistrationStoreLost(t *testing.T) {
	t.Parallel()
	s, w := newRegistrar(t, func(r *sandbox.Registration) { r.RotateTokenOnUpdate = true }), newWorkspace(t)
	w.write(s.registering(""))
	w.apply()
	w.plan()
	before := s.Counters().RegistrationReads

	explicit := w.env["OAUTH_TOKEN_STORE"]
	delete(w.env, "OAUTH_TOKEN_STORE") // a laptop without it
	w.plan().mustSay(t, "will be updated in-place")
	w.fails([]string{"Credential Lives in Another Token Store", "Nothing was sent."}, applyIt...)
	if n := s.Counters().RegistrationReads - before; n != 0 {
		t.Errorf("%d reads for a store that does not hold it", n)
	}
	w.env["OAUTH_TOKEN_STORE"] = explicit
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")

	w.env["OAUTH_TOKEN_STORE"] = "file://" + filepath.Join(filepath.Dir(w.dir), "other")
	w.apply().mustSay(t, "1 changed")
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	w.expectRegistered(s)

	w.env["OAUTH_TOKEN_STORE"] = explicit // the former home keeps an old copy
	reads := s.Counters().RegistrationReads
	w.plan().mustSay(t, "App Registration Lives in Another Token Store")
	w.write(s.registering(`client_name = "Books"`))
	w.fails([]string{"App Registration Lives in Another Token Store", "Nothing was sent or changed."}, applyIt...)
	w.fails([]string{"App Registration Lives in Another Token Store"}, "destroy", "-auto-approve", "-no-color")
	if n := s.Counters().RegistrationReads - reads; n != 0 {
		t.Errorf("%d reads with an old copy", n)
	}
}

// The registration endpoint is discovered when it is needed.
func TestRegistrationByIssuer(t *testing.T) {
	t.Parallel()
	s, w := newRegistrar(t, nil), newWorkspace(t)
	w.write(fmt.Sprintf(`
resource "oauth_app_registration" "this" {
  name          = "app"
  issuer        = %q
  redirect_uris = [%q]
}
`, s.base, redirectURI))
	w.apply().mustSay(t, "1 added")
	w.expectRegistered(s)
	w.ok("destroy", "-auto-approve", "-no-color")
	if err := s.UpdateSettings(func(s *sandbox.Settings) { s.Registration.Enabled = false }); err != nil {
		t.Fatal(err)
	}
	w.fails([]string{"Unable to Register App", "the client has no registration_endpoint, and the metadata of its issuer name none"}, applyIt...)
}

// A client that was made by hand becomes one that is registered, and the other way round: always another client.
func TestRegistrationKindChanges(t *testing.T) {
	t.Parallel()
	s, w := newRegistrar(t, nil), newWorkspace(t)
	byHand := s.registering("")
	adopted := fmt.Sprintf("client_id = %q\n  client_secret = %q", clientID, clientSecret)
	plain := func(more string) string {
		return fmt.Sprintf("resource \"oauth_app_registration\" \"this\" {\n  name = \"app\"\n  token_endpoint = \"%[1]s/token\"\n  registration_endpoint = \"%[1]s/register\"\n  redirect_uris = [%[2]q]\n  %[3]s\n}\n", s.base, redirectURI, more)
	}
	w.write(plain(adopted))
	w.apply()
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	w.expect(theApp, values{"client_id": clientID, "registration_client_uri": nil})
	w.write(byHand)
	w.plan().mustSay(t, "must be replaced", "forces replacement")
	w.apply().mustSay(t, "1 added, 0 changed, 1 destroyed")
	w.expectRegistered(s)
	w.write(plain(adopted))
	w.plan().mustSay(t, "must be replaced", "client_id")
	w.apply().mustSay(t, "1 added, 0 changed, 1 destroyed")
	w.expect(theApp, values{"client_id": clientID, "registration_client_uri": nil, "registered_metadata": nil})
	if n := len(s.Registrations()); n != 0 {
		t.Errorf("%d registered clients are left", n)
	}
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
}

// Metadata that the server refuses are said at their attribute.
func TestRegistrationMetadataRefused(t *testing.T) {
	t.Parallel()
	s, w := newRegistrar(t, nil), newWorkspace(t)
	w.write(fmt.Sprintf(`
resource "oauth_app_registration" "this" {
  name                  = "app"
  token_endpoint        = "%[1]s/token"
  registration_endpoint = "%[1]s/register"
  redirect_uris         = ["https://refused.example/"]
}
`, s.base))
	w.fails([]string{"Unable to Register App", "No client was made.", "Correct redirect_uris to what the server allows", "invalid_redirect_uri", "with oauth_app_registration.this"}, applyIt...)
	w.write(s.registering(`software_statement = "sbx-refused"`))
	w.fails([]string{"Have the software approved at this server", "unapproved_software_statement"}, applyIt...)
	w.write(s.registering(""))
	w.apply().mustNotSay(t, "Left at the Server")
	w.write(s.registering(`software_statement = "sbx-refused"`))
	w.fails([]string{"Unable to Update App Registration", "its client_id and client_secret still work", "unapproved_software_statement"}, applyIt...)
	w.write(s.registering(""))
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	w.expectRegistered(s)
}

// A registration moves to another store with its token pair: its token works in one place alone.
func TestRegistrationMoves(t *testing.T) {
	t.Parallel()
	s, w := newRegistrar(t, func(r *sandbox.Registration) { r.RotateTokenOnRead, r.RotateSecretOnRead = true, true }), newWorkspace(t)
	w.env["OAUTH_TOKEN_STORE_KEY"] = newKey(t)
	config := s.registering("") + "\nresource \"oauth_token_pair\" \"this\" {\n  name = \"pair\"\n  client = " + theApp + ".client\n  client_credentials = {}\n}\n"
	w.write(config)
	w.apply()
	w.plan()
	from, to := "file://"+w.store, "file://"+filepath.Join(filepath.Dir(w.dir), "second")
	reads := s.Counters().RegistrationReads
	code, text := w.command("move", "--from", from, "--to", to, "--name", "pair")
	if code != 0 || !strings.Contains(text, "moved") {
		t.Fatalf("exit code %d\n%s", code, text)
	}
	w.fails([]string{"was moved from the token store " + from}, "plan", "-no-color", "-input=false")
	w.env["OAUTH_TOKEN_STORE"] = to
	w.plan().mustSay(t, "App Registration in Another Token Store", "The next apply goes on here.")
	if n := s.Counters().RegistrationReads - reads; n != 0 {
		t.Errorf("%d reads before the apply", n)
	}
	w.apply()
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	w.apply()
	w.expectRegistered(s)
	if n := s.Counters().RegistrationTokensRefused; n != 0 {
		t.Errorf("%d calls came with a dead token", n)
	}
}
