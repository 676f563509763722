terraform {
  required_version = ">= 1.8"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

variable "zoho_client_secret" {
  type      = string
  sensitive = true
}

# Null at first. After the consent: the whole address that the browser ended up at.
variable "zoho_callback_url" {
  type      = string
  sensitive = true
  default   = null
}

resource "oauth_app_registration" "zoho" {
  name     = "zoho"
  platform = "zoho"
  platform_parameters = {
    data_center = "ae"
  }

  client_id     = "00000000-0000-0000-0000-000000000000"
  client_secret = var.zoho_client_secret
  redirect_uris = ["https://app.example.com/callback"]
}

resource "oauth_token_pair" "zoho" {
  name   = "zoho"
  client = oauth_app_registration.zoho.client

  authorization_code = {
    callback_url = var.zoho_callback_url
  }
}

output "zoho_authorization_url" {
  value = oauth_token_pair.zoho.authorization_url
}
