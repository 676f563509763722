data "oauth_token_pair" "this" {
  name = oauth_token_pair.this.id
}

# Every plan and apply says so when a person is needed, or soon will be. That stops nothing.
check "credential" {
  assert {
    condition     = data.oauth_token_pair.this.status == "active"
    error_message = "The credential ${var.name} is ${data.oauth_token_pair.this.status}. Ask ${var.contact}."
  }

  assert {
    condition = (
      data.oauth_token_pair.this.reauthorize_by == null ? true :
      timecmp(data.oauth_token_pair.this.reauthorize_by, timeadd(plantimestamp(), "${var.warn_days * 24}h")) > 0
    )
    error_message = "The credential ${var.name} must be authorized again by ${coalesce(data.oauth_token_pair.this.reauthorize_by, "–")}. Ask ${var.contact}."
  }
}
