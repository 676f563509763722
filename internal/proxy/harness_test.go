package proxy_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/proxy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// source gives the tokens t1, t2 … . The one that works is that of the upstream.
type source struct {
	mu      sync.Mutex
	n       int
	stuck   bool  // no other token is to be had
	err     error // … and this is why
	budget  error
	left    []string // what leave was told
	helped  []string
	renewed int

	nonce string // that the next proof has; the answers that ask for another carry it
}

func (s *source) token() string { return fmt.Sprintf("t%d", s.n) }

func (s *source) Token(_ context.Context, rejected string) (proxy.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil && (rejected != "" || !s.stuck) {
		return proxy.Token{}, s.err
	}
	if rejected == s.token() && !s.stuck {
		s.n++
		s.renewed++
	}
	token := s.token()
	return proxy.Token{
		ID: token,
		Attach: func(r *http.Request) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			r.Header.Set("Authorization", "Bearer "+token)
			if s.nonce != "" {
				r.Header.Set("DPoP", s.nonce)
			}
			return nil
		},
		Enter: func(context.Context) (func(bool, int), error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			return func(sent bool, status int) {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.left = append(s.left, fmt.Sprint(sent, " ", status))
			}, s.budget
		},
	}, nil
}

func (s *source) Heard(r *http.Response) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if nonce := r.Header.Get("DPoP-Nonce"); nonce != "" {
		s.nonce = nonce
		return r.StatusCode == http.StatusUnauthorized
	}
	return false
}

func (s *source) Helped(t proxy.Token, helped bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.helped = append(s.helped, fmt.Sprint(t.ID, " ", helped))
}

// clock stands still, but for what is slept.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
}

func newClock() *clock { return &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.slept = c.now.Add(d), append(c.slept, d)
	return ctx.Err()
}

// world is a proxy with what stands around it.
type world struct {
	t        *testing.T
	source   *source
	clock    *clock
	upstream *httptest.Server
	proxy    *proxy.Proxy
	client   *http.Client
}

// newWorld starts a proxy of an upstream with HTTP/2 over TLS, at prefix.
func newWorld(t *testing.T, prefix string, handler http.HandlerFunc, change func(*proxy.Options)) *world {
	t.Helper()
	w := &world{t: t, source: &source{n: 1}, clock: newClock(), upstream: httptest.NewUnstartedServer(handler)}
	w.upstream.EnableHTTP2 = true
	w.upstream.StartTLS()
	t.Cleanup(w.upstream.Close)
	transport := w.upstream.Client().Transport.(*http.Transport).Clone()
	transport.ExpectContinueTimeout = time.Second
	transport.DisableCompression = true
	w.start(prefix, transport, change)
	return w
}

func (w *world) start(prefix string, transport http.RoundTripper, change func(*proxy.Options)) {
	w.t.Helper()
	upstream, err := proxy.ParseUpstream(w.upstream.URL + prefix)
	if err != nil {
		w.t.Fatal(err)
	}
	o := proxy.Options{
		Upstream: upstream, Source: w.source, Transport: transport, Clock: w.clock, Random: rand.Reader,
		MaxReplay: 1 << 10, MaxWait: time.Minute,
		Explain: func(err error) proxy.Answer {
			return proxy.Answer{Status: http.StatusBadGateway, Title: "No Token", Detail: "Explained: " + err.Error()}
		},
	}
	if change != nil {
		change(&o)
	}
	if w.proxy, err = proxy.Start(o); err != nil {
		w.t.Fatal(err)
	}
	w.client = &http.Client{Transport: &http.Transport{}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	w.t.Cleanup(func() {
		w.client.CloseIdleConnections()
		w.proxy.Close(context.Background())
	})
}

// request is one to the proxy, with its bearer.
func (w *world) request(method, path string, body io.Reader) *http.Request {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.proxy.URL()+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+w.proxy.Bearer().Reveal())
	return r
}

// answer is one that was read whole.
type answer struct {
	status int
	header http.Header
	body   string
}

func (w *world) do(r *http.Request) answer {
	w.t.Helper()
	res, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil {
		w.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(text)}
}

func (w *world) get(path string) answer {
	w.t.Helper()
	return w.do(w.request(http.MethodGet, path, nil))
}

// whole keeps the length of a text from the request, as with what is streamed.
func whole(text string) io.Reader { return io.MultiReader(strings.NewReader(text)) }

// takes is an upstream that takes one token, and says what it was sent.
func takes(token string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		if r.Header.Get("Authorization") != "Bearer "+token {
			w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
			http.Error(w, "dead: "+string(text), http.StatusUnauthorized)
			return
		}
		_, _ = fmt.Fprintf(w, "%s %s %s %s", r.Proto, r.Method, r.URL.RequestURI(), text)
	}
}

var errNoToken = errors.New("the pair is not authorized")

func parsed(t testing.TB, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
