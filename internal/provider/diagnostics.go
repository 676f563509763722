package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/seal"
)

// subject is what a diagnostic speaks of.
type subject struct {
	kind       string // the Terraform type
	name       string
	session    *session
	destroying bool   // it is about revoking tokens
	code       bool   // it is about an authorization code, not about stored tokens
	asks       bool   // somebody asks for its access token, and manages it not
	device     bool   // it is about a device code, not about stored tokens
	input      string // what is exchanged instead of a code; empty: a code
	polled     string // what an apply has done for a device code that still waits
	headline   string // of its warning about that: Terraform shows one of two with the same summary, and a plan's is older; empty: the usual one
	planned    bool   // it is told by a plan
	pushes     bool   // it is planned that an apply gives the URL that a person opens

	introspects bool // it is about what a server says of a token
	rotating    bool // an action is to refresh it now
	authorizing bool // an action has a person authorize it
	revoking    bool // an action is to revoke its tokens
}

func (s subject) String() string {
	if s.kind == "oauth_app_registration" {
		return fmt.Sprintf("app registration %q", s.name)
	}
	if s.kind == kindClient {
		return fmt.Sprintf("client %q", s.name)
	}
	if s.name == "" {
		return "the token pairs"
	}
	return fmt.Sprintf("token pair %q", s.name)
}

// sentence makes a Go error a sentence.
func sentence(err error) string {
	text := err.Error()
	if text == "" {
		return ""
	}
	text = strings.ToUpper(text[:1]) + text[1:]
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}

// clause is a Go error as the end of a sentence.
func clause(err error) string {
	text := strings.TrimSuffix(err.Error(), ".")
	return text + "."
}

// moment prints a time for people.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// addEngineError reports an error of the engine. Its detail says, in this order: what happened, whether the stored
// credential still works, what to do, and the server's own words.
func addEngineError(diags *diag.Diagnostics, at path.Path, summary string, about subject, err error) {
	diags.AddAttributeError(at, summary, engineDetail(about, err))
}

func engineDetail(about subject, err error) string {
	// An error of the engine's own may wrap a deadline as well: that of a request whose reply never came.
	if e := (*credential.Error)(nil); !errors.As(err, &e) && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		return fmt.Sprintf("The run was stopped while working on %s. Nothing was sent that could be lost. Run it again.", about)
	}
	e := credential.AsError(err)
	parts := explain(about, e)
	if words := e.Verdict.Words(); e.Verdict.Class != "" && words != "" {
		parts = append(parts, "The server's own words: "+words)
	}
	return strings.Join(parts, "\n\n")
}

// explainCause is for errors that mean the same whatever they befell. It returns nil for others.
func explainCause(about subject, e *credential.Error) []string {
	if failed := (*oauth.DiscoveryError)(nil); errors.As(e.Err, &failed) {
		return explainDiscovery(about, e.Record, failed)
	}
	if failed := (*credential.PushError)(nil); errors.As(e.Err, &failed) {
		return explainPush(about, e, failed)
	}
	if proofCode(e.Verdict.Code) && e.Kind == credential.KindConfiguration && !about.code {
		return explainProof(about, e)
	}
	if expired := (*credential.SecretExpiredError)(nil); errors.As(e.Err, &expired) {
		return explainExpired(about, expired)
	}
	if failed := (*credential.SubjectError)(nil); errors.As(e.Err, &failed) {
		return explainSubject(about, failed)
	}
	return nil
}

