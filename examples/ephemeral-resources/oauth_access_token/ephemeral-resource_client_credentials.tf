# A client that gets tokens for itself: neither its secret nor its token enters state or plan.
variable "metrics_client_secret" {
  type      = string
  sensitive = true
  ephemeral = true
}

ephemeral "oauth_access_token" "metrics" {
  client = {
    client_id      = "terraform"
    client_secret  = var.metrics_client_secret
    token_endpoint = "https://login.example.com/token"
  }
  client_credentials = {
    scopes = ["metrics:read"]
  }
  min_validity = "5m"
}
