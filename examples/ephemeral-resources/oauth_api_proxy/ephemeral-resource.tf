# An apply may take longer than an access token lives. What is configured with this never holds one.
ephemeral "oauth_api_proxy" "exact" {
  token_pair = oauth_token_pair.exact.id
  upstream   = "https://start.exactonline.nl"
}

provider "restapi" {
  uri     = ephemeral.oauth_api_proxy.exact.url
  headers = { Authorization = "Bearer ${ephemeral.oauth_api_proxy.exact.bearer}" }
}
