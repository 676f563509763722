terraform {
  required_version = ">= 1.8"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

variable "auth0_client_secret" {
  type      = string
  sensitive = true
}

# Null at first. After the consent: the whole address that the browser ended up at.
variable "auth0_callback_url" {
  type      = string
  sensitive = true
  default   = null
}

resource "oauth_app_registration" "auth0" {
  name     = "auth0"
  platform = "auth0"
  platform_parameters = {
    domain = "example.eu.auth0.com"
  }

  client_id     = "00000000-0000-0000-0000-000000000000"
  client_secret = var.auth0_client_secret
  redirect_uris = ["https://app.example.com/callback"]
}

resource "oauth_token_pair" "auth0" {
  name   = "auth0"
  client = oauth_app_registration.auth0.client

  authorization_code = {
    callback_url = var.auth0_callback_url
  }
}

output "auth0_authorization_url" {
  value = oauth_token_pair.auth0.authorization_url
}
