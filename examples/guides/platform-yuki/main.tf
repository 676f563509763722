terraform {
  required_version = ">= 1.8"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

variable "yuki_client_secret" {
  type      = string
  sensitive = true
}

# Null at first. After the consent: the whole address that the browser ended up at.
variable "yuki_callback_url" {
  type      = string
  sensitive = true
  default   = null
}

resource "oauth_app_registration" "yuki" {
  name     = "yuki"
  platform = "yuki"

  client_id     = "00000000-0000-0000-0000-000000000000"
  client_secret = var.yuki_client_secret
  redirect_uris = ["https://app.example.com/callback"]
}

resource "oauth_token_pair" "yuki" {
  name   = "yuki"
  client = oauth_app_registration.yuki.client

  authorization_code = {
    callback_url = var.yuki_callback_url
  }
}

output "yuki_authorization_url" {
  value = oauth_token_pair.yuki.authorization_url
}
