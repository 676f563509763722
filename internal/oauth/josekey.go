package oauth

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// maxKey bounds the text of a key: an RSA key of 16,384 bits as PEM takes 13 KiB.
const maxKey = 64 << 10

// readPrivateKey reads PEM or JWK. What the key is good for is another matter.
func readPrivateKey(text string) (jose.JSONWebKey, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return jose.JSONWebKey{}, keyError("it is empty")
	case len(text) > maxKey:
		return jose.JSONWebKey{}, keyError("it is longer than 64 KiB")
	case strings.HasPrefix(text, "{"):
		return readJWK(text)
	case strings.Contains(text, "-----BEGIN"):
		return readPEM(text)
	}
	return jose.JSONWebKey{}, keyError("it is neither PEM (-----BEGIN PRIVATE KEY-----) nor a JWK (a JSON object)")
}

func readJWK(text string) (jose.JSONWebKey, error) {
	var kind struct {
		Keys json.RawMessage `json:"keys"`
		Type string          `json:"kty"`
	}
	if err := json.Unmarshal([]byte(text), &kind); err != nil {
		return jose.JSONWebKey{}, keyError("it begins like a JWK and is not valid JSON")
	}
	var key jose.JSONWebKey
	switch err := key.UnmarshalJSON([]byte(text)); {
	case kind.Keys != nil && kind.Type == "":
		return key, keyError("it is a JWK set; give the one key that signs")
	case kind.Type == "":
		return key, keyError("it is JSON without kty, so no JWK (RFC 7517 §4.1)")
	case err != nil: // its text may quote members
		return key, keyError("its members are no complete private key of a supported kind: RSA (up to 4096 bits), EC (P-256, P-384, P-521) or Ed25519")
	}
	return key, nil
}

// readPEM takes the one private key among the blocks. openssl puts the parameters of a curve before its key, and certificates
// often come along.
func readPEM(text string) (jose.JSONWebKey, error) {
	var found *pem.Block
	other := ""
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		switch {
		case block.Type == "ENCRYPTED PRIVATE KEY", block.Headers["DEK-Info"] != "", strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED"):
			return jose.JSONWebKey{}, keyError("it is encrypted with a passphrase; decrypt it first, such as with openssl pkey")
		case !strings.HasSuffix(block.Type, "PRIVATE KEY"):
			other = block.Type
		case found != nil:
			return jose.JSONWebKey{}, keyError("it holds more than one private key")
		default:
			found = block
		}
	}
	switch {
	case found == nil && (other == "PUBLIC KEY" || other == "RSA PUBLIC KEY"):
		return jose.JSONWebKey{}, keyError("it is a public key, and signing needs the private one")
	case found == nil && other == "CERTIFICATE":
		return jose.JSONWebKey{}, keyError("it is a certificate, and signing needs the private key that belongs to it")
	case found == nil:
		return jose.JSONWebKey{}, keyError("no whole PEM block of a private key is in it; line breaks may have got lost")
	}
	key, err := parseDER(found)
	if err != nil {
		return jose.JSONWebKey{}, keyError("its PEM block is no private key of a supported kind: RSA, EC (P-256, P-384, P-521) or Ed25519")
	}
	return jose.JSONWebKey{Key: key}, nil
}

func parseDER(block *pem.Block) (any, error) {
	switch block.Type {
	case "RSA PRIVATE KEY":
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		return x509.ParseECPrivateKey(block.Bytes)
	}
	return x509.ParsePKCS8PrivateKey(block.Bytes)
}
