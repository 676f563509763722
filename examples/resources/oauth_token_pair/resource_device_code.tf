variable "screen_client_secret" {
  type      = string
  sensitive = true
}

# A person authorizes on any device: the first apply shows a code, the second one collects the tokens.
resource "oauth_token_pair" "screen" {
  name = "screen"

  client = {
    client_id                     = "terraform"
    client_secret                 = var.screen_client_secret
    device_authorization_endpoint = "https://login.example.com/device_authorization"
    token_endpoint                = "https://login.example.com/token"
    revocation_endpoint           = "https://login.example.com/revoke"
  }

  device_code = {
    scopes = ["calendar.read"]
  }
}

output "screen_code" {
  value = oauth_token_pair.screen.user_code == null ? "authorized" : "Enter ${oauth_token_pair.screen.user_code} at ${oauth_token_pair.screen.verification_uri}"
}
