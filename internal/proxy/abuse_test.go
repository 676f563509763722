package proxy_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"slices"
	"strings"
	"testing"
	"time"
)

// A caller that waits for an answer before it sends more of its body gets one, also where the request is repeated meanwhile.
func TestAnswersWhileTheBodyIsAwaited(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		begin, rest string
		refusals    int
		want        string
	}{
		"refused":          {"abc", "def", 9, "401 "},
		"repeated":         {"abc", "def", 1, "200 got abcdef<nil>"},
		"nothing yet":      {"", "abc", 1, "200 got abc<nil>"},
		"beyond the bound": {strings.Repeat("x", 1024), "y", 1, "200 got " + strings.Repeat("x", 1024) + "y<nil>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls int
			w := newWorld(t, "", func(rw http.ResponseWriter, r *http.Request) {
				if calls++; calls <= test.refusals {
					rw.WriteHeader(http.StatusUnauthorized)
					return
				}
				_, _ = io.WriteString(rw, "got ")
				_ = http.NewResponseController(rw).Flush()
				text, err := io.ReadAll(r.Body)
				_, _ = fmt.Fprint(rw, string(text), err)
			}, nil)
			in, out := io.Pipe()
			r := w.request(http.MethodPost, "/", in)
			go func() { _, _ = io.WriteString(out, test.begin) }()
			answered := make(chan *http.Response, 1)
			go func() {
				res, err := w.client.Do(r)
				if err != nil {
					t.Error(err)
				}
				answered <- res
			}()
			var res *http.Response
			select {
			case res = <-answered:
			case <-time.After(5 * time.Second):
				t.Error("no answer before the rest of the body")
			}
			_, _ = io.WriteString(out, test.rest)
			_ = out.Close()
			if res == nil {
				res = <-answered
			}
			text, err := io.ReadAll(res.Body)
			_ = res.Body.Close()
			if got := fmt.Sprint(res.StatusCode, " ", string(text)); got != test.want || err != nil {
				t.Errorf("%.80s, %v", got, err)
			}
		})
	}
}

// A caller that stops sending when it hears a refusal, as curl does, hears it to its end.
func TestRefusalOfABodyThatStops(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", func(rw http.ResponseWriter, _ *http.Request) {
		rw.WriteHeader(http.StatusForbidden)
		_ = http.NewResponseController(rw).Flush()
		_, _ = io.WriteString(rw, "no")
	}, nil)
	in, out := io.Pipe()
	go func() { _, _ = io.WriteString(out, "abc") }()
	done := make(chan answer, 1)
	go func() { done <- w.do(w.request(http.MethodPost, "/", in)) }()
	select {
	case a := <-done:
		if a.status != http.StatusForbidden || a.body != "no" {
			t.Errorf("%d %s", a.status, a.body)
		}
	case <-time.After(5 * time.Second):
		t.Error("the answer does not end")
	}
	_ = out.Close()
}

// A refusal whose body never ends does not hold the request up that is repeated.
func TestRefusalThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusUnauthorized, http.StatusTooManyRequests} {
		var calls int
		w := newWorld(t, "", func(rw http.ResponseWriter, r *http.Request) {
			if calls++; calls > 1 {
				return
			}
			rw.Header().Set("Retry-After", "1")
			rw.WriteHeader(status)
			_ = http.NewResponseController(rw).Flush()
			<-r.Context().Done()
		}, nil)
		done := make(chan answer, 1)
		go func() { done <- w.get("/") }()
		select {
		case a := <-done:
			if a.status != http.StatusOK {
				t.Errorf("%d: %d", status, a.status)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("%d: the request was not repeated", status)
		}
	}
}

// raw sends lines to the proxy as they are.
func (w *world) raw(t *testing.T, lines ...string) *http.Response {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.proxy.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_, _ = io.WriteString(conn, strings.Join(lines, "\r\n")+"\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

// "Upgrade: h2c" is about the connection to the proxy, which does not take it (RFC 9113 removed it): else callers that try it, as Java's do,
// would speak to the API past the proxy, with its bearer.
func TestNoUpgradePastTheProxy(t *testing.T) {
	t.Parallel()
	var header http.Header
	w := &world{t: t, source: &source{n: 1}, clock: newClock(), upstream: httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { header = r.Header.Clone() }))}
	t.Cleanup(w.upstream.Close)
	w.start("", &http.Transport{}, nil)
	host := strings.TrimPrefix(w.proxy.URL(), "http://")
	for _, upgrade := range []string{"h2c", "H2C", "websocket, h2c"} {
		res := w.raw(t, "GET / HTTP/1.1", "Host: "+host, "Authorization: Bearer "+w.proxy.Bearer().Reveal(),
			"Connection: Upgrade, HTTP2-Settings", "Upgrade: "+upgrade, "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA")
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", upgrade, res.Status)
		}
		for _, name := range []string{"Upgrade", "Connection", "HTTP2-Settings"} {
			if got := header.Get(name); got != "" {
				t.Errorf("%s: the API got %s: %s", upgrade, name, got)
			}
		}
	}
}

// What gets no answer is told apart: what the API cannot have seen, and what it may have acted on.
func TestWhetherItWasSent(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		transport http.RoundTripper
		status    int
		says      string
		left      string
	}{
		"refused":                {broken(false, &net.OpError{Op: "dial", Err: timeout(false)}), 502, "Nothing was sent", "false 0"},
		"no connection":          {broken(false, &net.OpError{Op: "dial", Err: timeout(true)}), 504, "Nothing was sent", "false 0"},
		"a proxy on the way":     {broken(false, errors.New("Proxy Authentication Required")), 502, "Proxy Authentication Required. Nothing was sent", "false 0"},
		"no connection any more": {broken(true, &net.OpError{Op: "read", Err: timeout(true)}), 504, "The API may have acted on it.", "true 0"},
		"reset":                  {broken(true, &net.OpError{Op: "read", Err: timeout(false)}), 502, "The API may have acted on it.", "true 0"},
	} {
		w := &world{t: t, source: &source{n: 1}, clock: newClock(), upstream: &httptest.Server{URL: "https://api.example.com"}}
		w.start("", test.transport, nil)
		a := w.do(w.request(http.MethodPost, "/", strings.NewReader("abc")))
		if a.status != test.status || !strings.Contains(a.body, test.says) || strings.Contains(a.body, "Nothing was sent") == strings.Contains(a.body, "may have acted") {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
		if !slices.Equal(w.source.left, []string{test.left}) {
			t.Errorf("%s: left %q", name, w.source.left)
		}
	}
}

// broken is a transport whose connections fail, before they stand or afterwards.
func broken(connected bool, err error) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if trace := httptrace.ContextClientTrace(r.Context()); connected && trace != nil && trace.GotConn != nil {
			trace.GotConn(httptrace.GotConnInfo{})
		}
		return nil, err
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// timeout is an error that is one, or not.
type timeout bool

func (timeout) Error() string   { return "it failed" }
func (t timeout) Timeout() bool { return bool(t) }
