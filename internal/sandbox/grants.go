package sandbox

import (
	"crypto"
	"crypto/subtle"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Grants is what the grants go by that are not offered without being asked for. The zero value offers none of them.
type Grants struct {
	// Users are names and passwords for grant_type=password (RFC 6749 §4.3).
	Users map[string]string
	// AssertionKeys are the public keys of those who may sign assertions (RFC 7523 §2.1), by issuer: *rsa.PublicKey,
	// *ecdsa.PublicKey or ed25519.PublicKey.
	AssertionKeys map[string]crypto.PublicKey
	// Extensions are further grant types, and the parameters that each must have, with their values; an empty value stands for any.
	Extensions map[string]map[string]string
	// Implicit offers response_type=token (RFC 6749 §4.2).
	Implicit bool
	// Exchange offers token exchange (RFC 8693) of this server's own access tokens.
	Exchange bool
	// RefreshTokens gives a refresh token with password, assertion, exchange and extension grants.
	RefreshTokens bool
}

const (
	grantJWTBearer     = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	grantTokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange"

	typeAccessToken = "urn:ietf:params:oauth:token-type:access_token"
)

// UpdateGrants changes what the grants go by.
func (s *Server) UpdateGrants(change func(*Grants)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.grants)
	for _, password := range s.grants.Users {
		s.secrets = append(s.secrets, Secret{Kind: SecretPassword, Value: password})
	}
}

// answerGrant answers what needs no browser; ok is false for a grant that is not offered. Server.mu is held.
func (s *Server) answerGrant(c *call, client Client, grantType string) (answer reply, ok bool) {
	parameters, extension := s.grants.Extensions[grantType]
	switch {
	case grantType == grantDevice:
		return s.poll(c, client), true
	case grantType == "password" && s.grants.Users != nil:
		return s.answerPassword(c, client), true
	case grantType == grantJWTBearer && s.grants.AssertionKeys != nil:
		return s.answerAssertion(c, client), true
	case grantType == grantTokenExchange && s.grants.Exchange:
		return s.answerExchange(c, client), true
	case extension:
		for name, value := range parameters {
			if given := c.params.Get(name); given == "" || value != "" && given != value {
				return s.refuse(extensionRefused), true
			}
		}
		return s.issueFor(c, client, defaultUser, nil), true
	}
	return reply{}, false
}

func (s *Server) answerPassword(c *call, client Client) reply {
	name, password := c.params.Get("username"), c.params.Get("password")
	if name == "" || password == "" {
		return s.refuse(missing)
	}
	want, known := s.grants.Users[name]
	if !known || subtle.ConstantTimeCompare([]byte(want), []byte(password)) != 1 {
		return s.refuse(passwordWrong)
	}
	return s.issueFor(c, client, name, nil)
}

// answerAssertion answers grant_type=jwt-bearer (RFC 7523 §3).
func (s *Server) answerAssertion(c *call, client Client) reply {
	assertion := c.params.Get("assertion")
	if assertion == "" {
		return s.refuse(missing)
	}
	claims, why := s.checkGranting(assertion, c.issuer)
	if why != "" {
		return s.refuse(why)
	}
	user, _ := claims["sub"].(string)
	return s.issueFor(c, client, user, nil)
}

// checkGranting verifies signature and claims of a JWT (RFC 7523 §3). Its jti is taken once.
func (s *Server) checkGranting(assertion, issuer string) (map[string]any, reason) {
	header, claims, err := readJWT(assertion)
	if err != nil {
		return nil, grantingMalformed
	}
	name, _ := claims["iss"].(string)
	key, known := s.grants.AssertionKeys[name]
	if !known || !verifies(assertion, header, key) {
		return nil, grantingUnsigned
	}
	s.lastAssertion = JWT{Header: header, Claims: claims}
	var audience []string
	switch aud := claims["aud"].(type) {
	case string:
		audience = []string{aud}
	case []any:
		for _, a := range aud {
			text, _ := a.(string)
			audience = append(audience, text)
		}
	}
	expiry, _ := claims["exp"].(float64)
	issued, _ := claims["iat"].(float64)
	id, _ := claims["jti"].(string)
	now := float64(s.Now().Unix())
	const skew = 60
	switch {
	case !slices.Contains(audience, issuer+pathToken) && !slices.Contains(audience, issuer):
		return nil, grantingForeign
	case expiry <= now-skew, issued > now+skew, expiry > issued+float64(time.Hour/time.Second):
		return nil, grantingExpired
	case id == "" || s.seen[id]:
		return nil, grantingReplayed
	}
	s.seen[id] = true
	return claims, ""
}

