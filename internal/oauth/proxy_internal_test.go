package oauth

import (
	"crypto/tls"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

func TestTransport(t *testing.T) {
	made, err := NewTransport(CallerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	transport := made.(wholeTransport).Transport
	if transport.Proxy == nil {
		t.Error("the proxy of the environment is not used")
	}
	if !transport.DisableKeepAlives || !transport.DisableCompression || transport.ForceAttemptHTTP2 {
		t.Errorf("keep-alives %v, compression %v, HTTP/2 %v", !transport.DisableKeepAlives, !transport.DisableCompression, transport.ForceAttemptHTTP2)
	}
	if transport.Protocols.HTTP2() || transport.Protocols.UnencryptedHTTP2() || !transport.Protocols.HTTP1() {
		t.Errorf("protocols = %s", transport.Protocols)
	}
}

// postThroughProxy posts to endpoint, whatever its host, through the proxy.
func postThroughProxy(t *testing.T, proxy *httptest.Server, trusted *tls.Config, endpoint string) (reply Reply, asked int) {
	t.Helper()
	proxyURL, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport := newHTTPTransport(trusted)
	transport.Proxy = http.ProxyURL(proxyURL)
	caller, err := NewCaller(CallerOptions{Transport: wholeTransport{transport}})
	if err != nil {
		t.Fatal(err)
	}
	return caller.Post(t.Context(), Request{
		Endpoint:   endpoint,
		Auth:       ClientAuth{Method: None, ClientID: "c"},
		Form:       RevokeForm(secret.New("t0ken"), ""),
		BeforeSend: func() error { asked++; return nil },
	}), asked
}

func TestAProxyThatRefuses(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || r.Host != "as.example:443" {
			t.Errorf("the proxy got %s %s", r.Method, r.Host)
		}
		w.WriteHeader(http.StatusProxyAuthRequired)
	}))
	defer proxy.Close()
	reply, asked := postThroughProxy(t, proxy, nil, "https://as.example/token")
	if reply.Sent || asked != 0 || reply.Status != 0 || reply.Err == nil || reply.Err.Error() != "Proxy Authentication Required" {
		t.Errorf("reply = %+v, asked %d times", reply, asked)
	}
}

func TestAProxyThatConnects(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body)
	}))
	defer server.Close()
	done := make(chan struct{})
	proxy := httptest.NewServer(connecting(t, server, done))
	defer proxy.Close()
	trusted := server.Client().Transport.(*http.Transport).TLSClientConfig
	reply, asked := postThroughProxy(t, proxy, trusted, "https://example.com/token")
	if !reply.Sent || asked != 1 || reply.Status != 200 || reply.Err != nil || reply.Body.Reveal() != "client_id=c&token=t0ken" {
		t.Errorf("reply = %+v, asked %d times", reply, asked)
	}
	<-done
}

// A certificate is for the authorization server. A proxy that is reached by TLS does not see it, though it asks.
func TestAProxyIsShownNoCertificate(t *testing.T) {
	var atServer, atProxy int
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		atServer = len(r.TLS.PeerCertificates)
	}))
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	server.StartTLS()
	defer server.Close()
	done := make(chan struct{})
	connect := connecting(t, server, done)
	proxy := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		atProxy = len(r.TLS.PeerCertificates)
		connect(w, r)
	}))
	proxy.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	proxy.StartTLS()
	defer proxy.Close()
	trusted := server.Client().Transport.(*http.Transport).TLSClientConfig // both have the same
	proxyURL, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport := newHTTPTransport(trusted)
	transport.Proxy = http.ProxyURL(proxyURL)
	caller, err := NewCaller(CallerOptions{Transport: wholeTransport{transport}})
	if err != nil {
		t.Fatal(err)
	}
	reply := caller.Post(showing(t.Context(), &server.TLS.Certificates[0]), Request{
		Endpoint: "https://example.com/token", Auth: ClientAuth{Method: None, ClientID: "c"}, Form: RevokeForm(secret.New("t0ken"), ""),
	})
	<-done
	if reply.Status != 200 || atServer != 1 || atProxy != 0 {
		t.Errorf("%d certificates at the server and %d at the proxy: %+v", atServer, atProxy, reply)
	}
}

// Likewise with calls of an API that certificate-bound tokens go with (RFC 8705).
func TestAProxyOfTheAPIIsShownNoCertificate(t *testing.T) {
	var atServer, atProxy int
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { atServer = len(r.TLS.PeerCertificates) }))
	server.EnableHTTP2 = true
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	server.StartTLS()
	defer server.Close()
	for _, upgrade := range []string{"", "x"} {
		done := make(chan struct{})
		connect := connecting(t, server, done)
		proxy := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			atProxy = len(r.TLS.PeerCertificates)
			connect(w, r)
		}))
		proxy.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
		proxy.StartTLS()
		defer proxy.Close()
		proxyURL, err := url.Parse(proxy.URL)
		if err != nil {
			t.Fatal(err)
		}
		ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})) // both have the same
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://example.com/x", nil)
		if err != nil {
			t.Fatal(err)
		}
		if upgrade != "" {
			r.Header.Set("Upgrade", upgrade)
		}
		transport, err := newAPITransport(CallerOptions{CACertificatePEM: ca}, http.ProxyURL(proxyURL), r.URL, &server.TLS.Certificates[0])
		if err != nil {
			t.Fatal(err)
		}
		atServer, atProxy = 0, 0
		res, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		transport.CloseIdleConnections()
		<-done
		if res.StatusCode != 200 || (res.ProtoMajor == 2) != (upgrade == "") || atServer != 1 || atProxy != 0 {
			t.Errorf("%s: %d certificates at the server and %d at the proxy: %s", res.Proto, atServer, atProxy, res.Status)
		}
	}
}

// connecting is a proxy to server, whatever it is asked for, once.
func connecting(t *testing.T, server *httptest.Server, done chan<- struct{}) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		defer close(done)
		client, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		upstream, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "https://"))
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(client, "HTTP/1.1 200 Connected\r\n\r\n")
		var tunnels sync.WaitGroup
		for _, pair := range [][2]net.Conn{{client, upstream}, {upstream, client}} {
			tunnels.Go(func() {
				_, _ = io.Copy(pair[0], pair[1])
				_ = pair[0].Close()
			})
		}
		tunnels.Wait()
	}
}

func TestAnUnusableProxyIsNotQuoted(t *testing.T) {
	lookup := quietly(func(*http.Request) (*url.URL, error) {
		return nil, errors.New(`invalid proxy address "http://user:s3cret@proxy"`)
	})
	proxy, err := lookup(nil)
	if proxy != nil || err == nil || err.Error() != "the proxy address in the environment is not a usable URL" {
		t.Errorf("= %v, %v", proxy, err)
	}
}
