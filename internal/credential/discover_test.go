package credential

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// spokesman is what a fakeServer says of itself. It fails the test if it is asked while a claim stands: somebody's token would
// hang on its answer.
type spokesman struct {
	w        *world
	metadata oauth.Metadata
	fail     error

	mu    sync.Mutex
	asked int
}

func (s *spokesman) Discover(ctx context.Context, issuer string) (oauth.Metadata, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.w.record().Claim != nil {
		s.w.t.Error("the server was asked for its metadata between claim and commit")
	}
	if err := ctx.Err(); err != nil {
		return oauth.Metadata{}, err
	}
	if issuer != s.metadata.Issuer {
		s.w.t.Errorf("asked for %s", issuer)
	}
	return s.metadata, s.fail
}

func (s *spokesman) wantAsked(t *testing.T, want int) {
	t.Helper()
	if s.asked != want {
		t.Errorf("the server was asked for its metadata %d times, want %d", s.asked, want)
	}
}

const fakeIssuer = "https://issuer.example/t1"

var (
	errUnreachable = &oauth.DiscoveryError{Issuer: fakeIssuer, Transient: true, Tried: []oauth.DiscoveryAttempt{{URL: fakeIssuer, Why: errReset}}}
	errUnknownHere = &oauth.DiscoveryError{Issuer: fakeIssuer, Tried: []oauth.DiscoveryAttempt{{URL: fakeIssuer, Why: errors.New("HTTP 404")}}}
)

// issuerOnly is the client as it stands where its server tells the rest.
func (w *world) issuerOnly() Client {
	return Client{ClientID: fakeClientID, ClientSecret: secret.New(fakeSecret), Issuer: fakeIssuer, Policy: w.policy}
}

// discovered makes a world with an expired credential of which only the issuer is configured.
func discovered(t testing.TB, change ...func(*Record)) (*world, *spokesman) {
	w := newWorld(t)
	w.authorized(func(r *Record) {
		r.Client = w.issuerOnly()
		for _, f := range change {
			f(r)
		}
	})
	return w, &spokesman{w: w, metadata: oauth.Metadata{
		Issuer: fakeIssuer, AuthorizationEndpoint: fakeHost + "/authorize", TokenEndpoint: fakeHost + "/token", RevocationEndpoint: fakeHost + "/revoke",
	}}
}

// options is a process of its own.
func (s *spokesman) options(o *Options) { o.Servers = NewDirectory(s) }

// TestIssuerAlone: endpoints that nobody has configured are asked for once, used everywhere, and written down nowhere.
func TestIssuerAlone(t *testing.T) {
	t.Parallel()
	w, says := discovered(t)
	m := w.start(says.options)
	if res := w.mustToken(m); res.Record.Generation != 2 {
		t.Errorf("generation %d", res.Record.Generation)
	}
	offered, err := m.OfferAuthorization(t.Context(), theName, Authorization{RedirectURI: fakeRedirect})
	if err != nil {
		t.Fatal(err)
	}
	p, _ := offered.NewestPending()
	if u, err := url.Parse(p.URL); err != nil || u.Host+u.Path != "as.example/authorize" || !u.Query().Has("code_challenge") {
		t.Errorf("offered %s, %v", p.URL, err)
	}
	if _, err := w.exchange(m, w.consented(offered)); err != nil {
		t.Fatal(err)
	}
	r := w.wantStatus(StatusActive)
	e, err := w.plain.Get(t.Context(), theKey)
	if err != nil || bytes.Contains(e.Value, []byte(fakeHost)) || r.Client.TokenEndpoint != "" {
		t.Errorf("the record holds what was discovered: %s, %v", e.Value, err)
	}
	if notices, err := m.Delete(t.Context(), theName, r.Family, true); err != nil || len(notices) != 0 {
		t.Errorf("%v, %v", notices, err)
	}
	w.wantServer(4, 1, 0) // both tokens are revoked
	says.wantAsked(t, 1)
}

// TestFreshTokenAsksNobody: neither a token nor its server.
func TestFreshTokenAsksNobody(t *testing.T) {
	t.Parallel()
	w, says := discovered(t, func(r *Record) { r.Tokens.ExpiresAt = r.Tokens.ExpiresAt.Add(2 * fakeLifetime) })
	w.mustToken(w.start(says.options))
	w.wantServer(0, 0, 0)
	says.wantAsked(t, 0)
}

