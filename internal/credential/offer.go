package credential

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// Authorization is what shapes an authorization URL.
type Authorization struct {
	RedirectURI        string
	Scopes             []string
	Resource, Audience []string
	Extra              map[string]string
	Implicit           bool // the answer is an access token, not a code (RFC 6749 §4.2)
	// Ahead and Anew say when a request is pushed that has to be: see Record.Awaits. Any other URL is always offered.
	Ahead time.Duration
	Anew  bool // a person wants to authorize
}

// OfferAuthorization makes sure that the record has a pending authorization of this shape and returns the record. A pending
// one that was made from the same inputs is kept, so its URL is stable; the last three stay valid. Where requests have to be
// pushed and the URL has expired, the same request is pushed again: whoever has opened the former URL in time can still come
// back, for state and verifier stay.
func (m *Manager) OfferAuthorization(ctx context.Context, name string, a Authorization) (Record, error) {
	m.prepareQuietly(ctx)
	key := PairKey(name)
	snap, err := m.load(ctx, key)
	if err != nil {
		return Record{}, err
	}
	o, err := m.newOffer(ctx, snap.record.Client, a)
	if err != nil {
		return Record{}, configurationError(err, snap.record)
	}
	newest, ok := snap.record.NewestPending()
	again := ok && newest.Inputs == o.inputs
	switch {
	case snap.record.IsTombstone(), again && newest.Usable(m.Now()):
		return snap.record, nil
	case o.client.pushes() && !a.Anew && !snap.record.Awaits(m.Now(), a.Ahead):
		return snap.record, nil
	}
	fresh := newest
	if !again {
		if fresh, err = m.newPending(o); err != nil {
			return Record{}, configurationError(err, snap.record)
		}
	}
	request, err := o.request(fresh)
	if err == nil {
		fresh.URL, err = oauth.AuthorizationURL(request)
	}
	if err != nil {
		return Record{}, configurationError(err, snap.record)
	}
	if o.client.pushes() {
		if fresh, err = m.pushed(ctx, key, snap.record, o, fresh, request); err != nil {
			return Record{}, err
		}
	}
	return m.change(ctx, key, func(r Record) (Record, bool) { return r.offers(fresh, again, m.Now()) })
}

// offers puts a pending authorization into r. again: it was there. It returns false where that is of no use any more.
func (r Record) offers(fresh Pending, again bool, now time.Time) (Record, bool) {
	newest, ok := r.NewestPending()
	i := slices.IndexFunc(r.Pending, func(p Pending) bool { return p.State == fresh.State })
	switch {
	case r.IsTombstone(), again && i < 0: // used meanwhile
		return r, false
	case ok && newest.Inputs == fresh.Inputs && newest.Usable(now): // somebody else was faster
		return r, false
	case i >= 0:
		r.Pending = slices.Clone(r.Pending)
		r.Pending[i] = fresh
		return r, true
	}
	r.Pending = append(r.Pending, fresh)
	if extra := len(r.Pending) - maxPending; extra > 0 {
		r.Pending = r.Pending[extra:]
	}
	return r, true
}

// NewestPending returns the authorization that is offered now.
func (r Record) NewestPending() (Pending, bool) {
	if len(r.Pending) == 0 {
		return Pending{}, false
	}
	return r.Pending[len(r.Pending)-1], true
}

// OffersURL tells whether a person authorizes r by opening a URL: not where the client asks by itself, or a device code is entered.
func (r Record) OffersURL() bool {
	return !r.Mints() && r.Source != "device_code" && r.Source != "jwt_bearer"
}

// offer is an authorization request without what makes it this one: state and verifier.
type offer struct {
	client Client
	shape  Authorization
	inputs string // hash of everything that shapes it
}

// comparing is the state in every URL that only serves to compare.
const comparing = "inputs"

func (m *Manager) newOffer(ctx context.Context, c Client, a Authorization) (offer, error) {
	o := offer{client: m.known(c).completed(), shape: a}
	if o.client.noPreset != "" {
		return offer{}, errors.New(o.client.noPreset)
	}
	var err error
	if o.client, err = m.located(ctx, o.client, lacksAuthorizing); err != nil {
		return offer{}, err
	}
	if o.client.AuthorizationEndpoint == "" {
		return offer{}, o.client.missing(errors.New("the client has no authorization_endpoint"))
	}
	request, err := o.request(Pending{State: comparing})
	if err != nil {
		return offer{}, err
	}
	inputs, err := oauth.AuthorizationURL(request)
	if err != nil {
		return offer{}, err
	}
	if o.client.Preset().NoPKCE || a.Implicit {
		inputs += " without code_challenge" // or a corrected preset would offer the former URL
	}
	if o.client.DPoPBoundAccessTokens && !a.Implicit {
		inputs += " with dpop_jkt"
	}
	if o.client.pushes() {
		inputs += " pushed to " + o.client.PushedAuthorizationRequestEndpoint
	}
	o.inputs = secret.New(inputs).SHA256()
	return o, nil
}

// request is the authorization request of p.
func (o offer) request(p Pending) (r oauth.AuthorizationRequest, err error) {
	preset := o.client.Preset()
	r = oauth.AuthorizationRequest{
		Endpoint: o.client.AuthorizationEndpoint, ClientID: o.client.ClientID, RedirectURI: o.shape.RedirectURI,
		Scopes: preset.scopes(o.shape.Scopes), Separator: preset.Dialect.ScopeSeparator,
		Resource: o.shape.Resource, Audience: o.shape.Audience, Implicit: o.shape.Implicit,
		State: p.State, CodeVerifier: p.Verifier, Extra: preset.authorizationParameters(o.shape.Extra, p.State),
	}
	if !p.ProofKey.IsEmpty() {
		r.Thumbprint, err = oauth.ProofThumbprint(p.ProofKey)
	}
	return r, err
}

// newPending makes an authorization of its own out of o. Its URL is still missing.
func (m *Manager) newPending(o offer) (Pending, error) {
	state, err := oauth.NewState(m.random)
	if err != nil {
		return Pending{}, err
	}
	verifier, err := oauth.NewCodeVerifier(m.random)
	if err != nil {
		return Pending{}, err
	}
	if o.client.Preset().NoPKCE || o.shape.Implicit { // there is no code to protect
		verifier = secret.String{}
	}
	var key secret.String
	if b := o.client.binding(); b.binds && !o.shape.Implicit {
		if key, err = m.newProofKey(b); err != nil {
			return Pending{}, err
		}
	}
	return Pending{
		State: state, Verifier: verifier, ProofKey: key, RedirectURI: o.shape.RedirectURI, Inputs: o.inputs, CreatedAt: m.Now().Round(0).UTC(),
	}, nil
}
