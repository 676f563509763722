variable "pasted_callback" {
  description = "The whole address that the browser showed after the consent."
  type        = string
  sensitive   = true
}

locals {
  callback = provider::oauth::parse_callback(var.pasted_callback)
}

# Why a person was turned away, readable: "access_denied".
output "refusal" {
  value = nonsensitive(local.callback.error)
}

# What a platform sends along besides the code, such as realmId of QuickBooks.
output "realm_id" {
  value = nonsensitive(lookup(local.callback.parameters, "realmId", null))
}
