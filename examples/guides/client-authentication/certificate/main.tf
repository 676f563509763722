terraform {
  required_version = ">= 1.8"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

variable "certificate" {
  type = string # TF_VAR_certificate="$(cat client.crt)", with the intermediate certificates behind it, if there are any
}

variable "certificate_key" {
  type      = string
  sensitive = true # TF_VAR_certificate_key="$(cat client.key)"
}

resource "oauth_app_registration" "bank" {
  name      = "bank"
  issuer    = "https://login.example.com"
  client_id = "terraform"

  token_endpoint_auth_method = "self_signed_tls_client_auth"
  tls_client_certificate     = var.certificate
  tls_client_private_key     = var.certificate_key
}

resource "oauth_token_pair" "bank" {
  name               = "bank"
  client             = oauth_app_registration.bank.client
  client_credentials = {}
}
