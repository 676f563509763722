output "access_token" {
  description = "A fresh access token, for provider blocks and write-only arguments."
  value       = ephemeral.oauth_access_token.this.access_token
  sensitive   = true
  ephemeral   = true
}

output "authorization" {
  description = "The same as the value of an Authorization header: Bearer, a space, and the token."
  value       = "Bearer ${ephemeral.oauth_access_token.this.access_token}"
  sensitive   = true
  ephemeral   = true
}

output "expires_at" {
  description = "When it expires (RFC 3339, UTC). Null if the server did not say."
  value       = ephemeral.oauth_access_token.this.expires_at
  ephemeral   = true
}

output "connection_details" {
  description = "What calls of the API need besides, such as instance_url or division. Empty if there is nothing."
  value       = ephemeral.oauth_access_token.this.connection_details
  ephemeral   = true
}
