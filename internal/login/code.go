package login

import (
	"cmp"
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// offered is an authorization that waits for a person.
type offered struct {
	pending credential.Pending
	scopes  []string                  // as asked for
	shape   *credential.Authorization // by which it can be offered anew; nil: not known
}

// byCode asks for what shape says.
func (a *attempt) byCode(ctx context.Context, r credential.Record, shape credential.Authorization) (Outcome, error) {
	shape.Anew = true
	t, loopback := parseTarget(shape.RedirectURI)
	if !loopback {
		if a.Paste == nil {
			return Outcome{}, a.noLoopback(shape.RedirectURI)
		}
		o, err := a.offer(ctx, &shape)
		if err != nil {
			return Outcome{}, err
		}
		return a.byPaste(ctx, o)
	}
	free := t.port == ""
	listeners, t, err := a.listen(ctx, t, portsOf(r, t))
	if err != nil {
		return Outcome{}, err
	}
	if free { // else it stays as it is registered, to the letter
		shape.RedirectURI = t.uri(t.port)
	}
	o, err := a.offer(ctx, &shape)
	if err != nil {
		closeAll(listeners)
		return Outcome{}, err
	}
	return a.byBrowser(ctx, o, newReceiver(t, o.pending.State, a.Name), listeners)
}

// byPending asks for what was offered before.
func (a *attempt) byPending(ctx context.Context, r credential.Record, p credential.Pending) (Outcome, error) {
	o := offered{pending: p, scopes: scopesOf(p.URL, r.Client)}
	t, loopback := parseTarget(p.RedirectURI)
	switch {
	case !loopback && a.Paste == nil:
		return Outcome{}, a.noLoopback(p.RedirectURI)
	case !loopback:
		return a.byPaste(ctx, o)
	}
	t.port = cmp.Or(t.port, "80") // the URL was made, so the port is no longer free to choose
	listeners, t, err := a.listen(ctx, t, nil)
	if err != nil {
		return Outcome{}, err
	}
	return a.byBrowser(ctx, o, newReceiver(t, p.State, a.Name), listeners)
}

// scopesOf are those that an authorization URL asks for; nil: it does not say.
func scopesOf(authorizationURL string, c credential.Client) []string {
	u, err := url.Parse(authorizationURL)
	if err != nil {
		return nil
	}
	text, separator := u.Query().Get("scope"), c.Preset().Dialect.ScopeSeparator
	if separator == "" || separator == " " {
		return strings.Fields(text)
	}
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(separator, r) })
}

// offer makes sure that a person can authorize what shape says.
func (a *attempt) offer(ctx context.Context, shape *credential.Authorization) (offered, error) {
	r, err := a.Manager.OfferAuthorization(ctx, a.Name, *shape)
	if err != nil {
		return offered{}, err
	}
	p, ok := r.NewestPending()
	if !ok { // destroyed meanwhile
		return offered{}, a.fail(ReasonNothingOffered)
	}
	return offered{pending: p, scopes: shape.Scopes, shape: shape}, nil
}

// show tells where the person authorizes.
func (a *attempt) show(p credential.Pending, where string) {
	until := ""
	if !p.ExpiresAt.IsZero() {
		until = ", before " + p.ExpiresAt.UTC().Format("15:04:05 UTC") + ","
	}
	a.say("To authorize token pair %q, open this address in a browser%s%s: %s", a.Name, where, until, p.URL)
}

// byBrowser waits until a browser brings the answer.
func (a *attempt) byBrowser(ctx context.Context, o offered, rx *receiver, listeners []listener) (Outcome, error) {
	rx.ignored = func(why string) { a.say("%s It was ignored. Use the address above.", why) }
	rx.take = func(cb oauth.Callback) (Outcome, error) { return a.take(ctx, o, cb) }
	rx.serve(listeners)
	defer rx.close()
	a.show(o.pending, " on this machine")
	a.open(ctx, o.pending.URL)
	a.say("Waiting up to %s for the answer at http://%s%s.", credential.ShortDuration(a.Wait), rx.target.address(), rx.target.path)

	bound, stop := a.bounded(ctx)
	defer stop()
	for expires := o.pending.ExpiresAt; ; {
		expired, cancel := a.after(bound, expires)
		select {
		case <-rx.done:
			cancel()
			rx.linger(ctx, a.Clock)
			return rx.outcome, rx.err
		case <-bound.Done():
			cancel()
			if rx.refuse() { // the person was faster
				<-rx.done
				rx.linger(ctx, a.Clock)
				return rx.outcome, rx.err
			}
			return Outcome{}, a.ended(bound)
		case <-expired:
			cancel()
			expires = a.renew(ctx, o)
		}
	}
}

