package oauth

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// callThroughPipe posts a request over a net.Pipe in a bubble, where time moves only when everybody waits. serve gets
// the other end, and has to return when it is closed.
func callThroughPipe(t *testing.T, timeout time.Duration, dialDelay time.Duration, scheme string, serve func(net.Conn)) (Reply, time.Duration) {
	t.Helper()
	transport := newHTTPTransport(&tls.Config{MinVersion: tls.VersionTLS12})
	transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		select {
		case <-time.After(dialDelay):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		client, server := net.Pipe()
		go func() {
			defer func() { _ = server.Close() }()
			serve(server)
		}()
		return client, nil
	}
	caller, err := NewCaller(CallerOptions{Transport: wholeTransport{transport}, Timeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	reply := caller.Post(t.Context(), Request{
		Endpoint: scheme + "://127.0.0.1/token",
		Auth:     ClientAuth{Method: None, ClientID: "c"},
		Form:     RevokeForm(secret.New("t"), ""),
	})
	return reply, time.Since(start)
}

// takeRequest reads a request with its body.
func takeRequest(t *testing.T, c net.Conn) {
	request, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		t.Error(err)
		return
	}
	if body, err := io.ReadAll(request.Body); err != nil || string(body) != "client_id=c&token=t" {
		t.Errorf("body = %q, %v", body, err)
	}
}

func TestTheTimeoutCoversTheWholeCall(t *testing.T) {
	hang := func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }
	answer := func(text string) func(net.Conn) {
		return func(c net.Conn) {
			takeRequest(t, c)
			_, _ = io.WriteString(c, text)
			hang(c)
		}
	}
	tests := map[string]struct {
		timeout, dialDelay time.Duration
		serve              func(net.Conn)
		sent               bool
		status             int
		body               string
		took               time.Duration
		scheme             string
	}{
		"while connecting":             {0, time.Hour, hang, false, 0, "", 30 * time.Second, ""},
		"in the TLS handshake":         {0, 0, hang, false, 0, "", 30 * time.Second, "https"},
		"no answer":                    {7 * time.Second, 0, hang, true, 0, "", 7 * time.Second, ""},
		"no answer, connecting counts": {7 * time.Second, 3 * time.Second, hang, true, 0, "", 7 * time.Second, ""},
		"half a header":                {7 * time.Second, 0, answer("HTTP/1.1 200 OK\r\nConten"), true, 0, "", 7 * time.Second, ""},
		"half a body": {
			7 * time.Second, 0, answer("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"refresh_token\":\"r\","),
			true, 200, `{"refresh_token":"r",`, 7 * time.Second, "",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				reply, took := callThroughPipe(t, test.timeout, test.dialDelay, cmp.Or(test.scheme, "http"), test.serve)
				if reply.Sent != test.sent || reply.Status != test.status || reply.Body.Reveal() != test.body || took != test.took {
					t.Errorf("reply = %+v, body %q, after %s", reply, reply.Body.Reveal(), took)
				}
				if !errors.Is(reply.Err, context.DeadlineExceeded) {
					t.Errorf("error = %v", reply.Err)
				}
			})
		})
	}
}

func TestASlowAnswerWithinTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reply, took := callThroughPipe(t, 0, time.Second, "http", func(c net.Conn) {
			takeRequest(t, c)
			time.Sleep(28 * time.Second)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
		})
		if !reply.Sent || reply.Status != 200 || reply.Err != nil || reply.Body.Reveal() != "{}" || took != 29*time.Second {
			t.Errorf("reply = %+v after %s", reply, took)
		}
	})
}

func TestCancellingCutsACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		caller, err := NewCaller(CallerOptions{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			_, _ = io.ReadAll(r.Body)
			<-r.Context().Done()
			return nil, r.Context().Err()
		})})
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Second, cancel)
		reply := caller.Post(ctx, Request{Endpoint: "https://as.example", Auth: ClientAuth{Method: None, ClientID: "c"}})
		if !reply.Sent || reply.Status != 0 || !errors.Is(reply.Err, context.Canceled) {
			t.Errorf("reply = %+v", reply)
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