// TestMetadataNotToBeHad: nothing is sent, nothing is changed, and what still works is served. What may pass is tried again.
func TestMetadataNotToBeHad(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fail  error
		kind  Kind
		asked int
	}{
		"unreachable": {errUnreachable, KindNotSent, 3},
		"not there":   {errUnknownHere, KindConfiguration, 1},
		"unusable":    {oauth.ErrRequest, KindConfiguration, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, says := discovered(t, func(r *Record) { r.Tokens.ExpiresAt = r.Tokens.ExpiresAt.Add(20 * time.Second) })
			says.fail = tt.fail
			before, err := w.plain.Get(t.Context(), theKey)
			if err != nil {
				t.Fatal(err)
			}
			m := w.start(says.options)
			res := w.mustToken(m)
			w.wantNotices(res.Notices, NoticeFailed)
			if e := w.wantKind(res.Notices[0].Err, tt.kind); !errors.Is(e, tt.fail) {
				t.Errorf("told %v", e)
			}
			says.wantAsked(t, tt.asked)

			w.clock.pass(time.Minute) // it has expired
			_, err = w.token(m)
			if e := w.wantKind(err, tt.kind); !errors.Is(e, tt.fail) || e.Record.Status != StatusActive {
				t.Errorf("told %v of %q", e, e.Record.Status)
			}
			_, err = m.OfferAuthorization(t.Context(), theName, Authorization{RedirectURI: fakeRedirect})
			w.wantKind(err, tt.kind)
			after, err := w.plain.Get(t.Context(), theKey)
			if err != nil || after.Revision != before.Revision {
				t.Errorf("the record was written, %v", err)
			}
			w.wantServer(0, 0, 0)

			says.fail = nil
			w.mustToken(m)
			w.wantServer(1, 1, 0)
		})
	}
}

