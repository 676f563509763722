terraform {
  required_version = ">= 1.8"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

# The store and its key come from the environment: OAUTH_TOKEN_STORE and OAUTH_TOKEN_STORE_KEY. Laptop and pipeline have
# the same two.
provider "oauth" {}

variable "client_secret" {
  type      = string
  sensitive = true
}

resource "oauth_app_registration" "crm" {
  name          = "crm"
  issuer        = "https://login.example.com"
  client_id     = "terraform"
  client_secret = var.client_secret
  redirect_uris = ["http://127.0.0.1:8912/callback"] # where the laptop listens while somebody authorizes
}

resource "oauth_token_pair" "crm" {
  name               = "crm"
  client             = oauth_app_registration.crm.client
  authorization_code = {} # no callback_url: the laptop takes it
}
