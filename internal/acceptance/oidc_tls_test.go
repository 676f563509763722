//go:build unix

package acceptance_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"testing"
	"time"
)

// oidcTLS is what an https listener needs, in PEM. CA is whose client certificates it takes for verified.
type oidcTLS struct {
	Cert string `json:"cert"`
	Key  string `json:"key"`
	CA   string `json:"ca"`
}

// testCA is a certification authority that lives as long as a test.
type testCA struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  string // for ca_certificate_pem
}

func newTestCA(t testing.TB) *testCA {
	t.Helper()
	ca := &testCA{t: t, key: newECKey(t)}
	template := certificateOf("Test CA")
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage, template.ExtKeyUsage = true, true, x509.KeyUsageCertSign, nil
	issued := signCertificate(t, template, template, ca.key, ca.key)
	ca.cert, ca.pem = issued.cert, issued.certPEM
	return ca
}

// listener is a certificate for 127.0.0.1, at which certificates of this authority count as verified.
func (ca *testCA) listener() *oidcTLS {
	ca.t.Helper()
	template := certificateOf("server")
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	issued := signCertificate(ca.t, template, ca.cert, newECKey(ca.t), ca.key)
	return &oidcTLS{Cert: issued.certPEM, Key: issued.keyPEM, CA: ca.pem}
}

// client is a client certificate for tls_client_auth; its subject is "CN=" and the name.
func (ca *testCA) client(name string) testCertificate {
	ca.t.Helper()
	return signCertificate(ca.t, certificateOf(name), ca.cert, newECKey(ca.t), ca.key)
}

// selfSigned is a client certificate for self_signed_tls_client_auth.
func selfSigned(t testing.TB, name string) testCertificate {
	t.Helper()
	template, key := certificateOf(name), newECKey(t)
	return signCertificate(t, template, template, key, key)
}

// testCertificate is a certificate with its private key (PKCS #8).
type testCertificate struct {
	cert            *x509.Certificate
	certPEM, keyPEM string
	key             *ecdsa.PrivateKey
}

// jwks is the public half for a client's metadata, with the certificate in x5c (RFC 8705 section 2.2).
func (c testCertificate) jwks(t testing.TB) map[string]any {
	t.Helper()
	return jwksOf(publicJWK(t, c.key.Public(), "certificate", map[string]any{"x5c": []string{base64.StdEncoding.EncodeToString(c.cert.Raw)}}))
}

// thumbprint is what a token bound to the certificate holds as cnf.x5t#S256.
func (c testCertificate) thumbprint() string {
	sum := sha256.Sum256(c.cert.Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func newECKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func certificateOf(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(2099, 12, 31, 0, 0, 0, 0, time.UTC),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
}

func signCertificate(t testing.TB, template, parent *x509.Certificate, key, parentKey *ecdsa.PrivateKey) testCertificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return testCertificate{cert: cert, key: key, certPEM: pemOf("CERTIFICATE", der), keyPEM: privateKeyPEM(t, key)}
}

// privateKeyPEM writes a private key of any kind as PKCS #8.
func privateKeyPEM(t testing.TB, key crypto.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pemOf("PRIVATE KEY", der)
}

func pemOf(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// jwksOf is a client's jwks, or that of an issuer of assertions.
func jwksOf(keys ...map[string]any) map[string]any { return map[string]any{"keys": keys} }

// publicJWK writes an EC (P-256), RSA or Ed25519 public key as RFC 7517 and 8037 say. more are further members, such as "alg".
func publicJWK(t testing.TB, key crypto.PublicKey, id string, more map[string]any) map[string]any {
	t.Helper()
	encode := base64.RawURLEncoding.EncodeToString
	jwk := map[string]any{"kid": id, "use": "sig"}
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		point, err := k.Bytes() // 0x04, x, y
		if err != nil || k.Curve != elliptic.P256() {
			t.Fatalf("not a P-256 key: %v", err)
		}
		jwk["kty"], jwk["crv"], jwk["x"], jwk["y"] = "EC", "P-256", encode(point[1:33]), encode(point[33:])
	case *rsa.PublicKey:
		jwk["kty"], jwk["n"], jwk["e"] = "RSA", encode(k.N.Bytes()), encode(big.NewInt(int64(k.E)).Bytes())
	case ed25519.PublicKey:
		jwk["kty"], jwk["crv"], jwk["x"] = "OKP", "Ed25519", encode(k)
	default:
		t.Fatalf("no JWK for %T", key)
	}
	for name, value := range more {
		jwk[name] = value
	}
	return jwk
}

// privateJWK writes an EC (P-256) private key as RFC 7518 section 6.2 says.
func privateJWK(t testing.TB, key *ecdsa.PrivateKey) map[string]any {
	t.Helper()
	d, err := key.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return publicJWK(t, key.Public(), "e1", map[string]any{"d": base64.RawURLEncoding.EncodeToString(d)})
}

// signHS256 and signES256 make JWTs that our code had no hand in.
func signHS256(t testing.TB, secret string, claims map[string]any) string {
	t.Helper()
	signed := unsigned(t, map[string]any{"alg": "HS256"}, claims)
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func unsigned(t testing.TB, header, claims map[string]any) string {
	t.Helper()
	h, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	c, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(h) + "." + base64.RawURLEncoding.EncodeToString(c)
}

func signES256(t testing.TB, key *ecdsa.PrivateKey, id string, claims map[string]any) string {
	t.Helper()
	signed := unsigned(t, map[string]any{"alg": "ES256", "typ": "JWT", "kid": id}, claims)
	sum := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}
