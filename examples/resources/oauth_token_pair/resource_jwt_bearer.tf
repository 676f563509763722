variable "service_key" {
  type        = string
  sensitive   = true
  description = "The private key whose public half the server knows, PEM or JWK."
}

# A service account: an assertion is signed for each request, and nobody ever has to authorize.
resource "oauth_token_pair" "service" {
  name = "service"

  client = {
    client_id                  = "terraform"
    token_endpoint             = "https://login.example.com/token"
    token_endpoint_auth_method = "none"
  }

  jwt_bearer = {
    private_key = var.service_key
    key_id      = "2026-1"
    issuer      = "service@example.com"
    subject     = "user@example.com"
    lifetime    = "2m"
    claims      = jsonencode({ scope = "reports.read" })
  }
}
