
provider "oauth" {
  allow_insecure_http = true
}
resource "oauth_app_registration" "app" {
  name           = "app"
  client_id      = "client-registered"
  client_secret  = "demo-Secret/+% 1"
  token_endpoint = "http://login.example.test/token"
  revocation_endpoint = "http://login.example.test/revoke"
}
resource "oauth_token_pair" "registered" {
  name             = "registered"
  client           = oauth_app_registration.app.client
  preauthenticated = { refresh_token = "sbxr+/KGhbv3X/fELQYZjVmleH2YZ6hm9d4U1IbT2lZGUL5hc=" }
}
resource "oauth_token_pair" "brought" {
  name = "brought"
  client = {
    client_id           = "client-brought"
    client_secret       = "demo-Secret/+% 1"
    token_endpoint      = "http://login.example.test/token"
    revocation_endpoint = "http://login.example.test/revoke"
  }
  preauthenticated = { refresh_token = "sbxr+/OA8AyW1b1vkUb0hXMA06IdHL3tKH7a04DDp3mxnvO6w=" }
}
output "tokens" {
  value     = { for p in [oauth_token_pair.registered, oauth_token_pair.brought] : p.name => p.access_token }
  sensitive = true
}
