data "oauth_token_pair" "crm" {
  name = oauth_token_pair.crm.id
}

# Every plan and apply warns when the credential needs a person, or will soon. That stops nothing.
check "crm_credential" {
  assert {
    condition     = data.oauth_token_pair.crm.status == "active"
    error_message = "The credential crm is ${data.oauth_token_pair.crm.status}."
  }

  assert {
    condition = (
      data.oauth_token_pair.crm.reauthorize_by == null ? true :
      timecmp(data.oauth_token_pair.crm.reauthorize_by, timeadd(plantimestamp(), "720h")) > 0
    )
    error_message = "A person must authorize crm again within 30 days."
  }
}
