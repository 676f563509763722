package sandbox

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// assertionType is that of RFC 7523 §2.2.
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// How a signed assertion is judged by time: it must end within five minutes, and may begin ten seconds from now.
const (
	maxAssertion  = 5 * time.Minute
	clockLeniency = 10 * time.Second
)

// assertionClaims are those of RFC 7523 §3.
type assertionClaims struct {
	Issuer    string          `json:"iss"`
	Subject   string          `json:"sub"`
	Audience  json.RawMessage `json:"aud"`
	ID        string          `json:"jti"`
	Expires   int64           `json:"exp"`
	IssuedAt  int64           `json:"iat"`
	NotBefore int64           `json:"nbf"`
}

func symmetricAlgorithms() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{jose.HS256, jose.HS384, jose.HS512}
}

func asymmetricAlgorithms() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{
		jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
	}
}

// readAssertion finds who a client assertion speaks for. Nothing of it is believed yet.
func readAssertion(text string) (id, method string, ok bool) {
	token, err := jose.ParseSignedCompact(text, append(symmetricAlgorithms(), asymmetricAlgorithms()...))
	if err != nil || len(token.Signatures) != 1 {
		return "", "", false
	}
	var claims assertionClaims
	if json.Unmarshal(token.UnsafePayloadWithoutVerification(), &claims) != nil {
		return "", "", false
	}
	method = AuthPrivateKeyJWT
	if strings.HasPrefix(token.Signatures[0].Header.Algorithm, "HS") {
		method = AuthSecretJWT
	}
	return claims.Subject, method, true
}

// checkAssertion judges the assertion of a known client. One that is good is used up. Server.mu is held.
func (s *Server) checkAssertion(c *call, client Client, text string) reason {
	algorithms := asymmetricAlgorithms()
	if client.AuthMethod == AuthSecretJWT {
		algorithms = symmetricAlgorithms()
	}
	if s.signingAlgs != nil {
		algorithms = slices.DeleteFunc(algorithms, func(a jose.SignatureAlgorithm) bool { return !slices.Contains(s.signingAlgs, string(a)) })
	}
	token, err := jose.ParseSignedCompact(text, algorithms)
	if err != nil {
		return assertionBadAlgorithm
	}
	payload, ok := client.verify(token)
	var claims assertionClaims
	if !ok || json.Unmarshal(payload, &claims) != nil {
		return assertionBadSignature
	}
	c.entry.AssertionKeyID = token.Signatures[0].Header.KeyID
	now := s.Now()
	expires := time.Unix(claims.Expires, 0)
	switch {
	case claims.Issuer != client.ID || claims.Subject != client.ID:
		return assertionOtherClient
	case !s.isAudience(c, client, claims.Audience):
		return assertionAudience
	case claims.Expires == 0 || !expires.After(now):
		return assertionExpired
	case expires.After(now.Add(maxAssertion)):
		return assertionTooLong
	case time.Unix(max(claims.IssuedAt, claims.NotBefore), 0).After(now.Add(clockLeniency)):
		return assertionEarly
	case claims.ID == "":
		return assertionReplayed
	}
	// RFC 7523 §3: used ids are kept for as long as the JWT would be good.
	maps.DeleteFunc(s.assertions, func(_ string, end time.Time) bool { return !end.After(now) })
	id := client.ID + " " + claims.ID
	if _, used := s.assertions[id]; used {
		return assertionReplayed
	}
	s.assertions[id] = expires
	return ""
}

// isAudience: one audience alone (draft-ietf-oauth-rfc7523bis): the issuer, or the token endpoint, as the client wants it to be. Server.mu is held.
func (s *Server) isAudience(c *call, client Client, raw json.RawMessage) bool {
	var audience string
	if json.Unmarshal(raw, &audience) != nil {
		return false
	}
	c.entry.AssertionAudience = audience
	good := map[string]string{audienceIssuer: c.issuer, audienceTokenEndpoint: c.issuer + pathToken}
	if client.AssertionAudience != "" {
		return audience == good[client.AssertionAudience]
	}
	return audience == good[audienceIssuer] || audience == good[audienceTokenEndpoint]
}

// verify checks the signature with the client's secret, or with the key that the token names, else with any of its keys.
func (c Client) verify(token *jose.JSONWebSignature) (payload []byte, ok bool) {
	if c.AuthMethod == AuthSecretJWT {
		payload, err := token.Verify([]byte(c.Secret))
		return payload, err == nil
	}
	var set jose.JSONWebKeySet
	if json.Unmarshal([]byte(c.JWKS), &set) != nil {
		return nil, false
	}
	keys := set.Keys
	if id := token.Signatures[0].Header.KeyID; id != "" {
		keys = set.Key(id)
	}
	for _, key := range keys {
		if payload, err := token.Verify(key.Key); err == nil {
			return payload, true
		}
	}
	return nil, false
}

// checkCertificate judges the certificate that the client has shown in the handshake (RFC 8705 §2). Server.mu is held.
func (s *Server) checkCertificate(r *http.Request, client Client) reason {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return certificateMissing
	}
	shown := r.TLS.PeerCertificates
	if client.AuthMethod == AuthSelfSignedTLS {
		if !bytes.Equal(shown[0].Raw, client.Certificate) {
			return certificateUnknown
		}
		return ""
	}
	between := x509.NewCertPool()
	for _, c := range shown[1:] {
		between.AddCert(c)
	}
	_, err := shown[0].Verify(x509.VerifyOptions{
		Roots: s.clientCAs, Intermediates: between, CurrentTime: s.Now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	switch {
	case s.clientCAs == nil || err != nil:
		return certificateUntrusted
	case shown[0].Subject.String() != client.CertificateSubject:
		return certificateUnknown
	}
	return ""
}
