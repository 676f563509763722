variable "billing_client_secret" {
  type      = string
  sensitive = true
}

# Sent once. It stays in the configuration as it is, and is not sent again.
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
