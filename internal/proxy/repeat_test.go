package proxy_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/proxy"
)

// A refused token is replaced and the request repeated once, whatever its method, with its body if that was kept.
func TestRepeatedAfterRefusal(t *testing.T) {
	t.Parallel()
	long, longest := strings.Repeat("x", 1025), strings.Repeat("y", 1024)
	for name, test := range map[string]struct {
		method, body string
		streamed     bool // the length is not told
		good         string
		stuck        bool
		err          error
		status       int
		says         string // the whole body, or its beginning
		remark       string
		left, helped []string
		renewed      int
	}{
		"good":                  {method: "GET", good: "t1", status: 200, says: "HTTP/2.0 GET /x ", left: []string{"true 200"}},
		"GET":                   {method: "GET", good: "t2", status: 200, says: "HTTP/2.0 GET /x ", left: []string{"true 401", "true 200"}, helped: []string{"t2 true"}, renewed: 1},
		"DELETE":                {method: "DELETE", good: "t2", status: 200, says: "HTTP/2.0 DELETE /x ", left: []string{"true 401", "true 200"}, helped: []string{"t2 true"}, renewed: 1},
		"POST":                  {method: "POST", body: "abc", good: "t2", status: 200, says: "HTTP/2.0 POST /x abc", left: []string{"true 401", "true 200"}, helped: []string{"t2 true"}, renewed: 1},
		"POST, empty":           {method: "POST", good: "t2", status: 200, says: "HTTP/2.0 POST /x ", left: []string{"true 401", "true 200"}, helped: []string{"t2 true"}, renewed: 1},
		"streamed":              {method: "POST", body: "abc", streamed: true, good: "t2", status: 200, says: "HTTP/2.0 POST /x abc", left: []string{"true 401", "true 200"}, helped: []string{"t2 true"}, renewed: 1},
		"at the bound":          {method: "PUT", body: longest, good: "t2", status: 200, says: "HTTP/2.0 PUT /x " + longest, left: []string{"true 401", "true 200"}, helped: []string{"t2 true"}, renewed: 1},
		"at the bound, stream":  {method: "PUT", body: longest, streamed: true, good: "t2", status: 200, says: "HTTP/2.0 PUT /x " + longest, left: []string{"true 401", "true 200"}, helped: []string{"t2 true"}, renewed: 1},
		"too long":              {method: "PUT", body: long, good: "t2", status: 401, says: "dead: " + long, remark: "the access token was refused, and there is another one now; the request was not repeated, since its body is longer than max_replay_bytes", left: []string{"true 401"}, renewed: 1},
		"too long, stream":      {method: "PUT", body: long, streamed: true, good: "t2", status: 401, says: "dead: " + long, remark: "the access token was refused, and there is another one now; the request was not repeated, since its body is longer than max_replay_bytes", left: []string{"true 401"}, renewed: 1},
		"too long, and good":    {method: "PUT", body: long, good: "t1", status: 200, says: "HTTP/2.0 PUT /x " + long, left: []string{"true 200"}},
		"refused again":         {method: "POST", body: "abc", good: "none", status: 401, says: "dead: abc", left: []string{"true 401", "true 401"}, helped: []string{"t2 false"}, renewed: 1},
		"no other token":        {method: "GET", good: "t2", stuck: true, status: 401, says: "dead: ", left: []string{"true 401"}},
		"no other, with reason": {method: "GET", good: "t2", stuck: true, err: errNoToken, status: 401, says: "dead: ", remark: "the access token was refused, and there is no other one: No Token", left: []string{"true 401"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "", takes(test.good), nil)
			w.source.stuck, w.source.err = test.stuck, test.err
			var body io.Reader
			switch {
			case test.body != "" && test.streamed:
				body = whole(test.body)
			case test.body != "":
				body = strings.NewReader(test.body)
			}
			a := w.do(w.request(test.method, "/x", body))
			if a.status != test.status || strings.TrimSuffix(a.body, "\n") != test.says {
				t.Errorf("%d %.200s", a.status, a.body)
			}
			remark := ""
			if test.remark != "" {
				remark = fmt.Sprintf(`terraform-provider-oauth; received-status=401; details=%q`, test.remark)
			}
			if got := a.header.Get("Proxy-Status"); got != remark {
				t.Errorf("Proxy-Status: %s", got)
			}
			if a.status == 401 && a.header.Get("WWW-Authenticate") != `Bearer error="invalid_token"` {
				t.Errorf("the API's own answer was changed: %v", a.header)
			}
			if !slices.Equal(w.source.left, test.left) || !slices.Equal(w.source.helped, test.helped) || w.source.renewed != test.renewed {
				t.Errorf("left %q, helped %q, renewed %d", w.source.left, w.source.helped, w.source.renewed)
			}
		})
	}
}

