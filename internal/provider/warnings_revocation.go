package provider

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// warnAccessLeft tells of an access token that a destroy could not end.
func warnAccessLeft(about subject, n credential.Notice, diags *diag.Diagnostics) {
	ends := "it works until it ends by itself"
	if !n.Until.IsZero() {
		ends = fmt.Sprintf("it works until %s", moment(n.Until))
	}
	diags.AddWarning("Access Token Not Revoked", fmt.Sprintf("%s was removed here, and its last access token could not be revoked by itself: %s "+
		"Unless the server has ended it with the refresh token, %s.", capital(about.String()), notRevoked(n.Err), ends))
}

func notRevoked(err error) string {
	if words := credential.AsError(err).Verdict.Words(); words != "" {
		return "the server said " + words + "."
	}
	return clause(err)
}
