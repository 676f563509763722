package sandbox

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Options is what a Server is made of. Only Clients is needed.
type Options struct {
	// Clients are the app registrations.
	Clients []Client
	// Profile names a platform to behave like (see Profiles), or a variant of one. Empty means none.
	Profile string
	// Grants is what further grants go by.
	Grants Grants
	// Settings is the behaviour to begin with. The zero value means those of the profile, or DefaultSettings.
	Settings Settings
	// Issuer is the issuer identifier: the server's base URL without a trailing slash. If empty, Start sets it to its
	// base URL; a Server that is used as a bare http.Handler takes it from each request's host.
	Issuer string
	// SigningAlgs are the algorithms of client assertions that are accepted, and listed in the metadata. Nil means all, and no list.
	SigningAlgs []string
	// Now is the base of the server's clock, to which AdvanceClock adds. Nil means time.Now.
	Now func() time.Time
	// Random is where codes and tokens come from. Nil means crypto/rand. The same bytes and the same order of
	// requests give the same tokens; the keys of Start's TLS certificate are always random.
	Random io.Reader
}

// The client authentication methods, by their RFC 7591 names.
const (
	AuthBasic         = "client_secret_basic"
	AuthPost          = "client_secret_post"
	AuthSecretJWT     = "client_secret_jwt"
	AuthPrivateKeyJWT = "private_key_jwt"
	AuthTLS           = "tls_client_auth"
	AuthSelfSignedTLS = "self_signed_tls_client_auth"
	AuthNone          = "none"
	AuthAny           = "any" // client_secret_basic or client_secret_post
)

// What a client's AssertionAudience may be.
const (
	audienceIssuer        = "issuer"
	audienceTokenEndpoint = "token_endpoint"
)

// Client is one app registration.
type Client struct {
	ID     string
	Secret string // empty for a public client
	// RedirectURIs are compared character by character (RFC 6749 §3.1.2.3). One that begins with a slash is completed
	// with the issuer; one of http://127.0.0.1 or http://[::1] without a port stands for every port (RFC 8252 §7.3).
	RedirectURIs []string
	// AuthMethod is the one method the client may use, or AuthAny. Empty means AuthAny with a secret and AuthNone
	// without.
	AuthMethod string
	JWKS       string // of AuthPrivateKeyJWT: the client's public keys, as a JWK set
	// AssertionAudience is what its assertions must be made out to: "issuer" or "token_endpoint". Empty means either.
	AssertionAudience  string
	CertificateSubject string // of AuthTLS: the subject's distinguished name (RFC 4514)
	Certificate        []byte // of AuthSelfSignedTLS: the one that it must show, in DER
	// Scopes are the scopes it may ask for, and gets when it asks for none. Empty means whatever it asks for.
	Scopes []string
	// BoundTokens refuses token requests without a DPoP proof (dpop_bound_access_tokens, RFC 9449 §5.2).
	BoundTokens bool
}

// Server is the authorization server. Make it with New. All methods may be called from many goroutines.
type Server struct {
	random io.Reader
	base   func() time.Time
	offset atomic.Int64 // nanoseconds added to base
	wire   wireCounters
	holds  *holds
	mux    *http.ServeMux // the control API

	manners  manners            // never changed
	refusals map[reason]refusal // never changed

	signingAlgs []string // never changed

	mu         sync.Mutex // guards all that follows
	issuer     string
	overTLS    bool
	mtlsURL    string               // where clients may show certificates; empty: nowhere apart
	clientCAs  *x509.CertPool       // of their certificates
	assertions map[string]time.Time // used ids of client assertions, and until when they are kept
	listening  bool
	clients    map[string]Client
	registered map[string]*registered // the clients that have registered themselves, by id
	settings   Settings
	codes      map[string]*authCode
	pushed     map[string]*pushedRequest // by request_uri
	proofs     map[string]bool           // jti and htu of those that came
	nonces     map[string]string         // that proofs must have now, by place
	refreshes  map[string]*refreshToken
	accesses   map[string]*accessToken
	families   []*family
	grants     Grants
	devices    []*deviceCode
	polls      []string        // planned answers, see PlanPolls
	seen       map[string]bool // jti of assertions
	secrets    []Secret
	counters   Counters
	log        []*Entry
	faults     []*plantedFault
	offenders  map[string]*offender   // by client id
	callers    map[string][]time.Time // calls of the token endpoint, by client and user
	lastSeq    int
	lastFault  int
	lastFamily int

	lastAssertion JWT
}

