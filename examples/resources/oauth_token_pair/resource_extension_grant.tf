variable "meetings" {
  type = object({
    account_id    = string
    client_secret = string
  })
  sensitive = true
}

# A grant of the server's own. What is no secret stands in parameters.
resource "oauth_token_pair" "meetings" {
  name = "meetings"

  client = {
    client_id      = "terraform"
    client_secret  = var.meetings.client_secret
    token_endpoint = "https://login.example.com/token"
  }

  extension_grant = {
    grant_type           = "account_credentials"
    sensitive_parameters = { account_id = var.meetings.account_id }
  }
}
