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

ephemeral "oauth_api_proxy" "crm" {
  token_pair = "crm"
  upstream   = "https://api.example.com"
}

provider "restapi" {
  uri     = ephemeral.oauth_api_proxy.crm.url
  headers = { Authorization = "Bearer ${ephemeral.oauth_api_proxy.crm.bearer}" }
}

resource "restapi_object" "contact" {
  for_each = toset(["alex", "jo", "kim", "sam"])

  path = "/contacts"
  data = jsonencode({ id = each.key })
}
