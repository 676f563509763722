package credential

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// Registration is an app registration as the store keeps it: what token pairs of other configurations need of it.
type Registration struct {
	Client       Client
	RedirectURIs []string
	Attachment   Attachment
}

// RegistrationKey is the store key of the registration of that name.
func RegistrationKey(name string) string { return "registration/" + name }

type wireRegistration struct {
	Format       int             `json:"format"`
	Kind         string          `json:"kind"`
	Client       *wireClient     `json:"client"`
	RedirectURIs []string        `json:"redirect_uris,omitempty"`
	Attachment   *wireAttachment `json:"attachment,omitempty"`
}

const kindRegistration = "registration"

// EncodeRegistration returns the registration as JSON with its secret spelt out, for the sealing store only.
func EncodeRegistration(r Registration) ([]byte, error) {
	return json.Marshal(wireRegistration{
		Format: recordFormat, Kind: kindRegistration, Client: encodeClient(r.Client), RedirectURIs: r.RedirectURIs,
		Attachment: &wireAttachment{ID: r.Attachment.ID, Attached: r.Attachment.Attached},
	})
}

// DecodeRegistration reads what EncodeRegistration wrote. Its errors never quote the text.
func DecodeRegistration(text []byte) (Registration, error) {
	var w wireRegistration
	if err := decodeJSON(text, &w); err != nil {
		return Registration{}, err
	}
	if err := checkFormat(w.Format, w.Kind, kindRegistration); err != nil {
		return Registration{}, err
	}
	r := Registration{Client: decodeClient(w.Client), RedirectURIs: w.RedirectURIs}
	if w.Attachment != nil {
		r.Attachment = Attachment{ID: w.Attachment.ID, Attached: w.Attachment.Attached}
	}
	return r, nil
}

// Registration reads a registration; a missing one is an *Error of KindNotFound.
func (m *Manager) Registration(ctx context.Context, name string) (Registration, error) {
	r, _, err := m.registration(ctx, name)
	return r, err
}

func (m *Manager) registration(ctx context.Context, name string) (Registration, store.Revision, error) {
	e, err := m.get(ctx, RegistrationKey(name))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return Registration{}, "", &Error{Kind: KindNotFound, Err: err}
	case err != nil && ctx.Err() != nil:
		return Registration{}, "", ctx.Err()
	case err != nil:
		return Registration{}, "", storeError("reading the token store", err)
	}
	r, err := DecodeRegistration(e.Value)
	if err != nil {
		return Registration{}, "", storeError("reading the registration "+name, err)
	}
	return r, e.Revision, nil
}

// PutRegistration makes the registration of that name or changes it. accept sees the stored one, nil if there is none, and
// may refuse.
func (m *Manager) PutRegistration(ctx context.Context, name string, next Registration, accept func(*Registration) error) error {
	text, err := EncodeRegistration(next)
	if err != nil {
		return storeError("encoding the registration "+name, err)
	}
	var refused error
	err = m.insist(ctx, aFew, func() error {
		cur, revision, err := m.registration(ctx, name)
		stored := &cur
		switch {
		case IsKind(err, KindNotFound):
			stored = nil
		case err != nil:
			return err
		}
		if refused = accept(stored); refused != nil {
			return refused
		}
		return m.put(ctx, RegistrationKey(name), revision, text)
	})
	switch {
	case refused != nil:
		return refused
	case err != nil:
		return writeError(ctx, err)
	}
	return nil
}

// DeleteRegistration forgets the registration of that name, if it is still the given attachment's.
func (m *Manager) DeleteRegistration(ctx context.Context, name, attachment string) error {
	err := m.insist(ctx, aFew, func() error {
		cur, revision, err := m.registration(ctx, name)
		if IsKind(err, KindNotFound) || err == nil && attachment != "" && cur.Attachment.ID != attachment {
			return nil
		}
		if err != nil {
			return err
		}
		return m.remove(ctx, RegistrationKey(name), revision)
	})
	if err != nil {
		return writeError(ctx, err)
	}
	return nil
}

// borrows tells whether what proves the client is looked up in its registration.
func (c Client) borrows() bool {
	return c.Registration != "" && c.TokenEndpointAuthMethod != oauth.None &&
		c.ClientSecret.IsEmpty() && c.PrivateKey.IsEmpty() && c.TLSClientPrivateKey.IsEmpty()
}

// borrow takes over what proves the client. A key comes with all that belongs to it.
func (c *Client) borrow(from Client) {
	c.ClientSecret, c.PrivateKey, c.TLSClientPrivateKey = from.ClientSecret, from.PrivateKey, from.TLSClientPrivateKey
	c.PrivateKeyID = cmp.Or(c.PrivateKeyID, from.PrivateKeyID)
	c.TLSClientCertificate = cmp.Or(c.TLSClientCertificate, from.TLSClientCertificate)
	c.TokenEndpointAuthMethod = cmp.Or(c.TokenEndpointAuthMethod, from.TokenEndpointAuthMethod)
	c.TokenEndpointAuthSigningAlg = cmp.Or(c.TokenEndpointAuthSigningAlg, from.TokenEndpointAuthSigningAlg)
}

// Resolve completes a client as configured: its secret comes from the registration if it has none of its own, and the rest
// from the platform's preset, or from the server itself. It checks all that can be checked before a token is sent.
func (m *Manager) Resolve(ctx context.Context, c Client) (Client, error) {
	return m.resolve(ctx, c, lacksToken)
}

func (m *Manager) resolve(ctx context.Context, c Client, lacks func(Client) bool) (Client, error) {
	c = m.known(c)
	if c.borrows() {
		r, err := m.Registration(ctx, c.Registration)
		switch {
		case IsKind(err, KindNotFound):
			return Client{}, fmt.Errorf("registration %q: %w", c.Registration, ErrNoRegistration)
		case err != nil:
			return Client{}, err
		case r.Client.ClientID != c.ClientID:
			return Client{}, fmt.Errorf("registration %q: %w", c.Registration, ErrOtherClientID)
		}
		c.borrow(r.Client)
	}
	c = c.completed()
	if c.noPreset == "" {
		var err error
		if c, err = m.located(ctx, c, lacks); err != nil {
			return Client{}, err
		}
	}
	if err := c.usable(); err != nil {
		return Client{}, err
	}
	for _, endpoint := range []string{c.TokenEndpoint, c.RevocationEndpoint} {
		if endpoint == "" {
			continue
		}
		if err := oauth.CheckEndpoint(endpoint, m.insecure); err != nil {
			return Client{}, err
		}
	}
	return c, nil
}
