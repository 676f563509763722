package sandbox

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"
	"time"
)

// NonceRule says which nonce a DPoP proof has to have (RFC 9449 §8).
type NonceRule string

// The rules.
const (
	NonceNone      NonceRule = ""           // none
	NonceStable    NonceRule = "stable"     // the one that the server gives until ChangeNonce
	NonceSingleUse NonceRule = "single_use" // the one that the last answer gave; each answer gives another
	NonceNever     NonceRule = "never"      // whatever there is, another is wanted
)

func (r NonceRule) valid() bool {
	return slices.Contains([]NonceRule{NonceNone, NonceStable, NonceSingleUse, NonceNever}, r)
}

// Where nonces are kept apart: RFC 9449 §9 has those of authorization and resource servers be different ones.
const (
	placeServer = "token endpoint"
	placeAPI    = "API"
)

// proofSlack is how old a proof may be, and how far ahead.
const proofSlack = time.Minute

// proof is a DPoP proof that holds.
type proof struct {
	thumbprint string // RFC 7638; empty: the request has none
}

func proofEncoding() *base64.Encoding { return base64.RawURLEncoding.Strict() }

// checkProof checks the proof of a request (RFC 9449 §4.3). accessToken is what it has to go with; empty: none.
func (s *Server) checkProof(c *call, place, accessToken string, rule NonceRule) (proof, reason) {
	values := c.r.Header.Values("DPoP")
	if len(values) == 0 {
		return proof{}, ""
	}
	c.entry.Proved = true
	if len(values) > 1 {
		return proof{}, proofMalformed
	}
	header, claims, err := openProof(values[0])
	if err != nil {
		c.entry.ProofError = err.Error()
		return proof{}, proofMalformed
	}
	path := c.r.URL.Path
	if c.entry.Asked != "" {
		path = c.entry.Asked
	}
	at := time.Unix(claims.IssuedAt, 0)
	seen := claims.ID + " " + c.issuer + path
	sum := sha256.Sum256([]byte(accessToken))
	var fault string
	switch {
	case claims.Method != c.r.Method:
		fault = "htm is " + claims.Method
	case claims.Target != c.issuer+path:
		fault = "htu is " + claims.Target
	case at.Before(s.Now().Add(-proofSlack)) || at.After(s.Now().Add(proofSlack)):
		fault = "iat is " + at.UTC().Format(time.RFC3339)
	case len(claims.ID) < 16:
		fault = "jti could be guessed"
	case s.proofs[seen]:
		fault = "jti was used before"
	case accessToken != "" && claims.TokenHash != proofEncoding().EncodeToString(sum[:]):
		fault = "ath is of another token"
	case accessToken == "" && claims.TokenHash != "":
		fault = "ath without an access token"
	}
	if fault != "" {
		c.entry.ProofError = fault
		return proof{}, proofMalformed
	}
	s.proofs[seen] = true
	switch want := s.nonces[place]; {
	case rule == NonceNone:
	case rule == NonceNever || want == "" || claims.Nonce != want:
		return proof{}, proofNonce
	}
	return proof{thumbprint: header.Key.thumbprint()}, ""
}

// nonceFor puts the nonce of the next proof into an answer.
func (s *Server) nonceFor(r *reply, place string, rule NonceRule) {
	if rule == NonceNone {
		return
	}
	if rule != NonceStable || s.nonces[place] == "" {
		raw := make([]byte, 12)
		if _, err := io.ReadFull(s.random, raw); err != nil {
			return
		}
		s.nonces[place] = "nonce." + base64.RawURLEncoding.EncodeToString(raw)
	}
	r.header.Set("DPoP-Nonce", s.nonces[place])
}

// ChangeNonce makes the server ask for other nonces from now on.
func (s *Server) ChangeNonce() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.nonces)
}

type proofHeader struct {
	Type string   `json:"typ"`
	Alg  string   `json:"alg"`
	Key  proofKey `json:"jwk"`
}

type proofClaims struct {
	ID        string `json:"jti"`
	Method    string `json:"htm"`
	Target    string `json:"htu"`
	IssuedAt  int64  `json:"iat"`
	Nonce     string `json:"nonce"`
	TokenHash string `json:"ath"`
}

// proofKey is a public key as a JWK (RFC 7517, RFC 8037).
type proofKey struct {
	Kind     string `json:"kty"`
	Curve    string `json:"crv"`
	X        string `json:"x"`
	Y        string `json:"y"`
	Modulus  string `json:"n"`
	Exponent string `json:"e"`
	// What a proof must never show.
	Private string `json:"d"`
	Secret  string `json:"k"`
}

// openProof reads a proof and checks its signature.
func openProof(text string) (header proofHeader, claims proofClaims, err error) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return header, claims, errors.New("it is no compact JWS")
	}
	for i, into := range []any{&header, &claims} {
		raw, err := proofEncoding().DecodeString(parts[i])
		if err == nil {
			err = json.Unmarshal(raw, into)
		}
		if err != nil {
			return header, claims, fmt.Errorf("its part %d: %w", i, err)
		}
	}
	signature, err := proofEncoding().DecodeString(parts[2])
	switch {
	case err != nil:
		return header, claims, err
	case header.Type != "dpop+jwt":
		return header, claims, errors.New("typ is " + header.Type)
	case header.Key.Private != "" || header.Key.Secret != "":
		return header, claims, errors.New("it shows a private key")
	}
	return header, claims, header.Key.verify(header.Alg, parts[0]+"."+parts[1], signature)
}

