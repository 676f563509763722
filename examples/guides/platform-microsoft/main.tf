terraform {
  required_version = ">= 1.8"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

variable "microsoft_client_secret" {
  type      = string
  sensitive = true
}

# Null at first. After the consent: the whole address that the browser ended up at.
variable "microsoft_callback_url" {
  type      = string
  sensitive = true
  default   = null
}

resource "oauth_app_registration" "microsoft" {
  name     = "microsoft"
  platform = "microsoft"
  platform_parameters = {
    tenant = "00000000-0000-0000-0000-000000000000"
  }

  client_id     = "00000000-0000-0000-0000-000000000000"
  client_secret = var.microsoft_client_secret
  redirect_uris = ["https://app.example.com/callback"]
}

resource "oauth_token_pair" "microsoft" {
  name   = "microsoft"
  client = oauth_app_registration.microsoft.client

  authorization_code = {
    callback_url = var.microsoft_callback_url
  }
}

output "microsoft_authorization_url" {
  value = oauth_token_pair.microsoft.authorization_url
}
