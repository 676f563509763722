package credential

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

const (
	introspectedLife = 45 * time.Minute // what the server tells; nothing assumes it
	assumedLife      = 2 * time.Hour
)

// introspector is a fakeServer that tells no lifetime with its tokens, and has an introspection endpoint.
type introspector struct {
	*fakeServer
	answer func(*http.Request) (*http.Response, error) // nil: what RFC 7662 says of a live token

	mu    sync.Mutex
	asked []string // as arrived
}

func (s *introspector) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.URL.Path, "/introspect") {
		return s.fakeServer.RoundTrip(r)
	}
	if s.answer == nil {
		return s.says(s.active(introspectedLife))(r)
	}
	return s.answer(r)
}

// says answers so after it has read the request.
func (s *introspector) says(status int, body string) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		if err := r.ParseForm(); err != nil {
			return nil, err
		}
		id, password, _ := r.BasicAuth()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.asked = append(s.asked, strings.Join([]string{
			r.Method, r.URL.String(), id + ":" + password, r.Header.Get("Accept"), r.PostForm.Get("token_type_hint"), r.PostForm.Get("token"),
		}, " "))
		return answer(status, body, ""), nil
	}
}

// active says that a token lives that long from now on.
func (s *introspector) active(life time.Duration) (status int, body string) {
	now := s.clock.Now().Unix()
	return 200, fmt.Sprintf(`{"active":true,"scope":"read write","client_id":"the-client","token_type":"Bearer","exp":%d,"iat":%d}`, now+int64(life.Seconds()), now)
}

func introspecting() Preset {
	return Preset{
		TokenEndpoint: fakeHost + "/token", AuthorizationEndpoint: fakeHost + "/authorize", IntrospectionEndpoint: fakeHost + "/introspect",
		Introspect: true, Lifetime: assumedLife,
		Policy: RefreshTokenPolicy{Rotation: RotationSingleUse, OnReuse: ReuseRevokeFamily, ErrorBudget: ErrorBudget{Limit: 6, Window: time.Hour}},
	}
}

// introspected is a world with a credential of that platform, whose access token has just expired. start starts a process.
func introspected(t testing.TB, preset Preset, change ...func(*Client)) (w *world, s *introspector, start func(...func(*Options)) *Manager) {
	t.Helper()
	w = newWorld(t)
	w.server.lifetime = 0
	s = &introspector{fakeServer: w.server}
	w.authorized(func(r *Record) {
		r.Client = Client{Platform: "acme", ClientID: fakeClientID, ClientSecret: secret.New(fakeSecret)}
		for _, f := range change {
			f(&r.Client)
		}
	})
	start = func(more ...func(*Options)) *Manager {
		return w.start(append([]func(*Options){func(o *Options) {
			var err error
			if o.Caller, err = oauth.NewCaller(oauth.CallerOptions{Transport: s}); err != nil {
				t.Fatal(err)
			}
			o.Presets = func(string, map[string]string, string) (Preset, error) { return preset, nil }
		}}, more...)...)
	}
	return w, s, start
}

// wantAsked compares how often the introspection endpoint was asked.
func (s *introspector) wantAsked(t testing.TB, name string, want int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.asked) != want {
		t.Errorf("%s: asked %d times, want %d: %q", name, len(s.asked), want, s.asked)
	}
}

// wantLife compares when the access token in the store expires; 0: it is not known, and the usual lifetime is assumed.
func (w *world) wantLife(name string, want time.Duration) Record {
	w.t.Helper()
	r := w.record()
	switch t := r.Tokens; {
	case want == 0 && (!t.ExpiresAt.IsZero() || !t.Expiry().Equal(t.IssuedAt.Add(assumedLife))):
		w.t.Errorf("%s: expires at %s, by %s after the issue; want what is assumed", name, t.ExpiresAt, t.Expiry().Sub(t.IssuedAt))
	case want != 0 && (!t.ExpiresAt.Equal(t.IssuedAt.Add(want)) || t.Lifetime != 0):
		w.t.Errorf("%s: expires %s after the issue, lifetime %s; want %s", name, t.ExpiresAt.Sub(t.IssuedAt), t.Lifetime, want)
	}
	return r
}

