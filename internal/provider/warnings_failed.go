package provider

import (
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// notRefreshed is the headline of a refresh that failed. What passes by itself, as an outage does, is told once for all pairs; what a
// person has to correct is told of each.
func notRefreshed(about subject, e *credential.Error) string {
	const headline = "Token Pair Not Refreshed"
	switch e.Kind {
	case credential.KindBadClient, credential.KindConfiguration, credential.KindStrategy:
		return headline + ": " + about.name
	}
	return headline
}

// warnFailedRefresh tells of a refresh that failed while the access token at hand still works. What a person has to do something about
// is told as it will be when that has expired.
func warnFailedRefresh(about subject, err error, diags *diag.Diagnostics) {
	if k := credential.AsError(err).Kind; k == credential.KindAuthorize || k == credential.KindUnknown {
		warnNoToken(about, err, diags)
		return
	}
	parts := append(strings.SplitN(engineDetail(about, err), "\n\n", 2), "")
	diags.AddWarning(notRefreshed(about, credential.AsError(err)), strings.TrimSpace(parts[0]+"\n\nThe current access token still works and is used. "+parts[1]))
}
