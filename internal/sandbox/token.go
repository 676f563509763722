package sandbox

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// serveToken is the token endpoint (RFC 6749 §3.2). Server.mu is held.
func (s *Server) serveToken(c *call) reply {
	grantType := c.params.Get("grant_type")
	answer := s.limited(c, func() reply {
		return s.guarded(c, func() reply { return s.token(c, grantType) })
	})
	s.nonceFor(&answer, placeServer, s.settings.Nonces)
	for name, value := range s.manners.header {
		answer.header.Set(name, value)
	}
	if s.manners.formUnlessJSON && !strings.Contains(c.r.Header.Get("Accept"), "application/json") {
		answer.header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer.body = answer.members.form()
	}
	switch {
	case answer.error != "" && grantType == "authorization_code":
		s.counters.ExchangeErrors++
	case answer.error != "" && grantType == "refresh_token":
		s.counters.RefreshErrors++
	case answer.error != "":
	case grantType == "authorization_code":
		s.counters.Exchanges++
	case grantType == "refresh_token":
		s.counters.Refreshes++
	case grantType == "client_credentials":
		s.counters.ClientCredentials++
	}
	return answer
}

func (s *Server) token(c *call, grantType string) reply {
	if why := c.checkForm(); why != "" {
		return s.refuse(why)
	}
	client, why := s.authenticate(c)
	if why != "" {
		return s.refuse(why)
	}
	p, why := s.tokenProof(c, client)
	if why != "" {
		return s.refuse(why)
	}
	c.proof = p
	switch grantType {
	case "":
		return s.refuse(missing)
	case "authorization_code":
		return s.exchange(c, client)
	case "refresh_token":
		return s.answerRefresh(c, client)
	case "client_credentials":
		return s.answerClientCredentials(c, client)
	}
	if answer, ok := s.answerGrant(c, client, grantType); ok {
		return answer
	}
	return s.refuse(grantUnsupported)
}

// exchange answers grant_type=authorization_code (RFC 6749 §4.1.3). Only success uses the code up.
func (s *Server) exchange(c *call, client Client) reply {
	value := c.params.Get("code")
	if value == "" {
		return s.refuse(missing)
	}
	code := s.codes[value]
	switch {
	case code == nil:
		return s.refuse(codeUnknown)
	case code.clientID != client.ID:
		return s.refuse(codeForeignClient)
	case code.family != nil:
		// RFC 6749 §4.1.2: a second use is denied, and the tokens issued on the first one SHOULD be revoked.
		s.counters.CodeReplays++
		s.kill(code.family, RevokedByCodeReplay)
		return s.refuse(codeReplayed)
	case past(code.expiresAt, s.Now()):
		return s.refuse(codeExpired)
	}
	if !c.proof.fits(code.thumbprint) {
		return s.refuse(proofOtherKey)
	}
	if given := c.params.Get("redirect_uri"); given != code.redirectURI && (given != "" || code.redirectGiven) {
		return s.refuse(redirectMismatch)
	}
	if why := checkVerifier(code.challenge, c.params.Get("code_verifier")); why != "" && s.manners.pkce != pkceIgnored {
		return s.refuse(why)
	}
	access, refresh, err := s.startFamily(client.ID, code.user, code.scopes)
	if err != nil {
		return s.refuse(noRandomness)
	}
	code.family, access.family.forUser = access.family, code.forUser
	s.bind(c, client, access)
	endless := !has(c.params, s.manners.expiring)
	if endless {
		access.expiresAt = time.Time{}
	}
	if endless || !code.offline {
		refresh.fate, refresh = killed, nil
	}
	return s.grantReply(access, refresh)
}

// verifierPattern leaves the length out (RFC 7636 §4.1): an expression that counts is unrolled, at every start of the program.
var verifierPattern = regexp.MustCompile(`^[A-Za-z0-9._~-]+$`)

const minVerifier, maxVerifier = 43, 128

// checkVerifier checks PKCE with S256 (RFC 7636 §4.6).
func checkVerifier(challenge, verifier string) reason {
	switch {
	case challenge == "" && verifier != "":
		// RFC 9700 §2.1.1: otherwise an attacker strips the challenge from the authorization request.
		return pkceUnexpected
	case challenge == "":
		return ""
	case verifier == "":
		return pkceMissing
	case len(verifier) < minVerifier || len(verifier) > maxVerifier || !verifierPattern.MatchString(verifier):
		return pkceMalformed
	}
	sum := sha256.Sum256([]byte(verifier))
	if base64.RawURLEncoding.EncodeToString(sum[:]) != challenge {
		return pkceMismatch
	}
	return ""
}

