resource "oauth_token_pair" "crm" {
  name               = "crm"
  client             = oauth_app_registration.crm.client
  authorization_code = { callback_url = var.callback_url } # null at first
}

ephemeral "oauth_access_token" "crm" { # add it after the second apply: before that there is no token
  token_pair = oauth_token_pair.crm.id # not the name: who has the id waits while an apply authorizes
}

provider "restapi" { # any provider that takes a token
  uri     = "https://api.example.com"
  headers = { Authorization = "Bearer ${ephemeral.oauth_access_token.crm.access_token}" }
}
