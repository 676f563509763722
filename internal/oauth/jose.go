package oauth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"

	"github.com/go-jose/go-jose/v4"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// minRSA is the least size of an RSA key, in bits (RFC 7518 §3.3).
const minRSA = 2048

// ErrKey marks a key that cannot sign. No error of this file quotes a key.
var ErrKey = errors.New("unusable key")

// keyError is a constant reason, so that nothing of a key can get into it.
type keyError string

func (e keyError) Error() string { return string(e) }
func (e keyError) Unwrap() error { return ErrKey }

// Signer signs JWTs with one key and one algorithm. It cannot be printed. The zero value signs nothing.
type Signer struct{ key *signingKey }

// signingKey lies behind a pointer, so that no formatting reaches the key.
type signingKey struct {
	algorithm jose.SignatureAlgorithm
	key       jose.JSONWebKey
}

// Algorithms are the signature algorithms of a private key that are spoken here, by their JWA names (RFC 7518 §3.1, RFC 8037 §3.1).
func Algorithms() []string {
	return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
}

// SecretAlgorithms are those of a client secret.
func SecretAlgorithms() []string { return []string{"HS256", "HS384", "HS512"} }

// ParsePrivateKey reads a private key, PEM (PKCS #8, PKCS #1 or SEC 1) or JWK (RFC 7517), and returns what signs with it. An empty
// algorithm is that of a JWK, else the usual one of the key: RS256, ES256, ES384, ES512 or EdDSA. An empty keyID is that of a JWK,
// else none is sent. Its errors wrap ErrKey.
func ParsePrivateKey(pemOrJWK secret.String, keyID, algorithm string) (Signer, error) {
	key, err := readPrivateKey(pemOrJWK.Reveal())
	if err != nil {
		return Signer{}, err
	}
	switch {
	case key.Use == "enc":
		return Signer{}, keyError("it is for encryption (use is enc), not for signatures")
	case keyID != "" && key.KeyID != "" && keyID != key.KeyID:
		return Signer{}, keyError("its own kid is another one than the key id that was given")
	case keyID != "":
		key.KeyID = keyID
	}
	if algorithm == "" {
		algorithm = key.Algorithm
	}
	fitting, err := algorithmsOf(key.Key)
	if err != nil {
		return Signer{}, err
	}
	if algorithm == "" {
		algorithm = fitting[0]
	}
	if !slices.Contains(fitting, algorithm) {
		return Signer{}, keyError(fmt.Sprintf("it does not sign with %s; a key of its kind does with %s", known(algorithm), list(fitting)))
	}
	return newSigner(key, algorithm)
}

// known is an algorithm's name if it is one; what else stands there is not repeated.
func known(algorithm string) string {
	if slices.Contains(slices.Concat(Algorithms(), SecretAlgorithms()), algorithm) {
		return algorithm
	}
	return "the algorithm that it is to be used with"
}

func list(names []string) string {
	text := names[0]
	for _, name := range names[1:] {
		text += ", " + name
	}
	return text
}

// SecretSigner signs with a client secret (OpenID Connect Core §9, client_secret_jwt). An empty algorithm is HS256.
func SecretSigner(clientSecret secret.String, algorithm string) (Signer, error) {
	if algorithm == "" {
		algorithm = "HS256"
	}
	need := map[string]int{"HS256": 32, "HS384": 48, "HS512": 64}[algorithm]
	switch {
	case need == 0:
		return Signer{}, keyError("a client secret signs with HS256, HS384 or HS512")
	case len(clientSecret.Reveal()) < need: // RFC 7518 §3.2
		return Signer{}, keyError(fmt.Sprintf("the client secret is shorter than the %d bytes that %s needs (RFC 7518 §3.2)", need, algorithm))
	}
	return newSigner(jose.JSONWebKey{Key: []byte(clientSecret.Reveal())}, algorithm)
}

func newSigner(key jose.JSONWebKey, algorithm string) (Signer, error) {
	key.Certificates, key.CertificatesURL = nil, nil // nobody asked for them in a header
	key.CertificateThumbprintSHA1, key.CertificateThumbprintSHA256 = nil, nil
	s := Signer{&signingKey{jose.SignatureAlgorithm(algorithm), key}}
	if _, err := s.Sign(map[string]any{}); err != nil { // what does not sign now will not when a request depends on it
		return Signer{}, err
	}
	return s, nil
}

