package oauth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // see thumbprintsOf
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// minRSA is what RFC 7518 §3.3 demands, in bits.
const minRSA = 2048

var errSeveralKeys = errors.New("it holds more than one key; give the one that signs")

// algorithmOf tells which algorithm signs with key: alg, if the two go together.
func algorithmOf(key crypto.Signer, alg string) (string, error) {
	var fit []string
	var kind string
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if bits := k.N.BitLen(); bits < minRSA {
			return "", fmt.Errorf("it has %d bits, and RSA keys need %d or more (RFC 7518 §3.3)", bits, minRSA)
		}
		kind, fit = "an RSA key", []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
	case *ecdsa.PrivateKey:
		own := map[elliptic.Curve]string{elliptic.P256(): "ES256", elliptic.P384(): "ES384", elliptic.P521(): "ES512"}[k.Curve]
		if own == "" {
			return "", errors.New("it is on a curve that no signature algorithm goes with; use P-256, P-384 or P-521")
		}
		kind, fit = "a key on the curve "+k.Curve.Params().Name, []string{own}
	case ed25519.PrivateKey:
		kind, fit = "an Ed25519 key", []string{"EdDSA"}
	default:
		return "", errors.New("it is neither RSA, EC nor Ed25519")
	}
	switch {
	case alg == "":
		return fit[0], nil
	case !slices.Contains(fit, alg):
		return "", fmt.Errorf("%s does not sign with %s, but with %s", kind, shown(alg), strings.Join(fit, ", "))
	}
	return alg, nil
}

// privatePEM reads the one private key of text, and the certificates that stand beside it.
func privatePEM(text string) (crypto.Signer, []*x509.Certificate, error) {
	var found crypto.Signer
	var beside []*x509.Certificate
	blocks, err := pemBlocks(text)
	if err != nil {
		return nil, nil, err
	}
	for _, block := range blocks {
		if block.Type == "EC PARAMETERS" { // openssl ecparam writes the name of the curve first
			continue
		}
		if block.Type == "CERTIFICATE" {
			certificate, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, nil, errors.New("the certificate beside it cannot be read")
			}
			beside = append(beside, certificate)
			continue
		}
		key, err := keyOfBlock(block)
		if err != nil {
			return nil, nil, err
		}
		if found != nil {
			return nil, nil, errSeveralKeys
		}
		found = key
	}
	switch {
	case found == nil && beside != nil:
		return nil, nil, errors.New("it is a certificate, which holds a public key only")
	case found == nil:
		return nil, nil, errors.New("it is neither PEM nor a JWK" + contentOf(text))
	}
	return found, beside, nil
}

// pemBlocks reads all of text. By itself encoding/pem passes over a block that it cannot read.
func pemBlocks(text string) ([]*pem.Block, error) {
	var blocks []*pem.Block
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		blocks = append(blocks, block)
	}
	if len(blocks) != strings.Count(text, "-----BEGIN") {
		return blocks, errors.New("its PEM is broken: a block does not end, or is no base64")
	}
	return blocks, nil
}

// contentOf helps whoever gives the name of a file.
func contentOf(text string) string {
	if text == "" || len(text) > 255 || strings.ContainsAny(text, "\n{") {
		return ""
	}
	return "; if it is the name of a file, give what is in it: file(…)"
}

// thumbprintsOf are the headers by which a server finds a key that it knows as a certificate (RFC 7515 §4.1.7 and §4.1.8).
func thumbprintsOf(key crypto.Signer, beside []*x509.Certificate) (map[string]string, error) {
	if beside == nil {
		return nil, nil
	}
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	for _, c := range beside {
		if ok && public.Equal(c.PublicKey) {
			sha1Sum := sha1.Sum(c.Raw) //nolint:gosec // a name, by which some servers find the certificate; nothing hangs on it
			sha256Sum := sha256.Sum256(c.Raw)
			return thumbprints(sha1Sum[:], sha256Sum[:]), nil
		}
	}
	return nil, errors.New("the certificate beside it is of another key")
}

