# One credential whose refresh token works only once: from the first consent to living with it.
#
# "make demo" runs this configuration against the sandbox, an authorization server that comes with this provider.
# README.md says how to do the same by hand. For a real platform only the values of the variables change.

terraform {
  required_version = ">= 1.8"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

# Where tokens are kept, and the key that seals them, come from the environment: OAUTH_TOKEN_STORE and
# OAUTH_TOKEN_STORE_KEY. Everyone who plans or applies needs the same two.
provider "oauth" {
  ca_certificate_pem    = file(var.ca_file) # the sandbox has a certificate authority of its own
  refresh_before_expiry = "5s"              # the default is 30s; the sandbox's access tokens live for a second
}

# The app, as the platform knows it.
resource "oauth_app_registration" "demo" {
  name          = "demo"
  client_id     = var.client_id
  client_secret = var.client_secret
  redirect_uris = [var.redirect_uri]

  authorization_endpoint = "${var.server}/authorize"
  token_endpoint         = "${var.server}/token"
  revocation_endpoint    = "${var.server}/revoke"

  # What the platform does with refresh tokens decides what may be done when an answer gets lost.
  refresh_token_policy = {
    rotation = "single_use" # a refresh brings a new refresh token and ends the old one
    on_reuse = "reject"     # an ended one that comes again is refused, and nothing else happens
  }
}

# The credential. Without callback_url the first apply makes authorization_url for a person to open. The second one
# takes the address at which the browser ended up, and exchanges its code. After that nobody is needed.
resource "oauth_token_pair" "demo" {
  name   = "demo"
  client = oauth_app_registration.demo.client

  authorization_code = {
    callback_url = var.callback_url
    scopes       = ["invoices.read", "offline_access"]
  }
}

output "status" {
  description = "authorization_required, active, outcome_unknown or revoked."
  value       = oauth_token_pair.demo.status
}

output "authorization_url" {
  description = "Open it to authorize, or to authorize again."
  value       = oauth_token_pair.demo.authorization_url
}
