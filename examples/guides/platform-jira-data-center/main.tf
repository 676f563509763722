terraform {
  required_version = ">= 1.8"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

variable "jira_data_center_client_secret" {
  type      = string
  sensitive = true
}

# Null at first. After the consent: the whole address that the browser ended up at.
variable "jira_data_center_callback_url" {
  type      = string
  sensitive = true
  default   = null
}

resource "oauth_app_registration" "jira_data_center" {
  name     = "jira_data_center"
  platform = "jira_data_center"
  platform_parameters = {
    base_url     = "https://jira.example.com"
    redirect_uri = "https://app.example.com/callback"
  }

  client_id     = "00000000-0000-0000-0000-000000000000"
  client_secret = var.jira_data_center_client_secret
  redirect_uris = ["https://app.example.com/callback"]
}

resource "oauth_token_pair" "jira_data_center" {
  name   = "jira_data_center"
  client = oauth_app_registration.jira_data_center.client

  authorization_code = {
    callback_url = var.jira_data_center_callback_url
  }
}

output "jira_data_center_authorization_url" {
  value = oauth_token_pair.jira_data_center.authorization_url
}
