terraform {
  required_version = ">= 1.8"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

variable "client_id" {
  type = string
}

variable "client_secret" {
  type      = string
  sensitive = true
}

# Null at first. After the consent: the whole address that the browser ended up at.
variable "callback_url" {
  type      = string
  sensitive = true
  default   = null
}

resource "oauth_app_registration" "sso" {
  name          = "sso"
  issuer        = "https://login.example.com"
  client_id     = var.client_id
  client_secret = var.client_secret
  redirect_uris = ["https://app.example.com/callback"]

  refresh_token_policy = {
    rotation      = "single_use"
    on_reuse      = "revoke_family"
    idle_lifetime = "720h"
  }
}

resource "oauth_token_pair" "sso" {
  name   = "sso"
  client = oauth_app_registration.sso.client

  authorization_code = {
    callback_url = var.callback_url
  }
}

output "authorization_url" {
  value = oauth_token_pair.sso.authorization_url
}
