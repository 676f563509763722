package login

import (
	"cmp"
	"context"
	"errors"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// byDevice asks for a device code, or goes on with the one that waits and was made from the same request.
func (a *attempt) byDevice(ctx context.Context, r credential.Record, q credential.DeviceRequest) (Outcome, error) {
	q.Anew = true
	offered, err := a.Manager.OfferDevice(ctx, a.Name, q)
	if err != nil {
		return Outcome{}, err
	}
	if !offered.Device.Waits(a.Manager.Now()) {
		return a.unconfirmed(ctx, r, credential.Polled{Record: offered})
	}
	return a.collect(ctx, offered)
}

// collect polls for the device code that waits.
func (a *attempt) collect(ctx context.Context, r credential.Record) (Outcome, error) {
	d := r.Device
	text := "To authorize token pair %q, open %s on any device before %s and enter the code %s."
	values := []any{a.Name, d.VerificationURI, d.ExpiresAt.UTC().Format("15:04:05 UTC"), d.UserCode}
	if d.VerificationURIComplete != "" {
		text += " The same page with the code in it: %s"
		values = append(values, d.VerificationURIComplete)
	}
	a.say(text, values...)
	a.open(ctx, cmp.Or(d.VerificationURIComplete, d.VerificationURI))
	a.say("Waiting up to %s; the server is asked every %s.", credential.ShortDuration(a.Wait), credential.ShortDuration(d.Interval))

	polled, err := a.Manager.PollDevice(ctx, a.Name, a.Wait)
	if err == nil {
		err = polled.Err()
	}
	if err != nil {
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			return Outcome{}, a.failDevice(ReasonStopped)
		}
		return Outcome{Notices: polled.Notices}, err
	}
	if polled.Answer == oauth.PollToken {
		return Outcome{Record: polled.Record, Notices: polled.Notices}, nil
	}
	return a.unconfirmed(ctx, r, polled)
}

// unconfirmed is what has become of a device code that has brought no tokens here. before is the record as it was.
func (a *attempt) unconfirmed(ctx context.Context, before credential.Record, p credential.Polled) (Outcome, error) {
	now := a.Manager.Now()
	switch {
	case p.Answer == oauth.PollExpired && p.Lost:
		return Outcome{Notices: p.Notices}, a.failDevice(ReasonLost)
	case p.Answer == oauth.PollExpired:
		return Outcome{Notices: p.Notices}, a.failDevice(ReasonExpired)
	case p.Record.Device.Waits(now) && ctx.Err() != nil:
		return Outcome{Notices: p.Notices}, a.failDevice(ReasonStopped)
	case p.Record.Device.Waits(now):
		return Outcome{Notices: p.Notices}, a.failDevice(ReasonTime)
	case p.Record.Family != before.Family && p.Record.StatusAt(now) == credential.StatusActive:
		return Outcome{Record: p.Record, Notices: p.Notices, Others: true}, nil
	}
	return Outcome{Notices: p.Notices}, a.failDevice(ReasonExpired)
}

func (a *attempt) failDevice(why Reason) *Error {
	e := a.fail(why)
	e.Device = true
	return e
}
