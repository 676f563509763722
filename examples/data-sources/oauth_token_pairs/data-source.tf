data "oauth_token_pairs" "all" {}

# One overview of every credential in the store. Every plan and apply warns while one of them needs a person.
check "all_credentials" {
  assert {
    condition = alltrue([
      for pair in data.oauth_token_pairs.all.token_pairs : pair.status == "active"
    ])
    error_message = "Not active: ${join(", ", [
      for name, pair in data.oauth_token_pairs.all.token_pairs : "${name} (${pair.status})" if pair.status != "active"
    ])}."
  }

  # A host that died, or stands still, in the middle of a refresh. The next run that needs a token takes over.
  assert {
    condition     = !anytrue([for pair in data.oauth_token_pairs.all.token_pairs : pair.claim_stale])
    error_message = "A refresh was begun and not finished; see claimed_by."
  }
}
