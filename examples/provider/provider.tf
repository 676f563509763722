terraform {
  required_version = ">= 1.8"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

# Everyone who plans or applies needs the same store and the same key. Instead of here, both can be given in the
# environment: OAUTH_TOKEN_STORE and OAUTH_TOKEN_STORE_KEY.
provider "oauth" {
  token_store     = "file:///var/lib/terraform-oauth"
  token_store_key = var.token_store_key
}

variable "token_store_key" {
  description = "An age key, made by age-keygen."
  type        = string
  sensitive   = true
}