func thumbprints(sha1Sum, sha256Sum []byte) map[string]string {
	headers := map[string]string{}
	for name, sum := range map[string][]byte{"x5t": sha1Sum, "x5t#S256": sha256Sum} {
		if len(sum) > 0 {
			headers[name] = base64.RawURLEncoding.EncodeToString(sum)
		}
	}
	return headers
}

func keyOfBlock(block *pem.Block) (crypto.Signer, error) {
	// RFC 1421 §4.6.1.1, which OpenSSL still writes for its own formats.
	if strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") || block.Type == "ENCRYPTED PRIVATE KEY" {
		return nil, errors.New("it is encrypted; decrypt it first, with openssl pkey")
	}
	switch block.Type {
	case "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY":
	case "PUBLIC KEY", "RSA PUBLIC KEY":
		return nil, errors.New("it is a public key")
	case "OPENSSH PRIVATE KEY":
		return nil, errors.New("it is in the format of OpenSSH; write it as PKCS #8, with ssh-keygen -p -m PKCS8")
	default:
		return nil, errors.New("its PEM block is of another type than PRIVATE KEY, RSA PRIVATE KEY and EC PRIVATE KEY")
	}
	// What these say of a bad key may quote a number of it.
	if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		if signer, ok := key.(crypto.Signer); ok {
			return signer, nil
		}
		return nil, errors.New("it is a key that cannot sign")
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	return nil, errors.New("its PEM block holds no private key that can be read")
}

// privateJWK reads a JWK (RFC 7517) with a private key that signs.
func privateJWK(text string) (crypto.Signer, jose.JSONWebKey, error) {
	var jwk jose.JSONWebKey
	if err := jwk.UnmarshalJSON([]byte(text)); err != nil { // its text may quote a member
		var set struct {
			Keys    *json.RawMessage
			Kty     string
			D, P, Q any
		}
		switch {
		case json.Unmarshal([]byte(text), &set) != nil:
			return nil, jwk, errors.New("it is no JSON")
		case set.Keys != nil:
			return nil, jwk, errors.New("it is a set of keys; give the JWK that signs")
		case set.Kty == "RSA" && set.D != nil && (set.P == nil || set.Q == nil):
			return nil, jwk, errors.New("it is an RSA key without its primes p and q; give it with them, or as PEM")
		}
		return nil, jwk, errors.New("it is a JWK that cannot be read")
	}
	switch key := jwk.Key.(type) {
	case *rsa.PrivateKey:
		if key.N.BitLen() >= minRSA && key.Validate() != nil { // algorithmOf refuses the short ones
			return nil, jwk, errTornKey
		}
	case *ecdsa.PrivateKey:
		private, err := key.ECDH()
		if err != nil {
			return nil, jwk, errTornKey
		}
		if public, err := key.PublicKey.ECDH(); err != nil || !private.PublicKey().Equal(public) {
			return nil, jwk, errTornKey
		}
	case ed25519.PrivateKey: // go-jose has compared the halves
	case []byte:
		return nil, jwk, errors.New("it is a symmetric key; what a client secret signs is client_secret_jwt")
	default:
		if jwk.IsPublic() {
			return nil, jwk, errors.New("it is a public key")
		}
		return nil, jwk, errors.New("it is neither RSA, EC nor Ed25519")
	}
	if jwk.Use != "" && jwk.Use != "sig" {
		return nil, jwk, errors.New("its use is not sig, so it is not for signing")
	}
	var ops struct { // which go-jose passes over
		KeyOps []string `json:"key_ops"`
	}
	if err := json.Unmarshal([]byte(text), &ops); err != nil || ops.KeyOps != nil && !slices.Contains(ops.KeyOps, "sign") {
		return nil, jwk, errors.New("its key_ops do not hold sign, so it is not for signing")
	}
	signer, ok := jwk.Key.(crypto.Signer)
	if !ok {
		return nil, jwk, errors.New("it is a key that cannot sign")
	}
	return signer, jwk, nil
}

var errTornKey = errors.New("its private and its public half do not belong together")
