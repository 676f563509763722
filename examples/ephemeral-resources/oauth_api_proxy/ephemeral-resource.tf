# An apply may take longer than an access token lives. What is configured like this never holds one.
ephemeral "oauth_api_proxy" "crm" {
  token_pair = oauth_token_pair.crm.id
  upstream   = "https://api.example.com"
}

provider "restapi" {
  uri     = ephemeral.oauth_api_proxy.crm.url
  headers = { Authorization = "Bearer ${ephemeral.oauth_api_proxy.crm.bearer}" }
}
