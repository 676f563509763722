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

ephemeral "oauth_access_token" "crm" {
  token_pair   = "crm"
  min_validity = "8m" # longer than this apply takes
}

provider "restapi" {
  uri     = "https://api.example.com"
  headers = { Authorization = "Bearer ${ephemeral.oauth_access_token.crm.access_token}" }
}

resource "restapi_object" "contact" {
  for_each = toset(["alex", "jo", "kim", "sam"])

  path = "/contacts"
  data = jsonencode({ id = each.key })
}
