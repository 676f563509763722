output "id" {
  description = "What other modules of this configuration get: they wait for an apply that authorizes. Other configurations take the name."
  value       = oauth_token_pair.this.id
}

output "status" {
  description = "active, authorization_required, outcome_unknown or revoked."
  value       = oauth_token_pair.this.status
}

output "reauthorize_by" {
  description = "By when a person must authorize again, however often the tokens are refreshed (RFC 3339, UTC). Null if no end is known."
  value       = oauth_token_pair.this.reauthorize_by
}

output "authorization_url" {
  description = "What a person opens to authorize, or to authorize again."
  value       = oauth_token_pair.this.authorization_url
}

# No token is an output, on purpose: whoever needs one opens an ephemeral "oauth_access_token".
