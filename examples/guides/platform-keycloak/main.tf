terraform {
  required_version = ">= 1.8"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

variable "keycloak_client_secret" {
  type      = string
  sensitive = true
}

# Null at first. After the consent: the whole address that the browser ended up at.
variable "keycloak_callback_url" {
  type      = string
  sensitive = true
  default   = null
}

resource "oauth_app_registration" "keycloak" {
  name     = "keycloak"
  platform = "keycloak"
  platform_parameters = {
    base_url = "https://id.example.com"
    realm    = "main"
  }

  client_id     = "00000000-0000-0000-0000-000000000000"
  client_secret = var.keycloak_client_secret
  redirect_uris = ["https://app.example.com/callback"]
}

resource "oauth_token_pair" "keycloak" {
  name   = "keycloak"
  client = oauth_app_registration.keycloak.client

  authorization_code = {
    callback_url = var.keycloak_callback_url
  }
}

output "keycloak_authorization_url" {
  value = oauth_token_pair.keycloak.authorization_url
}
