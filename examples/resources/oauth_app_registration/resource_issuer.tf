variable "login_client_secret" {
  type      = string
  sensitive = true
}

# The server says itself where its endpoints are. What it does to refresh tokens is for you to say.
resource "oauth_app_registration" "login" {
  name          = "login"
  issuer        = "https://login.example.com"
  client_id     = "terraform"
  client_secret = var.login_client_secret
  redirect_uris = ["https://app.example.com/callback"]

  refresh_token_policy = {
    rotation = "single_use"
    on_reuse = "revoke_family"
  }
}
