variable "initial_access_token" {
  type      = string
  sensitive = true
}

# Without client_id the server makes the client (RFC 7591), and the registration is managed from here (RFC 7592).
resource "oauth_app_registration" "books" {
  name                 = "books"
  issuer               = "https://login.example.com"
  initial_access_token = var.initial_access_token

  client_name   = "Books"
  client_uri    = "https://app.example.com/"
  redirect_uris = ["https://app.example.com/callback"]
  grant_types   = ["authorization_code", "refresh_token"]
  scope         = "read write"
  contacts      = ["ops@example.com"]

  # Members that have no attribute of their own.
  extra_metadata = jsonencode({
    application_type = "web"
    "client_name#ja" = "会計"
  })

  # Another client secret once a quarter, and in any case a week before it ends.
  rotate_when_changed = { quarter = "2026-4" }
  rotate_before       = "168h"

  refresh_token_policy = {
    rotation = "single_use"
    on_reuse = "revoke_family"
  }
}

resource "oauth_token_pair" "books" {
  name               = "books"
  client             = oauth_app_registration.books.client
  authorization_code = {}
}
