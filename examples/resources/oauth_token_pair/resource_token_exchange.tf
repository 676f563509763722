variable "portal_client_secret" {
  type      = string
  sensitive = true
}

# A narrower token for one service, derived from the pair "crm" that somebody has authorized. That is not rotated by it.
resource "oauth_token_pair" "crm_reports" {
  name = "crm-reports"

  client = {
    client_id      = "portal"
    client_secret  = var.portal_client_secret
    token_endpoint = "https://login.example.com/token"
  }

  token_exchange = {
    subject_token_pair = oauth_token_pair.crm.id
    scopes             = ["contacts.read"]
    resource           = ["https://reports.example.com/"]
  }
}
