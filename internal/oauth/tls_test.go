package oauth_test

import (
	"crypto/tls"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// tlsServer answers with the request's protocol.
func tlsServer(t *testing.T, configure func(*httptest.Server)) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, r.Proto)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	configure(server)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func certificatePEM(server *httptest.Server) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
}

func TestHTTP1EvenWhereTheServerOffersHTTP2(t *testing.T) {
	server := tlsServer(t, func(s *httptest.Server) { s.EnableHTTP2 = true })
	caller := newCaller(t, oauth.CallerOptions{CACertificatePEM: certificatePEM(server)})
	reply := caller.Post(t.Context(), tokenRequest(server.URL))
	if !reply.Sent || reply.Status != 200 || reply.Err != nil || reply.Body.Reveal() != "HTTP/1.1" {
		t.Errorf("reply = %+v, protocol %s", reply, reply.Body.Reveal())
	}
	// The server would have spoken HTTP/2 with a client that does.
	response, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.ProtoMajor != 2 {
		t.Errorf("the test server speaks %s only", response.Proto)
	}
}

func TestAnUntrustedServerGetsNothing(t *testing.T) {
	server := tlsServer(t, func(*httptest.Server) {})
	request := tokenRequest(server.URL)
	request.BeforeSend = func() error { t.Error("BeforeSend was called"); return nil }
	reply := newCaller(t, oauth.CallerOptions{}).Post(t.Context(), request)
	var untrusted *tls.CertificateVerificationError
	if reply.Sent || reply.Status != 0 || !errors.As(reply.Err, &untrusted) {
		t.Errorf("reply = %+v", reply)
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	server := tlsServer(t, func(s *httptest.Server) {
		s.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	})
	caller := newCaller(t, oauth.CallerOptions{CACertificatePEM: certificatePEM(server)})
	if reply := caller.Post(t.Context(), tokenRequest(server.URL)); reply.Sent || reply.Err == nil {
		t.Errorf("reply = %+v", reply)
	}
}

func TestHTTPWhereTLSWasExpected(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	endpoint := "https" + strings.TrimPrefix(server.URL, "http")
	reply := newCaller(t, oauth.CallerOptions{}).Post(t.Context(), tokenRequest(endpoint))
	if reply.Sent || reply.Err == nil || !strings.Contains(reply.Err.Error(), "does not look like a TLS handshake") {
		t.Errorf("reply = %+v", reply)
	}
}

func TestNewCallerRefuses(t *testing.T) {
	good := certificatePEM(tlsServer(t, func(*httptest.Server) {}))
	block := func(kind, content string) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: []byte(content)}))
	}
	tests := map[string]struct {
		options oauth.CallerOptions
		want    string // "" is good
	}{
		"one certificate":        {oauth.CallerOptions{CACertificatePEM: good}, ""},
		"two, with text between": {oauth.CallerOptions{CACertificatePEM: "# one\n" + good + "# two\n" + good + "# end\n"}, ""},
		"not PEM":                {oauth.CallerOptions{CACertificatePEM: "s3cret"}, "not in PEM format"},
		"blank":                  {oauth.CallerOptions{CACertificatePEM: " "}, "not in PEM format"},
		"cut":                    {oauth.CallerOptions{CACertificatePEM: good[:len(good)/2]}, "not in PEM format"},
		"second one cut":         {oauth.CallerOptions{CACertificatePEM: good + good[:len(good)/2]}, "not in PEM format"},
		"a key":                  {oauth.CallerOptions{CACertificatePEM: good + block("PRIVATE KEY", "s3cret")}, "not a certificate"},
		"no certificate inside":  {oauth.CallerOptions{CACertificatePEM: good + block("CERTIFICATE", "s3cret")}, "CA certificate 2: "},
		"negative timeout":       {oauth.CallerOptions{Timeout: -time.Second}, "the timeout -1s is negative"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			caller, err := oauth.NewCaller(test.options)
			if test.want == "" {
				if err != nil || caller == nil {
					t.Errorf("error = %v", err)
				}
				return
			}
			if caller != nil || err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("= %v, %v, want an error with %q", caller, err, test.want)
			}
		})
	}
}
