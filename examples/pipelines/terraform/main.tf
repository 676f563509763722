terraform {
  required_version = ">= 1.11"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
    restapi = {
      source = "Mastercard/restapi"
    }
  }

  # Any backend will do that all jobs reach and that locks. PG_CONN_STR says where this one is.
  backend "pg" {
    schema_name = "terraform_state"
  }
}

# The store and its key come from the environment: OAUTH_TOKEN_STORE and OAUTH_TOKEN_STORE_KEY. With this setting no secret gets into
# the state, nor into the plan of a merge request.
provider "oauth" {
  secrets_in_state = false
}

variable "client_secret" {
  type      = string
  sensitive = true
  ephemeral = true
}

resource "oauth_app_registration" "crm" {
  name                     = "crm"
  issuer                   = "https://login.example.com"
  client_id                = "terraform"
  client_secret_wo         = var.client_secret
  client_secret_wo_version = 1                                  # raise it when the secret changes
  redirect_uris            = ["http://127.0.0.1:8912/callback"] # where a laptop listens while somebody authorizes

  # The deadlines, from the documentation of the server. A platform that the provider knows brings them along.
  refresh_token_policy = {
    rotation          = "single_use"
    on_reuse          = "revoke_family"
    absolute_lifetime = "2160h" # 90 days after the consent
  }
}

resource "oauth_token_pair" "crm" {
  name               = "crm"
  client             = oauth_app_registration.crm.client
  authorization_code = {} # no callback_url: somebody authorizes from a laptop
}

ephemeral "oauth_access_token" "crm" {
  token_pair = oauth_token_pair.crm.id
}

provider "restapi" { # any provider that takes a token
  uri     = "https://api.example.com"
  headers = { Authorization = "Bearer ${ephemeral.oauth_access_token.crm.access_token}" }
}

resource "restapi_object" "contact" {
  path = "/contacts"
  data = jsonencode({ id = "jo", name = "Jo Example" })
}
