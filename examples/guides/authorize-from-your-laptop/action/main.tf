terraform {
  required_version = ">= 1.14"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

action "oauth_authorize" "crm" {
  config {
    name = "crm"
  }
}
