//go:build unix

package acceptance_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// The store was put back from a backup: the state, which is ahead of it, has the token and the secret that work.
func TestRegistrationStoreRestored(t *testing.T) {
	t.Parallel()
	s, w := newRegistrar(t, func(r *sandbox.Registration) { r.RotateTokenOnRead, r.RotateSecretOnRead = true, true }), newWorkspace(t)
	w.write(s.registering(""))
	w.apply()
	w.plan()
	backup := filepath.Join(filepath.Dir(w.dir), "backup")
	w.copyStore(backup)
	w.apply("-refresh-only") // the state has the newest
	w.restoreStore(backup)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	w.apply().mustNotSay(t, "Refused", "Lost")
	w.expectRegistered(s)
	if n := s.Counters().RegistrationTokensRefused; n != 0 {
		t.Errorf("%d calls came with a dead token", n)
	}

	w.copyStore(backup + "2")
	w.apply("-refresh-only")
	w.restoreStore(backup + "2")
	w.write(s.registering(`client_name = "Books"`))
	w.apply("-refresh=false").mustSay(t, "1 changed")
	w.expectRegistered(s)
	w.copyStore(backup + "3")
	w.apply("-refresh-only")
	w.restoreStore(backup + "3")
	w.ok("destroy", "-auto-approve", "-no-color", "-refresh=false").mustNotSay(t, "Gone")
	if n := s.Counters().RegistrationTokensRefused; n != 0 || len(s.Registrations()) != 0 {
		t.Errorf("%d calls came with a dead token, %d clients are left", n, len(s.Registrations()))
	}
}

// A client_id that is known at apply goes with a secret that is known before.
func TestRegistrationUnknownClientID(t *testing.T) {
	t.Parallel()
	s, w := newRegistrar(t, nil), newWorkspace(t)
	config := func(id string) string {
		return fmt.Sprintf(`
resource "terraform_data" "id" {
  input = %[4]q
}
resource "oauth_app_registration" "this" {
  name           = "app"
  token_endpoint = "%[1]s/token"
  redirect_uris  = [%[2]q]
  client_id      = terraform_data.id.output
  client_secret  = %[3]q
}
`, s.base, redirectURI, clientSecret, id)
	}
	w.write(config(clientID))
	w.plan()
	w.apply().mustSay(t, "2 added")
	w.expect(theApp, values{"client_id": clientID, "client_secret": clientSecret})
	w.write(config("other"))
	w.plan()
	w.apply()
	w.expect(theApp, values{"client_id": "other", "client_secret": clientSecret})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")

	registered := newWorkspace(t)
	registered.write(s.registering(""))
	registered.apply()
	registered.write(config(clientID))
	registered.fails([]string{"Client ID Not Known Yet", "-target=ADDRESS"}, "plan", "-no-color", "-input=false")
	registered.apply("-target=terraform_data.id")
	registered.apply().mustSay(t, "1 added, 0 changed, 1 destroyed")
}

// Destroying against a store that does not hold the registration leaves the client alone, and says so.
func TestRegistrationDestroyedElsewhere(t *testing.T) {
	t.Parallel()
	s, w := newRegistrar(t, nil), newWorkspace(t)
	w.write(s.registering(""))
	w.apply()
	w.plan()
	explicit := w.env["OAUTH_TOKEN_STORE"]
	w.env["OAUTH_TOKEN_STORE"] = "file://" + filepath.Join(filepath.Dir(w.dir), "other")
	says := []string{"App Registration Lives in Another Token Store", "Nothing was sent or removed. The client still works."}
	w.fails(says, "destroy", "-auto-approve", "-no-color")
	w.env["OAUTH_TOKEN_STORE"] = "state"
	w.fails(says, "destroy", "-auto-approve", "-no-color", "-refresh=false")
	w.env["OAUTH_TOKEN_STORE"] = explicit
	w.loseStore()
	w.fails(append(says, "If that store is lost, apply first"), "destroy", "-auto-approve", "-no-color")
	s.expectManaged(managed{registrations: 1, reads: 1})
	w.apply()
	w.ok("destroy", "-auto-approve", "-no-color").mustSay(t, "1 destroyed")
	s.expectManaged(managed{registrations: 1, reads: 2, deletes: 1})

	w.apply()
	w.write(s.registering("deregister_on_destroy = false"))
	w.apply()
	w.loseStore()
	w.ok("destroy", "-auto-approve", "-no-color").mustSay(t, "1 destroyed")
}

