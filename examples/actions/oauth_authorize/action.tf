variable "desk_client_secret" {
  type      = string
  sensitive = true
}

# In front of a browser: terraform apply -invoke=action.oauth_authorize.desk
# An oauth_token_pair of this name and client, made later or elsewhere on the same token store, takes the tokens over.
action "oauth_authorize" "desk" {
  config {
    name = "desk"

    client = {
      client_id              = "terraform"
      client_secret          = var.desk_client_secret
      authorization_endpoint = "https://login.example.com/authorize"
      token_endpoint         = "https://login.example.com/token"
      revocation_endpoint    = "https://login.example.com/revoke"
    }

    # The answer of the browser comes back to this machine. Register that address with the app.
    authorization_code = {
      redirect_uri = "http://127.0.0.1/callback"
      scopes       = ["contacts.read"]
    }

    wait = "10m"
  }
}
