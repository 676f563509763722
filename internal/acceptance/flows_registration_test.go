//go:build unix

package acceptance_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// theApp is the address of the registration of these tests.
const theApp = "oauth_app_registration.this"

// newRegistrar is a server at which clients register themselves.
func newRegistrar(t testing.TB, change func(*sandbox.Registration)) *server {
	t.Helper()
	return newServer(t, func(s *sandbox.Settings) {
		s.Registration.Enabled = true
		if change != nil {
			change(&s.Registration)
		}
	})
}

// registering is an app registration "this" that the server makes. more are further attributes.
func (s *server) registering(more string) string {
	return fmt.Sprintf(`
resource "oauth_app_registration" "this" {
  name                   = "app"
  authorization_endpoint = "%[1]s/authorize"
  token_endpoint         = "%[1]s/token"
  revocation_endpoint    = "%[1]s/revoke"
  registration_endpoint  = "%[1]s/register"
  redirect_uris          = [%[2]q]
  grant_types            = ["authorization_code", "refresh_token"]
  %[3]s
}
`, s.base, redirectURI, more)
}

// registered is the one client that has registered itself.
func (s *server) registered() sandbox.RegisteredClient {
	s.t.Helper()
	all := s.Registrations()
	if len(all) != 1 {
		s.t.Fatalf("the server knows %d registered clients, want 1: %+v", len(all), all)
	}
	return all[0]
}

// managed is how often the server was asked about registrations, with success, and how often it refused the token.
type managed struct{ registrations, reads, updates, deletes, refused int }

func (s *server) expectManaged(want managed) {
	s.t.Helper()
	c := s.Counters()
	got := managed{c.Registrations, c.RegistrationReads, c.RegistrationUpdates, c.RegistrationDeletes, c.RegistrationTokensRefused}
	if got != want {
		s.t.Errorf("the server counted %+v; want %+v\nlog: %+v", got, want, s.Log())
	}
}

// expectRegistered checks that the state holds what the server takes now.
func (w *workspace) expectRegistered(s *server) {
	w.t.Helper()
	c := s.registered()
	w.expect(theApp, values{
		"client_id": c.ID, "client_secret": c.Secret, "registration_access_token": c.Token,
		"registration_client_uri": s.base + "/register/" + c.ID,
	})
}

func (s *server) changeRegistration(c sandbox.RegistrationChange) {
	s.t.Helper()
	if err := s.ChangeRegistration(c); err != nil {
		s.t.Fatal(err)
	}
}

// The server replaces token and secret with every call, and the former ones are dead at once. Plans that are discarded cost
// nothing.
func TestRegistrationLife(t *testing.T) {
	t.Parallel()
	s, w := newRegistrar(t, func(r *sandbox.Registration) {
		r.RotateTokenOnRead, r.RotateTokenOnUpdate, r.RotateSecretOnRead = true, true, true
	}), newWorkspace(t)
	w.write(s.registering(`client_name = "Books"`))
	w.plan().mustSay(t, "client_id = (known after apply)", "registration_access_token = (sensitive value)")
	w.apply().mustSay(t, "1 added")
	w.expectRegistered(s)
	w.expect(theApp, values{"client_name": "Books", "client_secret_expires_at": nil})
	s.expectManaged(managed{registrations: 1})

	for range 3 {
		w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	}
	s.expectManaged(managed{1, 3, 0, 0, 0})

	w.write(s.registering(`client_name = "Ledger"`))
	w.plan("-out=saved").mustSay(t, `"Books" -> "Ledger"`, "0 to add, 1 to change, 0 to destroy")
	w.plan() // discarded: the token that the saved plan knows is dead by now
	w.applySaved("saved").mustSay(t, "1 changed")
	w.expectRegistered(s)
	if got := string(s.registered().Metadata["client_name"]); got != `"Ledger"` {
		t.Errorf("the server knows %s", got)
	}
	s.expectManaged(managed{1, 5, 1, 0, 0})

	w.ok("destroy", "-auto-approve", "-no-color").mustSay(t, "1 destroyed")
	if n := len(s.Registrations()); n != 0 {
		t.Errorf("%d clients are left", n)
	}
	s.expectManaged(managed{1, 6, 1, 1, 0})
	w.apply().mustSay(t, "1 added") // the name can be used again
	w.expectRegistered(s)
}

