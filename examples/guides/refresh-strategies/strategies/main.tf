terraform {
  required_version = ">= 1.8"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

variable "client_secret" {
  type      = string
  sensitive = true
}

# Microsoft says how long a token lives, and a refresh uses nothing up: the old refresh token goes on working.
resource "oauth_app_registration" "microsoft" {
  name                = "microsoft"
  platform            = "microsoft"
  platform_parameters = { tenant = "contoso.onmicrosoft.com" }
  client_id           = "00000000-0000-0000-0000-000000000000"
  client_secret       = var.client_secret
  redirect_uris       = ["https://app.example.com/callback"]
}

resource "oauth_token_pair" "microsoft" {
  name   = "microsoft"
  client = oauth_app_registration.microsoft.client

  authorization_code = {
    scopes = ["https://graph.microsoft.com/User.Read", "offline_access"]
  }

  refresh = { strategy = "every_read" }
}

# Salesforce tells how long a token lives only when it is asked: as long as the session. That an administrator ends it sooner, only the API knows.
resource "oauth_app_registration" "salesforce" {
  name                = "salesforce"
  platform            = "salesforce"
  platform_parameters = { domain = "example.my.salesforce.com" }
  client_id           = "00000000-0000-0000-0000-000000000000"
  client_secret       = var.client_secret
  redirect_uris       = ["https://app.example.com/callback"]
}

resource "oauth_token_pair" "salesforce" {
  name   = "salesforce"
  client = oauth_app_registration.salesforce.client

  authorization_code = {
    scopes = ["api", "refresh_token"]
  }

  refresh = {
    strategy = "on_rejection"
    probe    = { url = "https://example.my.salesforce.com/services/data/v62.0/limits" }
  }
}
