# terraform query
list "oauth_token_pair" "all" {
  provider = oauth
}

# What needs a person.
list "oauth_token_pair" "dead" {
  provider = oauth

  config {
    status = "authorization_required"
  }
}
