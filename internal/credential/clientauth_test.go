package credential

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// proving are texts of keys, made once.
var proving = sync.OnceValue(func() (p struct{ rsa, ec, certificate string }) {
	text := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	r, _ := rsa.GenerateKey(rand.Reader, 2048)
	e, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ecDER, _ := x509.MarshalPKCS8PrivateKey(e)
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "c"}, NotAfter: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)}
	der, _ := x509.CreateCertificate(rand.Reader, c, c, &e.PublicKey, e)
	p.rsa, p.ec, p.certificate = text("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(r)), text("PRIVATE KEY", ecDER), text("CERTIFICATE", der)
	return p
})

const longSecret = "0123456789abcdef0123456789abcdef"

// Which method counts, and that it gets what it needs and nothing else.
func TestMethods(t *testing.T) {
	t.Parallel()
	p := proving()
	both := Client{
		ClientID: "c", TokenEndpoint: "https://as.example/t", ClientSecret: secret.New(longSecret), PrivateKey: secret.New(p.ec), PrivateKeyID: "k",
		TLSClientCertificate: p.certificate, TLSClientPrivateKey: secret.New(p.ec),
	}
	with := func(change func(*Client)) Client {
		c := both
		change(&c)
		return c
	}
	for name, tt := range map[string]struct {
		client Client
		want   string // the method and what it is given, or the error
	}{
		"secret": {with(func(c *Client) { c.PrivateKey = secret.String{} }), "client_secret_basic secret certificate"},
		"key": {with(func(c *Client) {
			c.ClientSecret, c.TLSClientCertificate, c.TLSClientPrivateKey = secret.String{}, "", secret.String{}
		}),
			"private_key_jwt key k"},
		"key and certificate":   {with(func(c *Client) { c.ClientSecret = secret.String{} }), "private_key_jwt key k certificate"},
		"secret and key":        {both, ErrKeyOrSecret.Error()},
		"key by choice":         {with(func(c *Client) { c.TokenEndpointAuthMethod = "private_key_jwt" }), "private_key_jwt key k certificate"},
		"secret by choice":      {with(func(c *Client) { c.TokenEndpointAuthMethod = "client_secret_post" }), "client_secret_post secret certificate"},
		"signed secret":         {with(func(c *Client) { c.TokenEndpointAuthMethod = "client_secret_jwt" }), "client_secret_jwt secret certificate"},
		"certificate by choice": {with(func(c *Client) { c.TokenEndpointAuthMethod = "tls_client_auth" }), "tls_client_auth certificate"},
		"certificate alone":     {with(func(c *Client) { c.ClientSecret, c.PrivateKey = secret.String{}, secret.String{} }), ErrCertificateMethod.Error()},
		"bound, public": {with(func(c *Client) {
			c.ClientSecret, c.PrivateKey, c.TokenEndpointAuthMethod = secret.String{}, secret.String{}, "none"
		}), "none certificate"},

		"no secret":      {Client{ClientID: "c", TokenEndpoint: "https://as.example/t", TokenEndpointAuthMethod: "client_secret_jwt"}, "token_endpoint_auth_method is client_secret_jwt, but there is no client_secret"},
		"no key":         {Client{ClientID: "c", TokenEndpoint: "https://as.example/t", TokenEndpointAuthMethod: "private_key_jwt"}, "token_endpoint_auth_method is private_key_jwt, but there is no private_key"},
		"no certificate": {Client{ClientID: "c", TokenEndpoint: "https://as.example/t", TokenEndpointAuthMethod: "self_signed_tls_client_auth"}, "token_endpoint_auth_method is self_signed_tls_client_auth, but there is no tls_client_certificate"},
		"no TLS key":     {with(func(c *Client) { c.TokenEndpointAuthMethod, c.TLSClientPrivateKey = "tls_client_auth", secret.String{} }), "the key of the certificate: it is missing"},
		"other TLS key": {with(func(c *Client) {
			c.TokenEndpointAuthMethod, c.TLSClientPrivateKey = "tls_client_auth", secret.New(p.rsa)
		}), "it is not the one that the certificate was made for"},
		"short secret": {Client{ClientID: "c", TokenEndpoint: "https://as.example/t", TokenEndpointAuthMethod: "client_secret_jwt", ClientSecret: secret.New("short")}, "the client secret has 5 octets"},
		"unfit alg":    {with(func(c *Client) { c.TokenEndpointAuthMethod, c.TokenEndpointAuthSigningAlg = "private_key_jwt", "RS256" }), "does not sign with RS256"},
		"http": {with(func(c *Client) {
			c.TokenEndpointAuthMethod, c.RevocationEndpoint = "tls_client_auth", "http://127.0.0.1/r"
		}), "revocation_endpoint is http://127.0.0.1/r, and a certificate can be shown to https:// only"},
		"http, discovered and never asked": {with(func(c *Client) {
			c.TokenEndpointAuthMethod, c.DeviceAuthorizationEndpoint = "tls_client_auth", "http://127.0.0.1/d"
			c.metadata = &oauth.Metadata{DeviceAuthorizationEndpoint: "http://127.0.0.1/d"}
		}), "tls_client_auth certificate"},
		"http, discovered and asked": {with(func(c *Client) {
			c.TokenEndpointAuthMethod, c.TokenEndpoint = "tls_client_auth", "http://127.0.0.1/t"
			c.metadata = &oauth.Metadata{TokenEndpoint: "http://127.0.0.1/t"}
		}), "token_endpoint is http://127.0.0.1/t, and a certificate can be shown to https:// only"},
	} {
		err := tt.client.usable()
		if err != nil {
			if !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), p.ec[40:60]) {
				t.Errorf("%s: %v\nwant %s", name, err, tt.want)
			}
			continue
		}
		for what, a := range map[string]oauth.ClientAuth{"token": tt.client.auth(), "revocation": tt.client.revocationAuth()} {
			got := a.Method
			for text, given := range map[string]bool{" secret": !a.ClientSecret.IsEmpty(), " key": !a.PrivateKey.IsEmpty(), " k": a.KeyID != "", " certificate": a.Certificate != ""} {
				if given != strings.Contains(tt.want+" ", text+" ") {
					t.Errorf("%s, %s: %s: %v, want %s", name, what, text, given, tt.want)
				}
			}
			if !strings.HasPrefix(tt.want, got) || a.ClientID != "c" {
				t.Errorf("%s, %s: %s, want %s", name, what, got, tt.want)
			}
		}
	}
}