// JWT is one that the server has taken.
type JWT struct {
	Header, Claims map[string]any
}

// LastAssertion is the last JWT whose signature was good.
func (s *Server) LastAssertion() JWT {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lastAssertion
}

// answerExchange answers grant_type=token-exchange (RFC 8693 §2.1).
func (s *Server) answerExchange(c *call, client Client) reply {
	subject, kind := c.params.Get("subject_token"), c.params.Get("subject_token_type")
	actor, actorKind := c.params.Get("actor_token"), c.params.Get("actor_token_type")
	switch {
	case subject == "" || kind == "":
		return s.refuse(missing)
	case (actor == "") != (actorKind == ""): // RFC 8693 §2.1
		return s.refuse(missing)
	}
	c.entry.TokenID = TokenID(subject)
	for _, token := range []string{subject, actor} {
		if t := s.accesses[token]; token != "" && (t == nil || !t.live(s.Now())) {
			return s.refuse(subjectDead)
		}
	}
	from := s.accesses[subject]
	if asked := s.manners.scopeList(c.params.Get("scope")); len(from.scopes) > 0 && !within(asked, from.scopes) {
		return s.refuse(scopeExceeded)
	}
	wanted := c.params.Get("requested_token_type")
	if wanted == "" {
		wanted = typeAccessToken
	}
	return s.issueFor(c, client, from.user, object{{"issued_token_type", quote(wanted)}})
}

// issueFor gives the tokens that a grant without a browser comes to.
func (s *Server) issueFor(c *call, client Client, user string, more object) reply {
	scopes, ok := client.grant(s.manners.scopeList(c.params.Get("scope")))
	if !ok {
		return s.refuse(scopeExceeded)
	}
	s.counters.Grants++
	var answer reply
	if s.grants.RefreshTokens {
		access, refresh, err := s.startFamily(client.ID, user, scopes)
		if err != nil {
			return s.refuse(noRandomness)
		}
		s.bind(c, client, access)
		answer = s.grantReply(access, refresh)
	} else {
		value, err := s.mint(SecretAccess)
		if err != nil {
			return s.refuse(noRandomness)
		}
		access := s.addAccess(nil, value, client.ID, user, scopes)
		s.bind(c, client, access)
		answer = s.grantReply(access, nil)
	}
	if more != nil {
		answer = tokenReply(answer.status, append(answer.members, more...))
	}
	return answer
}

// implicit issues an access token for an authorization that was granted (RFC 6749 §4.2.2), and puts it into the fragment.
func (s *Server) implicit(request authorization, issuer string, entry *Entry) reply {
	value, err := s.mint(SecretAccess)
	if err != nil {
		return s.denialReply(issuer, denial{request.redirectURI, request.state, "server_error", "no randomness"})
	}
	access := s.addAccess(nil, value, request.client.ID, defaultUser, request.scopes)
	s.counters.Consents++
	entry.TokenID = TokenID(value)
	fragment := url.Values{"access_token": {value}, "token_type": {"Bearer"}, "state": {request.state}}
	if !access.expiresAt.IsZero() {
		fragment.Set("expires_in", strconv.Itoa(int(s.settings.AccessTokenLifetime/time.Second)))
	}
	if len(request.scopes) > 0 {
		fragment.Set("scope", strings.Join(request.scopes, " "))
	}
	if iss := s.manners.iss(issuer); iss != "" {
		fragment.Set("iss", iss)
	}
	return found(request.redirectURI + "#" + fragment.Encode())
}
