variable "robot_client_secret" {
  type      = string
  sensitive = true
}

# PEM or JWK: RSA, EC or Ed25519.
variable "robot_key" {
  type      = string
  sensitive = true
}

# A service account: an assertion is signed here for each request, and nobody ever has to authorize.
resource "oauth_token_pair" "robot" {
  name = "robot"

  client = {
    client_id           = "terraform"
    client_secret       = var.robot_client_secret
    token_endpoint      = "https://login.example.com/token"
    revocation_endpoint = "https://login.example.com/revoke"
  }

  jwt_bearer = {
    private_key = var.robot_key
    key_id      = "2026-1"
    issuer      = "robot@example.com"
    subject     = "alice@example.com" # for whom it acts
    scopes      = ["files.read"]
  }
}
