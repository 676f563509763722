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

variable "callback_url" {
  type      = string
  sensitive = true
  default   = null
}

resource "oauth_app_registration" "crm" {
  name          = "crm"
  issuer        = "https://login.example.com"
  client_id     = "terraform"
  client_secret = var.client_secret
  redirect_uris = ["https://app.example.com/callback"]

  # The deadlines, from the documentation of the server. A platform that the provider knows brings them along.
  refresh_token_policy = {
    rotation          = "single_use"
    on_reuse          = "revoke_family"
    idle_lifetime     = "720h"  # 30 days unused
    absolute_lifetime = "8760h" # a year after the consent
  }
}

resource "oauth_token_pair" "crm" {
  name               = "crm"
  client             = oauth_app_registration.crm.client
  authorization_code = { callback_url = var.callback_url }
}

data "oauth_token_pair" "crm" {
  name = oauth_token_pair.crm.id
}

check "crm_credential" {
  assert {
    condition     = data.oauth_token_pair.crm.status == "active"
    error_message = "crm is ${data.oauth_token_pair.crm.status}: sales-it@example.com has to authorize it."
  }

  # Sixty days, because whoever may consent has to be asked first.
  assert {
    condition = (
      data.oauth_token_pair.crm.reauthorize_by == null ? true :
      timecmp(data.oauth_token_pair.crm.reauthorize_by, timeadd(plantimestamp(), "1440h")) > 0
    )
    error_message = "The authorization of crm ends within 60 days: sales-it@example.com has to authorize it again."
  }
}
