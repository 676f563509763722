terraform {
  required_version = ">= 1.8"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

variable "sage_accounting_client_secret" {
  type      = string
  sensitive = true
}

# Null at first. After the consent: the whole address that the browser ended up at.
variable "sage_accounting_callback_url" {
  type      = string
  sensitive = true
  default   = null
}

resource "oauth_app_registration" "sage_accounting" {
  name     = "sage_accounting"
  platform = "sage_accounting"

  client_id     = "00000000-0000-0000-0000-000000000000"
  client_secret = var.sage_accounting_client_secret
  redirect_uris = ["https://app.example.com/callback"]
}

resource "oauth_token_pair" "sage_accounting" {
  name   = "sage_accounting"
  client = oauth_app_registration.sage_accounting.client

  authorization_code = {
    callback_url = var.sage_accounting_callback_url
  }
}

output "sage_accounting_authorization_url" {
  value = oauth_token_pair.sage_accounting.authorization_url
}
