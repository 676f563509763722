package oauth

import (
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// SigningAlgorithms are those that a client's assertion or DPoP proof may be signed with, by their names in RFC 7518 §3.1 and
// RFC 8037. HS256 and its kin go with a client secret.
func SigningAlgorithms() []string {
	return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "HS256", "HS384", "HS512"}
}

// Signer signs JSON Web Tokens with one key. The zero value signs nothing. It may be used from many goroutines, and cannot be
// printed: the key lies behind a function.
type Signer struct {
	alg    string
	keyID  string
	key    func() any           // *rsa.PrivateKey, *ecdsa.PrivateKey, ed25519.PrivateKey, or []byte of a client secret
	public func() crypto.Signer // nil with a client secret
	names  map[string]string    // further headers that name the key
}

// SecretSigner signs with a client secret (RFC 7518 §3.2). An empty alg stands for HS256.
func SecretSigner(clientSecret secret.String, alg string) (Signer, error) {
	if alg == "" {
		alg = "HS256"
	}
	need := map[string]int{"HS256": 32, "HS384": 48, "HS512": 64}[alg]
	switch text := clientSecret.Reveal(); {
	case need == 0:
		return Signer{}, fmt.Errorf("%w: %s needs a private key; a client secret signs with HS256, HS384 or HS512", ErrRequest, alg)
	case text == "":
		return Signer{}, fmt.Errorf("%w: there is no client secret to sign with", ErrRequest)
	case len(text) < need:
		return Signer{}, fmt.Errorf("%w: the client secret has %d octets, and %s needs %d or more (RFC 7518 §3.2)", ErrRequest, len(text), alg, need)
	}
	return Signer{alg: alg, key: func() any { return []byte(clientSecret.Reveal()) }}, nil
}

// ErrPrivateKey says that an error is about a private key that signs.
var ErrPrivateKey = errors.New("the private key")

// ParsePrivateKey reads an asymmetric private key: PEM (PKCS #8, PKCS #1 or SEC 1, not encrypted) or a JWK. A certificate of the key in
// the same PEM, or its thumbprint in the JWK, is named in what is signed. An empty keyID stands for that of the JWK, an empty alg for
// that of the JWK, else RS256 with RSA and the one that belongs to the curve. Its errors wrap ErrRequest, and never quote the text.
func ParsePrivateKey(pemOrJWK secret.String, keyID, alg string) (Signer, error) {
	text := strings.TrimSpace(pemOrJWK.Reveal())
	var key crypto.Signer
	var names map[string]string
	var err error
	switch {
	case text == "":
		err = errors.New("it is empty")
	case strings.HasPrefix(text, "{"):
		var fromJWK jose.JSONWebKey
		if key, fromJWK, err = privateJWK(text); err != nil {
			break
		}
		if keyID == "" {
			keyID = fromJWK.KeyID
		}
		names = thumbprints(fromJWK.CertificateThumbprintSHA1, fromJWK.CertificateThumbprintSHA256)
		if alg != "" && fromJWK.Algorithm != "" && alg != fromJWK.Algorithm {
			err = fmt.Errorf("the JWK is for %s, not for %s", shown(fromJWK.Algorithm), shown(alg))
		}
		if alg == "" {
			alg = fromJWK.Algorithm
		}
	default:
		var beside []*x509.Certificate
		if key, beside, err = privatePEM(text); err == nil {
			names, err = thumbprintsOf(key, beside)
		}
	}
	if err == nil {
		alg, err = algorithmOf(key, alg)
	}
	if err != nil {
		return Signer{}, fmt.Errorf("%w: %w: %w", ErrRequest, ErrPrivateKey, err)
	}
	return Signer{alg: alg, keyID: keyID, key: func() any { return key }, public: func() crypto.Signer { return key }, names: names}, nil
}

// shown is a name that may stand in a message: what a JWK says could be anything.
func shown(alg string) string {
	if slices.Contains(SigningAlgorithms(), alg) {
		return alg
	}
	return "another algorithm"
}

// Sign returns a JSON Web Token (RFC 7519) of the claims, in its compact form.
func (s Signer) Sign(claims map[string]any) (secret.String, error) {
	return s.sign("JWT", false, claims)
}

// SignWithKey is Sign for a token of another typ that brings its public key along, in its header instead of a kid (RFC 9449 §4.2).
func (s Signer) SignWithKey(typ string, claims map[string]any) (secret.String, error) {
	if s.public == nil {
		return secret.String{}, errNoPublicKey
	}
	return s.sign(typ, true, claims)
}

func (s Signer) sign(typ string, embed bool, claims map[string]any) (secret.String, error) {
	if s.key == nil {
		return secret.String{}, fmt.Errorf("%w: there is no key to sign with", ErrRequest)
	}
	payload, err := json.Marshal(claims)
	if err != nil { // its text may quote a claim
		return secret.String{}, fmt.Errorf("%w: the claims are not JSON", ErrRequest)
	}
	key := s.key()
	options := (&jose.SignerOptions{EmbedJWK: embed}).WithType(jose.ContentType(typ))
	if !embed {
		if s.keyID != "" {
			options.WithHeader("kid", s.keyID)
		}
		for name, value := range s.names {
			options.WithHeader(jose.HeaderKey(name), value)
		}
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(s.alg), Key: key}, options)
	if err != nil {
		return secret.String{}, errors.New("the key cannot sign")
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return secret.String{}, errors.New("the key could not sign")
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		return secret.String{}, errors.New("the signed token could not be written down")
	}
	return secret.New(text), nil
}

// Thumbprint is that of the public key (RFC 7638), with SHA-256, as the jkt of RFC 9449 §6.
func (s Signer) Thumbprint() (string, error) {
	if s.public == nil {
		return "", errNoPublicKey
	}
	key := jose.JSONWebKey{Key: s.public().Public()}
	sum, err := key.Thumbprint(crypto.SHA256)
	return base64.RawURLEncoding.EncodeToString(sum), err
}

var errNoPublicKey = fmt.Errorf("%w: there is no public key", ErrRequest)