var errSignature = errors.New("its signature does not fit")

// verify checks a signature of RFC 7518 §3 or RFC 8037.
func (k proofKey) verify(alg, signed string, signature []byte) error {
	sum := sha256.Sum256([]byte(signed))
	x, errX := proofEncoding().DecodeString(k.X)
	y, errY := proofEncoding().DecodeString(k.Y)
	n, errN := proofEncoding().DecodeString(k.Modulus)
	e, errE := proofEncoding().DecodeString(k.Exponent)
	if err := errors.Join(errX, errY, errN, errE); err != nil {
		return err
	}
	switch {
	case alg == "ES256" && k.Kind == "EC" && k.Curve == "P-256":
		public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
		if err != nil || len(signature) != 64 {
			return errSignature
		}
		if !ecdsa.Verify(public, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
			return errSignature
		}
	case alg == "EdDSA" && k.Kind == "OKP" && k.Curve == "Ed25519":
		if len(x) != ed25519.PublicKeySize || !ed25519.Verify(x, []byte(signed), signature) {
			return errSignature
		}
	case alg == "RS256" && k.Kind == "RSA":
		public := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
		if rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], signature) != nil {
			return errSignature
		}
	default:
		return fmt.Errorf("alg %s does not go with a key of kty %s", alg, k.Kind)
	}
	return nil
}

// thumbprint is that of RFC 7638 §3: the required members, sorted.
func (k proofKey) thumbprint() string {
	var text string
	switch k.Kind {
	case "EC":
		text = fmt.Sprintf(`{"crv":%q,"kty":"EC","x":%q,"y":%q}`, k.Curve, k.X, k.Y)
	case "OKP":
		text = fmt.Sprintf(`{"crv":%q,"kty":"OKP","x":%q}`, k.Curve, k.X)
	case "RSA":
		text = fmt.Sprintf(`{"e":%q,"kty":"RSA","n":%q}`, k.Exponent, k.Modulus)
	}
	sum := sha256.Sum256([]byte(text))
	return proofEncoding().EncodeToString(sum[:])
}

// tokenProof is checkProof for the token endpoint: what a client that has to bind its tokens may leave out, and which key they
// will be bound to.
func (s *Server) tokenProof(c *call, client Client) (proof, reason) {
	if s.settings.IgnoreProofs {
		return proof{}, ""
	}
	p, why := s.checkProof(c, placeServer, "", s.settings.Nonces)
	if why == "" && p.thumbprint == "" && client.BoundTokens {
		why = proofMissing
	}
	return p, why
}

// bind binds a new access token to the key of c, and the refresh tokens of a public client with it (RFC 9449 §5). Server.mu is held.
func (s *Server) bind(c *call, client Client, access *accessToken) {
	access.thumbprint = c.proof.thumbprint
	if client.AuthMethod == AuthNone && access.family != nil {
		access.family.thumbprint = c.proof.thumbprint
	}
}

// fits tells whether p is of the key that something is bound to; nothing: it may be of any, or missing.
func (p proof) fits(thumbprint string) bool {
	return thumbprint == "" || subtle.ConstantTimeCompare([]byte(thumbprint), []byte(p.thumbprint)) == 1
}

// refuseProof is a 401 of the API about a proof (RFC 9449 §7.1, §9).
func (s *Server) refuseProof(code string) reply {
	r := unauthorized(fmt.Sprintf(`DPoP error="%s", algs="ES256 EdDSA RS256"`, code), code)
	s.nonceFor(&r, placeAPI, s.settings.NoncesAtAPI)
	s.counters.APIUnauthorized++
	return r
}

// presented finds the access token of a request to the API: by itself, or with its proof where it is bound to a key.
func (s *Server) presented(c *call) (*accessToken, *reply) {
	scheme, value, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	refuse := func(r reply) (*accessToken, *reply) { return nil, &r }
	bound := s.accesses[value] != nil && s.accesses[value].thumbprint != ""
	switch {
	case strings.EqualFold(scheme, "DPoP") && value != "":
		p, why := s.checkProof(c, placeAPI, value, s.settings.NoncesAtAPI)
		switch {
		case why == proofNonce:
			c.entry.TokenID = TokenID(value)
			return refuse(s.refuseProof("use_dpop_nonce"))
		case why != "" || p.thumbprint == "":
			return refuse(s.refuseProof("invalid_dpop_proof"))
		case !bound || !p.fits(s.accesses[value].thumbprint):
			return refuse(s.refuseProof("invalid_token"))
		}
	case !strings.EqualFold(scheme, "Bearer") || value == "":
		s.counters.APIUnauthorized++
		return refuse(unauthorized(`Bearer realm="sandbox"`, ""))
	case bound: // RFC 9449 §7.2: a bound token by itself is one that somebody has stolen
		return refuse(s.refuseProof("invalid_token"))
	}
	token := s.admit(c, value)
	if token == nil {
		return refuse(unauthorized(`Bearer realm="sandbox", error="invalid_token"`, "invalid_token"))
	}
	return token, nil
}

// kind is the token_type of t.
func (t *accessToken) kind() string {
	if t.thumbprint != "" {
		return "DPoP"
	}
	return "Bearer"
}
