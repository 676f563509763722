terraform {
  required_version = ">= 1.8"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

variable "stripe_connect_client_secret" {
  type      = string
  sensitive = true
}

# Null at first. After the consent: the whole address that the browser ended up at.
variable "stripe_connect_callback_url" {
  type      = string
  sensitive = true
  default   = null
}

resource "oauth_app_registration" "stripe_connect" {
  name     = "stripe_connect"
  platform = "stripe_connect"

  client_id     = "00000000-0000-0000-0000-000000000000"
  client_secret = var.stripe_connect_client_secret
  redirect_uris = ["https://app.example.com/callback"]
}

resource "oauth_token_pair" "stripe_connect" {
  name   = "stripe_connect"
  client = oauth_app_registration.stripe_connect.client

  authorization_code = {
    callback_url = var.stripe_connect_callback_url
  }
}

output "stripe_connect_authorization_url" {
  value = oauth_token_pair.stripe_connect.authorization_url
}
