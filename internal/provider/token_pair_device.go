package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// maxPolling is how long an apply waits for the person who enters a device code.
const maxPolling = 60 * time.Second

func pathDeviceCode() path.Path { return path.Root(grantDeviceCode) }

// takeDevice collects the tokens of the device code that waits, and asks for a code where one is wanted. A pair that is authorized
// goes on without.
func (a *applying) takeDevice(ctx context.Context) (credential.Result, bool) {
	record, err := a.eng.Peek(ctx, a.about.name)
	if err != nil {
		addEngineError(a.diags, pathDeviceCode(), "Unable to Authorize Token Pair", a.about, err)
		return credential.Result{}, false
	}
	request := deviceRequestOf(a.config.DeviceCode)
	creating := a.state.ID.IsNull()
	// Whoever made it has shown it by now. One that was made for something else is not collected: it would pass for this.
	if record.Device.Waits(a.session.now()) && !creating && !a.eng.OffersOther(ctx, record, request) {
		result, ok, done := a.poll(ctx)
		if done {
			return result, ok
		}
	}
	offered, err := a.eng.OfferDevice(ctx, a.about.name, request)
	if err != nil {
		return a.notOffered(ctx, err)
	}
	if offered.Device.Waits(a.session.now()) {
		a.about.headline = "Device Code Offered"
	}
	result := a.stillToAuthorize(offered)
	if result.Record.Status == "" && offered.Device.Waits(a.session.now()) {
		a.diags.AddAttributeWarning(pathDeviceCode(), "Device Code Offered: "+a.about.name, fmt.Sprintf("The tokens of %s go on until a person has confirmed it. %s", a.about, authorizeAgain(a.about, offered)))
	}
	return result, true
}

// poll waits for the person. done says that there is nothing left to do for the device code in this apply.
func (a *applying) poll(ctx context.Context) (result credential.Result, ok, done bool) {
	polled, err := a.eng.PollDevice(ctx, a.about.name, maxPolling)
	warnNotices(a.about, polled.Notices, a.diags)
	if err == nil {
		err = polled.Err()
	}
	switch {
	case err == nil && polled.Answer == oauth.PollToken:
		return credential.Result{Record: polled.Record, Rotated: true}, true, true
	case err != nil:
		a.about.device = true
		result, ok = a.notAuthorized(ctx, err)
		return result, ok, true
	case polled.Answer == oauth.PollExpired && polled.Lost:
		a.diags.AddAttributeWarning(pathDeviceCode(), "Device Code Lost", fmt.Sprintf("The reply to an earlier request for the tokens of %s never came, and now the server does not take its device code any more. "+
			"If the person had confirmed it, the tokens were in that reply and nobody has them. The code is not sent again; a new one was asked for, and the person has to confirm that.", a.about))
	case polled.Answer == oauth.PollExpired:
		a.diags.AddAttributeWarning(pathDeviceCode(), "Device Code Expired", fmt.Sprintf("The device code of %s was over before anybody had confirmed it. A new one was asked for.", a.about))
	case polled.Record.Device.Waits(a.session.now()):
		a.about.polled, a.about.headline = waited(polled, a.session.now()), "Device Code Not Confirmed Yet"
		if result = a.stillToAuthorize(polled.Record); result.Record.Status == "" { // there are tokens of an earlier authorization
			a.diags.AddAttributeWarning(pathDeviceCode(), "Device Code Not Confirmed Yet: "+a.about.name, a.about.polled+" "+authorizeAgain(a.about, polled.Record))
		}
		return result, true, true
	}
	return credential.Result{}, true, false
}

// waited says what a round of polls has come to that brought no tokens.
func waited(p credential.Polled, now time.Time) string {
	text := fmt.Sprintf("This apply waited for up to %s, and the device code was not confirmed.", credential.ShortDuration(maxPolling))
	switch {
	case p.Polls == 0 && p.Record.Device.NextPoll.After(now): // else somebody else asks, and takes long
		text = fmt.Sprintf("This apply could not ask yet whether the device code was confirmed: the server wants to be asked no earlier than at %s.", moment(p.Record.Device.NextPoll))
	case p.Answer == oauth.PollNoReply && p.Verdict.Class == oauth.NotSent:
		text = fmt.Sprintf("This apply could not ask whether the device code was confirmed: the authorization server was not reached: %s", clause(p.Verdict.Err))
	case p.Answer == oauth.PollNoReply:
		text = "This apply asked whether the device code was confirmed, and the last reply never came. If it was the tokens, they are lost, and the next apply will say so and get a new code."
	}
	return text
}

// stillToAuthorize is the end of an apply that leaves it to a person to confirm a code. The zero result says that there are tokens of
// an earlier authorization, which are looked after as ever.
func (a *applying) stillToAuthorize(r credential.Record) credential.Result {
	if r.StatusAt(a.session.now()).Ended() {
		return credential.Result{Record: r}
	}
	return credential.Result{}
}

