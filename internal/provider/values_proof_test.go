package provider

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"sync"
	"time"
)

// keyAndCertificate are P-256. line is a part of the key's text.
type keyAndCertificate struct{ key, line, certificate, otherKey string }

var testProof = sync.OnceValue(func() (p keyAndCertificate) {
	text := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	var keys [2]*ecdsa.PrivateKey
	var texts [2]string
	for i := range keys {
		keys[i], _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		der, _ := x509.MarshalPKCS8PrivateKey(keys[i])
		texts[i] = text("PRIVATE KEY", der)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "client"}, NotBefore: time.Unix(0, 0),
		NotAfter: time.Date(2026, 12, 24, 0, 0, 0, 0, time.UTC),
	}
	der, _ := x509.CreateCertificate(rand.Reader, c, c, &keys[0].PublicKey, keys[0])
	p.key, p.otherKey, p.certificate = texts[0], texts[1], text("CERTIFICATE", der)
	p.line = strings.Split(p.key, "\n")[2]
	return p
})

// badProofs are keys and certificates that are right alone, and do not go with the rest.
func badProofs(base object, prefix string) []badValue {
	one := testProof()
	at := func(name string) string { return prefix + name }
	set := func(o object, name string, value any) object { return with(o, prefix+name, value) }
	long := strings.Repeat("s", 40)
	signs := set(base, "private_key", one.key)
	shows := set(set(set(base, "token_endpoint_auth_method", "tls_client_auth"), "tls_client_certificate", one.certificate), "tls_client_private_key", one.key)
	bySecret := set(set(base, "client_secret", long), "token_endpoint_auth_method", "client_secret_jwt")
	quiet := base
	if prefix != "" {
		quiet = with(base, "preauthenticated", object{"refresh_token_wo": "r", "refresh_token_wo_version": 1})
	}
	kept := func(name string) string {
		return "The provider has secrets_in_state = false, and " + prefix + name + " is kept in state and plan. Use " + name + "_wo and " + name + "_wo_version instead. Nothing was read or sent."
	}
	hide := []string{one.line, long}
	rows := []badValue{
		{base: signs, at: at("token_endpoint_auth_method"), value: "none", path: at("private_key"),
			says: at(`private_key is not used: token_endpoint_auth_method is "none". Remove one of them.`)},
		{base: signs, at: at("client_secret"), value: long, path: at("token_endpoint_auth_method"),
			says: at(`token_endpoint_auth_method is needed: there is a client_secret and a private_key. Set it to "private_key_jwt" to use the key,`)},
		{base: base, at: at("private_key_id"), value: "k1", path: at("private_key"), says: at("private_key is needed: there is a private_key_id.")},
		{base: signs, at: at("token_endpoint_auth_signing_alg"), value: "RS256",
			says: at("token_endpoint_auth_signing_alg cannot be used: a key on the curve P-256 does not sign with RS256, but with ES256.")},
		{base: bySecret, at: at("token_endpoint_auth_signing_alg"), value: "ES256",
			says: at("token_endpoint_auth_signing_alg cannot be used: ES256 does not go with a client secret, which signs with HS256, HS384 or HS512.")},
		{base: bySecret, at: at("token_endpoint_auth_signing_alg"), value: "HS512", path: at("client_secret"),
			says: at("client_secret cannot be used: the client secret has 40 octets, and HS512 needs 64 or more (RFC 7518 §3.2).")},
		{base: set(bySecret, "token_endpoint_auth_method", "client_secret_basic"), at: at("token_endpoint_auth_signing_alg"), value: "HS256",
			says: at(`token_endpoint_auth_signing_alg is not used: token_endpoint_auth_method is "client_secret_basic". Remove one of them.`)},

		{base: shows, at: at("token_endpoint_auth_method"), value: nil,
			says: at("token_endpoint_auth_method is needed: there is a tls_client_certificate, which the server may know by the CA that made it " +
				`("tls_client_auth"), or by itself ("self_signed_tls_client_auth").`)},
		{base: shows, at: at("tls_client_private_key"), value: nil, says: at("tls_client_private_key is needed: there is a tls_client_certificate.")},
		{base: shows, at: at("tls_client_private_key"), value: one.otherKey, says: at("tls_client_private_key cannot be used: it is not the one that the certificate was made for.")},
		{base: shows, at: at("tls_client_private_key"), value: "", says: at("tls_client_private_key must be the private key of a certificate, as PEM: it is missing.")},
		{base: shows, at: at("tls_client_private_key"), value: one.key + one.certificate, says: "it holds a certificate, which belongs elsewhere."},
		{base: shows, at: at("tls_client_private_key"), value: strings.Repeat(long, 1000), says: "it is longer than 16384 bytes."},
		{base: set(set(shows, "tls_client_private_key", nil), "tls_client_private_key_wo_version", 1), at: at("tls_client_private_key_wo"), value: one.otherKey,
			says: at("tls_client_private_key_wo cannot be used: it is not the one that the certificate was made for.")},
		{base: shows, at: at("tls_client_certificate"), value: "", says: at("tls_client_certificate must be one or more certificates as PEM, the client's own first: it is not in PEM format.")},
		{base: shows, at: at("tls_client_certificate"), value: one.certificate + one.key, says: "it holds a private key, which belongs elsewhere."},
		{base: shows, at: at("tls_client_certificate"), value: one.certificate[:200], says: "its PEM is broken: a block does not end, or is no base64."},
		{base: shows, at: at("tls_client_certificate"), value: strings.Repeat(one.certificate, 200), says: "it is longer than 65536 bytes."},
		{base: shows, at: at("token_endpoint"), value: "http://127.0.0.1/token",
			says: at("token_endpoint uses http://, and tls_client_certificate can be shown to https:// only. Use the address that the server has for certificates.")},

		{base: quiet, at: at("private_key"), value: one.key, provider: object{"secrets_in_state": false}, phase: inPlan, says: kept("private_key")},
	}
	for i := range rows {
		rows[i].hidden = hide
	}
	return rows
}
