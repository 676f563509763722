variable "access_token" {
  type      = string
  sensitive = true
}

locals {
  token = provider::oauth::decode_jwt(var.access_token)
}

# When the token ends, in the words of the token itself.
output "expires_at" {
  value = timeadd("1970-01-01T00:00:00Z", "${nonsensitive(local.token.claims.exp)}s")
}

# Decoded is not verified: enough to find a mistake, never enough to let somebody in.
check "audience" {
  assert {
    condition     = contains(flatten([local.token.claims.aud]), "https://api.example.com")
    error_message = "The token is meant for another API."
  }
}