// New returns a Server, or an error that says what is wrong with the options. It starts nothing.
func New(options Options) (*Server, error) {
	look, err := findProfile(options.Profile)
	if err != nil {
		return nil, err
	}
	settings := options.Settings
	if settings == (Settings{}) {
		settings = look.settings
	}
	if err := settings.Validate(); err != nil {
		return nil, fmt.Errorf("sandbox settings: %w", err)
	}
	s := &Server{
		random: options.Random, base: options.Now, holds: newHolds(),
		issuer: strings.TrimSuffix(options.Issuer, "/"), settings: settings,
		signingAlgs: slices.Clone(options.SigningAlgs), assertions: map[string]time.Time{},
		clients: map[string]Client{}, registered: map[string]*registered{}, codes: map[string]*authCode{},
		pushed: map[string]*pushedRequest{}, proofs: map[string]bool{}, nonces: map[string]string{},
		refreshes: map[string]*refreshToken{}, accesses: map[string]*accessToken{},
		counters: newCounters(), refusals: standardRefusals(),
		manners: look.manners, offenders: map[string]*offender{}, callers: map[string][]time.Time{},
		seen: map[string]bool{},
	}
	s.UpdateGrants(func(g *Grants) { *g = options.Grants })
	maps.Copy(s.refusals, look.manners.refusals)
	if s.random == nil {
		s.random = rand.Reader
	}
	if s.base == nil {
		s.base = time.Now
	}
	s.mux = s.controlMux()
	for _, c := range options.Clients {
		if err := s.register(c); err != nil {
			return nil, fmt.Errorf("sandbox client %q: %w", c.ID, err)
		}
	}
	return s, nil
}

func (s *Server) register(c Client) error {
	if c.AuthMethod == "" {
		c.AuthMethod = AuthAny
		if c.Secret == "" {
			c.AuthMethod = AuthNone
		}
	}
	_, known := s.clients[c.ID]
	switch {
	case c.ID == "":
		return errors.New("the id is empty")
	case known:
		return errors.New("the id is there twice")
	}
	if err := c.checkMethod(); err != nil {
		return err
	}
	for _, uri := range c.RedirectURIs {
		// RFC 6749 §3.1.2: absolute, and without a fragment.
		u, err := url.Parse(uri)
		if err != nil || strings.Contains(uri, "#") || (!u.IsAbs() && !strings.HasPrefix(uri, "/")) {
			return fmt.Errorf("redirect URI %q is not an absolute URI without a fragment", uri)
		}
	}
	c.RedirectURIs, c.Scopes = slices.Clone(c.RedirectURIs), slices.Clone(c.Scopes)
	s.clients[c.ID] = c
	if c.Secret != "" {
		s.secrets = append(s.secrets, Secret{Kind: SecretClient, Value: c.Secret})
	}
	return nil
}

func (c Client) checkMethod() error {
	switch c.AuthMethod {
	case AuthBasic, AuthPost, AuthSecretJWT, AuthAny:
		if c.Secret == "" {
			return errors.New("the authentication method needs a secret")
		}
		return nil
	case AuthPrivateKeyJWT:
		var set jose.JSONWebKeySet
		if err := json.Unmarshal([]byte(c.JWKS), &set); err != nil || len(set.Keys) == 0 {
			return fmt.Errorf("the JWK set holds no key: %w", err)
		}
	case AuthTLS, AuthSelfSignedTLS:
		if c.AuthMethod == AuthTLS && c.CertificateSubject == "" || c.AuthMethod == AuthSelfSignedTLS && c.Certificate == nil {
			return errors.New("the authentication method needs a certificate, or its subject")
		}
	case AuthNone:
	default:
		return fmt.Errorf("unknown authentication method %q", c.AuthMethod)
	}
	if c.Secret != "" {
		return errors.New("a client of this method has no secret")
	}
	return nil
}

// Now returns the time of the server's clock.
func (s *Server) Now() time.Time { return s.base().Add(time.Duration(s.offset.Load())) }

// AdvanceClock moves the server's clock forward by d and returns the new time. A negative d is an error: tokens must
// not revive.
func (s *Server) AdvanceClock(d time.Duration) (time.Time, error) {
	if d < 0 {
		return time.Time{}, fmt.Errorf("the clock cannot go back by %s", -d)
	}
	s.offset.Add(int64(d))
	return s.Now(), nil
}

// Close ends every held request and connection by dropping it, and so every later hold. It is for a Server that is
// used as a bare http.Handler; Running.Close calls it.
func (s *Server) Close() { s.holds.close() }

// ServeHTTP serves the OAuth endpoints and, under /_sandbox/, the control API.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, controlPrefix) {
		s.mux.ServeHTTP(w, r)
		return
	}
	s.serveEndpoint(w, r)
}

// ControlHandler serves the control API alone, under /_sandbox/.
func (s *Server) ControlHandler() http.Handler { return s.mux }

// PublicHandler serves the OAuth endpoints alone.
func (s *Server) PublicHandler() http.Handler { return http.HandlerFunc(s.serveEndpoint) }

// issuerFor returns the issuer, which for a bare http.Handler is wherever the client found it. Server.mu is held.
func (s *Server) issuerFor(r *http.Request) string {
	if s.issuer != "" {
		return s.issuer
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// redirectURIs returns the client's redirect URIs with the issuer filled in.
func (c Client) redirectURIs(issuer string) []string {
	var uris []string
	for _, uri := range c.RedirectURIs {
		if strings.HasPrefix(uri, "/") {
			uri = issuer + uri
		}
		uris = append(uris, uri)
	}
	return uris
}