// explain says what happened, what is known of the credential, and what to do.
func explain(about subject, e *credential.Error) []string {
	if parts := explainCause(about, e); parts != nil {
		return parts
	}
	// What goes for stored tokens does not go for everything: the first that has words of its own for e has them.
	for _, special := range []struct {
		is    bool
		words func(subject, *credential.Error) []string
	}{
		{about.kind == "oauth_app_registration", explainRegistration}, {about.authorizing, explainAuthorizing}, {about.code, explainExchange},
		{about.input == "assertion", explainAssertion},
		{about.device, explainDevice}, {about.destroying, explainRevocation},
		{about.rotating, explainRotation}, {about.revoking, explainRevoking}, {about.introspects, explainIntrospection},
		{about.kind == kindClient, explainClientToken}, {e.Record.Mints(), explainMint},
	} {
		if special.is {
			if parts := special.words(about, e); parts != nil {
				return parts
			}
		}
	}
	switch e.Kind {
	case credential.KindStore:
		return explainStore(about, e)
	case credential.KindConfiguration:
		if e.Verdict.Class == "" {
			return []string{fmt.Sprintf("The configuration of %s cannot be used: %s", about, cause(e, "unknown reason.")), "Nothing was sent. What the store holds is unchanged.",
				"Correct the configuration, then run again."}
		}
		return []string{fmt.Sprintf("The request for %s was not accepted: %s", about, cause(e, "the server says that the request itself is wrong.")),
			"The stored credential was not used up and still works.", "Correct the client's endpoints and settings, then run again."}
	case credential.KindBadClient:
		return []string{notAccepted(about, e), "The stored refresh token was not used up and still works.", checkProofOf(e)}
	case credential.KindNotSent:
		return []string{fmt.Sprintf("The authorization server was not reached for %s: %s", about, cause(e, "no connection.")),
			"Nothing was sent. The stored credential was not used up and still works.", "Check the network and the endpoint, then run again."}
	case credential.KindLater:
		if budget := (*credential.BudgetError)(nil); errors.As(e.Err, &budget) {
			return explainBudget(about, budget, e.Record.Mints())
		}
		return []string{fmt.Sprintf("%s cannot be refreshed before %s: %s.", capital(about.String()), moment(e.Until), reasonText(e.Reason)),
			"The stored credential was not used up and still works.", "Run again after that time."}
	case credential.KindStrategy:
		return explainStrategy(about, e)
	case credential.KindAuthorize:
		return explainAuthorize(about, e)
	case credential.KindUnknown:
		return explainUnknown(about, e)
	case credential.KindRefused:
		return explainRefused(about)
	case credential.KindMoving:
		return []string{fmt.Sprintf("%s is between two token stores: %s", capital(about.String()), cause(e, "a move was begun and not finished.")),
			"Nothing was sent. The credential is good; no run refreshes it until the move is finished.",
			"Run that command again: it goes on where it was interrupted."}
	case credential.KindMoved:
		return explainMoved(about, e)
	case credential.KindNotFound:
		return []string{fmt.Sprintf("The token store %s holds no %s.", about.session.location, about), "Nothing was read from elsewhere, and nothing was sent.",
			"Check the name, and that token_store (or OAUTH_TOKEN_STORE) is the one the credential was made in. If it was never made, apply its resource first."}
	case credential.KindConsumed:
		return []string{fmt.Sprintf("What was given for %s was used before. It is not sent again.", about), "What the store holds is unchanged.", authorizeAgain(about, e.Record)}
	case credential.KindAttached:
		return explainAttached(about, e)
	case credential.KindState:
		return []string{sentence(e.Err) + " It may come from an older URL, from another token pair, or from somebody else's browser.",
			"Nothing was sent. What the store holds is unchanged.", authorizeAgain(about, e.Record)}
	case credential.KindDenied:
		return []string{fmt.Sprintf("The authorization server answered the visit for %s with an error instead of a code: %s.", about, deniedWords(e.Verdict)),
			"Nothing was sent. What the store holds is unchanged.", authorizeAgain(about, e.Record)}
	case credential.KindForeignFamily:
		return []string{fmt.Sprintf("The token store holds a later authorization of %s than the state.", about), "It still works and was left alone.",
			"Run terraform plan again to take it over."}
	case credential.KindShuttingDown:
		return []string{fmt.Sprintf("The provider was asked to end before it worked on %s.", about), "Nothing was sent. The stored credential still works.", "Run again."}
	default:
		return []string{sentence(e)}
	}
}

// cause is the end of a sentence: why it came to e.
func cause(e *credential.Error, otherwise string) string {
	if e.Err == nil {
		return otherwise
	}
	return clause(e.Err)
}

