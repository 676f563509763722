package credential

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// SecretExpiredError says that the client secret of a registration has ended. Nothing was sent.
type SecretExpiredError struct {
	Registration string
	At           time.Time
}

// Error implements error.
func (e *SecretExpiredError) Error() string {
	return fmt.Sprintf("the client_secret of the registration %q has expired at %s", e.Registration, e.At.UTC().Format("2006-01-02 15:04:05 UTC"))
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

// proved returns c with what proves it. The secret of a client that was registered by this program is the one in the store,
// whatever a state says: the server may replace it at any time.
func (m *Manager) proved(ctx context.Context, c Client) (Client, error) {
	borrows := c.borrows()
	if c.Registration == "" || c.TokenEndpointAuthMethod == oauth.None {
		return c, nil
	}
	r, err := m.Registration(ctx, c.Registration)
	switch {
	case IsKind(err, KindNotFound) && !borrows:
		return c, nil
	case IsKind(err, KindNotFound):
		return Client{}, fmt.Errorf("registration %q: %w", c.Registration, ErrNoRegistration)
	case IsKind(err, KindMoved):
		return Client{}, fmt.Errorf("registration %q: %w", c.Registration, err)
	case err != nil:
		return Client{}, err
	case r.Client.ClientID != c.ClientID && (borrows || r.Dynamic != nil):
		return Client{}, fmt.Errorf("registration %q: %w", c.Registration, ErrOtherClientID)
	case borrows:
		c.borrow(r.Client)
	case r.Dynamic != nil && !c.ClientSecret.IsEmpty():
		c.ClientSecret = r.Client.ClientSecret
	}
	if r.Dynamic == nil {
		return c, nil
	}
	var registered string
	_ = json.Unmarshal([]byte(r.Dynamic.Current["token_endpoint_auth_method"].Reveal()), &registered) // not a text: not said
	c.TokenEndpointAuthMethod = cmp.Or(c.TokenEndpointAuthMethod, registered)
	if oauth.BySecret(c.method()) && !c.ClientSecret.IsEmpty() && r.Dynamic.secretExpired(m.Now()) {
		return Client{}, &SecretExpiredError{c.Registration, r.Dynamic.SecretExpiresAt}
	}
	return c, nil
}

// Resolve completes a client as configured: its secret comes from the registration if it has none of its own, and the rest
// from the platform's preset, or from the server itself. It checks all that can be checked before a token is sent.
func (m *Manager) Resolve(ctx context.Context, c Client) (Client, error) {
	return m.resolve(ctx, c, lacksToken)
}

func (m *Manager) resolve(ctx context.Context, c Client, lacks func(Client) bool) (Client, error) {
	c, err := m.proved(ctx, m.known(c))
	if err != nil {
		return Client{}, err
	}
	c = c.completed()
	if c.noPreset == "" {
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

func lacksRegistration(c Client) bool { return c.RegistrationEndpoint == "" }

// registrar is the server that c is, or is to be, registered with.
func (m *Manager) registrar(ctx context.Context, c Client) (Client, error) {
	c = m.known(c).completed()
	if c.noPreset != "" {
		return Client{}, fmt.Errorf("%s", c.noPreset)
	}
	c, err := m.located(ctx, c, lacksRegistration)
	if err != nil {
		return Client{}, err
	}
	if c.RegistrationEndpoint == "" {
		return Client{}, c.missing(ErrNoRegistrationEndpoint)
	}
	return c, oauth.CheckEndpoint(c.RegistrationEndpoint, m.insecure)
}
