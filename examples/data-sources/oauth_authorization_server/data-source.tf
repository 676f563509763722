data "oauth_authorization_server" "login" {
  issuer = "https://login.example.com"
}

output "token_endpoint" {
  value = data.oauth_authorization_server.login.token_endpoint
}

# What the configuration relies on, checked in every plan.
check "login" {
  assert {
    condition     = try(contains(data.oauth_authorization_server.login.code_challenge_methods_supported, "S256"), false)
    error_message = "The server does not say that it takes PKCE."
  }
  assert {
    condition     = data.oauth_authorization_server.login.revocation_endpoint != null
    error_message = "A destroy cannot revoke: a person has to."
  }
}