// after returns a channel that is closed at that time; the zero time never comes. cancel must be called.
func (a *attempt) after(ctx context.Context, at time.Time) (<-chan struct{}, func()) {
	if at.IsZero() {
		return nil, func() {}
	}
	over, ended := make(chan struct{}), make(chan struct{})
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer close(ended)
		if a.Clock.Sleep(ctx, max(at.Sub(a.Manager.Now()), 0)) == nil {
			close(over)
		}
	}()
	return over, func() {
		cancel()
		<-ended
	}
}

// renew has a pushed request pushed again that the server keeps no longer: whoever has opened the former URL in time can still come
// back, since the state stays. It returns until when the new URL is good; the zero time ends the renewing.
func (a *attempt) renew(ctx context.Context, o offered) time.Time {
	if o.shape == nil {
		a.say("The address has expired. If you have opened it in time, go on; else run this again.")
		return time.Time{}
	}
	fresh, err := a.offer(ctx, o.shape)
	if err != nil || fresh.pending.State != o.pending.State {
		a.say("The address has expired, and the server gives no other one now. If you have opened it in time, go on; else run this again.")
		return time.Time{}
	}
	a.say("The address has expired. If you have opened it in time, go on; else open this one before %s: %s",
		fresh.pending.ExpiresAt.UTC().Format("15:04:05 UTC"), fresh.pending.URL)
	return fresh.pending.ExpiresAt
}

// take does with an answer what it asks for.
func (a *attempt) take(ctx context.Context, o offered, cb oauth.Callback) (Outcome, error) {
	if cb.Error != "" {
		return Outcome{}, a.Manager.Denied(ctx, a.Name, cb)
	}
	result, err := a.Manager.ExchangeCode(ctx, a.Name, credential.Exchange{
		FromCallback: true, Code: cb.Code, State: cb.State, Issuer: cb.Issuer, Parameters: cb.Parameters, Scopes: o.scopes,
	})
	return Outcome{Record: result.Record, Notices: result.Notices}, err
}

// maxPastes bounds how often a person is asked for an address.
const maxPastes = 5

// byPaste has the person paste the address that the browser ends up at.
func (a *attempt) byPaste(ctx context.Context, o offered) (Outcome, error) {
	bound, stop := a.bounded(ctx)
	defer stop()
	a.show(o.pending, "")
	a.open(ctx, o.pending.URL)
	a.say("Then paste the whole address that the browser ends up at; it begins with %s. The page there may show an error.", o.pending.RedirectURI)
	for range maxPastes {
		text, err := a.Paste(bound)
		switch {
		case bound.Err() != nil:
			return Outcome{}, a.ended(bound)
		case err != nil:
			e := a.fail(ReasonNoInput)
			e.Address, e.Err = o.pending.RedirectURI, err
			return Outcome{}, e
		}
		outcome, again, err := a.pasted(ctx, o, text)
		if !again {
			return outcome, err
		}
		a.say("That cannot be used: %s. Nothing was sent. Paste the whole address once more.", plainWords(err))
	}
	return Outcome{}, a.fail(ReasonTries)
}

// pasted takes an address. again: it was none that can be used, and nothing was sent.
func (a *attempt) pasted(ctx context.Context, o offered, text secret.String) (outcome Outcome, again bool, err error) {
	cb, err := oauth.ParseCallback(text)
	if err != nil {
		return Outcome{}, true, err
	}
	outcome, err = a.take(ctx, o, cb)
	return outcome, credential.IsKind(err, credential.KindState) || credential.IsKind(err, credential.KindConsumed), err
}

// plainWords is the innermost reason of an error that says one.
func plainWords(err error) string {
	if e := credential.AsError(err); e.Kind != credential.KindStore && e.Err != nil {
		return e.Err.Error()
	}
	return strings.TrimPrefix(err.Error(), oauth.ErrCallback.Error()+": ")
}
