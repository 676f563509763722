variable "api_client_secret" {
  type      = string
  sensitive = true
}

# The header of a request in which a client proves who it is, such as one to an introspection endpoint.
output "authorization" {
  value     = provider::oauth::basic_auth("terraform", var.api_client_secret)
  sensitive = true
}
