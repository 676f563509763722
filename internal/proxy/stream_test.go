package proxy_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strings"
	"testing"
	"time"
)

// What arrives is handed on at once, in both directions; the end of the caller is the end of the call.
func TestStreams(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{})
	w := newWorld(t, "", func(rw http.ResponseWriter, r *http.Request) {
		defer close(ended)
		rw.Header().Set("Content-Type", "text/event-stream")
		for n := 0; r.Context().Err() == nil; n++ {
			_, _ = fmt.Fprintf(rw, "data: %d\n", n)
			rw.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
			case <-time.After(time.Millisecond):
			}
		}
	}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	res, err := w.client.Do(w.request(http.MethodGet, "/", nil).WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(res.Body)
	for n := range 5 {
		if !lines.Scan() || lines.Text() != fmt.Sprintf("data: %d", n) {
			t.Fatalf("line %d: %q", n, lines.Text())
		}
	}
	cancel()
	_ = res.Body.Close()
	<-ended
}

// A caller that gives up while it waits for the API ends the call there, and it counts as one that was sent.
func TestCancelledBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	arrived, ended := make(chan struct{}), make(chan struct{})
	w := newWorld(t, "", func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
		close(ended)
	}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	res, err := w.client.Do(w.request(http.MethodGet, "/", nil).WithContext(ctx))
	if err == nil {
		_ = res.Body.Close()
		t.Error("there was an answer")
	}
	<-ended
	w.proxy.Close(t.Context())
	if !slices.Equal(w.source.left, []string{"true 0"}) {
		t.Errorf("left %q", w.source.left)
	}
}

// Trailers go both ways, also when the request is repeated.
func TestTrailers(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"t1", "t2"} {
		w := newWorld(t, "", func(rw http.ResponseWriter, r *http.Request) {
			text, err := io.ReadAll(r.Body)
			if r.Header.Get("Authorization") != "Bearer "+good {
				rw.WriteHeader(http.StatusUnauthorized)
				return
			}
			rw.Header().Set("Trailer", "X-Sum")
			_, _ = fmt.Fprint(rw, string(text), r.Trailer.Get("X-Own"), err)
			rw.(http.Flusher).Flush()
			rw.Header().Set("X-Sum", "42")
			rw.Header().Set(http.TrailerPrefix+"X-Late", "43")
		}, nil)
		r := w.request(http.MethodPost, "/", nil)
		r.Trailer = http.Header{"X-Own": nil}
		r.Body = io.NopCloser(&atEnd{Reader: strings.NewReader("abc "), then: func() { r.Trailer.Set("X-Own", "41") }})
		r.ContentLength = -1
		res, err := w.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || string(text) != "abc 41<nil>" || res.Trailer.Get("X-Sum") != "42" || res.Trailer.Get("X-Late") != "43" {
			t.Errorf("%s: %s, trailer %v, %v", good, text, res.Trailer, err)
		}
	}
}

// atEnd does something when all was read.
type atEnd struct {
	io.Reader
	then func()
}

func (r *atEnd) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err == io.EOF {
		r.then()
	}
	return n, err
}

// A caller that waits for 100 (Continue) sends its body once, and one that is refused at once not at all.
func TestContinue(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", func(rw http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/no":
			rw.WriteHeader(http.StatusForbidden)
			return
		case r.URL.Path == "/again" && r.Header.Get("Authorization") != "Bearer t2":
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		text, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprint(rw, string(text))
	}, nil)
	w.client.Transport.(*http.Transport).ExpectContinueTimeout = time.Minute
	for path, want := range map[string]string{"/yes": "200 abc true", "/again": "200 abc true", "/no": "403  false"} {
		continued := false
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got100Continue: func() { continued = true }})
		r := w.request(http.MethodPost, path, strings.NewReader("abc")).WithContext(ctx)
		r.Header.Set("Expect", "100-continue")
		a := w.do(r)
		if got := fmt.Sprint(a.status, " ", a.body, " ", continued); got != want && path != "/no" || a.status != 403 && path == "/no" {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

// Early hints pass.
func TestEarlyHints(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Link", "</a.css>; rel=preload")
		rw.WriteHeader(http.StatusEarlyHints)
		rw.WriteHeader(http.StatusNoContent)
	}, nil)
	var hints []int
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(code int, _ textproto.MIMEHeader) error {
		hints = append(hints, code)
		return nil
	}})
	if a := w.do(w.request(http.MethodGet, "/", nil).WithContext(ctx)); a.status != 204 || !slices.Equal(hints, []int{103}) {
		t.Errorf("%d after %v", a.status, hints)
	}
}

