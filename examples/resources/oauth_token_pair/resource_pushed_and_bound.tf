variable "bank_client_secret" {
  type      = string
  sensitive = true
}

# Null at first. After the consent: the whole address that the browser ended up at.
variable "bank_callback_url" {
  type      = string
  sensitive = true
  default   = null
}

resource "oauth_token_pair" "bank" {
  name = "bank"

  client = {
    client_id     = "terraform"
    client_secret = var.bank_client_secret
    issuer        = "https://login.example.com"

    require_pushed_authorization_requests = true
    dpop_bound_access_tokens              = true
  }

  authorization_code = {
    callback_url = var.bank_callback_url
    redirect_uri = "https://app.example.com/callback"
    scopes       = ["accounts.read"]
  }
}

# A pushed request lives for a minute or so. Whoever comes later applies again, for another URL.
output "bank_authorization" {
  value = {
    open   = oauth_token_pair.bank.authorization_url
    before = oauth_token_pair.bank.authorization_url_expires_at
  }
}
