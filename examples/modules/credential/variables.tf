variable "name" {
  description = "The name of the credential in the token store. Others consume it by this name; another name is another credential."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", var.name))
    error_message = "A name has 1 to 100 letters, digits, dots, hyphens and underscores, and begins with a letter or a digit."
  }
}

variable "platform" {
  description = "The platform, if the provider knows it, such as exact_online. Either this or issuer."
  type        = string
  default     = null
}

variable "platform_parameters" {
  description = "With platform: what the platform's addresses need, such as { country = \"nl\" }."
  type        = map(string)
  default     = null

  validation {
    condition     = var.platform_parameters == null || var.platform != null
    error_message = "platform_parameters belong to a platform; with issuer there are none."
  }
}

variable "issuer" {
  description = "The address of any other authorization server, which tells its endpoints itself. Either this or platform."
  type        = string
  default     = null

  validation {
    condition     = (var.issuer == null) != (var.platform == null)
    error_message = "Give either platform or issuer."
  }
}

variable "refresh_token_policy" {
  description = "With issuer: what the server's documentation says about its refresh tokens. What is not said counts as the strictest. A platform brings its own."
  type = object({
    rotation          = optional(string)
    on_reuse          = optional(string)
    grace_period      = optional(string)
    idle_lifetime     = optional(string)
    absolute_lifetime = optional(string)
  })
  default = null
}

variable "client_id" {
  description = "The client id of the app, as the platform's developer page shows it."
  type        = string
  nullable    = false

  validation {
    condition     = var.client_id != "" && var.client_id == trimspace(var.client_id)
    error_message = "A client id, without spaces around it."
  }
}

variable "client_secret" {
  description = "Its secret. It goes into the token store, and into no state and no plan. Null for an app without one."
  type        = string
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = var.client_secret != ""
    error_message = "The client secret is empty."
  }
}

variable "client_secret_version" {
  description = "Raise it when the secret changes: Terraform cannot see that."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.client_secret_version >= 1 && floor(var.client_secret_version) == var.client_secret_version
    error_message = "A version is a whole number from 1 on."
  }
}

variable "redirect_uri" {
  description = "The redirect URI that the app is registered with, to the letter."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9+.-]*:", var.redirect_uri))
    error_message = "A redirect URI is a whole address, such as https://app.example.com/callback."
  }
}

variable "scopes" {
  description = "The scopes to ask for. Null: the platform's usual ones."
  type        = set(string)
  default     = null
}

variable "callback_url" {
  description = "For the apply that authorizes: the whole address at which the browser ended up after the consent. Null otherwise."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true
}

variable "callback_url_version" {
  description = "Raise it with each new callback_url: Terraform cannot see that."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.callback_url_version >= 0 && floor(var.callback_url_version) == var.callback_url_version
    error_message = "A version is a whole number from 0 on."
  }
}

variable "warn_days" {
  description = "How many days before a person must authorize again every plan warns, from 1 to 365."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.warn_days >= 1 && var.warn_days <= 365 && floor(var.warn_days) == var.warn_days
    error_message = "warn_days is a whole number from 1 to 365."
  }
}

variable "contact" {
  description = "Who authorizes, as the warnings shall name them, such as a mail address or a channel."
  type        = string
  nullable    = false

  validation {
    condition     = trimspace(var.contact) != ""
    error_message = "Say who authorizes."
  }
}
