terraform {
  required_version = ">= 1.8"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

variable "exact_online_client_secret" {
  type      = string
  sensitive = true
}

# Null at first. After the consent: the whole address that the browser ended up at.
variable "exact_online_callback_url" {
  type      = string
  sensitive = true
  default   = null
}

resource "oauth_app_registration" "exact_online" {
  name     = "exact_online"
  platform = "exact_online"
  platform_parameters = {
    country = "be"
  }

  client_id     = "00000000-0000-0000-0000-000000000000"
  client_secret = var.exact_online_client_secret
  redirect_uris = ["https://app.example.com/callback"]
}

resource "oauth_token_pair" "exact_online" {
  name   = "exact_online"
  client = oauth_app_registration.exact_online.client

  authorization_code = {
    callback_url = var.exact_online_callback_url
  }
}

output "exact_online_authorization_url" {
  value = oauth_token_pair.exact_online.authorization_url
}
