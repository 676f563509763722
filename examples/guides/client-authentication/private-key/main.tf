terraform {
  required_version = ">= 1.8"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

variable "private_key" {
  type      = string
  sensitive = true # TF_VAR_private_key="$(cat key.pem)"
}

resource "oauth_app_registration" "sso" {
  name           = "sso"
  issuer         = "https://login.example.com"
  client_id      = "terraform"
  private_key    = var.private_key
  private_key_id = "terraform-1"
  redirect_uris  = ["https://app.example.com/callback"]
}

resource "oauth_token_pair" "sso" {
  name               = "sso"
  client             = oauth_app_registration.sso.client
  authorization_code = {}
}
