//go:build unix

package acceptance_test

import (
	"fmt"
	"testing"
	"time"
)

// Write-only values that a later run does not bring along stay what they are in the token store.
func TestWriteOnlyValuesNotBroughtAgain(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(fmt.Sprintf(`
provider "oauth" {
  secrets_in_state = false
}
variable "secret" {
  ephemeral = true
  default   = null
}
variable "first" {
  ephemeral = true
  default   = null
}
variable "second" {
  ephemeral = true
  default   = null
}
resource "oauth_app_registration" "this" {
  name                     = "app"
  client_id                = %[1]q
  client_secret_wo         = var.secret
  client_secret_wo_version = 1
  token_endpoint           = "%[2]s/token"
  redirect_uris            = ["https://app.example.com/first"]
}
resource "oauth_token_pair" "registered" {
  name             = "registered"
  client           = oauth_app_registration.this.client
  preauthenticated = { refresh_token_wo = var.first, refresh_token_wo_version = 1 }
}
resource "oauth_token_pair" "this" {
  name = "own"
  client = {
    client_id                = %[1]q
    client_secret_wo         = var.secret
    client_secret_wo_version = 1
    token_endpoint           = "%[2]s/token"
  }
  preauthenticated = { refresh_token_wo = var.second, refresh_token_wo_version = 1 }
  refresh          = { before_expiry = "30s" }
}
`, clientID, s.base))
	w.env["TF_VAR_secret"], w.env["TF_VAR_first"], w.env["TF_VAR_second"] = clientSecret, s.issue().RefreshToken, s.issue().RefreshToken
	w.apply().mustSay(t, "3 added")
	for _, name := range []string{"secret", "first", "second"} {
		delete(w.env, "TF_VAR_"+name)
	}
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")

	w.replace(`"https://app.example.com/first"`, `"https://app.example.com/second"`)
	w.replace(`before_expiry = "30s"`, `before_expiry = "60s"`)
	w.apply().mustSay(t, "0 added, 2 changed")
	s.expect(2, 0)
	s.later(time.Hour, w)
	w.apply().mustSay(t, "No changes.")
	s.expect(4, 0)
	for _, address := range []string{this, "oauth_token_pair.registered"} {
		w.expect(address, values{"status": "active", "generation": 3})
	}
}
