ephemeral "oauth_access_token" "this" {
  token_pair   = var.token_pair
  min_validity = var.min_validity
}
