variable "server" {
  description = "The address of the authorization server, without a slash at the end."
  type        = string
}

variable "ca_file" {
  description = "A file with the certificate authority that the server's certificate comes from, in PEM."
  type        = string
}

variable "client_id" {
  type = string
}

variable "client_secret" {
  type      = string
  sensitive = true
}

variable "redirect_uri" {
  description = "Where the browser goes after the consent. It must be registered with the client."
  type        = string
}

variable "callback_url" {
  description = "The whole address at which the browser ended up after the consent. Not known at first. It can stay: a code is never sent twice."
  type        = string
  default     = null
  sensitive   = true
}
