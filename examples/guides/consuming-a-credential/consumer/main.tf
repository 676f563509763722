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

module "crm" {
  source = "git::https://github.com/seed-55355b43/terraform-provider-oauth.git//examples/modules/api-token?ref=v0.1.0"

  token_pair = "crm"
}

provider "restapi" { # any provider that takes a token
  uri     = "https://api.example.com"
  headers = { Authorization = module.crm.authorization }
}

resource "restapi_object" "contact" {
  path = "/contacts"
  data = jsonencode({ id = "jo", name = "Jo Example" })
}
