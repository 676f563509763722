terraform {
  required_version = ">= 1.8"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

variable "gitlab_client_secret" {
  type      = string
  sensitive = true
}

# Null at first. After the consent: the whole address that the browser ended up at.
variable "gitlab_callback_url" {
  type      = string
  sensitive = true
  default   = null
}

resource "oauth_app_registration" "gitlab" {
  name     = "gitlab"
  platform = "gitlab"
  platform_parameters = {
    host = "gitlab.example.com"
  }

  client_id     = "00000000-0000-0000-0000-000000000000"
  client_secret = var.gitlab_client_secret
  redirect_uris = ["https://app.example.com/callback"]
}

resource "oauth_token_pair" "gitlab" {
  name   = "gitlab"
  client = oauth_app_registration.gitlab.client

  authorization_code = {
    callback_url = var.gitlab_callback_url
  }
}

output "gitlab_authorization_url" {
  value = oauth_token_pair.gitlab.authorization_url
}
