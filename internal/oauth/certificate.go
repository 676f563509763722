package oauth

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// What an error is about.
var (
	ErrCertificate    = errors.New("the client certificate")
	ErrCertificateKey = errors.New("the key of the certificate")
)

// ClientCertificate is a certificate with its private key, and the certificates between it and its CA.
type ClientCertificate struct {
	chain [][]byte
	leaf  *x509.Certificate
	key   func() crypto.Signer // a function, so that it cannot be printed
}

// Expires is when the certificate itself ends.
func (c ClientCertificate) Expires() time.Time { return c.leaf.NotAfter }

func (c ClientCertificate) pair() *tls.Certificate {
	return &tls.Certificate{Certificate: c.chain, PrivateKey: c.key(), Leaf: c.leaf}
}

// ParseClientCertificate reads a PEM chain, the client's own certificate first, and its key. Its errors wrap ErrRequest, and
// ErrCertificateKey if the key is what is wrong; they never quote the texts.
func ParseClientCertificate(chainPEM string, keyPEM secret.String) (ClientCertificate, error) {
	c, err := parseChain(chainPEM)
	if err != nil {
		return c, fmt.Errorf("%w: %w: %w", ErrRequest, ErrCertificate, err)
	}
	key, err := certificateKeyOf(keyPEM)
	if err != nil {
		return c, err
	}
	if own, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !own.Equal(c.leaf.PublicKey) {
		return c, keyError("it is not the one that the certificate was made for")
	}
	c.key = func() crypto.Signer { return key }
	return c, nil
}

// CheckCertificateKey is ParseClientCertificate for a key whose certificate is not at hand.
func CheckCertificateKey(keyPEM secret.String) error {
	_, err := certificateKeyOf(keyPEM)
	return err
}

func certificateKeyOf(keyPEM secret.String) (crypto.Signer, error) {
	if keyPEM.IsEmpty() {
		return nil, keyError("it is missing")
	}
	key, beside, err := privatePEM(strings.TrimSpace(keyPEM.Reveal()))
	switch {
	case err != nil:
		return nil, keyError(err.Error())
	case beside != nil:
		return nil, keyError("it holds a certificate, which belongs elsewhere")
	}
	return key, nil
}

func keyError(why string) error { return fmt.Errorf("%w: %w: %s", ErrRequest, ErrCertificateKey, why) }

// CheckCertificateChain is ParseClientCertificate for a chain whose key is not at hand. It tells when the certificate ends.
func CheckCertificateChain(chainPEM string) (time.Time, error) {
	c, err := parseChain(chainPEM)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: %w: %w", ErrRequest, ErrCertificate, err)
	}
	return c.Expires(), nil
}

// parseChain is strict: what is left out without a word shows only as a server that does not know the client.
func parseChain(text string) (ClientCertificate, error) {
	var c ClientCertificate
	blocks, err := pemBlocks(text)
	for _, block := range blocks {
		if strings.HasSuffix(block.Type, "PRIVATE KEY") {
			return c, errors.New("it holds a private key, which belongs elsewhere")
		}
		if block.Type != "CERTIFICATE" {
			return c, errors.New("it holds a PEM block that is not a certificate")
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return c, fmt.Errorf("its certificate %d cannot be read", len(c.chain)+1)
		}
		if c.leaf == nil {
			c.leaf = certificate
		}
		c.chain = append(c.chain, block.Bytes)
	}
	switch {
	case err != nil:
		return c, err
	case c.leaf == nil:
		return c, errors.New("it is not in PEM format" + contentOf(strings.TrimSpace(text)))
	}
	return c, nil
}

// TakesCertificate tells whether a certificate can be shown to an endpoint.
func TakesCertificate(endpoint string) bool {
	return strings.HasPrefix(strings.ToLower(endpoint), "https:")
}

type certificateKey struct{}

// showing makes the requests of ctx show a certificate; nil: none.
func showing(ctx context.Context, c *tls.Certificate) context.Context {
	if c == nil {
		return ctx
	}
	return context.WithValue(ctx, certificateKey{}, c)
}

// ShowCertificate makes what is called with ctx show a certificate in the TLS handshake; one that cannot be used is left out.
func ShowCertificate(ctx context.Context, chainPEM string, keyPEM secret.String) context.Context {
	c, err := ParseClientCertificate(chainPEM, keyPEM)
	if err != nil {
		return ctx
	}
	return showing(ctx, c.pair())
}

// ShownCertificate is the certificate that calls with ctx show; nil: none.
func ShownCertificate(ctx context.Context) *tls.Certificate {
	c, _ := ctx.Value(certificateKey{}).(*tls.Certificate)
	return c
}

// shows returns t for a request that shows a certificate. It is made for that one request and keeps nothing: connections
// are not kept alive, so there is nothing to share, and a server that sees a second client never sees the first one's
// certificate.
func (t wholeTransport) shows(r *http.Request) wholeTransport {
	c := ShownCertificate(r.Context())
	if c == nil {
		return t
	}
	own := t.Clone()
	if proxy, err := own.Proxy(r); err == nil && proxy != nil && proxy.Scheme == "https" {
		// With this, net/http connects to such a proxy, and not to the server behind it. By itself it has one configuration for both.
		own.DialTLSContext = (&tls.Dialer{Config: own.TLSClientConfig.Clone()}).DialContext
	}
	// Not Certificates: crypto/tls would show none that the server's list of CAs does not fit, as no self-signed one does.
	own.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return c, nil }
	return wholeTransport{own}
}

// errHandshake says that the server ended the TLS handshake for the client's certificate. In TLS 1.3 that comes when the
// request is out already; but a server reads nothing of it before it has taken the certificate (RFC 8446 §4.4.2.4), so it has
// not acted.
type errHandshake struct{ err error }

func (e errHandshake) Error() string { return e.err.Error() }
func (e errHandshake) Unwrap() error { return e.err }

// isRefusedCertificate tells whether err is an alert about the certificate that the client has shown, or has not.
func isRefusedCertificate(err error) bool {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" {
		return false
	}
	alert := reflect.ValueOf(op.Err) // its type is crypto/tls's own, and its text could change
	if alert.Kind() != reflect.Uint8 {
		return false
	}
	switch alert.Uint() { // RFC 8446 §6.2
	case 42, 43, 44, 45, 46, // bad_certificate, unsupported_certificate, certificate_revoked, certificate_expired, certificate_unknown
		48, 49, 116: // unknown_ca, access_denied, certificate_required
		return true
	}
	return false
}
