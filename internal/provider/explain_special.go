package provider

import (
	"errors"
	"fmt"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// explainExchange says what became of an authorization code. What goes for a refresh token does not go for a code: it is
// never sent twice, and its failure leaves the tokens of an earlier authorization in use. It returns nil for an error
// that is not special to a code.
func explainExchange(about subject, e *credential.Error) []string {
	spent := "A code is never sent twice, so a new one is needed."
	if r := e.Record; r.Generation > 0 && !r.Status.Ended() {
		spent += " The tokens of the earlier authorization are unchanged and still in use."
	}
	var what string
	switch {
	case e.Kind == credential.KindAuthorize && e.Verdict.Class != "":
		what = fmt.Sprintf("The authorization server did not accept the code for %s. A code works once and lives for minutes.", about)
	case e.Kind == credential.KindUnknown:
		what = fmt.Sprintf("The code for %s was sent, or may have been, and no usable reply came.", about)
	case e.Kind == credential.KindBadClient:
		what = notAccepted(about, e) + " " + checkProofOf(e)
	case e.Reason == credential.ReasonBudget:
		return nil // nothing was sent
	case e.Kind == credential.KindLater:
		what = fmt.Sprintf("The authorization server takes no code for %s before %s.", about, moment(e.Until))
	case e.Kind == credential.KindConfiguration && e.Verdict.Class != "":
		what = fmt.Sprintf("The authorization server says that the request for %s itself is wrong. Check the client's endpoints and settings.", about)
	case e.Kind == credential.KindNotSent:
		return []string{fmt.Sprintf("The authorization server was not reached for %s: %s", about, cause(e, "no connection.")),
			"Nothing was sent, so the code can still be used; most servers let it live for minutes.", "Check the network and the endpoint, then apply again."}
	default:
		return nil
	}
	return []string{what, spent, authorizeAgain(about, e.Record)}
}

// explainRevocation says what became of a destroy. It returns nil for an error that is not special to one.
func explainRevocation(about subject, e *credential.Error) []string {
	var what, works string
	switch {
	case errors.Is(e, credential.ErrRevokedNotBuried):
		what = fmt.Sprintf("The tokens of %s were revoked, or there was nothing to revoke, but the token store %s could not be written: %s", about, about.session.location, cause(e, "unknown reason."))
		works = "The record is still there; its tokens may not work any more."
	case e.Kind == credential.KindUnknown:
		what = fmt.Sprintf("The revocation of %s was sent, or may have been, and no usable reply came.", about)
		works = "Whether its tokens still work is not known. Nothing was removed."
	case e.Kind == credential.KindLater:
		what = fmt.Sprintf("The server takes no revocation of %s before %s.", about, moment(e.Until))
		works = "Nothing was revoked or removed. The stored credential still works."
	default:
		return nil
	}
	again := "Destroy again"
	if e.Kind == credential.KindLater {
		again += " after that time"
	}
	return []string{what, works, again + ": a revocation can be repeated. To leave the tokens alone, set revoke_on_destroy = false, apply, and destroy then."}
}

// explainBudget says which calls have spent the error budget of a client, and when it recovers.
func explainBudget(about subject, b *credential.BudgetError, mints bool) []string {
	good := "The stored credential was not used up and still works. "
	if mints {
		good = "Nothing was used up, and nobody has to authorize. "
	}
	if about.code {
		good = "The code was not used; most servers let it live for minutes, so a new one will be needed then. "
	}
	return []string{
		fmt.Sprintf("Nothing is sent for %s before %s: one more refusal would make the server lock the client out.", about, moment(b.Until)),
		good + b.Error(),
		"Find out why these were refused; another call would be refused for the same reason. After that time, run again.",
	}
}

func explainMoved(about subject, e *credential.Error) []string {
	to := e.Record.MovedTo.Location
	next := "Set token_store or OAUTH_TOKEN_STORE to that store and apply."
	switch {
	case about.destroying:
		next = "Set token_store or OAUTH_TOKEN_STORE to that store and destroy again. To forget it without revoking: terraform state rm."
	case about.asks:
		next = "Set token_store or OAUTH_TOKEN_STORE to that store and run again."
	}
	return []string{
		fmt.Sprintf("%s was moved from the token store %s to %s.", capital(about.String()), about.session.location, to),
		"Nothing was sent or changed. The credential is good there, and nobody has to authorize.",
		fmt.Sprintf("%s To bring it back: terraform-provider-oauth move --name %s --from %s --to %s", next, about.name, to, about.session.location),
	}
}

// explainDiscovery says why the endpoints of a client are not known. Nothing but the questions went to the server.
func explainDiscovery(about subject, r credential.Record, e *oauth.DiscoveryError) []string {
	works := "Nothing else was sent."
	switch {
	case about.code:
		works += " The code was not used; most servers let it live for minutes."
	case about.destroying:
		works += " Nothing was revoked or removed, and the stored credential still works. A destroy can be repeated; to leave the tokens alone, set revoke_on_destroy = false, apply, and destroy then."
	case r.Generation > 0 && !r.Status.Ended():
		works += " The stored credential was not used up and still works."
	}
	written := "token_endpoint, authorization_endpoint and revocation_endpoint"
	if about.kind == "oauth_app_registration" {
		written = "registration_endpoint and token_endpoint"
	}
	return []string{
		fmt.Sprintf("The endpoints that the client of %s does not name are discovered from its issuer, which failed. %s", about, triedPlaces(e)),
		works,
		whatToDoAboutDiscovery(e) + " Endpoints that the client names itself are not discovered: write " + written + " out where the server has no metadata.",
	}
}

// triedPlaces lists the documents that were asked for, and what is wrong with each.
func triedPlaces(e *oauth.DiscoveryError) string {
	text := fmt.Sprintf("The metadata of %s could not be used:\n", e.Issuer)
	for _, a := range e.Tried {
		text += "\n  " + a.URL + "\n    " + clause(a.Why)
	}
	return text
}

func whatToDoAboutDiscovery(e *oauth.DiscoveryError) string {
	var other *oauth.IssuerMismatchError
	switch {
	case errors.As(e.Tried[len(e.Tried)-1].Why, &other):
		return "If that is the server you mean, set issuer to what it names. Else do not use it: one server may be passing for another."
	case e.Transient:
		return "Check the network and the server, then run again."
	}
	return "Check that issuer is written as the server's documentation has it, then run again."
}

// explainSubject says why a token could not be derived from another pair.
func explainSubject(about subject, s *credential.SubjectError) []string {
	first := fmt.Sprintf("%s gets its token in exchange for the access token of token pair %q, which gives none.", capital(about.String()), s.Name)
	if errors.Is(s.Err, credential.ErrCircle) {
		return []string{fmt.Sprintf("%s gets its token in exchange for the access token of token pair %q, and cannot: %s", capital(about.String()), s.Name, clause(s.Err)),
			"Nothing was sent.", "Name a token pair in token_exchange.subject_token_pair that gets its tokens in another way."}
	}
	inner := subject{kind: "oauth_token_pair", name: s.Name, session: about.session, asks: true} // whatever is done with about
	cause := credential.AsError(s.Err)
	parts := append([]string{first}, explain(inner, cause)...)
	if words := cause.Verdict.Words(); cause.Verdict.Class != "" && words != "" {
		parts = append(parts, "The server's own words: "+words)
	}
	return parts
}

// explainPush says why there is no URL to open. A pushed request uses nothing up, whatever becomes of it.
func explainPush(about subject, e *credential.Error, failed *credential.PushError) []string {
	works := "Nothing was used up: no person has been asked yet."
	if r := e.Record; r.Generation > 0 && !r.Status.Ended() {
		works = "Nothing was used up, and the stored credential is unchanged."
	}
	where := failed.Endpoint
	if where == "" {
		where = "the server"
	}
	why := "the server did not accept it."
	if failed.Err != nil {
		why = clause(failed.Err)
	}
	what := fmt.Sprintf("The authorization request of %s could not be pushed to %s (RFC 9126): %s", about, where, why)
	grant := grantAuthorizationCode
	if e.Record.Source == grantImplicit {
		grant = grantImplicit
	}
	next := "Check the network and client.pushed_authorization_request_endpoint, then apply again."
	switch {
	case errors.Is(e, credential.ErrNoPushEndpoint):
		what = fmt.Sprintf("The authorization request of %s has to be pushed first (RFC 9126), and it is not known where to: %s", about, why)
		next = "Set client.pushed_authorization_request_endpoint, or client.issuer to have it discovered. If the server does not ask for this, take client.require_pushed_authorization_requests out."
	case e.Kind == credential.KindBadClient:
		what = fmt.Sprintf("The authorization request of %s could not be pushed to %s (RFC 9126). %s", about, where, notAccepted(about, e))
		next = checkProofOf(e) + " Then apply again."
	case e.Kind == credential.KindConfiguration && e.Verdict.Status != 0 && e.Verdict.Code == "":
		next = "Check client.pushed_authorization_request_endpoint: what answers there takes no pushed requests. Then apply again."
	case e.Kind == credential.KindConfiguration:
		next = "Check client.pushed_authorization_request_endpoint, and the redirect_uri, scopes and extra_parameters of " + grant + ", then apply again."
	case e.Kind == credential.KindLater:
		next = fmt.Sprintf("Apply again after %s.", moment(e.Until))
	}
	return []string{what, works, next}
}
