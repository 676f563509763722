package provider

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// warnAccessLeft tells of an access token that a destroy or an action could not end.
func warnAccessLeft(about subject, n credential.Notice, diags *diag.Diagnostics) {
	ends := "it works until it ends by itself"
	if !n.Until.IsZero() {
		ends = fmt.Sprintf("it works until %s", moment(n.Until))
	}
	done := "removed here"
	if about.revoking {
		done = "revoked"
	}
	diags.AddWarning("Access Token Not Revoked", fmt.Sprintf("%s was %s, and its last access token could not be revoked by itself: %s "+
		"Unless the server has ended it with the refresh token, %s.", capital(about.String()), done, notRevoked(n.Err), ends))
}

// wasRevoked says when that was done on purpose, and where.
func wasRevoked(about subject, r credential.Record) string {
	at, host := r.RevokedAt()
	if at.IsZero() {
		return fmt.Sprintf("%s was revoked.", capital(about.String()))
	}
	return fmt.Sprintf("%s was revoked at %s by an oauth_revoke on host %s.", capital(about.String()), moment(at), host)
}

func notRevoked(err error) string {
	if words := credential.AsError(err).Verdict.Words(); words != "" {
		return "the server said " + words + "."
	}
	return clause(err)
}
