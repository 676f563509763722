terraform {
  required_version = ">= 1.8"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

variable "client_secret" {
  type      = string
  sensitive = true
}

variable "callback_url" {
  type      = string
  sensitive = true
  default   = null
}

resource "oauth_app_registration" "crm" {
  name          = "crm"
  client_id     = "terraform"
  client_secret = var.client_secret
  redirect_uris = ["http://127.0.0.1:8080/callback"]

  authorization_endpoint = "http://127.0.0.1:8080/authorize"
  token_endpoint         = "http://127.0.0.1:8080/token"
  revocation_endpoint    = "http://127.0.0.1:8080/revoke"
}

resource "oauth_token_pair" "crm" {
  name   = "crm"
  client = oauth_app_registration.crm.client

  authorization_code = {
    callback_url = var.callback_url
    scopes       = ["contacts.read", "contacts.write"]
  }
}
