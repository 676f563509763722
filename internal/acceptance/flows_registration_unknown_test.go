//go:build unix

package acceptance_test

import (
	"fmt"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// Values that come with the apply: metadata of a client that is registered, and the client_id of one that exists.
func TestRegistrationOfUnknownValues(t *testing.T) {
	t.Parallel()
	s, w := newRegistrar(t, func(r *sandbox.Registration) { r.RotateTokenOnUpdate, r.RotateSecretOnUpdate = true, true }), newWorkspace(t)
	config := func(name string) string {
		return fmt.Sprintf("resource \"terraform_data\" \"name\" {\n  input = %q\n}\n", name) + s.registering("client_name = terraform_data.name.output") + `
resource "oauth_token_pair" "this" {
  name               = "pair"
  client             = oauth_app_registration.this.client
  client_credentials = {}
}
`
	}
	w.write(config("Books"))
	w.plan().mustSay(t, "client_name = (known after apply)")
	w.apply().mustSay(t, "3 added")
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	w.write(config("Ledger"))
	w.apply().mustSay(t, "0 added, 2 changed, 0 destroyed") // nothing of the pair's client is another
	w.expect(theApp, values{"client_name": "Ledger"})
	w.expectRegistered(s)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	w.ok("destroy", "-auto-approve", "-no-color").mustSay(t, "3 destroyed")

	w.write(fmt.Sprintf(`
resource "terraform_data" "id" {
  input = %q
}
resource "oauth_app_registration" "this" {
  name           = "app"
  token_endpoint = "%s/token"
  client_id      = terraform_data.id.output
  client_secret  = "x"
}
`, clientID, s.base))
	w.plan().mustSay(t, "client_id = (known after apply)")
	w.apply().mustSay(t, "2 added")
	w.expect(theApp, values{"client_id": clientID, "client_secret": "x", "registration_client_uri": nil})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.expectManaged(managed{1, s.Counters().RegistrationReads, 1, 1, 0})
}
