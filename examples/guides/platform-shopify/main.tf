terraform {
  required_version = ">= 1.8"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

variable "shopify_client_secret" {
  type      = string
  sensitive = true
}

# Null at first. After the consent: the whole address that the browser ended up at.
variable "shopify_callback_url" {
  type      = string
  sensitive = true
  default   = null
}

resource "oauth_app_registration" "shopify" {
  name     = "shopify"
  platform = "shopify"
  platform_parameters = {
    shop = "example-shop"
  }

  client_id     = "00000000-0000-0000-0000-000000000000"
  client_secret = var.shopify_client_secret
  redirect_uris = ["https://app.example.com/callback"]
}

resource "oauth_token_pair" "shopify" {
  name   = "shopify"
  client = oauth_app_registration.shopify.client

  authorization_code = {
    callback_url = var.shopify_callback_url
  }
}

output "shopify_authorization_url" {
  value = oauth_token_pair.shopify.authorization_url
}
