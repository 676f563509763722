terraform {
  required_version = ">= 1.11"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

# Where the tokens are, and the key that opens them, come from the environment: OAUTH_TOKEN_STORE and
# OAUTH_TOKEN_STORE_KEY. All who plan or apply, here and in the other repositories, have the same two.
provider "oauth" {
  secrets_in_state = false
}

variable "client_secret" {
  type      = string
  sensitive = true
  ephemeral = true
}

variable "callback_url" {
  type      = string
  sensitive = true
  ephemeral = true
  default   = null
}

variable "callback_url_version" {
  type    = number
  default = 0
}

module "crm" {
  source = "git::https://github.com/seed-55355b43/terraform-provider-oauth.git//examples/modules/credential?ref=v0.1.0"

  name          = "crm"
  issuer        = "https://login.example.com"
  client_id     = "terraform"
  client_secret = var.client_secret
  redirect_uri  = "https://app.example.com/callback"
  contact       = "sales-it@example.com"

  callback_url         = var.callback_url
  callback_url_version = var.callback_url_version

  refresh_token_policy = {
    rotation          = "single_use"
    on_reuse          = "revoke_family"
    absolute_lifetime = "8760h" # a year after the consent
  }
}

output "authorization_url" {
  value = module.crm.authorization_url
}