// deniedWords is what a callback says instead of a code.
func deniedWords(v oauth.Verdict) string {
	if v.Description == "" {
		return v.Code
	}
	return v.Code + ", " + strings.TrimSuffix(v.Description, ".")
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

func explainStore(about subject, e *credential.Error) []string {
	what := fmt.Sprintf("The token store %s could not be used for %s: %s", about.session.location, about, cause(e, "unknown reason."))
	switch {
	case errors.Is(e, seal.ErrNoKey):
		return []string{what, "Nothing was sent. The record is there and unchanged.",
			"Give the key that sealed it in token_store_key or OAUTH_TOKEN_STORE_KEY. To change keys, list the new one first and the old one behind it."}
	case errors.Is(e, seal.ErrWrongPlace):
		return []string{what, "Nothing was sent.", "The record was copied from another name or another store. Put it back, or move the whole store."}
	case errors.Is(e, credential.ErrNewerRecord):
		return []string{what, "The credential is intact: nothing was sent, and the record is unchanged.",
			"Upgrade the provider here: raise its version in required_providers, then run terraform init -upgrade."}
	}
	return []string{what, "Nothing was sent. The stored credential was not used up and still works.",
		"Make the store reachable and writable for this user, with space left on its disk, then run again."}
}

func explainStrategy(about subject, e *credential.Error) []string {
	if e.Reason == credential.ReasonAtApply {
		return []string{fmt.Sprintf("The access token of %s has expired, and its refresh.strategy is at_apply: only an apply of the resource refreshes it.", about),
			"The stored refresh token still works.", "Apply the configuration that holds the oauth_token_pair."}
	}
	works, next := "The stored refresh token was not used.", "Choose another refresh.strategy, or provide a new access token."
	if e.Record.Tokens.Refresh.IsEmpty() {
		works, next = "There is no refresh token.", "Provide a new access token."
	}
	return []string{fmt.Sprintf("The access token of %s has expired, and its refresh.strategy is never.", about), works, next}
}

func explainAuthorize(about subject, e *credential.Error) []string {
	what := fmt.Sprintf("The stored credential of %s no longer works: the authorization server refused it.", about)
	left := "Nothing else was used up; what depends on this pair fails until it is authorized again."
	if t := e.Record.Tokens; e.Record.Refresh.Strategy != credential.StrategyOnRejection && t.Alive(about.session.now(), 0) {
		then := "After that"
		if t.ExpiresAt.IsZero() {
			then = "When it does not any more"
		}
		left = fmt.Sprintf("Its access token works%s. %s, what depends on this pair fails until it is authorized again.", until(t), then)
	}
	switch {
	case e.Record.IsTombstone():
		what = fmt.Sprintf("%s was destroyed.", capital(about.String()))
	case e.Reason == credential.ReasonRevoked:
		what = wasRevoked(about, e.Record)
		left = "Its tokens do not work any more; what depends on this pair fails until it is authorized again."
		if t := e.Record.Tokens; !t.Access.IsEmpty() || !t.Refresh.IsEmpty() {
			left = "A refresh that was under way then has brought other tokens since. They may work, and nobody is given them: invoke oauth_revoke once more. " +
				"What depends on this pair fails until it is authorized again."
		}
	case e.Record.SeededEmpty() && e.Verdict.Class == "":
		what = fmt.Sprintf("The token store %s got %s from a state that keeps no tokens (secrets_in_state = false).", about.session.location, about)
		left = "Those that the former store held are not here. If a copy of it is left, put it back; else what depends on this pair fails until it is authorized again."
	case neverWorked(e.Record):
		what = fmt.Sprintf("The authorization server refused the tokens that preauthenticated brings for %s. They have never worked here.", about)
		left = strings.Replace(left, " again", "", 1)
	case e.Reason == credential.ReasonNoRefreshToken:
		what = fmt.Sprintf("The access token of %s has expired, and there is no refresh token.", about)
	case e.Record.Source == grantDeviceCode && e.Verdict.Class == "" && !e.Record.IsTombstone():
		return explainNoDevice(about, e.Record, left)
	case e.Record.Generation == 0 && e.Verdict.Class == "" && len(e.Record.Pending) > 0 && about.asks:
		left = "There is no token until a person has authorized it, and an apply of the oauth_token_pair has taken the callback."
		what = fmt.Sprintf("%s has not been authorized yet.", capital(about.String()))
	case e.Record.Generation == 0 && e.Verdict.Class == "" && len(e.Record.Pending) > 0:
		left = "This is the first of two steps; nothing is wrong."
		what = fmt.Sprintf("%s has not been authorized yet.", capital(about.String()))
	case e.Record.Generation == 0 && e.Verdict.Class == "":
		left = "What depends on this pair fails until it is authorized."
		what = fmt.Sprintf("%s holds no tokens.", capital(about.String()))
	}
	return []string{what, left, authorizeAgain(about, e.Record)}
}

// authorizeAgain says how a person gives consent, or what else brings new tokens.
func authorizeAgain(about subject, r credential.Record) string {
	if about.authorizing {
		return "Invoke the action again: it shows where to authorize, and waits."
	}
	grant := grantAuthorizationCode
	switch r.Source {
	case grantDeviceCode:
		return enterCode(about, r)
	case grantJWTBearer:
		return "Bring another assertion in jwt_bearer.assertion, then apply."
	case grantImplicit:
		grant = grantImplicit
	}
	p, ok := r.NewestPending()
	switch {
	case !ok && about.pushes && !r.Client.RequirePushedAuthorizationRequests:
		return "Apply the oauth_token_pair: that gives a URL, for a person to open."
	case !ok && r.Client.RequirePushedAuthorizationRequests:
		return "Apply the oauth_token_pair: that pushes an authorization request and gives a URL, for a person to open at once."
	case !ok:
	case p.ExpiresAt.IsZero():
		return fmt.Sprintf("Open this URL, consent, and give the whole address that the browser ends up at as %s.callback_url%s, then apply:\n\n%s", grant, ofPair(about), p.URL)
	case p.Usable(about.session.now()):
		return fmt.Sprintf("Open this URL before %s, consent, and give the whole address that the browser ends up at as %s.callback_url%s, then apply:\n\n%s\n\n"+
			"The server keeps the pushed request for that long. After that time apply as it is, which gives another URL.", moment(p.ExpiresAt), grant, ofPair(about), p.URL)
	default:
		return fmt.Sprintf("The URL that was offered has expired: the server kept the pushed request until %s. Apply the oauth_token_pair, which pushes it anew, and open the next URL at once. "+
			"If a browser has opened the former one in time, the address that it ended up at is still good as %s.callback_url.", moment(p.ExpiresAt), grant)
	}
	return "Provide new tokens in preauthenticated" + ofPair(about) + ", or use authorization_code to let a person authorize in a browser, then apply."
}

// ofPair says where to configure something, if that is elsewhere.
func ofPair(about subject) string {
	if about.asks {
		return " of the oauth_token_pair"
	}
	return ""
}

// neverWorked tells whether the refresh token of r was brought by the configuration, without an access token, and refused at its first
// use.
func neverWorked(r credential.Record) bool {
	return r.Status == credential.StatusAuthorizationRequired && r.Generation == 1 && r.Input != "" && !r.IsTombstone() &&
		r.Source == grantPreauthenticated && r.Tokens.Access.IsEmpty()
}

func explainAttached(about subject, e *credential.Error) []string {
	if errors.Is(e, credential.ErrOtherApp) && e.Record.Reserved() {
		return []string{fmt.Sprintf("The token store %s holds a %s of another client_id or token_endpoint, which a person has authorized and no resource manages.", about.session.location, about),
			"It was left alone and is as it was.",
			fmt.Sprintf("Give client the client_id and the issuer or token_endpoint that it was authorized with (an issuer does not count as the token_endpoint that it has); or authorize with this client: terraform-provider-oauth authorize --name %s …, or the action; or choose another name.", about.name)}
	}
	if errors.Is(e, credential.ErrOtherApp) {
		return []string{fmt.Sprintf("The token store %s holds a %s of another client_id or token_endpoint, left by an apply that did not finish.", about.session.location, about),
			"It was left alone.", fmt.Sprintf("Choose another name, or run: terraform import ADDRESS %s", about.name)}
	}
	if !e.Record.Attachment.Attached && about.kind == "oauth_token_pair" {
		return []string{fmt.Sprintf("The token store %s holds a %s already, with other tokens than these: an apply that failed has left it, or another configuration has made it just now.", about.session.location, about),
			"It was left alone and is as it was.", fmt.Sprintf("To take it over: terraform import ADDRESS %s, where ADDRESS is the address of this %s. Else choose another name.", about.name, about.kind)}
	}
	return []string{fmt.Sprintf("The token store %s holds a %s already, and another resource manages it.", about.session.location, about),
		"It was left alone and still works.",
		fmt.Sprintf("If that resource is gone (a lost or new state), take it over: terraform import ADDRESS %s, where ADDRESS is the address of this %s. Else choose another name. "+
			"A resource with create_before_destroy cannot be replaced under the same name.", about.name, about.kind)}
}

// reasonText says why something was put off, and where that is set.
func reasonText(r credential.Reason) string {
	switch r {
	case credential.ReasonEarliest:
		return r.Words() + ", by refresh.earliest or by what is known of the platform"
	case credential.ReasonTokenCalls:
		return r.Words() + ", by refresh_token_policy.token_calls or by what is known of it"
	case credential.ReasonGrantRefused:
		return r.Words() + ", and plans do not try it again"
	}
	return r.Words()
}

// asWarnings makes the errors among diags warnings.
func asWarnings(diags diag.Diagnostics) diag.Diagnostics {
	var soft diag.Diagnostics
	for _, d := range diags {
		at, pathed := d.(diag.DiagnosticWithPath)
		switch {
		case d.Severity() != diag.SeverityError:
			soft.Append(d)
		case pathed:
			soft.AddAttributeWarning(at.Path(), d.Summary(), d.Detail())
		default:
			soft.AddWarning(d.Summary(), d.Detail())
		}
	}
	return soft
}
