terraform {
  required_version = ">= 1.8"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

variable "visma_connect_client_secret" {
  type      = string
  sensitive = true
}

# Null at first. After the consent: the whole address that the browser ended up at.
variable "visma_connect_callback_url" {
  type      = string
  sensitive = true
  default   = null
}

resource "oauth_app_registration" "visma_connect" {
  name     = "visma_connect"
  platform = "visma_connect"
  platform_parameters = {
    environment = "production"
  }

  client_id     = "00000000-0000-0000-0000-000000000000"
  client_secret = var.visma_connect_client_secret
  redirect_uris = ["https://app.example.com/callback"]
}

resource "oauth_token_pair" "visma_connect" {
  name   = "visma_connect"
  client = oauth_app_registration.visma_connect.client

  authorization_code = {
    callback_url = var.visma_connect_callback_url
  }
}

output "visma_connect_authorization_url" {
  value = oauth_token_pair.visma_connect.authorization_url
}
