terraform {
  required_version = ">= 1.8"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

variable "salesforce_client_secret" {
  type      = string
  sensitive = true
}

# Null at first. After the consent: the whole address that the browser ended up at.
variable "salesforce_callback_url" {
  type      = string
  sensitive = true
  default   = null
}

resource "oauth_app_registration" "salesforce" {
  name     = "salesforce"
  platform = "salesforce"
  platform_parameters = {
    domain = "login.salesforce.com"
  }

  client_id     = "00000000-0000-0000-0000-000000000000"
  client_secret = var.salesforce_client_secret
  redirect_uris = ["https://app.example.com/callback"]
}

resource "oauth_token_pair" "salesforce" {
  name   = "salesforce"
  client = oauth_app_registration.salesforce.client

  authorization_code = {
    callback_url = var.salesforce_callback_url
  }
}

output "salesforce_authorization_url" {
  value = oauth_token_pair.salesforce.authorization_url
}
