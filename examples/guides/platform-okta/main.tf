terraform {
  required_version = ">= 1.8"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

variable "okta_client_secret" {
  type      = string
  sensitive = true
}

# Null at first. After the consent: the whole address that the browser ended up at.
variable "okta_callback_url" {
  type      = string
  sensitive = true
  default   = null
}

resource "oauth_app_registration" "okta" {
  name     = "okta"
  platform = "okta"
  platform_parameters = {
    domain      = "example.okta.com"
    issuer_path = "oauth2/default"
  }

  client_id     = "00000000-0000-0000-0000-000000000000"
  client_secret = var.okta_client_secret
  redirect_uris = ["https://app.example.com/callback"]
}

resource "oauth_token_pair" "okta" {
  name   = "okta"
  client = oauth_app_registration.okta.client

  authorization_code = {
    callback_url = var.okta_callback_url
  }
}

output "okta_authorization_url" {
  value = oauth_token_pair.okta.authorization_url
}
