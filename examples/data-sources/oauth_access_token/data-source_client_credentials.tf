# A client that gets tokens for itself needs no oauth_token_pair. Everybody who asks with this client for the same gets the same
# token until it expires: other data sources, other runs, other configurations with the same token store.
variable "metrics_client_secret" {
  type      = string
  sensitive = true
}

resource "oauth_app_registration" "metrics" {
  name           = "metrics"
  client_id      = "terraform"
  client_secret  = var.metrics_client_secret
  token_endpoint = "https://login.example.com/token"
}

data "oauth_access_token" "metrics" {
  client = oauth_app_registration.metrics.client
  client_credentials = {
    scopes = ["metrics:read"]
  }
}
