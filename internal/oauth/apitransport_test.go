package oauth

import (
	"bufio"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

// Calls of an API go by HTTP/2 where it is spoken, on connections that are kept, and follow no redirect; upgrades go by HTTP/1.1.
func TestAPITransport(t *testing.T) {
	t.Parallel()
	shown := 0
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shown = len(r.TLS.PeerCertificates)
		switch {
		case r.URL.Path == "/moved":
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		case r.Header.Get("Upgrade") != "":
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nhello\n")
			_ = conn.Close()
		default:
			_, _ = fmt.Fprint(w, r.Proto, " ", r.Header.Get("Accept-Encoding"))
		}
	}))
	server.EnableHTTP2 = true
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	server.StartTLS()
	t.Cleanup(server.Close)
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	certificate := &server.TLS.Certificates[0]
	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}

	for name, test := range map[string]struct {
		options     CallerOptions
		certificate *tls.Certificate
		shown       int
	}{
		"plain": {CallerOptions{CACertificatePEM: ca}, nil, 0}, "with a certificate": {CallerOptions{CACertificatePEM: ca}, certificate, 1},
	} {
		transport, err := NewAPITransport(test.options, at, test.certificate)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(transport.(interface{ CloseIdleConnections() }).CloseIdleConnections)
		for path, want := range map[string]string{"/": "200 HTTP/2.0 ", "/moved": "302 <a href=\"/elsewhere\">Found</a>.\n\n"} {
			res, text := fetched(t, transport, server.URL+path, "")
			if got := fmt.Sprint(res.StatusCode, " ", text); got != want || shown != test.shown {
				t.Errorf("%s: %s: %q, %d certificates", name, path, got, shown)
			}
		}
		res, text := fetched(t, transport, server.URL+"/", "x")
		if res.StatusCode != http.StatusSwitchingProtocols || text != "hello\n" || shown != test.shown {
			t.Errorf("%s: upgrade: %s %q", name, res.Status, text)
		}
	}

	untrusting, err := NewAPITransport(CallerOptions{}, at, nil)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if res, err := untrusting.RoundTrip(request); err == nil {
		_ = res.Body.Close()
		t.Error("a server that nobody vouches for is trusted")
	}
	if _, err := NewAPITransport(CallerOptions{CACertificatePEM: "x"}, at, nil); err == nil {
		t.Error("nonsense is taken for a certificate")
	}
	if untrusting.(*apiTransport).shared.Proxy == nil || untrusting.(*apiTransport).upgrades.Proxy == nil {
		t.Error("the proxy of the environment is not used")
	}
}

// What may change something is sent once, also when a kept connection ends without an answer.
func TestAPITransportRepeatsNoWrite(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if calls.Add(1) > 1 {
			panic(http.ErrAbortHandler)
		}
	}))
	t.Cleanup(server.Close)
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		calls.Store(0)
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL, strings.NewReader("abc"))
		if err != nil {
			t.Fatal(err)
		}
		transport, err := NewAPITransport(CallerOptions{}, r.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if r.Body, err = r.GetBody(); err != nil {
				t.Fatal(err)
			}
			res, err := transport.RoundTrip(r)
			if (err == nil) != (calls.Load() == 1) {
				t.Errorf("%s, call %d: %v", method, calls.Load(), err)
			}
			if err == nil {
				_ = res.Body.Close()
			}
		}
		transport.(interface{ CloseIdleConnections() }).CloseIdleConnections()
		if n := calls.Load(); n != 2 {
			t.Errorf("%s was sent %d times, want 2", method, n)
		}
	}
}

func fetched(t *testing.T, transport http.RoundTripper, address, upgrade string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if upgrade != "" {
		request.Header.Set("Connection", "Upgrade")
		request.Header.Set("Upgrade", upgrade)
	}
	res, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if upgrade != "" {
		line, err := bufio.NewReader(res.Body).ReadString('\n')
		if err != nil {
			t.Error(err)
		}
		return res, line
	}
	var text strings.Builder
	if _, err := io.Copy(&text, res.Body); err != nil {
		t.Error(err)
	}
	return res, text.String()
}
