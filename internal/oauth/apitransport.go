package oauth

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"time"
)

const (
	apiDialTimeout      = 30 * time.Second
	apiHandshakeTimeout = 15 * time.Second
	apiIdleTimeout      = 90 * time.Second
	apiIdleConnections  = 64
	apiContinueTimeout  = time.Second
)

// apiTransport sends calls of an API, as they come: connections are kept, and HTTP/2 is spoken where the API does.
type apiTransport struct {
	shared   *http.Transport
	upgrades *http.Transport // HTTP/1.1 alone: RFC 9113 §8.6 has no Upgrade
}

// NewAPITransport returns what sends calls of an API at upstream: it trusts and connects as the transport of a Caller does, and shows
// certificate in TLS handshakes unless that is nil. Unlike that one it is for requests that may be sent again: net/http repeats GET
// and the like on a kept connection that has broken, and nothing else. It follows no redirect, and sets no bound on the time that an answer takes.
func NewAPITransport(o CallerOptions, upstream *url.URL, certificate *tls.Certificate) (http.RoundTripper, error) {
	t, err := newAPITransport(o, quietly(http.ProxyFromEnvironment), upstream, certificate)
	if err != nil {
		return nil, err
	}
	return t, nil
}

type proxyLookup func(*http.Request) (*url.URL, error)

func newAPITransport(o CallerOptions, lookup proxyLookup, upstream *url.URL, certificate *tls.Certificate) (*apiTransport, error) {
	plain, err := tlsConfig(o)
	if err != nil {
		return nil, err
	}
	config := plain.Clone()
	if certificate != nil {
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return certificate, nil }
	}
	// Two of their own: a copy of one that speaks HTTP/2 offers it in its handshakes, too.
	t := &apiTransport{shared: newKeepingTransport(config.Clone()), upgrades: newKeepingTransport(config)}
	t.shared.Protocols.SetHTTP2(true)
	proxy, err := lookup(&http.Request{URL: upstream})
	for _, transport := range []*http.Transport{t.shared, t.upgrades} {
		transport.Proxy = lookup
		if err == nil && proxy != nil && proxy.Scheme == "https" { // as with wholeTransport.shows: the certificate is not for it
			dialer := &tls.Dialer{NetDialer: &net.Dialer{Timeout: apiDialTimeout}, Config: plain.Clone()}
			transport.DialTLSContext = dialer.DialContext
		}
	}
	return t, nil
}

func newKeepingTransport(config *tls.Config) *http.Transport {
	t := newHTTPTransport(config)
	t.DisableKeepAlives, t.WriteBufferSize = false, 0
	t.DialContext = (&net.Dialer{Timeout: apiDialTimeout}).DialContext
	t.TLSHandshakeTimeout, t.IdleConnTimeout = apiHandshakeTimeout, apiIdleTimeout
	t.MaxIdleConns, t.MaxIdleConnsPerHost = apiIdleConnections, apiIdleConnections
	t.ExpectContinueTimeout = apiContinueTimeout
	return t
}

// RoundTrip implements http.RoundTripper.
func (t *apiTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Header.Get("Upgrade") != "" {
		return t.upgrades.RoundTrip(r)
	}
	return t.shared.RoundTrip(r)
}

// CloseIdleConnections ends the connections that are not in use.
func (t *apiTransport) CloseIdleConnections() {
	t.shared.CloseIdleConnections()
	t.upgrades.CloseIdleConnections()
}
