variable "client_secret" {
  type      = string
  sensitive = true
}

resource "oauth_app_registration" "crm" {
  name          = "crm"
  client_id     = "terraform"
  client_secret = var.client_secret
  redirect_uris = ["https://app.example.com/callback"]

  authorization_endpoint = "https://login.example.com/authorize"
  token_endpoint         = "https://login.example.com/token"
  revocation_endpoint    = "https://login.example.com/revoke"

  # What the platform's documentation says about its refresh tokens.
  refresh_token_policy = {
    rotation          = "single_use"
    on_reuse          = "revoke_family"
    idle_lifetime     = "720h"  # 30 days unused
    absolute_lifetime = "8760h" # a year after the consent
  }
}
