variable "exact_client_secret" {
  type      = string
  sensitive = true
}

# Endpoints, parameters, deadlines and what a refresh does come with the platform. What is written here wins over them.
resource "oauth_app_registration" "exact" {
  name                = "exact"
  platform            = "exact_online"
  platform_parameters = { country = "nl" }

  client_id     = "00000000-0000-0000-0000-000000000000"
  client_secret = var.exact_client_secret
  redirect_uris = ["https://app.example.com/callback"]
}

resource "oauth_token_pair" "exact" {
  name               = "exact"
  client             = oauth_app_registration.exact.client
  authorization_code = {}
}

output "exact_authorization_url" {
  value = oauth_token_pair.exact.authorization_url
}
