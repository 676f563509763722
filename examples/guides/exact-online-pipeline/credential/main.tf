terraform {
  required_version = ">= 1.8"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

variable "client_id" {
  type = string
}

variable "client_secret" {
  type      = string
  sensitive = true
}

# Null, but for the apply that authorizes.
variable "callback_url" {
  type      = string
  sensitive = true
  default   = null
}

resource "oauth_app_registration" "exact" {
  name                = "exact"
  platform            = "exact_online"
  platform_parameters = { country = "nl" }
  client_id           = var.client_id
  client_secret       = var.client_secret
  redirect_uris       = ["https://app.example.com/callback"]
}

resource "oauth_token_pair" "exact" {
  name   = "exact-prod"
  client = oauth_app_registration.exact.client

  authorization_code = {
    callback_url = var.callback_url
  }
}

# Every plan says so when a person is needed.
data "oauth_token_pair" "exact" {
  name = oauth_token_pair.exact.id
}

check "exact_is_alive" {
  assert {
    condition     = data.oauth_token_pair.exact.status == "active"
    error_message = "Exact Online: ${data.oauth_token_pair.exact.status}. Open ${oauth_token_pair.exact.authorization_url}"
  }
}

output "authorization_url" {
  value = oauth_token_pair.exact.authorization_url
}
