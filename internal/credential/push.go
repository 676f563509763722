package credential

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// PushError says that an authorization request could not be pushed (RFC 9126). Nothing is used up by that.
type PushError struct {
	Endpoint string
	Err      error // nil: what the server said is all that is known
}

// Error names the cause.
func (e *PushError) Error() string {
	if e.Err == nil {
		return "the authorization request could not be pushed"
	}
	return "the authorization request could not be pushed: " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *PushError) Unwrap() error { return e.Err }

// ErrNoPushEndpoint says that requests have to be pushed, and not where to.
var ErrNoPushEndpoint = errors.New("the client has no pushed_authorization_request_endpoint, " +
	"and its authorization requests have to be pushed (RFC 9126)")

// pushes tells whether the authorization requests of c have to be pushed: it says so itself, or its server does.
func (c Client) pushes() bool {
	return c.RequirePushedAuthorizationRequests || c.metadata != nil && c.metadata.RequiresPushing
}

// lacksAuthorizing: what is known of a server whose authorization endpoint was found is not asked for again.
func lacksAuthorizing(c Client) bool {
	return lacksAuthorization(c) || c.RequirePushedAuthorizationRequests && c.PushedAuthorizationRequestEndpoint == ""
}

// Usable tells whether a person can open the URL of p.
func (p Pending) Usable(now time.Time) bool { return p.ExpiresAt.IsZero() || now.Before(p.ExpiresAt) }

var errNoPushAnswer = errors.New("the server has neither taken nor refused it")

// OfferedFor is for how long a URL that nobody has used is offered anew for a credential that works.
const OfferedFor = 24 * time.Hour

// Awaits tells whether somebody is expected to authorize r: it gives no token by itself, or will stop to do so within ahead, or a
// person was offered to authorize lately and has not done it. A pushed request lives for a minute or so. Without such a reason
// none is pushed, or every plan would have one to push again.
func (r Record) Awaits(now time.Time, ahead time.Duration) bool {
	if r.Mints() || r.IsTombstone() {
		return false
	}
	newest, ok := r.NewestPending()
	offered := ok && !newest.ExpiresAt.IsZero() && newest.CreatedAt.After(r.AuthorizedAt) && now.Sub(newest.CreatedAt) < OfferedFor
	end := r.AbsoluteDeadline()
	ending := !end.IsZero() && end.Sub(now) < ahead
	ended := r.Status.Ended() || !r.Tokens.Alive(now, 0) && (r.Status != StatusActive || r.Tokens.Refresh.IsEmpty())
	return offered || ending || ended
}

// OfferDue tells whether an apply has something to offer, so that a person can authorize r: a request to push, or any where nothing
// waits, as after an authorization that no resource has asked for. It may ask the server for its metadata.
func (m *Manager) OfferDue(ctx context.Context, r Record, ahead time.Duration) bool {
	newest, ok := r.NewestPending()
	if !r.Awaits(m.Now(), ahead) || ok && newest.Usable(m.Now()) {
		return false
	}
	if ok {
		return true
	}
	c := m.known(r.Client).completed()
	if c.noPreset != "" {
		return false
	}
	c, err := m.located(ctx, c, lacksAuthorizing)
	return err == nil && c.AuthorizationEndpoint != ""
}

// pushed returns p with the URL of its request, which the server has by then.
func (m *Manager) pushed(
	ctx context.Context, key string, r Record, o offer, p Pending, request oauth.AuthorizationRequest,
) (Pending, error) {
	failed := func(err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		e := *AsError(configurationError(err, r))
		e.Err = &PushError{Endpoint: o.client.PushedAuthorizationRequestEndpoint, Err: e.Err}
		return &e
	}
	if o.client.PushedAuthorizationRequestEndpoint == "" {
		return Pending{}, failed(o.client.missing(ErrNoPushEndpoint))
	}
	client, err := m.resolve(ctx, r.Client, func(c Client) bool { return lacksAuthorizing(c) || lacksToken(c) })
	if err != nil {
		return Pending{}, failed(err)
	}
	form, err := oauth.PushForm(request)
	if err != nil {
		return Pending{}, failed(err)
	}
	answer, sentAt, err := m.push(ctx, key, client, oauth.Request{
		Endpoint: cmp.Or(client.PushedAuthorizationRequestEndpoint, o.client.PushedAuthorizationRequestEndpoint), Auth: client.auth(), Form: form,
	})
	if err != nil {
		return Pending{}, failed(err)
	}
	p.ExpiresAt = sentAt.Add(answer.ExpiresIn)
	p.URL, err = oauth.PushedURL(o.client.AuthorizationEndpoint, client.ClientID, answer.RequestURI)
	return p, err
}

// push sends a request until it is answered, a few times: nothing is used up by it, and what a lost reply has left at the server
// ends by itself. It returns when the answered one was sent.
func (m *Manager) push(ctx context.Context, key string, client Client, r oauth.Request) (oauth.Pushed, time.Time, error) {
	backoff := m.backoffs()
	for sends := 1; ; {
		b, err := m.whenFree(ctx, func() (booking, error) { return m.enter(ctx, key, client) })
		if err != nil {
			return oauth.Pushed{}, time.Time{}, err
		}
		var answer oauth.Pushed
		var v oauth.Verdict
		sentAt := m.postBooked(ctx, b, r, func(reply oauth.Reply) oauth.Verdict {
			answer, v = oauth.JudgePush(reply, client.ClientSecret)
			return v
		})
		m.log.Info("pushed an authorization request", "key", key, "class", string(v.Class), "status", v.Status)
		if v.Class == oauth.Success {
			return answer, sentAt, nil
		}
		err = pushRefused(v, m.Now())
		if sends++; sends > maxSends || !retryable(err) || ctx.Err() != nil || backoff(ctx) != nil {
			return oauth.Pushed{}, time.Time{}, err
		}
	}
}

// pushRefused is the error for an answer other than success.
func pushRefused(v oauth.Verdict, now time.Time) error {
	e := answerError(v, Record{}, now)
	if e.Err == nil && e.Kind == KindUnknown {
		e.Err = errNoPushAnswer
	}
	return e
}