// Whom an assertion is made out to. Metadata of another server than the token endpoint's do not count.
func TestAudience(t *testing.T) {
	t.Parallel()
	const issuer, token = "https://as.example", "https://as.example/t"
	for name, tt := range map[string]struct {
		client Client
		preset Preset
		want   string
	}{
		"issuer":             {Client{Issuer: issuer, TokenEndpoint: token}, Preset{}, issuer},
		"token endpoint":     {Client{TokenEndpoint: token}, Preset{}, token},
		"of another server":  {Client{Issuer: issuer, TokenEndpoint: "https://other.example/t", asked: true}, Preset{}, "https://other.example/t"},
		"told":               {Client{Issuer: issuer, TokenEndpoint: token, asked: true, metadata: &oauth.Metadata{}}, Preset{}, issuer},
		"the platform's":     {Client{}, Preset{Issuer: issuer, TokenEndpoint: token}, issuer},
		"wants the endpoint": {Client{Issuer: issuer}, Preset{TokenEndpoint: token, ClientAssertionAudience: AudienceTokenEndpoint}, token},
		"wants each its own": {Client{Issuer: issuer}, Preset{TokenEndpoint: token, ClientAssertionAudience: AudienceEndpoint}, ""},
		"wants the issuer":   {Client{Issuer: issuer}, Preset{TokenEndpoint: token, ClientAssertionAudience: AudienceIssuer}, issuer},
	} {
		tt.client.preset = &tt.preset
		if got := tt.client.completed().auth().Audience; got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// A client with a certificate goes to the addresses for certificates, which may be at another host, and only where no other
// address is configured (RFC 8705 §5).
func TestAliasesForCertificates(t *testing.T) {
	t.Parallel()
	m := oauth.Metadata{
		Issuer: "https://as.example", AuthorizationEndpoint: "https://as.example/a", TokenEndpoint: "https://as.example/t",
		RevocationEndpoint: "https://as.example/r", IntrospectionEndpoint: "https://as.example/i", PushedAuthorizationRequestEndpoint: "https://as.example/p",
		MTLSEndpointAliases: map[string]string{
			"token_endpoint": "https://mtls.example/t", "revocation_endpoint": "https://mtls.example/r", "pushed_authorization_request_endpoint": "https://mtls.example/p",
		},
	}
	shows := Client{TLSClientCertificate: "c"}
	own := shows
	own.TokenEndpoint = "https://mtls.example/own"
	other := shows
	other.TokenEndpoint = "https://other.example/t"
	for name, tt := range map[string]struct {
		client Client
		want   string
	}{
		"without": {Client{}, "as.example/a as.example/t as.example/r as.example/i as.example/p"},
		"with":    {shows, "as.example/a mtls.example/t mtls.example/r as.example/i mtls.example/p"},
		"own":     {own, "as.example/a mtls.example/own mtls.example/r as.example/i mtls.example/p"},
		"other":   {other, " other.example/t   "},
	} {
		c := tt.client.told(m)
		got := strings.Join([]string{c.AuthorizationEndpoint, c.TokenEndpoint, c.RevocationEndpoint, c.IntrospectionEndpoint, c.PushedAuthorizationRequestEndpoint}, " ")
		if got = strings.ReplaceAll(got, "https://", ""); got != tt.want {
			t.Errorf("%s: %s\nwant %s", name, got, tt.want)
		}
	}
	if m.TokenEndpoint != "https://as.example/t" {
		t.Error("the metadata were changed")
	}
}

// The algorithm is the first that server and key have in common, unless one is configured, or the server does not say.
func TestSigningAlgorithms(t *testing.T) {
	t.Parallel()
	p := proving()
	key := func(text, alg string) Client {
		return Client{ClientID: "c", PrivateKey: secret.New(text), TokenEndpointAuthSigningAlg: alg}
	}
	bySecret := Client{ClientID: "c", ClientSecret: secret.New(longSecret), TokenEndpointAuthMethod: "client_secret_jwt"}
	for _, tt := range []struct {
		client    Client
		supported []string
		want      string
	}{
		{key(p.rsa, ""), nil, ""}, {key(p.rsa, ""), []string{"ES256", "PS512", "PS256"}, "PS256"}, {key(p.rsa, ""), []string{"PS256", "RS256"}, "RS256"},
		{key(p.rsa, ""), []string{"ES256"}, ""}, {key(p.rsa, "RS512"), []string{"PS256"}, "RS512"}, {key(p.ec, ""), []string{"RS256", "ES256"}, "ES256"},
		{bySecret, []string{"RS256", "HS512", "HS256"}, "HS256"}, {bySecret, []string{"HS512"}, ""},
		{Client{ClientID: "c", ClientSecret: secret.New(longSecret)}, []string{"RS256"}, ""},
	} {
		if got := tt.client.told(oauth.Metadata{TokenEndpointAuthSigningAlgs: tt.supported}).TokenEndpointAuthSigningAlg; got != tt.want {
			t.Errorf("%s of %v: %q, want %q", tt.client.method(), tt.supported, got, tt.want)
		}
	}
}

// What proves the client comes from its registration as a whole, method included, if the client has none of it.
func TestBorrowedProof(t *testing.T) {
	t.Parallel()
	p := proving()
	from := Client{
		PrivateKey: secret.New(p.ec), PrivateKeyID: "k", TLSClientCertificate: p.certificate, TLSClientPrivateKey: secret.New(p.ec),
		TokenEndpointAuthMethod: "private_key_jwt", TokenEndpointAuthSigningAlg: "ES256",
	}
	c := Client{Registration: "r", ClientID: "c", TokenEndpoint: "https://as.example/t"}
	if !c.borrows() {
		t.Fatal("it does not borrow")
	}
	c.borrow(from)
	if err := c.usable(); err != nil || c.auth().Method != "private_key_jwt" || c.auth().KeyID != "k" || c.auth().SigningAlg != "ES256" || c.auth().Certificate == "" {
		t.Errorf("%v, %s", err, c.auth().Method)
	}
	for name, own := range map[string]Client{
		"secret": {Registration: "r", ClientSecret: secret.New("s")}, "key": {Registration: "r", PrivateKey: secret.New("s")},
		"certificate": {Registration: "r", TLSClientPrivateKey: secret.New("s")}, "public": {Registration: "r", TokenEndpointAuthMethod: "none"}, "no registration": {},
	} {
		if own.borrows() {
			t.Errorf("a client with its own %s borrows", name)
		}
	}
}

// What proves the client is looked at before anything is booked, claimed or sent: the record is as it was.
func TestUnusableProofSpendsNothing(t *testing.T) {
	t.Parallel()
	p := proving()
	for name, c := range map[string]Client{
		"key": {PrivateKey: secret.New("nonsense")}, "algorithm": {PrivateKey: secret.New(p.ec), TokenEndpointAuthSigningAlg: "RS256"},
		"certificate": {TokenEndpointAuthMethod: "tls_client_auth", TLSClientCertificate: p.certificate, TLSClientPrivateKey: secret.New(p.rsa)},
		"short":       {TokenEndpointAuthMethod: "client_secret_jwt", ClientSecret: secret.New("s")},
	} {
		w := newWorld(t)
		before := w.authorized(func(r *Record) {
			c.ClientID, c.TokenEndpoint = r.Client.ClientID, r.Client.TokenEndpoint
			r.Client = c
		})
		_, err := w.token(w.start())
		w.wantKind(err, KindConfiguration)
		if after := w.record(); len(after.History) != len(before.History) || after.Claim != nil {
			t.Errorf("%s: the record was changed: %+v", name, after.History)
		}
		w.wantServer(0, 0, 0)
	}
}
