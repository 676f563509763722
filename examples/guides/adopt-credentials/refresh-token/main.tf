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

variable "refresh_token" {
  type      = string
  sensitive = true
}

resource "oauth_app_registration" "teamleader" {
  name          = "teamleader"
  platform      = "teamleader"
  client_id     = "00000000-0000-0000-0000-000000000000"
  client_secret = var.client_secret
  redirect_uris = ["https://app.example.com/callback"]
}

resource "oauth_token_pair" "teamleader" {
  name   = "teamleader"
  client = oauth_app_registration.teamleader.client

  preauthenticated = {
    refresh_token = var.refresh_token
  }
}
