# A token that must enter neither state nor plan: the server says whether it is good before anything is done with it.
variable "introspecting_client_secret" {
  type      = string
  sensitive = true
  ephemeral = true
}

variable "foreign_token" {
  type      = string
  sensitive = true
  ephemeral = true
}

ephemeral "oauth_token_introspection" "foreign" {
  client = {
    client_id              = "terraform"
    client_secret          = var.introspecting_client_secret
    token_endpoint         = "https://login.example.com/token"
    introspection_endpoint = "https://login.example.com/introspect"
  }
  token = var.foreign_token

  lifecycle {
    postcondition {
      condition     = self.active
      error_message = "The token is not good any more."
    }
  }
}
