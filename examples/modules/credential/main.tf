resource "oauth_app_registration" "this" {
  name                 = var.name
  platform             = var.platform
  platform_parameters  = var.platform_parameters
  issuer               = var.issuer
  refresh_token_policy = var.refresh_token_policy

  client_id                = var.client_id
  client_secret_wo         = var.client_secret
  client_secret_wo_version = var.client_secret_version
  redirect_uris            = [var.redirect_uri]
}

resource "oauth_token_pair" "this" {
  name   = var.name
  client = oauth_app_registration.this.client

  authorization_code = {
    callback_url_wo         = var.callback_url
    callback_url_wo_version = var.callback_url_version
    scopes                  = var.scopes
  }
}
