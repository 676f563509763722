# Every plan and apply tells when the credential needs a person, or will soon. It is a warning and stops nothing.
check "billing_credential" {
  data "oauth_token_pair" "billing" {
    name = "billing"
  }

  assert {
    condition     = data.oauth_token_pair.billing.status == "active"
    error_message = "The credential \"billing\" is ${data.oauth_token_pair.billing.status}."
  }

  assert {
    condition = (
      data.oauth_token_pair.billing.reauthorize_by == null ? true :
      timecmp(data.oauth_token_pair.billing.reauthorize_by, timeadd(plantimestamp(), "720h")) > 0
    )
    error_message = "A person must authorize \"billing\" again within 30 days."
  }
}
