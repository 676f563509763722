package oauth

import "github.com/seed-55355b43/terraform-provider-oauth/internal/secret"

// RevokeForm is the request of RFC 7009 §2.1. An empty hint is not sent.
func RevokeForm(token secret.String, hint string) Form { return aboutToken(token, hint) }
