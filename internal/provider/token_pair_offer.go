package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// offer makes the authorization URL where the configuration asks for one.
func (a *applying) offer(ctx context.Context, diags *diag.Diagnostics) (credential.Record, bool) {
	endpoint, _ := authorizationEndpoint(a.config.Client)
	s := a.config.source()
	if s.name != grantAuthorizationCode && s.name != grantImplicit || endpoint == "" && !discovers(a.config.Client) {
		return credential.Record{}, true
	}
	grant := *s.value
	uri, ok := a.redirectURI(ctx, diags)
	if !ok {
		return credential.Record{}, false
	}
	request := authorizationOf(grant, uri)
	request.Implicit, request.Ahead, request.Anew = s.name == grantImplicit, warnReauthorize, a.failed || a.reshaped()
	record, err := a.eng.OfferAuthorization(ctx, a.about.name, request)
	var pushing *credential.PushError
	if failed := (*oauth.DiscoveryError)(nil); errors.As(err, &failed) || errors.As(err, &pushing) {
		if either(grant, "code") != absent {
			return credential.Record{}, true // a bare code needs no URL
		}
		a.unoffered = true
	}
	if err != nil {
		addEngineError(diags, offerPath(err, s.name), "Unable to Offer Authorization", a.about, err)
		return credential.Record{}, false
	}
	return record, true
}

// offerPath is what has to be corrected where no authorization can be offered.
func offerPath(err error, grant string) path.Path {
	if errors.Is(err, credential.ErrNoPushEndpoint) {
		return path.Root("client").AtName("pushed_authorization_request_endpoint")
	}
	return path.Root(grant)
}

// reshaped tells whether the configuration asks a person for something else than the state did. One that has just been brought
// a code has been asked.
func (a *applying) reshaped() bool {
	is, former := a.config.source(), a.state.source()
	if former.name == "" || is.name != former.name || a.config.brings(a.state) {
		return false
	}
	inputs := []string{"callback_url", "code", "code_verifier"}
	was := former.value.Attributes()
	for name, is := range is.value.Attributes() {
		input := slices.ContainsFunc(inputs, func(i string) bool { return name == i || strings.HasPrefix(name, i+"_wo") })
		if former, ok := was[name]; ok && !input && !is.Equal(former) {
			return true
		}
	}
	return false
}

// warnUnusedURL says why a plan of a pair that works has something to do: the one who was to authorize it has not. Where its end is
// near, that is told already.
func warnUnusedURL(about subject, record credential.Record, diags *diag.Diagnostics) {
	p, ok := record.NewestPending()
	end := record.AbsoluteDeadline()
	if !ok || record.Status != credential.StatusActive || !end.IsZero() && end.Sub(about.session.now()) < warnReauthorize {
		return
	}
	diags.AddWarning("Authorization URL Expired", fmt.Sprintf("A person was offered to authorize %s again, and has not done so. Its tokens work, and nobody has to. Until %s an apply offers it anew.\n\n%s",
		about, moment(p.CreatedAt.Add(credential.OfferedFor)), authorizeAgain(about, record)))
}
