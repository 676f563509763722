variable "login_private_key" {
  type      = string
  sensitive = true
  ephemeral = true
}

# The client signs with a key that no server has. It goes into the token store, and into no state and no plan.
resource "oauth_app_registration" "login" {
  name      = "login"
  issuer    = "https://login.example.com"
  client_id = "terraform-keyed"

  private_key_wo         = var.login_private_key
  private_key_wo_version = 1 # raise it when the key changes
  private_key_id         = "k1"

  refresh_token_policy = {
    rotation = "single_use"
    on_reuse = "revoke_family"
  }
}

resource "oauth_token_pair" "robot" {
  name               = "robot"
  client             = oauth_app_registration.login.client
  client_credentials = {}
}