// answerRefresh answers grant_type=refresh_token (RFC 6749 §6).
func (s *Server) answerRefresh(c *call, client Client) reply {
	value := c.params.Get("refresh_token")
	if value == "" {
		return s.refuse(missing)
	}
	scopes := s.manners.scopes(c.params)
	if scopes != nil && s.manners.refusesScopeOnRefresh {
		return s.refuse(refreshWithScope)
	}
	if t := s.refreshes[value]; t != nil && !c.proof.fits(t.family.thumbprint) {
		return s.refuse(proofOtherKey)
	}
	access, refresh, why := s.refresh(client, value, scopes)
	if why == refreshTooEarly && s.manners.rotatesTooEarly {
		return s.rotateTooEarly(value)
	}
	if why != "" {
		return s.refuse(why)
	}
	access.thumbprint = c.proof.thumbprint
	if s.settings.OmitRefreshToken {
		refresh = nil
	}
	return s.grantReply(access, refresh)
}

// rotateTooEarly refuses a refresh as too early, and yet takes the refresh token and gives another.
func (s *Server) rotateTooEarly(value string) reply {
	successor, err := s.mint(SecretRefresh)
	if err != nil {
		return s.refuse(noRandomness)
	}
	t := s.refreshes[value]
	s.supersede(t)
	s.addRefresh(t.family, successor, t)
	r := s.refuse(refreshTooEarly)
	r.members = append(r.members, member{"refresh_token", quote(successor)})
	r.body = r.members.json()
	return r
}

// answerClientCredentials answers grant_type=client_credentials (RFC 6749 §4.4), which comes without a refresh token.
func (s *Server) answerClientCredentials(c *call, client Client) reply {
	if client.AuthMethod == AuthNone {
		return s.refuse(clientIsPublic)
	}
	for _, name := range s.manners.clientNeeds {
		if c.params.Get(name) == "" {
			return s.refuse(missing)
		}
	}
	scopes, ok := client.grant(s.manners.scopeList(c.params.Get("scope")))
	if !ok {
		return s.refuse(scopeExceeded)
	}
	value, err := s.mint(SecretAccess)
	if err != nil {
		return s.refuse(noRandomness)
	}
	access := s.addAccess(nil, value, client.ID, "", scopes)
	s.bind(c, client, access)
	return s.grantReply(access, nil)
}

// grantReply is the successful answer of the token endpoint (RFC 6749 §5.1).
func (s *Server) grantReply(access *accessToken, refresh *refreshToken) reply {
	members := object{{"access_token", quote(access.value)}, {"token_type", quote(access.kind())}}
	if lifetime := s.settings.AccessTokenLifetime; !access.expiresAt.IsZero() && s.manners.expiresIn != expiresInAbsent {
		text := strconv.Itoa(int(lifetime / time.Second))
		if s.manners.expiresIn == expiresInText {
			text = quote(text)
		}
		members = append(members, member{"expires_in", text})
	}
	if refresh != nil {
		members = append(members, member{"refresh_token", quote(refresh.value)})
		members = append(members, s.ends(refresh)...)
	}
	if len(access.scopes) > 0 {
		members = append(members, member{"scope", quote(strings.Join(access.scopes, cmp.Or(s.manners.separator, " ")))})
	}
	if f := access.family; f != nil && f.forUser && (f.refreshes == 0 || !s.manners.userPathOnce) {
		members = object{{s.manners.userPath, string(members.json())}}
	}
	return tokenReply(http.StatusOK, append(members, s.stamped(s.manners.more)...))
}

// ends are the members that say how long a refresh token lives.
func (s *Server) ends(t *refreshToken) object {
	var members object
	hard, idle := t.family.expiresAt, t.idleEnd
	if past(hard, idle) {
		idle = hard
	}
	for _, end := range []struct {
		name string
		at   time.Time
	}{{s.manners.idleEndsIn, idle}, {s.manners.hardEndsIn, hard}} {
		if end.name != "" && !end.at.IsZero() {
			members = append(members, member{end.name, strconv.Itoa(int(end.at.Sub(s.Now()).Round(time.Second) / time.Second))})
		}
	}
	return members
}
