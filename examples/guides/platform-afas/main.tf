terraform {
  required_version = ">= 1.8"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

variable "afas_client_secret" {
  type      = string
  sensitive = true
}

# Null at first. After the consent: the whole address that the browser ended up at.
variable "afas_callback_url" {
  type      = string
  sensitive = true
  default   = null
}

resource "oauth_app_registration" "afas" {
  name     = "afas"
  platform = "afas"
  platform_parameters = {
    env   = "12345"
    stage = "accept"
  }

  client_id     = "00000000-0000-0000-0000-000000000000"
  client_secret = var.afas_client_secret
  redirect_uris = ["https://app.example.com/callback"]
}

resource "oauth_token_pair" "afas" {
  name   = "afas"
  client = oauth_app_registration.afas.client

  authorization_code = {
    callback_url = var.afas_callback_url
  }
}

output "afas_authorization_url" {
  value = oauth_token_pair.afas.authorization_url
}
