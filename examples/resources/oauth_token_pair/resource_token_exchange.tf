# A narrower token for one service, derived from the pair "billing" without a login. That pair is not rotated by it.
resource "oauth_token_pair" "invoices" {
  name   = "invoices"
  client = oauth_token_pair.billing.client

  token_exchange = {
    subject_token_pair = oauth_token_pair.billing.id
    audience           = ["invoices"]
    scopes             = ["invoices.read"]
  }
}
