terraform {
  required_version = ">= 1.8"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

variable "hydra_client_secret" {
  type      = string
  sensitive = true
}

# Null at first. After the consent: the whole address that the browser ended up at.
variable "hydra_callback_url" {
  type      = string
  sensitive = true
  default   = null
}

resource "oauth_app_registration" "hydra" {
  name     = "hydra"
  platform = "hydra"
  platform_parameters = {
    public_url = "https://auth.example.com"
  }

  client_id     = "00000000-0000-0000-0000-000000000000"
  client_secret = var.hydra_client_secret
  redirect_uris = ["https://app.example.com/callback"]
}

resource "oauth_token_pair" "hydra" {
  name   = "hydra"
  client = oauth_app_registration.hydra.client

  authorization_code = {
    callback_url = var.hydra_callback_url
  }
}

output "hydra_authorization_url" {
  value = oauth_token_pair.hydra.authorization_url
}
