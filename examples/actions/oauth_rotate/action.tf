# On demand: terraform apply -invoke=action.oauth_rotate.crm
action "oauth_rotate" "crm" {
  config {
    token_pair = oauth_token_pair.crm.id
  }
}

# With every change of something else: here, whoever gets a new key gets a new token.
resource "terraform_data" "consumer" {
  input = "2026-11"

  lifecycle {
    action_trigger {
      events  = [after_update]
      actions = [action.oauth_rotate.crm]
    }
  }
}