// echo is an upstream that takes an upgrade and sends back what it gets.
func echo(rw http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") != "echo" || r.Header.Get("Authorization") != "Bearer t2" {
		rw.WriteHeader(http.StatusUnauthorized)
		return
	}
	conn, buffered, err := http.NewResponseController(rw).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	_, _ = io.Copy(conn, buffered)
}

// An upgraded connection goes through, after a refusal too, and ends with the proxy.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	w := &world{t: t, source: &source{n: 1}, clock: newClock(), upstream: httptest.NewServer(http.HandlerFunc(echo))}
	t.Cleanup(w.upstream.Close)
	w.start("", &http.Transport{}, nil)
	host := strings.TrimPrefix(w.proxy.URL(), "http://")
	conn, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, _ = fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n", host, w.proxy.Bearer().Reveal())
	reader := bufio.NewReader(conn)
	res, err := http.ReadResponse(reader, nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatal(res, err)
	}
	for _, text := range []string{"one\n", "two\n"} {
		_, _ = io.WriteString(conn, text)
		if got, err := reader.ReadString('\n'); err != nil || got != text {
			t.Fatal(got, err)
		}
	}
	w.proxy.Close(t.Context())
	if rest, err := io.ReadAll(reader); len(rest) != 0 {
		t.Errorf("still open: %q %v", rest, err)
	}
}

// HTTP/2 without TLS, for callers that need it (gRPC).
func TestPlainHTTP2(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", takes("t2"), nil)
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: &protocols}
	defer transport.CloseIdleConnections()
	w.client.Transport = transport
	r := w.request(http.MethodPost, "/x", whole("abc"))
	res, err := w.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil || res.ProtoMajor != 2 || string(text) != "HTTP/2.0 POST /x abc" {
		t.Errorf("%s %s %v", res.Proto, text, err)
	}
}

// Close lets what is under way end, for a while, and cuts off what goes on. Afterwards nobody listens.
func TestClose(t *testing.T) {
	t.Parallel()
	begun, release := make(chan string, 2), make(chan struct{})
	w := newWorld(t, "", func(rw http.ResponseWriter, r *http.Request) {
		rw.(http.Flusher).Flush()
		if r.URL.Path == "/short" {
			<-release
			_, _ = io.WriteString(rw, "done")
			return
		}
		<-r.Context().Done()
	}, nil)
	results := make(chan string)
	for _, path := range []string{"/short", "/endless"} {
		go func() {
			res, err := w.client.Do(w.request(http.MethodGet, path, nil))
			if err != nil {
				begun <- path + " failed"
				return
			}
			begun <- path
			text, err := io.ReadAll(res.Body)
			_ = res.Body.Close()
			results <- fmt.Sprint(path, " ", string(text), " ", err != nil)
		}()
		if got := <-begun; got != path { // its head has come all the way
			t.Fatal(got)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	closed := make(chan struct{})
	go func() {
		w.proxy.Close(ctx)
		close(closed)
	}()
	close(release)
	if got := <-results; got != "/short done false" {
		t.Error(got)
	}
	cancel() // no more patience
	if got := <-results; got != "/endless  true" {
		t.Error(got)
	}
	<-closed
	if conn, err := net.Dial("tcp", strings.TrimPrefix(w.proxy.URL(), "http://")); err == nil {
		_ = conn.Close()
		t.Error("somebody listens")
	}
	w.proxy.Close(t.Context()) // harmless
}

// A large body passes without being kept: what is held does not grow with it.
func TestLargeBodies(t *testing.T) {
	t.Parallel()
	const size = 4 << 20
	w := newWorld(t, "", func(rw http.ResponseWriter, r *http.Request) { _, _ = io.Copy(rw, r.Body) }, nil)
	r := w.request(http.MethodPost, "/", io.LimitReader(zeros{}, size))
	res, err := w.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	if err != nil || n != size {
		t.Errorf("%d bytes, %v", n, err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
