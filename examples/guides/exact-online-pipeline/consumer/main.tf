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

ephemeral "oauth_access_token" "exact" {
  token_pair = "exact-prod"
}

provider "restapi" { # any provider that takes a token
  uri     = "https://start.exactonline.nl/api/v1/${ephemeral.oauth_access_token.exact.connection_details["division"]}"
  headers = { Authorization = "Bearer ${ephemeral.oauth_access_token.exact.access_token}" }
}

resource "restapi_object" "contact" {
  path = "/crm/Contacts"
  data = jsonencode({ id = "jo", FirstName = "Jo", LastName = "Example" })
}
