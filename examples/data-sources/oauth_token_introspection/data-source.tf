# Does the authorization still stand? The server is asked about the refresh token, which stays unused: nothing is refreshed by it.
check "crm_authorization" {
  data "oauth_token_introspection" "crm" {
    token_pair = oauth_token_pair.crm.id
  }
  assert {
    condition     = data.oauth_token_introspection.crm.active
    error_message = "The server no longer knows the refresh token of crm: a person has to authorize again."
  }
}

# What a token from elsewhere may do, and for how long.
variable "introspecting_client_secret" {
  type      = string
  sensitive = true
}

variable "foreign_token" {
  type      = string
  sensitive = true
}

data "oauth_token_introspection" "foreign" {
  client = {
    client_id              = "terraform"
    client_secret          = var.introspecting_client_secret
    token_endpoint         = "https://login.example.com/token"
    introspection_endpoint = "https://login.example.com/introspect"
  }
  token = var.foreign_token
}

output "foreign_token_ends" {
  value = data.oauth_token_introspection.foreign.exp
}
