provider "oauth" {
  token_store      = "file:///var/lib/terraform-oauth"
  secrets_in_state = false
}

variable "client_secret" {
  type      = string
  sensitive = true
  ephemeral = true
}

variable "callback_url" {
  type      = string
  sensitive = true
  ephemeral = true
  default   = null
}

resource "oauth_app_registration" "crm" {
  name                     = "crm"
  client_id                = "terraform"
  client_secret_wo         = var.client_secret
  client_secret_wo_version = 1
  redirect_uris            = ["https://app.example.com/callback"]

  authorization_endpoint = "https://login.example.com/authorize"
  token_endpoint         = "https://login.example.com/token"
  revocation_endpoint    = "https://login.example.com/revoke"
}

resource "oauth_token_pair" "crm" {
  name   = "crm"
  client = oauth_app_registration.crm.client

  authorization_code = {
    callback_url_wo         = var.callback_url
    callback_url_wo_version = 0 # raise it together with each new callback URL
  }
}

output "authorization_url" {
  value = oauth_token_pair.crm.authorization_url
}
