package oauth

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	defaultTimeout = 30 * time.Second
	maxHeader      = 256 << 10
	// The write buffer is larger than any header that a server takes: the header waits in it for the body, so that a
	// refused body leaves the connection untouched.
	writeBuffer = 64 << 10
)

// CallerOptions configures a Caller.
type CallerOptions struct {
	// Transport sends the requests; nil means that of NewTransport. Any other must neither repeat a request nor follow a
	// redirect, and may let the header out before BeforeSend is asked; wrap that of NewTransport to have none of this.
	Transport         http.RoundTripper
	Timeout           time.Duration // of a whole call, from connecting to the last byte; 0: 30 s
	CACertificatePEM  string        // trusted besides the system's certificates
	AllowInsecureHTTP bool          // http:// beyond loopback
	UserAgent         string        // empty: Go's own
	// What client assertions are dated by, and their ids made of. Without them none can be made.
	Now    func() time.Time
	Random io.Reader
}

// Caller sends requests to token-like endpoints. It may be used from many goroutines.
type Caller struct {
	transport         http.RoundTripper
	timeout           time.Duration
	allowInsecureHTTP bool
	userAgent         string
	now               func() time.Time
	random            io.Reader
}

// NewCaller returns a Caller, or an error if an option is unusable.
func NewCaller(o CallerOptions) (*Caller, error) {
	c := &Caller{
		transport: o.Transport, timeout: o.Timeout, allowInsecureHTTP: o.AllowInsecureHTTP, userAgent: o.UserAgent, now: o.Now, random: o.Random,
	}
	if o.Timeout < 0 {
		return nil, fmt.Errorf("the timeout %s is negative", o.Timeout)
	}
	if c.timeout == 0 {
		c.timeout = defaultTimeout
	}
	if c.transport == nil {
		transport, err := NewTransport(o)
		if err != nil {
			return nil, err
		}
		c.transport = transport
	}
	return c, nil
}

// NewTransport returns what a Caller uses when it is given no Transport, for those who want to wrap it. It sends a
// request in one piece, and never twice.
func NewTransport(o CallerOptions) (http.RoundTripper, error) {
	config, err := tlsConfig(o)
	if err != nil {
		return nil, err
	}
	return wholeTransport{newHTTPTransport(config)}, nil
}

func tlsConfig(o CallerOptions) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.CACertificatePEM == "" {
		return config, nil
	}
	pool, err := certificatePool(o.CACertificatePEM)
	config.RootCAs = pool
	return config, err
}

// newHTTPTransport leaves net/http no occasion to repeat a request by itself: it does so only on a connection that was
// used before, or in HTTP/2.
func newHTTPTransport(tlsConfig *tls.Config) *http.Transport {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:                  quietly(http.ProxyFromEnvironment),
		TLSClientConfig:        tlsConfig,
		Protocols:              &protocols,
		DisableKeepAlives:      true,
		DisableCompression:     true,
		WriteBufferSize:        writeBuffer,
		MaxResponseHeaderBytes: maxHeader,
	}
}

// quietly wraps http.ProxyFromEnvironment, whose error quotes the proxy's password.
func quietly(lookup func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	return func(r *http.Request) (*url.URL, error) {
		proxy, err := lookup(r)
		if err != nil {
			return nil, errors.New("the proxy address in the environment is not a usable URL")
		}
		return proxy, nil
	}
}

// certificatePool adds the certificates of text to those of the system. It is strict, because a certificate that is
// left out without a word shows only later, as a server that nobody trusts.
func certificatePool(text string) (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("reading the system's CA certificates: %w", err)
	}
	rest := []byte(text)
	for found := 0; ; found++ {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			if found == 0 || strings.Contains(string(rest), "-----BEGIN") {
				return nil, errors.New("the CA certificates are not in PEM format")
			}
			return pool, nil
		}
		if block.Type != "CERTIFICATE" {
			return nil, errors.New("the CA certificates hold a PEM block that is not a certificate")
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("CA certificate %d: %w", found+1, err)
		}
		pool.AddCert(certificate)
	}
}
