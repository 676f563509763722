# By name. The name must be in the token store.
terraform import oauth_token_pair.crm crm
