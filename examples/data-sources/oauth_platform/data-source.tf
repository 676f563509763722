data "oauth_platform" "exact" {
  id         = "exact_online"
  parameters = { country = "nl" }
}

# Whether a refresh token is lost with one wrong step, and until when it must be used.
output "exact_refresh_tokens" {
  value = data.oauth_platform.exact.refresh_token_policy
}

# What nobody could confirm. Look at it before you rely on it.
output "exact_doubts" {
  value = {
    for fact in data.oauth_platform.exact.facts : fact.name => fact.note if fact.confidence == "low"
  }
}
