terraform {
  required_version = ">= 1.8"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

variable "linkedin_client_secret" {
  type      = string
  sensitive = true
}

# Null at first. After the consent: the whole address that the browser ended up at.
variable "linkedin_callback_url" {
  type      = string
  sensitive = true
  default   = null
}

resource "oauth_app_registration" "linkedin" {
  name     = "linkedin"
  platform = "linkedin"

  client_id     = "00000000-0000-0000-0000-000000000000"
  client_secret = var.linkedin_client_secret
  redirect_uris = ["https://app.example.com/callback"]
}

resource "oauth_token_pair" "linkedin" {
  name   = "linkedin"
  client = oauth_app_registration.linkedin.client

  authorization_code = {
    callback_url = var.linkedin_callback_url
  }
}

output "linkedin_authorization_url" {
  value = oauth_token_pair.linkedin.authorization_url
}
