terraform {
  required_version = ">= 1.8"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

variable "hubspot_client_secret" {
  type      = string
  sensitive = true
}

# Null at first. After the consent: the whole address that the browser ended up at.
variable "hubspot_callback_url" {
  type      = string
  sensitive = true
  default   = null
}

resource "oauth_app_registration" "hubspot" {
  name     = "hubspot"
  platform = "hubspot"

  client_id     = "00000000-0000-0000-0000-000000000000"
  client_secret = var.hubspot_client_secret
  redirect_uris = ["https://app.example.com/callback"]
}

resource "oauth_token_pair" "hubspot" {
  name   = "hubspot"
  client = oauth_app_registration.hubspot.client

  authorization_code = {
    callback_url = var.hubspot_callback_url
  }
}

output "hubspot_authorization_url" {
  value = oauth_token_pair.hubspot.authorization_url
}
