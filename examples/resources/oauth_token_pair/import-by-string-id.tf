import {
  to = oauth_token_pair.crm
  id = "crm"
}
