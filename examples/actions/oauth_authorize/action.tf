variable "client_secret" {
  type      = string
  sensitive = true
}

locals {
  crm = {
    client_id     = "terraform"
    client_secret = var.client_secret

    authorization_endpoint        = "https://login.example.com/authorize"
    token_endpoint                = "https://login.example.com/token"
    device_authorization_endpoint = "https://login.example.com/device_authorization"
  }
  consent = {
    redirect_uri = "http://127.0.0.1/callback" # registered with the app; the port is whichever is free
    scopes       = ["contacts.read"]
  }
}

# The first apply has a person authorize in the browser, and makes the pair with what comes of that. Once it is made, the browser is
# not asked again.
resource "oauth_token_pair" "crm" {
  name               = "crm"
  client             = local.crm
  authorization_code = local.consent

  lifecycle {
    action_trigger {
      events  = [before_create]
      actions = [action.oauth_authorize.crm]
    }
  }
}

# Again, before a deadline: terraform apply -invoke=action.oauth_authorize.crm
action "oauth_authorize" "crm" {
  config {
    name               = "crm"
    client             = local.crm
    authorization_code = local.consent
  }
}

# The same from a machine without a browser: terraform apply -invoke=action.oauth_authorize.crm_by_device
action "oauth_authorize" "crm_by_device" {
  config {
    name        = "crm" # whose client is in the token store
    device_code = {}
    wait        = "10m"
  }
}
