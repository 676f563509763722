# A token pair of this configuration: by its id, so that this waits until an apply has authorized it.
data "oauth_access_token" "crm" {
  token_pair   = oauth_token_pair.crm.id
  min_validity = "5m"
}

# One that another configuration manages: by its name. Both use the same token store.
data "oauth_access_token" "billing" {
  token_pair = "billing"
}
