terraform import oauth_token_pair.crm crm