// TestGivenUpWhileAsking: whoever gives up gets his own context's error, and the credential is as it was.
func TestGivenUpWhileAsking(t *testing.T) {
	t.Parallel()
	w, says := discovered(t)
	ctx, cancel := context.WithCancel(t.Context())
	m := w.start(func(o *Options) {
		o.Servers = NewDirectory(discoverFunc(func(ctx context.Context, issuer string) (oauth.Metadata, error) {
			cancel()
			return says.Discover(ctx, issuer)
		}))
	})
	for name, act := range map[string]func() error{
		"refresh":  func() error { _, err := m.Token(ctx, theName, Ask{}); return err },
		"exchange": func() error { _, err := m.ExchangeCode(ctx, theName, Exchange{Code: secret.New("c")}); return err },
		"offer":    func() error { _, err := m.OfferAuthorization(ctx, theName, Authorization{}); return err },
		"delete":   func() error { _, err := m.Delete(ctx, theName, "f1", true); return err },
	} {
		ctx, cancel = context.WithCancel(t.Context())
		if err := act(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		if r := w.wantStatus(StatusActive); r.Claim != nil || len(r.History) != 0 {
			t.Errorf("%s: %+v", name, r)
		}
	}
	cancel()
	w.wantServer(0, 0, 0)
}

// TestCodeSurvivesADiscoveryThatFails: it is not spent, and can be sent later.
func TestCodeSurvivesADiscoveryThatFails(t *testing.T) {
	t.Parallel()
	w, says := discovered(t)
	m := w.start(says.options)
	offered, err := m.OfferAuthorization(t.Context(), theName, Authorization{RedirectURI: fakeRedirect})
	if err != nil {
		t.Fatal(err)
	}
	x := w.consented(offered)
	x.Issuer = fakeIssuer
	says.fail, says.metadata.IssuerInResponses = errUnreachable, true
	m = w.start(says.options)
	_, err = w.exchange(m, x)
	if w.wantKind(err, KindNotSent); w.record().HasConsumed(x.Code) {
		t.Error("the code counts as used")
	}
	says.fail = nil

	// RFC 9207 §2.4: a server that names itself in every callback has not sent one that names nobody.
	anonymous := x
	anonymous.Issuer = ""
	_, err = w.exchange(m, anonymous)
	if w.wantKind(err, KindState); !errors.Is(err, ErrNoIssuer) || w.record().HasConsumed(x.Code) {
		t.Errorf("told %v", err)
	}
	w.wantServer(0, 0, 0)
	if _, err := w.exchange(m, x); err != nil {
		t.Fatal(err)
	}
	w.wantServer(1, 0, 0)
}

// TestConfigurationWinsOverMetadata: what is discovered fills gaps only, and only those of one and the same server.
func TestConfigurationWinsOverMetadata(t *testing.T) {
	t.Parallel()
	said := oauth.Metadata{
		Issuer: fakeIssuer, AuthorizationEndpoint: "https://m.example/a", TokenEndpoint: "https://m.example/t", RevocationEndpoint: "https://m.example/r",
	}
	basic, post, jwt := oauth.ClientSecretBasic, oauth.ClientSecretPost, "private_key_jwt"
	for name, tt := range map[string]struct {
		change func(*Client, *Preset, *oauth.Metadata)
		want   string // authorization, token and revocation endpoint, and how the client authenticates at the latter two
		asked  int
		err    string
	}{
		"nothing configured": {nil, "m.example/a m.example/t m.example/r basic basic", 1, ""},
		"token endpoint of that server": {func(c *Client, _ *Preset, _ *oauth.Metadata) {
			c.TokenEndpoint = "https://m.example/v2/t"
		}, "m.example/a m.example/v2/t m.example/r basic basic", 1, ""},
		"token endpoint of another server": {func(c *Client, _ *Preset, _ *oauth.Metadata) {
			c.TokenEndpoint = "https://own.example/t"
		}, " own.example/t  basic basic", 1, ""},
		"token endpoint, and metadata without": {func(c *Client, _ *Preset, m *oauth.Metadata) {
			c.TokenEndpoint, m.TokenEndpoint = "https://m.example/t", ""
		}, " m.example/t  basic basic", 1, ""},
		"other endpoints": {func(c *Client, _ *Preset, _ *oauth.Metadata) {
			c.AuthorizationEndpoint, c.RevocationEndpoint = "https://own.example/a", "https://own.example/r"
		}, "own.example/a m.example/t own.example/r basic basic", 1, ""},
		"everything": {func(c *Client, _ *Preset, _ *oauth.Metadata) {
			c.AuthorizationEndpoint, c.TokenEndpoint, c.RevocationEndpoint = "https://o.example/a", "https://o.example/t", "https://o.example/r"
		}, "o.example/a o.example/t o.example/r basic basic", 0, ""},
		"no issuer":    {func(c *Client, _ *Preset, _ *oauth.Metadata) { c.Issuer = "" }, "", 0, "the client has no token_endpoint"},
		"none is told": {func(_ *Client, _ *Preset, m *oauth.Metadata) { m.TokenEndpoint = "" }, "", 1, "has no token_endpoint, and the metadata of its issuer name none"},
		"preset knows the issuer": {func(c *Client, p *Preset, _ *oauth.Metadata) {
			c.Issuer, p.Issuer, p.TokenEndpointAuthMethod = "", fakeIssuer, post
		}, "m.example/a m.example/t m.example/r post post", 1, ""},
		"preset knows the server": {func(_ *Client, p *Preset, _ *oauth.Metadata) {
			p.AuthorizationEndpoint, p.TokenEndpoint = "https://p.example/a", "https://p.example/t"
		}, "p.example/a p.example/t  basic basic", 0, ""},
		"preset of another server": {func(c *Client, p *Preset, _ *oauth.Metadata) {
			c.TokenEndpoint = "https://m.example/t"
			p.AuthorizationEndpoint, p.TokenEndpoint, p.RevocationEndpoint = "https://p.example/a", "https://p.example/t", "https://p.example/r"
		}, "m.example/a m.example/t m.example/r basic basic", 1, ""},
		"post alone": {func(_ *Client, _ *Preset, m *oauth.Metadata) {
			m.TokenEndpointAuthMethods = []string{jwt, post}
		}, "m.example/a m.example/t m.example/r post post", 1, ""},
		"both": {func(_ *Client, _ *Preset, m *oauth.Metadata) {
			m.TokenEndpointAuthMethods, m.RevocationEndpointAuthMethods = []string{post, basic}, []string{post}
		}, "m.example/a m.example/t m.example/r basic post", 1, ""},
		"neither": {func(_ *Client, _ *Preset, m *oauth.Metadata) {
			m.TokenEndpointAuthMethods = []string{jwt}
		}, "m.example/a m.example/t m.example/r basic basic", 1, ""},
		"method configured": {func(c *Client, _ *Preset, m *oauth.Metadata) {
			c.TokenEndpointAuthMethod, m.TokenEndpointAuthMethods, m.RevocationEndpointAuthMethods = post, []string{basic}, []string{basic, post}
		}, "m.example/a m.example/t m.example/r post post", 1, ""},
		"no secret": {func(c *Client, _ *Preset, m *oauth.Metadata) {
			c.ClientSecret, m.TokenEndpointAuthMethods = secret.String{}, []string{post}
		}, "m.example/a m.example/t m.example/r none none", 1, ""},
	} {
		w, says := discovered(t)
		says.metadata = said
		c, p := w.issuerOnly(), Preset{}
		if tt.change != nil {
			tt.change(&c, &p, &says.metadata)
		}
		c.Platform = "acme"
		m := w.start(says.options, func(o *Options) {
			o.Presets = func(string, map[string]string, string) (Preset, error) { return p, nil }
		})
		got, err := m.resolve(t.Context(), c, lacksRevocation)
		if err != nil {
			if tt.err == "" || !strings.HasSuffix(err.Error(), tt.err) || !errors.Is(err, ErrNoTokenEndpoint) {
				t.Errorf("%s: %v", name, err)
			}
		} else if a := strings.ReplaceAll(strings.Join([]string{
			got.AuthorizationEndpoint, got.TokenEndpoint, got.RevocationEndpoint, got.auth().Method, got.revocationAuth().Method,
		}, " "), "https://", ""); strings.ReplaceAll(a, "client_secret_", "") != tt.want {
			t.Errorf("%s: %s\nwant %s", name, a, tt.want)
		}
		says.wantAsked(t, tt.asked)
	}
}
