variable "token_pair" {
  description = "The name of a credential that another configuration owns, in the same token store; or the id of an oauth_token_pair of this one."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", var.token_pair))
    error_message = "Give the name of the credential, not a token: 1 to 100 letters, digits, dots, hyphens and underscores."
  }
}

variable "min_validity" {
  description = "How long the token must live at least when it is handed out, such as 5m. Null: as the credential and the provider say."
  type        = string
  default     = null

  validation {
    condition     = var.min_validity == null || can(timeadd("2000-01-01T00:00:00Z", var.min_validity))
    error_message = "A duration, such as 90s or 5m."
  }
}
