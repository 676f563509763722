variable "client_secret" {
  type      = string
  sensitive = true
}

# Null at first. After the consent: the whole address that the browser ended up at.
variable "callback_url" {
  type      = string
  sensitive = true
  default   = null
}

resource "oauth_app_registration" "crm" {
  name          = "crm"
  client_id     = "terraform"
  client_secret = var.client_secret
  redirect_uris = ["https://app.example.com/callback"]

  authorization_endpoint = "https://login.example.com/authorize"
  token_endpoint         = "https://login.example.com/token"
  revocation_endpoint    = "https://login.example.com/revoke"
  introspection_endpoint = "https://login.example.com/introspect"
}

resource "oauth_token_pair" "crm" {
  name   = "crm"
  client = oauth_app_registration.crm.client

  authorization_code = {
    callback_url = var.callback_url
    scopes       = ["contacts.read", "contacts.write"]
  }
}

output "authorization_url" {
  value = oauth_token_pair.crm.authorization_url
}