// TestIntrospection: what the server says, and what comes of it. The token is served whatever it says, without a word; it is
// asked once, and charged to the error budget like a look-up.
func TestIntrospection(t *testing.T) {
	t.Parallel()
	at := func(d time.Duration) int64 { return epoch.Add(fakeLifetime + d).Unix() }
	broken := func(err error, read bool) func(s *introspector) {
		return func(s *introspector) {
			s.answer = func(r *http.Request) (*http.Response, error) {
				if read {
					_, _ = s.says(0, "")(r)
				}
				return nil, err
			}
		}
	}
	says := func(status int, format string, args ...any) func(s *introspector) {
		return func(s *introspector) { s.answer = s.says(status, fmt.Sprintf(format, args...)) }
	}
	for name, tt := range map[string]struct {
		answers func(*introspector)
		life    time.Duration
		spent   int
	}{
		"exp and iat":      {func(*introspector) {}, introspectedLife, 0},
		"exp alone":        {says(200, `{"active":true,"exp":%d}`, at(time.Minute)), time.Minute, 0},
		"a text":           {says(200, `{"active":true,"exp":"%d.5"}`, at(time.Minute)), time.Minute, 0},
		"another clock":    {says(200, `{"active":true,"exp":%d,"iat":%d}`, at(11*time.Hour), at(10*time.Hour)), time.Hour, 0},
		"an older token":   {says(200, `{"active":true,"exp":%d,"iat":%d}`, at(time.Minute), at(-time.Hour)), time.Minute, 0},
		"inactive":         {says(200, `{"active":false,"exp":%d}`, at(time.Minute)), 0, 0},
		"over":             {says(200, `{"active":true,"exp":%d}`, at(0)), 0, 0},
		"too far":          {says(200, `{"active":true,"exp":%d}`, at(time.Hour)*1000), 0, 0},
		"without exp":      {says(200, `{"active":true}`), 0, 0},
		"a page":           {says(200, `<html>`), 0, 0},
		"401":              {says(401, `{"error":"invalid_client"}`), 0, 1},
		"403":              {says(403, `{"active":true,"exp":%d}`, at(time.Minute)), 0, 1},
		"404":              {says(404, `no such page`), 0, 1},
		"a redirect":       {says(307, ``), 0, 0},
		"500":              {says(500, `{}`), 0, 0},
		"the answer lost":  {broken(errReset, true), 0, 1},
		"not reached":      {broken(errReset, false), 0, 0},
		"a new expires_in": {func(s *introspector) { s.lifetime = fakeLifetime }, fakeLifetime, 0},
	} {
		w, s, start := introspected(t, introspecting())
		tt.answers(s)
		m := start()
		res := w.mustToken(m)
		asked := len(s.asked)
		if got := res.Record.Tokens; !res.Rotated || len(res.Notices) != 0 || !w.server.opens(got.Access.Reveal()) {
			t.Errorf("%s: rotated %t, notices %+v, access %s", name, res.Rotated, res.Notices, got.Access)
		} else if stored := w.wantLife(name, tt.life).Tokens; !got.ExpiresAt.Equal(stored.ExpiresAt) || got.Lifetime != stored.Lifetime || !got.Access.Equal(stored.Access) {
			t.Errorf("%s: served %+v, stored %+v", name, got, stored)
		}
		if want := 1; name == "not reached" || name == "a new expires_in" {
			s.wantAsked(t, name, 0)
		} else {
			s.wantAsked(t, name, want)
		}
		w.mustToken(m) // plain reads, in this process and in another one
		w.mustToken(start())
		s.wantAsked(t, name+", read", asked)
		w.wantServer(1, 1, 0)
		l, err := m.ledger(t.Context(), m.known(w.record().Client).completed())
		if err != nil || len(l.Refusals) != tt.spent || len(l.UnderWay) != 0 || tt.spent == 1 && l.Refusals[0].HTTP != 0 && l.Refusals[0].Code != introspectCode {
			t.Errorf("%s: the budget holds %+v, %+v, %v", name, l.Refusals, l.UnderWay, err)
		}
		for _, s := range w.server.secrets {
			if contains(w.logs.String(), s) {
				t.Errorf("%s: a secret is in the log: %s", name, w.logs.String())
			}
		}
	}
}

