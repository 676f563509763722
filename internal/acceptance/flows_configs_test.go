//go:build unix

package acceptance_test

import (
	"fmt"
)

// reader is a configuration that another team has: it uses the token pair by its name.
func reader(name, more string) string {
	return fmt.Sprintf(`
data "oauth_access_token" "x" {
  token_pair = %q
  %s
}
output "access_token" {
  value     = data.oauth_access_token.x.access_token
  sensitive = true
}
`, name, more)
}

// registration is an app registration "this". more are further attributes.
func (s *server) registration(name, more string) string {
	return fmt.Sprintf(`
resource "oauth_app_registration" "this" {
  name                   = %q
  client_id              = %q
  client_secret          = %q
  authorization_endpoint = "%[4]s/authorize"
  token_endpoint         = "%[4]s/token"
  revocation_endpoint    = "%[4]s/revoke"
  redirect_uris          = [%[5]q]
  %[6]s
}
`, name, clientID, clientSecret, s.base, redirectURI, more)
}

// secretlessPair is a token pair "this" whose secrets are all write-only.
func (s *server) secretlessPair(name, refreshToken string, version int) string {
	return fmt.Sprintf(`
resource "oauth_token_pair" "this" {
  name   = %q
  client = {
    client_id                = %q
    client_secret_wo         = %q
    client_secret_wo_version = 1
    token_endpoint           = "%[4]s/token"
    revocation_endpoint      = "%[4]s/revoke"
  }
  preauthenticated = {
    refresh_token_wo         = %[5]q
    refresh_token_wo_version = %[6]d
  }
}
`, name, clientID, clientSecret, s.base, refreshToken, version)
}

// codePair is a token pair "this" that a person authorizes. grant is the body of its authorization_code.
func (s *server) codePair(name, grant string) string {
	return fmt.Sprintf(`
resource "oauth_token_pair" "this" {
  name   = %q
  client = %s
  authorization_code = {
    redirect_uri = %q
    %s
  }
}
`, name, s.client(strict), redirectURI, grant)
}

// ephemeral opens a token pair by its name.
func ephemeral(name, more string) string {
	return fmt.Sprintf(`
ephemeral "oauth_access_token" "x" {
  token_pair = %q
  %s
}
`, name, more)
}