// notOffered reports that no code could be had.
func (a *applying) notOffered(ctx context.Context, err error) (credential.Result, bool) {
	a.about.device = true
	return a.notAuthorized(ctx, err)
}

// notAuthorized ends an apply whose device code has led to nothing: in an error, unless an earlier authorization still works.
func (a *applying) notAuthorized(ctx context.Context, err error) (credential.Result, bool) {
	record, peekErr := a.eng.Peek(ctx, a.about.name)
	if peekErr == nil && !blocks(err) && !record.StatusAt(a.session.now()).Ended() && record.Generation > 0 {
		a.diags.AddAttributeWarning(pathDeviceCode(), "Unable to Authorize Token Pair", "The tokens of the earlier authorization still work and are used.\n\n"+engineDetail(a.about, err))
		return credential.Result{}, true
	}
	addEngineError(a.diags, pathDeviceCode(), "Unable to Authorize Token Pair", a.about, err)
	return credential.Result{}, false
}

// enterCode says how a person confirms the device code of r, or how there will be one.
func enterCode(about subject, r credential.Record) string {
	d := r.Device
	if !d.Waits(about.session.now()) {
		if about.asks {
			return "Apply the configuration that holds the oauth_token_pair: that gets a device code and shows it. A person confirms it, and the next apply collects the tokens."
		}
		return "Apply: that gets a new device code and shows it as user_code and verification_uri. A person confirms it, and the next apply collects the tokens."
	}
	text := fmt.Sprintf("Open this page on any device before %s, enter the code %s and consent; then apply, which collects the tokens and waits for up to %s:\n\n%s",
		moment(d.ExpiresAt), d.UserCode, credential.ShortDuration(maxPolling), d.VerificationURI)
	if d.VerificationURIComplete != "" {
		text += "\n\nThe same page with the code in it:\n\n" + d.VerificationURIComplete
	}
	return text
}

// explainDevice says why no device code was had, or came to nothing. It returns nil for an error that is not special to one.
func explainDevice(about subject, e *credential.Error) []string {
	const nothing = "Nothing was used up."
	switch e.Kind {
	case credential.KindDenied:
		return []string{fmt.Sprintf("The device authorization of %s was refused, by the person or by the server.", about),
			"The device code is over. What the store holds is unchanged otherwise.", "Apply again: that gets a new device code and shows it."}
	case credential.KindNotSent:
		return []string{fmt.Sprintf("The authorization server was not reached for %s: %s", about, cause(e, "no connection.")), "Nothing was sent.", "Check the network and the endpoint, then apply again."}
	case credential.KindUnknown:
		return []string{fmt.Sprintf("A device code for %s was asked for, or its tokens were, and no usable reply came: %s", about, cause(e, "the server seems to be in trouble.")), nothing, "Apply again."}
	case credential.KindBadClient:
		return []string{notAccepted(about, e), nothing, checkProofOf(e) + " Then apply again."}
	case credential.KindConfiguration:
		if e.Verdict.Class == "" {
			return nil
		}
		return []string{fmt.Sprintf("The authorization server gives %s no device code, or no tokens for it: %s", about, cause(e, "it does not accept the request.")), nothing,
			"Check that the app may use device_code, and check what the grant sends and the client's device_authorization_endpoint and token_endpoint. Then apply again."}
	}
	return nil
}

// explainNoDevice says why a pair that a person authorizes by a device code has no token that works. left is what is known of the
// tokens of an earlier authorization.
func explainNoDevice(about subject, r credential.Record, left string) []string {
	what := fmt.Sprintf("%s has not been authorized yet.", capital(about.String()))
	d := r.Device
	switch waits := d.Waits(about.session.now()); {
	case r.Generation > 0 && r.Status == credential.StatusAuthorizationRequired:
		what = fmt.Sprintf("The stored credential of %s no longer works: the authorization server refused it.", about)
	case r.Generation > 0:
		what = fmt.Sprintf("The access token of %s has expired, and there is no refresh token.", about)
	case waits && about.asks:
		left = "There is no token until a person has confirmed the device code, and an apply of the oauth_token_pair has collected the tokens."
	case waits && about.planned:
		what = fmt.Sprintf("%s has a device code that waits for a person. Only an apply finds out whether it is confirmed by now, and collects the tokens then.", capital(about.String()))
		left = "There is no token until then; nothing is wrong."
	case waits && about.polled == "":
		left = "This is the first of two steps; nothing is wrong."
	case waits:
		left = "There is no token until a person has confirmed the device code."
	case d != nil && !d.Code.IsEmpty():
		what += fmt.Sprintf(" Its device code expired at %s, and was not confirmed before.", moment(d.ExpiresAt))
		left = "There is no token until a person has authorized it."
	default:
		left = "There is no token until a person has authorized it."
	}
	if about.polled != "" {
		what += " " + about.polled
	}
	return []string{what, left, enterCode(about, r)}
}
