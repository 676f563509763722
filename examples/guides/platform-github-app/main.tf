terraform {
  required_version = ">= 1.8"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

variable "github_app_client_secret" {
  type      = string
  sensitive = true
}

# Null at first. After the consent: the whole address that the browser ended up at.
variable "github_app_callback_url" {
  type      = string
  sensitive = true
  default   = null
}

resource "oauth_app_registration" "github_app" {
  name     = "github_app"
  platform = "github_app"

  client_id     = "00000000-0000-0000-0000-000000000000"
  client_secret = var.github_app_client_secret
  redirect_uris = ["https://app.example.com/callback"]
}

resource "oauth_token_pair" "github_app" {
  name   = "github_app"
  client = oauth_app_registration.github_app.client

  authorization_code = {
    callback_url = var.github_app_callback_url
  }
}

output "github_app_authorization_url" {
  value = oauth_token_pair.github_app.authorization_url
}
