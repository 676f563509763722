terraform {
  required_version = ">= 1.8"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

variable "atlassian_client_secret" {
  type      = string
  sensitive = true
}

# Null at first. After the consent: the whole address that the browser ended up at.
variable "atlassian_callback_url" {
  type      = string
  sensitive = true
  default   = null
}

resource "oauth_app_registration" "atlassian" {
  name     = "atlassian"
  platform = "atlassian"
  platform_parameters = {
    cloud = "commercial"
  }

  client_id     = "00000000-0000-0000-0000-000000000000"
  client_secret = var.atlassian_client_secret
  redirect_uris = ["https://app.example.com/callback"]
}

resource "oauth_token_pair" "atlassian" {
  name   = "atlassian"
  client = oauth_app_registration.atlassian.client

  authorization_code = {
    callback_url = var.atlassian_callback_url
  }
}

output "atlassian_authorization_url" {
  value = oauth_token_pair.atlassian.authorization_url
}
