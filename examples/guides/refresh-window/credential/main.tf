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

variable "refresh_token" {
  type      = string
  sensitive = true
}

resource "oauth_token_pair" "strict" {
  name = "strict"

  client = {
    client_id      = "terraform"
    client_secret  = var.client_secret
    token_endpoint = "https://login.example.com/token"

    refresh_token_policy = {
      rotation     = "single_use"
      on_reuse     = "reject"
      error_budget = "10/1h" # refusals (4xx) that lock the client out, and within which time
    }
  }

  preauthenticated = { refresh_token = var.refresh_token }

  refresh = {
    before_expiry = "30s"
    earliest      = "570s"
  }
}
