package sandbox

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"time"
)

// SecretKind names a kind of secret.
type SecretKind string

// The kinds of secret that the server knows.
const (
	SecretClient  SecretKind = "client_secret"
	SecretCode    SecretKind = "code"
	SecretAccess  SecretKind = "access_token"
	SecretRefresh SecretKind = "refresh_token"

	SecretDevice   SecretKind = "device_code"
	SecretPassword SecretKind = "password"

	SecretRegistration SecretKind = "registration_access_token"
)

// Secret is one text that must not be found anywhere it does not belong.
type Secret struct {
	Kind  SecretKind `json:"kind"`
	Value string     `json:"value"`
}

// Secrets returns every client secret that the server was configured with and every code and token that it ever
// issued, dead ones included, in order. PKCE challenges are not secrets and verifiers are not the server's.
func (s *Server) Secrets() []Secret {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.secrets)
}

// family is one authorization and all that was ever issued for it.
type family struct {
	id           string
	clientID     string
	user         string
	scopes       []string
	authorizedAt time.Time
	expiresAt    time.Time // the absolute end of its refresh tokens; zero means none
	revoked      RevokeReason
	forUser      bool
	thumbprint   string // of the key that its refresh tokens are bound to (RFC 9449 §5); empty: none
	refreshes    int    // successful ones
	generation   int    // refresh tokens issued
	refreshTok   []*refreshToken
	accessTok    []*accessToken
}

// fate is how far a refresh token has come.
type fate int

const (
	live     fate = iota
	inGrace       // superseded, accepted until graceEnd
	awaiting      // superseded, accepted until its successor is used
	spent         // dead; presenting it is reuse
	killed        // dead by an administrator's hand; presenting it is not reuse
)

type refreshToken struct {
	value       string
	family      *family
	predecessor *refreshToken
	fate        fate
	graceEnd    time.Time
	freshSince  time.Time // issue, or last refresh that did not rotate
	idleEnd     time.Time // zero means none
}

type accessToken struct {
	value       string
	family      *family       // nil for client credentials
	predecessor *refreshToken // the refresh token that it dooms when used (RotationUntilSuccessorUsed)
	clientID    string
	user        string
	scopes      []string
	issuedAt    time.Time
	expiresAt   time.Time // zero means never
	revoked     bool
	thumbprint  string // of the key that it is bound to; empty: none
}

// authCode is an authorization code with all that it is bound to.
type authCode struct {
	clientID      string
	user          string
	scopes        []string
	redirectURI   string
	redirectGiven bool   // the authorization request named redirect_uri, so the token request must
	challenge     string // S256; empty if none was given
	offline       bool   // it is for a refresh token, too
	forUser       bool
	thumbprint    string // of the key that the token request must prove (RFC 9449 §10); empty: any, or none
	expiresAt     time.Time
	family        *family // what it was exchanged for; nil while unused
}

// mint returns a new secret. Server.mu is held.
//
// Every kind has characters that must be percent-encoded in a form or a query where its syntax allows them, so that a
// client that decodes twice, or forgets to encode, fails here as it would at a platform. Access tokens must keep to the
// b64token syntax of RFC 6750 §2.1.
func (s *Server) mint(kind SecretKind) (string, error) {
	raw := make([]byte, 32)
	if _, err := io.ReadFull(s.random, raw); err != nil {
		return "", fmt.Errorf("read randomness: %w", err)
	}
	value := ""
	switch kind {
	case SecretCode:
		value = "sbxcode!%2B+" + base64.StdEncoding.EncodeToString(raw)
	case SecretDevice:
		value = "sbxd+/" + base64.StdEncoding.EncodeToString(raw)
	case SecretClient:
		value = "sbxs:%2B+" + base64.StdEncoding.EncodeToString(raw)
	case SecretRefresh:
		value = "sbxr+/" + base64.StdEncoding.EncodeToString(raw)
	default:
		value = "sbxa." + base64.RawURLEncoding.EncodeToString(raw)
	}
	s.secrets = append(s.secrets, Secret{Kind: kind, Value: value})
	return value, nil
}

// TokenID returns the short name under which a token or code stands in the log: the first 8 hex digits of its SHA-256.
func TokenID(token string) string {
	if token == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:4])
}

// deadline returns now plus lifetime, or zero for a lifetime without end.
func deadline(now time.Time, lifetime time.Duration) time.Time {
	if lifetime == 0 {
		return time.Time{}
	}
	return now.Add(lifetime)
}

// past tells whether now has reached end; a zero end is never reached.
func past(end, now time.Time) bool { return !end.IsZero() && !now.Before(end) }

func (t *accessToken) live(now time.Time) bool {
	return !t.revoked && !past(t.expiresAt, now) && (t.family == nil || t.family.revoked == "")
}

// accepted tells whether a refresh with t could succeed, lifetimes aside.
func (t *refreshToken) accepted(now time.Time) bool {
	if t.family.revoked != "" {
		return false
	}
	switch t.fate {
	case live, awaiting:
		return true
	case inGrace:
		return now.Before(t.graceEnd)
	default:
		return false
	}
}

func (t *refreshToken) expired(now time.Time) bool {
	return past(t.idleEnd, now) || past(t.family.expiresAt, now)
}

// newFamily starts a family. Server.mu is held.
func (s *Server) newFamily(clientID, user string, scopes []string) *family {
	s.lastFamily++
	now := s.Now()
	f := &family{
		id: fmt.Sprintf("family-%d", s.lastFamily), clientID: clientID, user: user, scopes: scopes,
		authorizedAt: now, expiresAt: deadline(now, s.settings.RefreshTokenAbsoluteLifetime),
	}
	s.families = append(s.families, f)
	return f
}

// addRefresh puts a refresh token of the given value into f. Server.mu is held.
func (s *Server) addRefresh(f *family, value string, predecessor *refreshToken) *refreshToken {
	now := s.Now()
	t := &refreshToken{
		value: value, family: f, predecessor: predecessor,
		freshSince: now, idleEnd: deadline(now, s.settings.RefreshTokenIdleLifetime),
	}
	f.generation++
	f.refreshTok = append(f.refreshTok, t)
	s.refreshes[value] = t
	return t
}

// addAccess issues an access token of the given value; f is nil for client credentials. Server.mu is held.
func (s *Server) addAccess(f *family, value, clientID, user string, scopes []string) *accessToken {
	now := s.Now()
	t := &accessToken{
		value: value, family: f, clientID: clientID, user: user, scopes: scopes,
		issuedAt: now, expiresAt: deadline(now, s.settings.AccessTokenLifetime),
	}
	s.accesses[value] = t
	if f != nil {
		f.accessTok = append(f.accessTok, t)
	}
	return t
}

// startFamily starts a family with its first token pair. Server.mu is held.
func (s *Server) startFamily(clientID, user string, scopes []string) (*accessToken, *refreshToken, error) {
	access, err := s.mint(SecretAccess)
	if err != nil {
		return nil, nil, err
	}
	refresh, err := s.mint(SecretRefresh)
	if err != nil {
		return nil, nil, err
	}
	f := s.newFamily(clientID, user, scopes)
	s.makeRoom(f)
	return s.addAccess(f, access, clientID, user, scopes), s.addRefresh(f, refresh, nil), nil
}