// The order of redirect_uris is told: the first is the default of token pairs.
func TestRegistrationRedirectOrder(t *testing.T) {
	t.Parallel()
	s, w := newRegistrar(t, nil), newWorkspace(t)
	const other = "https://second.example/callback"
	config := func(uris ...string) string {
		text, _ := json.Marshal(uris)
		return fmt.Sprintf(`
resource "oauth_app_registration" "this" {
  name                   = "app"
  authorization_endpoint = "%[1]s/authorize"
  token_endpoint         = "%[1]s/token"
  registration_endpoint  = "%[1]s/register"
  redirect_uris          = %[2]s
}
resource "oauth_token_pair" "this" {
  name               = "pair"
  client             = oauth_app_registration.this.client
  authorization_code = {}
}
`, s.base, text)
	}
	w.write(config(redirectURI, other))
	w.apply()
	w.write(config(other, redirectURI))
	w.apply()
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.expectManaged(managed{registrations: 1, reads: 2})
	w.apply("-replace=" + this)
	if u := w.string(this, "authorization_url"); !strings.Contains(u, url.QueryEscape(other)) {
		t.Errorf("the default redirect URI is not the first one: %s", u)
	}
}

// An apply died after it had registered a client that cannot be managed, and the configuration has changed since.
func TestRegistrationLeftBehindUnmanaged(t *testing.T) {
	t.Parallel()
	s, w := newRegistrar(t, func(r *sandbox.Registration) { r.NoManagement = true }), newWorkspace(t)
	w.write(s.registering(`client_name = "Books"`))
	w.apply()
	w.loseState()
	w.write(s.registering(`client_name = "Ledger"`))
	w.fails([]string{"Unable to Register App", "left by an apply that did not finish", "with other metadata", "Apply with the former metadata"}, applyIt...)
	w.ok("import", "-no-color", theApp, "app")
	w.apply("-replace="+theApp).mustSay(t, "1 added, 0 changed, 1 destroyed")
	w.loseState()
	w.apply().mustSay(t, "1 added")
	s.expectManaged(managed{registrations: 2})
}

// Nothing is imported that the server has not made.
func TestRegistrationImportUnregistered(t *testing.T) {
	t.Parallel()
	s, w := newRegistrar(t, nil), newWorkspace(t)
	w.write(s.registering(""))
	s.fault(registerFault("POST", sandbox.Before, sandbox.ActionDrop))
	w.fails([]string{"Unable to Register App"}, applyIt...)
	w.fails([]string{"Unable to Import App Registration", "holds no app registration \"app\""}, "import", "-no-color", theApp, "app")
	w.apply().mustSay(t, "1 added")
}

// A secret that lives shorter than rotate_before is replaced by every apply, and the screen says why.
func TestRegistrationRotatesAllTheTime(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(s *sandbox.Settings) {
		s.Registration.Enabled, s.Registration.RotateSecretOnUpdate, s.ClientSecretLifetime = true, true, 100*time.Hour
	})
	w := newWorkspace(t)
	w.write(s.registering(`rotate_before = "120h"`))
	w.apply().mustSay(t, "rotate_before is 120h", "every apply asks for another one")
	w.plan().mustSay(t, "rotate_before is 120h", "0 to add, 1 to change")
}

