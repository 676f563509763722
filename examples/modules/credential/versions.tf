terraform {
  required_version = ">= 1.11"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}
