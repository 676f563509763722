package oauth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// TokenTypeDPoP is the token_type of an access token that is bound to a key (RFC 9449 §5).
const TokenTypeDPoP = "DPoP"

// IsDPoP tells whether a token_type is that of bound tokens; case means nothing in it (RFC 6749 §7.1).
func IsDPoP(tokenType string) bool { return strings.EqualFold(tokenType, TokenTypeDPoP) }

// Proof makes requests carry a proof that their sender has a key (RFC 9449 §4). The zero value proves nothing. A new one is made
// for each request, so whoever sends again need not see to that.
type Proof struct {
	Key   secret.String // of NewProofKey
	Nonce string        // that the server has given last; empty: none
}

// Access is an access token as it is presented to an API: by itself (RFC 6750 §2.1), or with a proof (RFC 9449 §7.1).
type Access struct {
	Token secret.String
	Proof Proof
}

// proofAlgorithms are those that keys are made for, the best first.
func proofAlgorithms() []string { return []string{"ES256", "EdDSA", "RS256"} }

// ErrProofAlgorithm says that the server takes none of them.
var ErrProofAlgorithm = errors.New("the server's metadata (dpop_signing_alg_values_supported) name no algorithm that DPoP proofs " +
	"are made with here: ES256, EdDSA, RS256")

// ProofAlgorithm chooses what a key is made for. supported is what the server says that it takes; nil: it does not say.
func ProofAlgorithm(supported []string) (string, error) {
	for _, alg := range proofAlgorithms() {
		if supported == nil || slices.Contains(supported, alg) {
			return alg, nil
		}
	}
	return "", ErrProofAlgorithm
}

// NewProofKey makes a key for an algorithm of ProofAlgorithm, as a JWK.
func NewProofKey(alg string, random io.Reader) (secret.String, error) {
	var key crypto.Signer
	var err error
	switch alg {
	case "ES256":
		key, err = ecdsa.GenerateKey(elliptic.P256(), random)
	case "EdDSA":
		_, key, err = ed25519.GenerateKey(random)
	case "RS256":
		key, err = rsa.GenerateKey(random, minRSA)
	default:
		return secret.String{}, fmt.Errorf("%w: no proof key is made for %s", ErrRequest, shown(alg))
	}
	if err != nil {
		return secret.String{}, errors.New("a key could not be made")
	}
	text, err := jose.JSONWebKey{Key: key, Algorithm: alg}.MarshalJSON()
	if err != nil {
		return secret.String{}, errors.New("a key could not be written down")
	}
	return secret.New(string(text)), nil
}

// ProofThumbprint is the jkt of a key (RFC 9449 §6.1). Its error wraps ErrRequest and never quotes the key.
func ProofThumbprint(key secret.String) (string, error) {
	s, err := ParsePrivateKey(key, "", "")
	if err != nil {
		return "", err
	}
	return s.Thumbprint()
}

// attach puts the proof of a request into its header (RFC 9449 §4.2). token is the access token that goes with it; empty: none
// does. Without a key nothing is put there.
func (p Proof) attach(request *http.Request, token secret.String, m moment) error {
	if p.Key.IsEmpty() {
		return nil
	}
	proof, err := p.of(request, token, m)
	if err == nil {
		request.Header.Set(headerProof, proof.Reveal())
	}
	return err
}

func (p Proof) of(request *http.Request, token secret.String, m moment) (secret.String, error) {
	signer, err := ParsePrivateKey(p.Key, "", "")
	if err != nil {
		return secret.String{}, err
	}
	id, err := m.id()
	if err != nil {
		return secret.String{}, err
	}
	claims := map[string]any{"jti": id, "htm": request.Method, "htu": target(request.URL), "iat": m.now.Unix()}
	if p.Nonce != "" {
		claims["nonce"] = p.Nonce
	}
	if !token.IsEmpty() {
		sum := sha256.Sum256([]byte(token.Reveal()))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return signer.SignWithKey("dpop+jwt", claims)
}

// target is a URL without query and fragment, normalised as far as servers are sure to do it, too (RFC 3986 §6.2.2, §6.2.3).
func target(u *url.URL) string {
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	// A server that takes its own name from its settings has no default port in it.
	host = strings.TrimSuffix(host, map[string]string{"https": ":443", "http": ":80"}[scheme])
	return scheme + "://" + strings.TrimSuffix(host, ":") + path
}

const (
	headerProof = "DPoP"
	headerNonce = "DPoP-Nonce"
	useNonce    = "use_dpop_nonce" // RFC 9449 §8, §9
	maxNonce    = 4096
)

// nonces are made of what RFC 6749 calls NQCHAR (RFC 9449 §8.1).
var nonces = regexp.MustCompile(`^[\x21\x23-\x5B\x5D-\x7E]+$`)

// ProofNonce is the nonce that an answer gives for the next proof; empty: none.
func ProofNonce(header http.Header) string {
	if n := header.Get(headerNonce); len(n) <= maxNonce && nonces.MatchString(n) {
		return n
	}
	return ""
}

// WantsNonce tells whether an answer of an authorization server refuses a request for no other reason than that its proof lacks
// the nonce which comes with the answer (RFC 9449 §8). Then the request had no effect, whatever was in it.
func (r Reply) WantsNonce() bool {
	if !r.Sent || r.Err != nil || ProofNonce(r.Header) == "" || r.Status != http.StatusBadRequest && r.Status != http.StatusUnauthorized {
		return false
	}
	c := Dialect{}.content(r)
	return c.whole && !c.hasToken && c.refusal.code == useNonce
}

// challenges finds an API's demand for a nonce (RFC 9449 §9).
var challenges = regexp.MustCompile(`(?i)(^|[,\s])DPoP\s(.*[,\s])?error\s*=\s*"?` + useNonce + `"?($|[,\s])`)

// APIWantsNonce is WantsNonce for the answer of an API (RFC 9449 §9).
func (r Reply) APIWantsNonce() bool { return r.Sent && wantsNonce(r.Status, r.Header) }

func wantsNonce(status int, header http.Header) bool {
	return status == http.StatusUnauthorized && ProofNonce(header) != "" &&
		slices.ContainsFunc(header.Values("WWW-Authenticate"), challenges.MatchString)
}
