package credential

import (
	"context"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// deviceOffer is a device authorization request that is ready to be sent.
type deviceOffer struct {
	client Client
	form   oauth.Form
	scopes []string
	inputs string // hash of everything that shapes it
}

func (m *Manager) newDeviceOffer(ctx context.Context, c Client, q DeviceRequest) (deviceOffer, error) {
	client, err := m.resolve(ctx, c, lacksDevice)
	if err == nil && client.DeviceAuthorizationEndpoint == "" {
		err = client.missing(ErrNoDeviceEndpoint)
	}
	if err != nil {
		return deviceOffer{}, err
	}
	p := client.Preset()
	scopes := p.scopes(q.Scopes)
	form, err := oauth.DeviceForm(scopes, p.Dialect.ScopeSeparator, q.Resource, q.Audience, q.Extra)
	if err != nil {
		return deviceOffer{}, err
	}
	return deviceOffer{client, form, scopes, form.Hash(client.DeviceAuthorizationEndpoint + " " + client.ClientID)}, nil
}

// OffersOther tells whether the device code of r that waits was made from another request than q. Where that cannot be told, it was not.
func (m *Manager) OffersOther(ctx context.Context, r Record, q DeviceRequest) bool {
	o, err := m.newDeviceOffer(ctx, r.Client, q)
	return err == nil && r.Device.Waits(m.Now()) && r.Device.Inputs != o.inputs
}

// OfferDevice makes sure that a person can authorize by a device code of this shape, if that is wanted, and returns the record. A code
// that waits and was made from the same inputs is kept. A lost answer loses nothing: another code is asked for.
func (m *Manager) OfferDevice(ctx context.Context, name string, q DeviceRequest) (Record, error) {
	m.prepareQuietly(ctx)
	key := PairKey(name)
	snap, err := m.load(ctx, key)
	if err != nil {
		return Record{}, err
	}
	o, err := m.newDeviceOffer(ctx, snap.record.Client, q)
	if err != nil {
		return Record{}, configurationError(err, snap.record)
	}
	switch before := snap.record.before(m.Now()); {
	case !q.Anew && before == o.inputs && snap.record.Device.Inputs != o.inputs: // that is what the tokens are for: nobody has to do anything
		return m.change(ctx, key, func(r Record) (Record, bool) {
			if r.before(m.Now()) != o.inputs || r.Device.Inputs == o.inputs {
				return r, false
			}
			r.Device = &Device{Inputs: o.inputs}
			return r, true
		})
	case !snap.record.wants(o.inputs, q.Anew, m.Now()):
		return snap.record, nil
	}
	asked := m.Now().Round(0).UTC() // the code is no older than that
	a, err := m.askForCode(ctx, key, o.client, o.form, snap.record)
	if err != nil {
		return Record{}, err
	}
	offered := &Device{
		Code: a.Code, UserCode: a.UserCode, VerificationURI: a.VerificationURI, VerificationURIComplete: a.VerificationURIComplete,
		ExpiresAt: asked.Add(a.ExpiresIn), Interval: a.Interval, NextPoll: m.Now().Round(0).UTC().Add(a.Interval), Inputs: o.inputs, Scopes: o.scopes,
	}
	return m.change(ctx, key, func(r Record) (Record, bool) {
		if r.IsTombstone() || !r.wants(o.inputs, q.Anew, m.Now()) { // written already, or somebody else was faster and has shown his
			return r, false
		}
		before := r.before(m.Now())
		r.Device = offered.clone()
		r.Device.Before = before
		return r, true
	})
}

func (m *Manager) askForCode(ctx context.Context, key string, c Client, form oauth.Form, r Record) (oauth.DeviceAuthorization, error) {
	b, err := m.whenFree(ctx, func() (booking, error) { return m.enter(ctx, key, c) })
	if err != nil {
		return oauth.DeviceAuthorization{}, speakingOf(err, r)
	}
	var a oauth.DeviceAuthorization
	var verdict oauth.Verdict
	request := oauth.Request{Endpoint: c.DeviceAuthorizationEndpoint, Auth: c.auth(), Form: form}
	m.postBooked(ctx, b, request, func(reply oauth.Reply) oauth.Verdict {
		a, verdict = c.Preset().Dialect.JudgeDevice(reply, c.ClientSecret)
		return verdict
	})
	m.log.Info("asked for a device code", "key", key, "class", string(verdict.Class), "status", verdict.Status)
	switch verdict.Class {
	case oauth.Success:
		return a, nil
	case oauth.NotSent:
		return a, notSentError(ctx, verdict, r)
	}
	return a, answerError(verdict, r, m.Now())
}
