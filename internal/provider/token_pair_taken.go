package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// takeImplicit takes the access token of the callback URL, unless it was taken before. Nothing is sent.
func (a *applying) takeImplicit(ctx context.Context) (credential.Result, bool) {
	grant := a.config.Implicit
	callback, at := a.config.input(grant, grantImplicit, "callback_url")
	if callback.IsEmpty() {
		return credential.Result{}, true // the person has still to authorize
	}
	record, err := a.eng.Peek(ctx, a.about.name)
	if err != nil {
		addEngineError(a.diags, at, "Unable to Authorize Token Pair", a.about, err)
		return credential.Result{}, false
	}
	cb, err := oauth.ParseImplicit(callback, record.Client.Preset().Dialect)
	switch {
	case err != nil:
		a.diags.AddAttributeError(at, "Invalid Callback URL", sentence(err)+" Nothing was sent.")
		return credential.Result{}, false
	case cb.Error != "":
		a.denied(ctx, oauth.Callback{
			State: cb.State, Issuer: cb.Issuer, Error: cb.Error, ErrorDescription: cb.ErrorDescription, ErrorURI: cb.ErrorURI,
		}, at)
		return credential.Result{}, false
	}
	result, err := a.eng.TakeImplicit(ctx, a.about.name, cb, scopesOf(grant))
	return a.taken(result, err, at, func() { addEngineError(a.diags, at, "Unable to Authorize Token Pair", a.about, err) })
}

// takeAssertion exchanges the assertion of the configuration, unless it was sent before.
func (a *applying) takeAssertion(ctx context.Context) (credential.Result, bool) {
	grant := a.config.JWTBearer
	assertion, at := a.config.input(grant, grantJWTBearer, "assertion")
	if assertion.IsEmpty() {
		return credential.Result{}, true // it is signed here, or an ordinary update does not bring it again
	}
	request := requestOf(oauth.GrantJWTBearer, grant)
	a.about.input = "assertion"
	result, err := a.eng.ExchangeCode(ctx, a.about.name, credential.Exchange{Code: assertion, Scopes: request.Scopes, Assertion: request})
	return a.taken(result, err, at, func() { addEngineError(a.diags, at, "Unable to Exchange Assertion", a.about, err) })
}

// taken is the end of an input that is used once. failed reports err, unless it says that the input was used before.
func (a *applying) taken(result credential.Result, err error, at path.Path, failed func()) (credential.Result, bool) {
	if err == nil {
		return result, true
	}
	warnNotices(a.about, result.Notices, a.diags)
	var e *credential.Error
	if errors.As(err, &e) && e.Kind == credential.KindConsumed {
		return credential.Result{}, consumedCode(e.Record, a.config, a.state, at, a.about, a.diags)
	}
	failed()
	return credential.Result{}, false
}

// explainAssertion says what became of an assertion that the configuration brings. It returns nil for an error that is not special to
// one.
func explainAssertion(about subject, e *credential.Error) []string {
	left := ""
	if r := e.Record; r.Generation > 0 && !r.Status.Ended() {
		left = " The tokens of an earlier one are unchanged and still in use."
	}
	spent := "It is not sent again." + left
	again := "It was not used up, and can be sent again." + left
	const another = "Bring another assertion, then apply."
	switch {
	case e.Kind == credential.KindAuthorize && e.Verdict.Class != "":
		return []string{fmt.Sprintf("The authorization server did not accept the assertion for %s: it may have expired, have been used before, or be for somebody else.", about), spent, another}
	case e.Kind == credential.KindUnknown:
		return []string{fmt.Sprintf("The assertion for %s was sent, or may have been, and no usable reply came. The server may have seen it.", about), spent, another}
	case e.Kind == credential.KindBadClient:
		return []string{notAccepted(about, e), again, checkProofOf(e) + " Then apply."}
	case e.Kind == credential.KindConfiguration && e.Verdict.Class != "":
		return []string{fmt.Sprintf("The authorization server does not accept the request for %s.", about), again, "Check that the app may use jwt_bearer, and check what the grant sends and the client's endpoints, then apply."}
	case e.Kind == credential.KindNotSent:
		return []string{fmt.Sprintf("The authorization server was not reached for %s: %s", about, cause(e, "no connection.")), "Nothing was sent. " + again, "Check the network and the endpoint, then apply again."}
	case e.Kind == credential.KindLater && e.Reason != credential.ReasonBudget:
		return []string{fmt.Sprintf("The authorization server takes no assertion for %s before %s.", about, moment(e.Until)), again, "Apply again after that time."}
	}
	return nil
}