// A server may take some calls of the management and not others.
func TestRegistrationReadNotOffered(t *testing.T) {
	t.Parallel()
	s, w := newRegistrar(t, nil), newWorkspace(t)
	w.write(s.registering(""))
	w.apply()
	s.fault(sandbox.Fault{Path: "/register/", Action: sandbox.ActionStatus, Status: 405})
	w.plan().mustSay(t, "Registration Not Checked", "takes no such call for a client that it has made", "HTTP 405")
}

// Another secret cannot be asked for where there is no management, and another registration_endpoint moves nothing.
func TestRegistrationChangesThatDoNothing(t *testing.T) {
	t.Parallel()
	s, w := newRegistrar(t, func(r *sandbox.Registration) { r.NoManagement = true }), newWorkspace(t)
	w.write(s.registering(""))
	w.apply()
	w.write(s.registering(`rotate_when_changed = { month = "7" }`))
	w.fails([]string{"Registration Cannot Be Updated", "rotate_when_changed", "client_secret cannot be changed there"}, applyIt...)
	w.write(strings.ReplaceAll(s.registering(""), `/register"`, `/register/"`))
	w.plan().mustSay(t, "Client Stays Where It Is Registered", "1 to change")
	w.apply()
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
}

// Keys that are spelled otherwise are the same keys; other keys are drift.
func TestRegistrationKeySet(t *testing.T) {
	t.Parallel()
	s, w := newRegistrar(t, nil), newWorkspace(t)
	w.write(s.registering(`jwks = "{\"keys\": [ {\"kty\":\"OKP\", \"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"} ]}"`))
	w.apply().mustNotSay(t, "Replaced")
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	w.write(s.registering(`jwks = jsonencode({ keys = [{ x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", kty = "OKP", crv = "Ed25519" }] })`))
	w.plan("-detailed-exitcode").mustSay(t, "No changes.") // another spelling
	s.changeRegistration(sandbox.RegistrationChange{Set: map[string]json.RawMessage{"jwks": json.RawMessage(`{"keys":[]}`)}})
	w.plan().mustSay(t, "~ jwks", "1 to change")
	w.apply()
	s.changeRegistration(sandbox.RegistrationChange{Remove: []string{"jwks"}})
	w.plan().mustSay(t, "+ jwks", "1 to change")
}

// A server that leaves out of its answers to reads what it has taken: it is shown and sent once, and not for ever.
func TestRegistrationReadLeavesOut(t *testing.T) {
	t.Parallel()
	s, w := newRegistrar(t, nil), newWorkspace(t)
	config := func(name string) string {
		return s.registering(fmt.Sprintf("client_name = %q\n  contacts = [\"a@example.com\"]", name))
	}
	reads := func(name string) {
		s.ClearFaults()
		f := registerFault("GET", sandbox.Before, sandbox.ActionStatus)
		f.Status, f.Body = 200, fmt.Sprintf(`{"client_id":%q,"redirect_uris":[%q],"grant_types":["authorization_code","refresh_token"],"client_name":%q}`, s.registered().ID, redirectURI, name)
		for range 9 {
			s.fault(f)
		}
	}
	w.write(config("Books"))
	w.apply()
	reads("Books")
	w.plan().mustSay(t, "+ contacts", "1 to change")
	w.apply().mustSay(t, "1 changed")
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	w.write(config("Ledger"))
	w.apply().mustNotSay(t, "+ contacts")
	reads("Ledger")
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	reads("Stolen")
	w.plan().mustSay(t, `"Stolen" -> "Ledger"`)

	s.ClearFaults()
	f := registerFault("GET", sandbox.Before, sandbox.ActionStatus)
	f.Status, f.Body = 200, `{"message":"maintenance"}`
	s.fault(f)
	says := w.plan()
	says.mustSay(t, "Registration Not Checked", `"Stolen" -> "Ledger"`)
	says.mustNotSay(t, "+ redirect_uris")
}
