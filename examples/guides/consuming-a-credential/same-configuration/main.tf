terraform {
  required_version = ">= 1.10"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
    restapi = {
      source = "Mastercard/restapi"
    }
  }
}

variable "client_secret" {
  type      = string
  sensitive = true
}

resource "oauth_app_registration" "ledger" {
  name          = "ledger"
  issuer        = "https://login.example.com"
  client_id     = "terraform"
  client_secret = var.client_secret
}

resource "oauth_token_pair" "ledger" {
  name               = "ledger"
  client             = oauth_app_registration.ledger.client
  client_credentials = {}
}

module "ledger" {
  source = "git::https://github.com/seed-55355b43/terraform-provider-oauth.git//examples/modules/api-token?ref=v0.1.0"

  token_pair = oauth_token_pair.ledger.id # not "ledger": the id is known only when there is a token
}

provider "restapi" {
  uri     = "https://ledger.example.com"
  headers = { Authorization = module.ledger.authorization }
}

resource "restapi_object" "account" {
  path = "/accounts"
  data = jsonencode({ id = "4711", name = "Travel" })
}
