terraform {
  required_version = ">= 1.8"

  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

# The store and its key come from the environment: OAUTH_TOKEN_STORE and OAUTH_TOKEN_STORE_KEY.
provider "oauth" {}

variable "person_days" {
  description = "How many days before its end somebody is to authorize a credential again."
  type        = number
  default     = 60
}

variable "unused_days" {
  description = "How many days before its end an unused refresh token is to be told of."
  type        = number
  default     = 7
}

locals {
  person = timeadd(plantimestamp(), "${var.person_days * 24}h")
  unused = timeadd(plantimestamp(), "${var.unused_days * 24}h")
}

# A check block would warn. A postcondition fails, and the plan ends with exit code 1.
data "oauth_token_pairs" "all" {
  lifecycle {
    postcondition {
      condition     = alltrue([for pair in self.token_pairs : pair.status == "active"])
      error_message = "Not active: ${join(", ", [for name, pair in self.token_pairs : "${name} (${pair.status})" if pair.status != "active"])}."
    }

    # A person has to consent again.
    postcondition {
      condition = alltrue([
        for pair in self.token_pairs : pair.reauthorize_by == null ? true : timecmp(pair.reauthorize_by, local.person) > 0
      ])
      error_message = "To be authorized again: ${join(", ", [
        for name, pair in self.token_pairs : "${name} (by ${pair.reauthorize_by})"
        if(pair.reauthorize_by == null ? false : timecmp(pair.reauthorize_by, local.person) <= 0)
      ])}."
    }

    # Nothing has run for long: any plan of a configuration that uses the credential will do.
    postcondition {
      condition = alltrue([
        for pair in self.token_pairs : pair.refresh_token_expires_at == null ? true : timecmp(pair.refresh_token_expires_at, local.unused) > 0
      ])
      error_message = "Dying unused: ${join(", ", [
        for name, pair in self.token_pairs : "${name} (at ${pair.refresh_token_expires_at})"
        if(pair.refresh_token_expires_at == null ? false : timecmp(pair.refresh_token_expires_at, local.unused) <= 0)
      ])}."
    }

    postcondition {
      condition     = length(self.unreadable) == 0
      error_message = "No key opens: ${join(", ", self.unreadable)}."
    }
  }
}
