variable "reports_client_secret" {
  type      = string
  sensitive = true
}

# A machine that acts for itself: the first apply brings a token, and nobody ever has to authorize.
resource "oauth_token_pair" "reports" {
  name = "reports"

  client = {
    client_id           = "terraform"
    client_secret       = var.reports_client_secret
    token_endpoint      = "https://login.example.com/token"
    revocation_endpoint = "https://login.example.com/revoke"
  }

  client_credentials = {
    scopes           = ["reports:read"]
    extra_parameters = { audience = "https://api.example.com" }
  }
}