// TestIntrospectionRequest: it asks for the new token, as RFC 7662 has it, when the successor is stored and the claim is gone;
// after the exchange of a code as after a refresh, and anew for the next token.
func TestIntrospectionRequest(t *testing.T) {
	t.Parallel()
	w, s, start := introspected(t, introspecting())
	held := newHeldStore(w.store)
	var want []string
	s.answer = func(r *http.Request) (*http.Response, error) {
		cur := w.record()
		if cur.Claim != nil || len(held.held) != 0 || !cur.Tokens.ExpiresAt.IsZero() || !cur.Tokens.Expiry().Equal(w.clock.Now().Add(assumedLife)) {
			t.Errorf("asked under claim %v, locks %v, with the record %+v", cur.Claim, held.held, cur.Tokens)
		}
		want = append(want, "POST "+fakeHost+"/introspect "+fakeClientID+":"+fakeSecret+" application/json access_token "+cur.Tokens.Access.Reveal())
		return s.says(s.active(introspectedLife))(r)
	}
	m := start(func(o *Options) { o.Store = held })
	w.mustToken(m)
	w.wantLife("refresh", introspectedLife)
	w.clock.pass(introspectedLife)
	w.mustToken(m)
	w.wantLife("the next refresh", introspectedLife)
	r, err := m.OfferAuthorization(t.Context(), theName, Authorization{RedirectURI: fakeRedirect})
	if err != nil {
		t.Fatal(err)
	}
	p, _ := r.NewestPending()
	res, err := m.ExchangeCode(t.Context(), theName, Exchange{Code: secret.New(w.server.code(p.URL)), FromCallback: true, State: p.State})
	if err != nil {
		t.Fatal(err)
	}
	if stored := w.wantLife("exchange", introspectedLife); !res.Record.Tokens.ExpiresAt.Equal(stored.Tokens.ExpiresAt) || len(res.Notices) != 0 {
		t.Errorf("the exchange returned %+v, %+v", res.Record.Tokens, res.Notices)
	}
	if len(want) != 3 || !slices.Equal(s.asked, want) {
		t.Errorf("asked %q, want %q", s.asked, want)
	}
}

// TestIntrospectionOfNobodyElse: who is asked about a token, and who never sees one.
func TestIntrospectionOfNobodyElse(t *testing.T) {
	t.Parallel()
	const other = "https://other.example"
	for name, tt := range map[string]struct {
		preset func(*Preset)
		client func(*Client)
		asked  string // where; empty: nowhere
	}{
		"the preset's server":                      {nil, nil, fakeHost + "/introspect"},
		"an endpoint beside the preset's":          {nil, func(c *Client) { c.TokenEndpoint = fakeHost + "/token" }, fakeHost + "/introspect"},
		"an endpoint of one's own":                 {nil, func(c *Client) { c.IntrospectionEndpoint = other + "/introspect" }, other + "/introspect"},
		"one's own, where the preset has none":     {func(p *Preset) { p.IntrospectionEndpoint = "" }, func(c *Client) { c.IntrospectionEndpoint = other + "/introspect" }, other + "/introspect"},
		"another server":                           {nil, func(c *Client) { c.TokenEndpoint = other + "/token" }, ""},
		"another server, which is known to answer": {nil, func(c *Client) { c.TokenEndpoint, c.IntrospectionEndpoint = other+"/token", other+"/introspect" }, other + "/introspect"},
		"a platform that has no such endpoint":     {func(p *Preset) { p.IntrospectionEndpoint = "" }, nil, ""},
		"a platform that is not known to answer":   {func(p *Preset) { p.Introspect = false }, nil, ""},
		"… with an endpoint of one's own":          {func(p *Preset) { p.Introspect = false }, func(c *Client) { c.IntrospectionEndpoint = fakeHost + "/introspect" }, ""},
		"http":                                     {nil, func(c *Client) { c.IntrospectionEndpoint = "http://as.example/introspect" }, ""},
	} {
		preset := introspecting()
		if tt.preset != nil {
			tt.preset(&preset)
		}
		w, s, start := introspected(t, preset, func(c *Client) {
			if tt.client != nil {
				tt.client(c)
			}
		})
		w.mustToken(start())
		if tt.asked == "" {
			s.wantAsked(t, name, 0)
			w.wantLife(name, 0)
			continue
		}
		if s.wantAsked(t, name, 1); len(s.asked) == 1 && !strings.HasPrefix(s.asked[0], "POST "+tt.asked+" ") {
			t.Errorf("%s: asked %q", name, s.asked)
		}
		w.wantLife(name, introspectedLife)
	}
	// RFC 7662 §2.1: a client that proves nothing is not answered.
	w, s, start := introspected(t, introspecting(), func(c *Client) { c.TokenEndpointAuthMethod = oauth.None })
	if _, err := w.token(start()); err == nil { // this server wants a secret
		t.Error("a public client was served")
	}
	m := start()
	r := m.withPresets(w.record())
	r.Tokens.ExpiresAt = time.Time{}
	if m.introspected(t.Context(), theKey, r); !r.introspectable() {
		t.Error("the test asks about nothing")
	}
	s.wantAsked(t, "a public client", 0)
	// A successor without an access token says nothing of the one at hand.
	w, s, start = introspected(t, introspecting())
	r = w.record()
	r.Tokens.ExpiresAt, r.Tokens.Lifetime = time.Time{}, time.Minute
	w.put(r)
	if _, err := w.token(start(func(o *Options) { o.Caller = stingyCaller{o.Caller} })); err == nil {
		t.Error("served without an access token")
	}
	s.wantAsked(t, "no access token", 0)
}

