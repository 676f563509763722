package sandbox

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
)

// readJWT decodes a JWS in compact form (RFC 7515 §3.1). It verifies nothing.
func readJWT(token string) (header, claims map[string]any, err error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, nil, errors.New("not three parts")
	}
	for i, into := range []*map[string]any{&header, &claims} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			return nil, nil, err
		}
		if err := json.Unmarshal(text, into); err != nil || *into == nil {
			return nil, nil, errors.New("not a JSON object")
		}
	}
	return header, claims, nil
}

// verifies tells whether the signature of a JWS fits a key (RFC 7518 §3.3 to §3.5, RFC 8037 §3.1). The key decides which algorithms
// there may be, never the header alone.
func verifies(token string, header map[string]any, key crypto.PublicKey) bool {
	cut := strings.LastIndexByte(token, '.')
	signature, err := base64.RawURLEncoding.DecodeString(token[cut+1:])
	if err != nil {
		return false
	}
	signed := []byte(token[:cut])
	alg, _ := header["alg"].(string)
	if k, ok := key.(ed25519.PublicKey); ok {
		return alg == "EdDSA" && ed25519.Verify(k, signed, signature)
	}
	if len(alg) != 5 {
		return false
	}
	hash, known := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[alg[2:]]
	if !known || !hash.Available() {
		return false
	}
	h := hash.New()
	h.Write(signed)
	digest := h.Sum(nil)
	switch k := key.(type) {
	case *rsa.PublicKey:
		switch alg[:2] {
		case "RS":
			return rsa.VerifyPKCS1v15(k, hash, digest, signature) == nil
		case "PS":
			return rsa.VerifyPSS(k, hash, digest, signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
		}
	case *ecdsa.PublicKey:
		size := (k.Curve.Params().BitSize + 7) / 8
		fits := map[int]string{32: "ES256", 48: "ES384", 66: "ES512"}[size] == alg
		if !fits || len(signature) != 2*size {
			return false
		}
		r, s := new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:])
		return ecdsa.Verify(k, digest, r, s)
	}
	return false
}
