variable "console_client_secret" {
  type      = string
  sensitive = true
}

# The first apply shows a code, which a person enters on any device; the next one collects the tokens.
resource "oauth_token_pair" "console" {
  name = "console"

  client = {
    client_id                     = "terraform"
    client_secret                 = var.console_client_secret
    device_authorization_endpoint = "https://login.example.com/device_authorization"
    token_endpoint                = "https://login.example.com/token"
    revocation_endpoint           = "https://login.example.com/revoke"
  }

  device_code = {
    scopes = ["calendar.read"]
  }
}

output "enter" {
  value = {
    code = oauth_token_pair.console.user_code
    at   = oauth_token_pair.console.verification_uri
  }
}
