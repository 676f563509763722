# The secret goes into the token store, and into no state and no plan.
variable "client_secret" {
  type      = string
  sensitive = true
  ephemeral = true
}

resource "oauth_app_registration" "crm" {
  name      = "crm"
  client_id = "terraform"

  client_secret_wo         = var.client_secret
  client_secret_wo_version = 1 # raise it when the secret changes

  redirect_uris          = ["https://app.example.com/callback"]
  authorization_endpoint = "https://login.example.com/authorize"
  token_endpoint         = "https://login.example.com/token"
}