// A token pair uses the secret that is in the store, whatever its own state says.
func TestRegisteredClientHasTokenPairs(t *testing.T) {
	t.Parallel()
	s, w := newRegistrar(t, func(r *sandbox.Registration) { r.RotateSecretOnRead, r.RotateTokenOnRead = true, true }), newWorkspace(t)
	config := func(callback string) string {
		return s.registering("") + fmt.Sprintf(`
resource "oauth_token_pair" "this" {
  name   = "pair"
  client = oauth_app_registration.this.client
  %s
}
`, codeGrant(callback))
	}
	w.write(config(""))
	w.apply().mustSay(t, "2 added")
	callback, err := s.Approve(w.string(this, "authorization_url"))
	if err != nil {
		t.Fatal(err)
	}
	w.write(config(callback))
	w.apply()
	w.expect(this, values{"status": "active", "generation": 1})
	s.later(time.Hour, w)
	for range 2 {
		w.plan("-detailed-exitcode").mustSay(t, "No changes.") // each gives another secret
	}
	s.later(time.Hour, w)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.expectCalls(calls{refreshes: 2, exchanges: 1})
	if n := s.Counters().Errors["invalid_client"]; n != 0 {
		t.Errorf("%d requests came with a dead secret", n)
	}
	w.ok("destroy", "-auto-approve", "-no-color").mustSay(t, "2 destroyed")
	if n := s.Counters().Revocations; n != 1 {
		t.Errorf("%d revocations", n)
	}
}

// What somebody else has changed is shown attribute by attribute. What the server adds or replaces itself is no drift.
func TestRegistrationDrift(t *testing.T) {
	t.Parallel()
	s, w := newRegistrar(t, func(r *sandbox.Registration) { r.GrantScope = "read write" }), newWorkspace(t)
	w.write(s.registering(`
  client_name    = "Books"
  scope          = "write read admin"
  contacts       = ["b@example.com", "a@example.com"]
  extra_metadata = jsonencode({ application_type = "web", "client_name#ja" = "会計" })`))
	w.apply().mustSay(t, "did not take scope of app registration \"app\" as it is configured, but registered \"read write\"")
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")

	s.changeRegistration(sandbox.RegistrationChange{
		Set: map[string]json.RawMessage{
			"client_name": json.RawMessage(`"Stolen"`), "contacts": json.RawMessage(`["a@example.com","b@example.com"]`),
			"application_type": json.RawMessage(`"native"`), "logo_uri": json.RawMessage(`"https://evil.example/"`),
		},
		Remove: []string{"grant_types"},
	})
	w.plan().mustSay(t, `"Stolen" -> "Books"`, `application_type = "native" -> "web"`, "+ grant_types", "0 to add, 1 to change, 0 to destroy")
	w.plan().mustNotSay(t, "~ contacts", "~ scope", "+ logo_uri", "- logo_uri = \"https://evil.example/\" -> null")
	w.apply().mustSay(t, "1 changed")
	now := s.registered().Metadata
	if string(now["client_name"]) != `"Books"` || string(now["application_type"]) != `"web"` || string(now["logo_uri"]) != `"https://evil.example/"` {
		t.Errorf("the server knows %s", now)
	}
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")

	w.write(s.registering(`scope = "admin read write"`)) // another order, and the rest is left to the server
	w.apply().mustSay(t, "1 changed")
	if now := s.registered().Metadata; now["client_name"] != nil || now["application_type"] != nil {
		t.Errorf("what is configured no more is still there: %s", now)
	}
}

// A server that offers no management, wants an initial token and a software statement.
func TestRegistrationWithoutManagement(t *testing.T) {
	t.Parallel()
	s, w := newRegistrar(t, func(r *sandbox.Registration) {
		r.NoManagement, r.InitialAccessToken, r.RequireSoftwareStatement = true, "let-me-in-7f3a", true
	}), newWorkspace(t)
	w.write(s.registering(""))
	w.fails([]string{"wants an initial access token", "No client was made.", "Give the token that the server's operator has issued", "invalid_token"}, "apply", "-auto-approve", "-no-color")
	w.write(s.registering(`initial_access_token = "wrong"`))
	w.fails([]string{"wants an initial access token", "with oauth_app_registration.this"}, "apply", "-auto-approve", "-no-color")
	const token = `initial_access_token = "let-me-in-7f3a"`
	w.write(s.registering(token))
	w.fails([]string{"Give a software_statement that the server accepts", "invalid_software_statement"}, "apply", "-auto-approve", "-no-color")
	w.write(s.registering(token + "\n  software_statement = \"signed\""))
	w.apply().mustSay(t, "1 added", "offers no management of the registration (RFC 7592)")
	w.expect(theApp, values{"client_id": s.registered().ID, "registration_client_uri": nil, "registration_access_token": nil})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")

	w.write(s.registering(token + "\n  software_statement = \"signed\"\n  client_name = \"New\""))
	w.plan().mustSay(t, "Registration Cannot Be Updated", "an apply cannot change client_name there")
	w.fails([]string{"Registration Cannot Be Updated", "client_name cannot be changed there", "-replace=ADDRESS", "client_name"}, "apply", "-auto-approve", "-no-color")
	w.apply("-replace="+theApp).mustSay(t, "1 added, 0 changed, 1 destroyed", "its client is still at the server", "Have it deleted there")
	s.expectManaged(managed{registrations: 2, refused: 2})
	w.ok("destroy", "-auto-approve", "-no-color").mustSay(t, "Client Not Deleted at the Server")
}