// An answer may come before the body has been sent; what is repeated is whole all the same.
func TestRepeatedBeforeTheBodyWasSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer t2" {
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		text, err := io.ReadAll(r.Body)
		_, _ = fmt.Fprint(rw, string(text), err)
	}, nil)
	in, out := io.Pipe()
	go func() {
		for n := range 50 {
			_, _ = fmt.Fprintf(out, "%d ", n)
			time.Sleep(time.Millisecond)
		}
		_ = out.Close()
	}()
	var want strings.Builder
	for n := range 50 {
		fmt.Fprintf(&want, "%d ", n)
	}
	if a := w.do(w.request(http.MethodPost, "/", in)); a.status != 200 || a.body != want.String()+"<nil>" {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// A proof that lacks the API's nonce is made anew once, without another token.
func TestNonce(t *testing.T) {
	t.Parallel()
	for nonce, want := range map[string]string{"n1": "200 ok abc", "another each time": "401 "} {
		var n atomic.Int32
		w := newWorld(t, "", func(rw http.ResponseWriter, r *http.Request) {
			text, _ := io.ReadAll(r.Body)
			next := nonce
			if nonce != "n1" {
				next = fmt.Sprint("n", n.Add(1))
			}
			rw.Header().Set("DPoP-Nonce", next)
			if r.Header.Get("DPoP") != next {
				rw.WriteHeader(http.StatusUnauthorized)
				return
			}
			_, _ = fmt.Fprint(rw, "ok ", string(text))
		}, nil)
		a := w.do(w.request(http.MethodPost, "/", strings.NewReader("abc")))
		if w.source.renewed != 0 {
			t.Errorf("%s: the token was refreshed", nonce)
		}
		if got := fmt.Sprint(a.status, " ", a.body); got != want {
			t.Errorf("%s: %s", nonce, got)
		}
		if a.header.Get("DPoP-Nonce") != "" {
			t.Error("the caller gets a nonce that is not for it")
		}
	}
}

// Errors of the proxy's own, and what they say.
func TestOwnAnswers(t *testing.T) {
	t.Parallel()
	refusing := httptest.NewServer(http.NotFoundHandler())
	refusing.Close()
	w := newWorld(t, "", takes("t1"), nil)
	w.source.err = errNoToken
	a := w.get("/")
	if a.status != 502 || !strings.Contains(a.body, "Explained: the pair is not authorized") || a.header.Get("Proxy-Status") != "terraform-provider-oauth; error=proxy_internal_response" {
		t.Errorf("no token: %d %s %v", a.status, a.body, a.header)
	}
	w.source.err, w.source.budget = nil, errors.New("spent")
	if a := w.get("/"); a.status != 502 || !strings.Contains(a.body, "Explained: spent") || w.source.left != nil {
		t.Errorf("no budget: %d %s, left %q", a.status, a.body, w.source.left)
	}

	later := newWorld(t, "", takes("t1"), func(o *proxy.Options) {
		o.Explain = func(error) proxy.Answer {
			return proxy.Answer{Status: 429, Title: "Later", Detail: "Later.", Again: o.Clock.Now().Add(61*time.Second + time.Millisecond)}
		}
	})
	later.source.err = errNoToken
	if a := later.get("/"); a.status != 429 || a.header.Get("Retry-After") != "62" {
		t.Errorf("%d, Retry-After %s", a.status, a.header.Get("Retry-After"))
	}

	for name, upstream := range map[string]string{"nobody listens": refusing.URL, "no such host": "https://no-such-host.invalid"} {
		u := &world{t: t, source: &source{n: 1}, clock: newClock(), upstream: &httptest.Server{URL: upstream}}
		u.start("", &http.Transport{}, nil)
		a := u.get("/secret-path?token=secret")
		if a.status != 502 || !strings.Contains(a.body, "and no connection came about: ") || !strings.Contains(a.body, "Nothing was sent to the API. The credential still works. Check the network") {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
		if strings.Contains(a.body, "secret") || strings.Contains(a.body, "t1") || strings.Contains(a.body, u.proxy.Bearer().Reveal()) {
			t.Errorf("%s: quotes what is secret: %s", name, a.body)
		}
		if got := u.source.left; !slices.Equal(got, []string{"false 0"}) {
			t.Errorf("%s: left %q", name, got)
		}
	}

	garbage, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = garbage.Close() }()
	go func() {
		for {
			conn, err := garbage.Accept()
			if err != nil {
				return
			}
			_, _ = bufio.NewReader(conn).ReadString('\n')
			_, _ = io.WriteString(conn, "secret-reply t1\r\n\r\n")
			_ = conn.Close()
		}
	}()
	u := &world{t: t, source: &source{n: 1}, clock: newClock(), upstream: &httptest.Server{URL: "http://" + garbage.Addr().String()}}
	u.start("", &http.Transport{}, nil)
	if a := u.get("/"); a.status != 502 || strings.Contains(a.body, "secret") || !slices.Equal(u.source.left, []string{"true 0"}) {
		t.Errorf("garbage: %d %s, left %q", a.status, a.body, u.source.left)
	}
}

// The access token goes to the upstream, and the bearer does not; nothing tells of the way.
func TestWhatTheAPISees(t *testing.T) {
	t.Parallel()
	var header http.Header
	var host string
	w := newWorld(t, "/v2", func(rw http.ResponseWriter, r *http.Request) {
		header, host = r.Header.Clone(), r.Host
		rw.Header().Set("Alt-Svc", `h3=":443"`)
		rw.Header().Set("Strict-Transport-Security", "max-age=1")
		rw.Header().Set("Set-Cookie", "a=b; Path=/")
		rw.Header().Set("Proxy-Authenticate", "Basic")
		rw.Header().Set("X-Own", "1")
	}, nil)
	r := w.request(http.MethodGet, "/x", nil)
	for name, value := range map[string]string{
		"X-Forwarded-For": "1.2.3.4", "Forwarded": "for=1.2.3.4", "X-Forwarded-Host": "x", "X-Custom": "kept", "Connection": "X-Hop", "X-Hop": "1",
		"Proxy-Authorization": "Basic x", "Keep-Alive": "x", "DPoP": "forged", "Te": "trailers, gzip", "Accept-Encoding": "br", "User-Agent": "own/1",
	} {
		r.Header.Set(name, value)
	}
	a := w.do(r)
	want := http.Header{"Authorization": {"Bearer t1"}, "X-Custom": {"kept"}, "Accept-Encoding": {"br"}, "User-Agent": {"own/1"}, "Te": {"trailers"}}
	if fmt.Sprint(header) != fmt.Sprint(want) || host != parsed(t, w.upstream.URL).Host {
		t.Errorf("the API sees %v of %s", header, host)
	}
	for name, want := range map[string]string{"Alt-Svc": "", "Strict-Transport-Security": "", "Proxy-Authenticate": "", "Set-Cookie": "a=b; Path=/", "X-Own": "1"} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	r = w.request(http.MethodGet, "/x", nil)
	r.Header["User-Agent"] = nil
	w.do(r)
	if header.Get("User-Agent") != "" {
		t.Errorf("a User-Agent was made up: %v", header)
	}
}

// A hundred requests at once whose token is refused get one other token.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", takes("t2"), nil)
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if a := w.do(w.request(http.MethodPost, "/", strings.NewReader("abc"))); a.status != 200 {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	wg.Wait()
	if w.source.renewed != 1 {
		t.Errorf("%d tokens were asked for", w.source.renewed)
	}
}
