package oauth_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

func certified(t *testing.T) (oauth.ClientAuth, string) {
	t.Helper()
	k := testKeys()
	certificate := certificateOf(t, k.p384, time.Time{})
	return oauth.ClientAuth{
		Method: oauth.SelfSignedTLSClientAuth, ClientID: "a b", Certificate: certificate, CertificateKey: secret.New(pemOf(t, "EC PRIVATE KEY", k.p384)),
	}, certificate
}

// A certificate is shown for the client that has it, and for no other on the same caller; the server's list of CAs does not
// matter, which no self-signed one is on.
func TestCertificateInTheHandshake(t *testing.T) {
	auth, certificate := certified(t)
	var shown, body string
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		shown, body = "", string(text)
		for _, c := range r.TLS.PeerCertificates {
			shown += string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
		}
		_, _ = io.WriteString(w, "{}")
	}))
	cas := x509.NewCertPool()
	cas.AppendCertsFromPEM([]byte(certificateOf(t, testKeys().rsa, time.Time{})))
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert, ClientCAs: cas}
	server.StartTLS()
	defer server.Close()
	caller := newCaller(t, oauth.CallerOptions{CACertificatePEM: certificatePEM(server)})
	post := func(a oauth.ClientAuth) {
		t.Helper()
		reply := caller.Post(t.Context(), oauth.Request{Endpoint: server.URL, Auth: a, Form: oauth.RevokeForm(secret.New("t"), "")})
		if !reply.Sent || reply.Status != 200 || reply.Err != nil {
			t.Fatalf("reply %+v", reply)
		}
	}
	for range 3 {
		if post(auth); shown != certificate || body != "client_id=a+b&token=t" {
			t.Errorf("shown %q, body %q", shown, body)
		}
		if post(public("c")); shown != "" || body != "client_id=c&token=t" {
			t.Errorf("shown %q, body %q", shown, body)
		}
	}
	// A token that is bound to it needs it at the API, too.
	ctx := oauth.ShowCertificate(t.Context(), auth.Certificate, auth.CertificateKey)
	if reply := caller.Probe(ctx, server.URL, oauth.Access{Token: secret.New("t")}); reply.Status != 200 || shown != certificate {
		t.Errorf("%+v, shown %q", reply, shown)
	}
	if reply := caller.Probe(oauth.ShowCertificate(t.Context(), "", secret.String{}), server.URL, oauth.Access{Token: secret.New("t")}); reply.Status != 200 || shown != "" {
		t.Errorf("%+v, shown %q", reply, shown)
	}
	// Another method binds the tokens to the certificate (RFC 8705 §3); the chain is shown as a whole.
	auth.Method, auth.ClientSecret = oauth.ClientSecretBasic, secret.New("s")
	auth.Certificate += certificateOf(t, testKeys().rsa, time.Time{})
	if post(auth); shown != auth.Certificate || body != "token=t" {
		t.Errorf("shown %q, body %q", shown, body)
	}
}

// A server that refuses the certificate has not read the request, whatever was sent meanwhile: in TLS 1.3 the client is done
// with the handshake before the server has looked.
func TestRefusedCertificate(t *testing.T) {
	auth, _ := certified(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for name, a := range map[string]oauth.ClientAuth{"unknown": auth, "none": public("a")} {
			t.Run(fmt.Sprintf("%s %s", tls.VersionName(version), name), func(t *testing.T) {
				var served atomic.Int32
				server := tlsServer(t, func(s *httptest.Server) {
					s.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: x509.NewCertPool(), MinVersion: version, MaxVersion: version}
					s.Config.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served.Add(1) })
				})
				caller := newCaller(t, oauth.CallerOptions{CACertificatePEM: certificatePEM(server)})
				reply := caller.Post(t.Context(), oauth.Request{Endpoint: server.URL, Auth: a, Form: oauth.RevokeForm(secret.New("t"), "")})
				v := oauth.Judge(reply)
				if version == tls.VersionTLS12 && name == "none" {
					// handshake_failure says no more than that there is no common ground; but nothing was sent.
					if reply.Sent || v.Class != oauth.BadClient && v.Class != oauth.NotSent {
						t.Errorf("%+v, %+v", reply, v)
					}
					return
				}
				if v.Class != oauth.BadClient || v.Status != 0 || v.Err == nil || !strings.Contains(v.Err.Error(), "remote error: tls: ") || served.Load() != 0 {
					t.Errorf("%+v, %+v", reply, v)
				}
				if v.AuthMethod != a.Method {
					t.Errorf("refused by the method %q, want %q", v.AuthMethod, a.Method)
				}
				if r := oauth.JudgeRevocation(reply); r.Class != oauth.BadClient {
					t.Errorf("revocation: %+v", r)
				}
			})
		}
	}
}

