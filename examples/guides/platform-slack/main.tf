terraform {
  required_version = ">= 1.8"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

variable "slack_client_secret" {
  type      = string
  sensitive = true
}

# Null at first. After the consent: the whole address that the browser ended up at.
variable "slack_callback_url" {
  type      = string
  sensitive = true
  default   = null
}

resource "oauth_app_registration" "slack" {
  name     = "slack"
  platform = "slack"

  client_id     = "00000000-0000-0000-0000-000000000000"
  client_secret = var.slack_client_secret
  redirect_uris = ["https://app.example.com/callback"]
}

resource "oauth_token_pair" "slack" {
  name   = "slack"
  client = oauth_app_registration.slack.client

  authorization_code = {
    callback_url = var.slack_callback_url
  }
}

output "slack_authorization_url" {
  value = oauth_token_pair.slack.authorization_url
}