// TestIntrospectionDiscovered: where facts of one's own say that the endpoint tells, the server may name it itself, unless it is
// another one than that of the token.
func TestIntrospectionDiscovered(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		client   func(*Client)
		metadata func(*spokesman)
		asked    int
		inquired int // for metadata
	}{
		"the issuer alone":                 {nil, nil, 1, 1},
		"beside the token endpoint":        {func(c *Client) { c.TokenEndpoint = fakeHost + "/token" }, nil, 1, 1},
		"configured":                       {func(c *Client) { c.TokenEndpoint, c.IntrospectionEndpoint = fakeHost+"/token", fakeHost+"/introspect" }, nil, 1, 0},
		"none":                             {nil, func(s *spokesman) { s.metadata.IntrospectionEndpoint = "" }, 0, 1},
		"of another server":                {func(c *Client) { c.TokenEndpoint = "https://other.example/token" }, nil, 0, 1},
		"the server cannot be asked":       {func(c *Client) { c.TokenEndpoint = fakeHost + "/token" }, func(s *spokesman) { s.fail = errUnreachable }, 0, 1},
		"the preset's server, and no such": {func(c *Client) { c.Platform = "described" }, nil, 0, 0},
	} {
		w, s, start := introspected(t, Preset{}, func(c *Client) {
			*c = Client{PlatformOverrides: "{}", ClientID: fakeClientID, ClientSecret: secret.New(fakeSecret), Issuer: fakeIssuer}
			if tt.client != nil {
				tt.client(c)
			}
		})
		says := &spokesman{w: w, metadata: oauth.Metadata{Issuer: fakeIssuer, TokenEndpoint: fakeHost + "/token", IntrospectionEndpoint: fakeHost + "/introspect"}}
		if tt.metadata != nil {
			tt.metadata(says)
		}
		w.mustToken(start(says.options, func(o *Options) {
			o.Presets = func(platform string, _ map[string]string, _ string) (Preset, error) {
				p := Preset{Introspect: true, Lifetime: assumedLife}
				if platform != "" {
					p.TokenEndpoint = fakeHost + "/token"
				}
				return p, nil
			}
		}))
		s.wantAsked(t, name, tt.asked)
		if says.asked != tt.inquired {
			t.Errorf("%s: the server was asked for its metadata %d times, want %d", name, says.asked, tt.inquired)
		}
		w.wantLife(name, map[int]time.Duration{1: introspectedLife}[tt.asked])
	}
}
