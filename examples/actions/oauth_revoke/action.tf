# After a leak: terraform apply -invoke=action.oauth_revoke.crm
# The next plan says how to authorize again.
action "oauth_revoke" "crm" {
  config {
    token_pair = oauth_token_pair.crm.id
  }
}

# Only the access token has leaked: the next run gets another one, and nobody has to authorize.
action "oauth_revoke" "crm_access_token" {
  config {
    token_pair = oauth_token_pair.crm.id
    token      = "access_token"
  }
}