// algorithmsOf are those that a key signs with, the usual one first.
func algorithmsOf(key any) ([]string, error) {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if k.N.BitLen() < minRSA {
			return nil, keyError(fmt.Sprintf("an RSA key needs at least %d bits (RFC 7518 §3.3), and it has %d", minRSA, k.N.BitLen()))
		}
		return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}, nil
	case *ecdsa.PrivateKey:
		if algorithm := map[int]string{256: "ES256", 384: "ES384", 521: "ES512"}[k.Curve.Params().BitSize]; algorithm != "" {
			return []string{algorithm}, consistent(k)
		}
		return nil, keyError("its curve is none of P-256, P-384 and P-521")
	case ed25519.PrivateKey:
		return []string{"EdDSA"}, nil
	case []byte:
		return nil, keyError("it is a symmetric key; only private keys (RSA, EC, Ed25519) sign here")
	case *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey:
		return nil, keyError("it is a public key, and signing needs the private one")
	}
	return nil, keyError("it is of a kind that signs nothing here; RSA, EC (P-256, P-384, P-521) and Ed25519 do")
}

// consistent refuses a key whose public part belongs to another one: no server could verify what it signs.
func consistent(k *ecdsa.PrivateKey) error {
	private, err := k.ECDH()
	if err != nil {
		return keyError("its private part is out of bounds")
	}
	public, err := k.PublicKey.ECDH()
	if err != nil || !private.PublicKey().Equal(public) {
		return keyError("its public part belongs to another key")
	}
	return nil
}

// Algorithm is the JWA name of what it signs with; empty for the zero value.
func (s Signer) Algorithm() string {
	if s.key == nil {
		return ""
	}
	return string(s.key.algorithm)
}

// Sign returns a JWT of typ JWT with the given claims.
func (s Signer) Sign(claims map[string]any) (secret.String, error) { return s.SignWith(nil, claims) }

// SignWith is Sign with further members of the header, which may also replace typ (RFC 7515 §4.1.9).
func (s Signer) SignWith(header, claims map[string]any) (secret.String, error) {
	if s.key == nil {
		return secret.String{}, keyError("there is no key")
	}
	options := (&jose.SignerOptions{}).WithType("JWT")
	for name, value := range header {
		options.WithHeader(jose.HeaderKey(name), value)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: s.key.algorithm, Key: s.key.key}, options)
	if err != nil { // its text is the library's, which may name what it was given
		return secret.String{}, keyError("it cannot sign with its algorithm")
	}
	text, err := json.Marshal(claims)
	if err != nil {
		return secret.String{}, fmt.Errorf("%w: the claims are no JSON", ErrRequest)
	}
	signed, err := signer.Sign(text)
	if err != nil {
		return secret.String{}, keyError("signing failed")
	}
	compact, err := signed.CompactSerialize()
	if err != nil {
		return secret.String{}, keyError("signing failed")
	}
	return secret.New(compact), nil
}

// PublicJWK is the public half as a JWK (RFC 7517) without kid, alg and use: as a proof of possession names it (RFC 9449 §4.2). A
// client secret has none.
func (s Signer) PublicJWK() (map[string]any, error) {
	public, err := s.public()
	if err != nil {
		return nil, err
	}
	text, err := jose.JSONWebKey{Key: public.Key}.MarshalJSON()
	if err != nil {
		return nil, keyError("it has no public half")
	}
	var members map[string]any
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, keyError("it has no public half")
	}
	return members, nil
}

// Thumbprint is the JWK thumbprint of the public half (RFC 7638), SHA-256 in base64url.
func (s Signer) Thumbprint() (string, error) {
	public, err := s.public()
	if err != nil {
		return "", err
	}
	sum, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		return "", keyError("it has no public half")
	}
	return base64.RawURLEncoding.EncodeToString(sum), nil
}

func (s Signer) public() (jose.JSONWebKey, error) {
	if s.key == nil {
		return jose.JSONWebKey{}, keyError("there is no key")
	}
	public := s.key.key.Public()
	if !public.Valid() {
		return public, keyError("it has no public half")
	}
	return public, nil
}

// String implements fmt.Stringer.
func (s Signer) String() string { return secret.Redacted }

// GoString implements fmt.GoStringer.
func (s Signer) GoString() string { return "oauth.Signer(" + secret.Redacted + ")" }

// Format implements fmt.Formatter, so that no verb reaches the key.
func (s Signer) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, secret.Redacted) }

// MarshalText implements encoding.TextMarshaler.
func (s Signer) MarshalText() ([]byte, error) { return []byte(secret.Redacted), nil }

// LogValue implements slog.LogValuer.
func (s Signer) LogValue() slog.Value { return slog.StringValue(secret.Redacted) }
