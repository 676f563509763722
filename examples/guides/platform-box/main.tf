terraform {
  required_version = ">= 1.8"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

variable "box_client_secret" {
  type      = string
  sensitive = true
}

# Null at first. After the consent: the whole address that the browser ended up at.
variable "box_callback_url" {
  type      = string
  sensitive = true
  default   = null
}

resource "oauth_app_registration" "box" {
  name     = "box"
  platform = "box"

  client_id     = "00000000-0000-0000-0000-000000000000"
  client_secret = var.box_client_secret
  redirect_uris = ["https://app.example.com/callback"]
}

resource "oauth_token_pair" "box" {
  name   = "box"
  client = oauth_app_registration.box.client

  authorization_code = {
    callback_url = var.box_callback_url
  }
}

output "box_authorization_url" {
  value = oauth_token_pair.box.authorization_url
}