// Any other end of the connection leaves the outcome unknown.
func TestOtherAlertsSayNothing(t *testing.T) {
	server := tlsServer(t, func(s *httptest.Server) {
		s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.ReadAll(r.Body)
			connection, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_ = connection.Close() // close_notify
		})
	})
	auth, _ := certified(t)
	reply := newCaller(t, oauth.CallerOptions{CACertificatePEM: certificatePEM(server)}).Post(t.Context(),
		oauth.Request{Endpoint: server.URL, Auth: auth, Form: oauth.RevokeForm(secret.New("t"), "")})
	if v := oauth.Judge(reply); !reply.Sent || v.Class != oauth.OutcomeUnknown {
		t.Errorf("%+v, %+v", reply, v)
	}
}

func TestCertificatesGoToHTTPSOnly(t *testing.T) {
	auth, _ := certified(t)
	transport := transportFunc(func(*http.Request) (*http.Response, error) { t.Error("the transport was called"); return nil, io.EOF })
	reply := newCaller(t, oauth.CallerOptions{Transport: transport, AllowInsecureHTTP: true}).Post(t.Context(),
		oauth.Request{Endpoint: "http://127.0.0.1/token", Auth: auth, Form: oauth.RevokeForm(secret.New("t"), "")})
	if reply.Sent || !errors.Is(reply.Err, oauth.ErrRequest) || !strings.Contains(reply.Err.Error(), "a certificate can be shown to https:// only") {
		t.Errorf("%+v", reply)
	}
}

func TestClientCertificatesThatAreRefused(t *testing.T) {
	k := testKeys()
	chain, key := certificateOf(t, k.p256, time.Time{}), pemOf(t, "PRIVATE KEY", k.p256)
	for name, tt := range map[string]struct{ chain, key, want string }{
		"good":            {chain + certificateOf(t, k.ed, time.Time{}), key, ""},
		"no chain":        {"", key, "the client certificate: it is not in PEM format"},
		"no key":          {chain, "", "the key of the certificate: it is missing"},
		"other key":       {chain, pemOf(t, "PRIVATE KEY", k.ed), "the key of the certificate: it is not the one that the certificate was made for"},
		"key in chain":    {chain + key, key, "the client certificate: it holds a private key, which belongs elsewhere"},
		"chain in key":    {chain, key + chain, "the key of the certificate: it holds a certificate, which belongs elsewhere"},
		"public key":      {pemOf(t, "PUBLIC KEY", &k.p256.PublicKey), key, "the client certificate: it holds a PEM block that is not a certificate"},
		"second torn":     {chain + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", key, "the client certificate: its certificate 2 cannot be read"},
		"first broken":    {strings.Replace(chain, "MII", "!!!", 1) + chain, key, "the client certificate: its PEM is broken"},
		"a file's name":   {"client.crt", key, "it is not in PEM format; if it is the name of a file, give what is in it: file(…)"},
		"second cut":      {chain + chain[:100], key, "the client certificate: its PEM is broken"},
		"encrypted":       {chain, strings.ReplaceAll(key, "PRIVATE KEY", "ENCRYPTED PRIVATE KEY"), "the key of the certificate: it is encrypted"},
		"issuer is first": {certificateOf(t, k.ed, time.Time{}) + chain, key, "it is not the one that the certificate was made for"},
	} {
		c, err := oauth.ParseClientCertificate(tt.chain, secret.New(tt.key))
		if tt.want == "" {
			if err != nil || c.Expires().IsZero() {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if !errors.Is(err, oauth.ErrRequest) || !strings.Contains(err.Error(), tt.want) || errors.Is(err, oauth.ErrCertificateKey) != strings.Contains(err.Error(), "the key of") {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
		if strings.Contains(err.Error(), key[40:60]) {
			t.Errorf("%s quotes the key: %v", name, err)
		}
	}
}

func FuzzParseClientCertificate(f *testing.F) {
	f.Add("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
	f.Add("", "")
	f.Fuzz(func(t *testing.T, chain, key string) {
		if _, err := oauth.ParseClientCertificate(chain, secret.New(key)); err != nil && (!errors.Is(err, oauth.ErrRequest) || len(err.Error()) > 200) {
			t.Error(err)
		}
	})
}
