terraform {
  required_version = ">= 1.10"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
    restapi = {
      source = "Mastercard/restapi"
    }
  }
}

variable "sales_store" {
  description = "The token store of sales: its URL."
  type        = string
}

variable "sales_store_key" {
  type      = string
  sensitive = true
  ephemeral = true
}

variable "finance_store" {
  description = "The token store of finance: its URL."
  type        = string
}

variable "finance_store_key" {
  type      = string
  sensitive = true
  ephemeral = true
}

provider "oauth" {
  alias           = "sales"
  token_store     = var.sales_store
  token_store_key = var.sales_store_key
}

provider "oauth" {
  alias           = "finance"
  token_store     = var.finance_store
  token_store_key = var.finance_store_key
}

module "crm" {
  source    = "git::https://github.com/seed-55355b43/terraform-provider-oauth.git//examples/modules/api-token?ref=v0.1.0"
  providers = { oauth = oauth.sales }

  token_pair = "crm"
}

module "ledger" {
  source    = "git::https://github.com/seed-55355b43/terraform-provider-oauth.git//examples/modules/api-token?ref=v0.1.0"
  providers = { oauth = oauth.finance }

  token_pair = "ledger"
}

provider "restapi" {
  alias   = "crm"
  uri     = "https://api.example.com"
  headers = { Authorization = module.crm.authorization }
}

provider "restapi" {
  alias   = "ledger"
  uri     = "https://ledger.example.com"
  headers = { Authorization = module.ledger.authorization }
}

resource "restapi_object" "contact" {
  provider = restapi.crm

  path = "/contacts"
  data = jsonencode({ id = "jo", name = "Jo Example" })
}

resource "restapi_object" "account" {
  provider = restapi.ledger

  path = "/accounts"
  data = jsonencode({ id = "4712", name = "Training" })
}
