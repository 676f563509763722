variable "billing_client_secret" {
  type      = string
  sensitive = true
}

# Used once. It can stay in the configuration, or be removed after the first apply.
variable "billing_refresh_token" {
  type      = string
  sensitive = true
}

resource "oauth_token_pair" "billing" {
  name = "billing"

  # The client, written out.
  client = {
    client_id           = "terraform"
    client_secret       = var.billing_client_secret
    token_endpoint      = "https://login.example.com/token"
    revocation_endpoint = "https://login.example.com/revoke"
  }

  preauthenticated = {
    refresh_token = var.billing_refresh_token
  }
}
