package sandbox

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// serveMe is the protected resource that every profile has.
func (s *Server) serveMe(c *call) reply {
	token, refused := s.bearer(c)
	if token == nil {
		return refused
	}
	members := object{{"client_id", quote(token.clientID)}, {"scope", quote(strings.Join(token.scopes, " "))}}
	if token.user != "" {
		members = append(members, member{"user", quote(token.user)})
	}
	if !token.expiresAt.IsZero() {
		members = append(members, member{"expires_in", strconv.Itoa(int(token.expiresAt.Sub(s.Now()) / time.Second))})
	}
	return jsonReply(http.StatusOK, members)
}

// serveResource is one of a profile's own.
func (s *Server) serveResource(c *call, answer func(*call) reply) reply {
	if token, refused := s.bearer(c); token == nil {
		return refused
	}
	return answer(c)
}

// bearer finds the live access token of a request to a protected resource (RFC 6750), which may stand in the Authorization
// header only, or returns the refusal. Server.mu is held.
func (s *Server) bearer(c *call) (*accessToken, reply) {
	scheme, value, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || value == "" {
		s.counters.APIUnauthorized++
		return nil, unauthorized(`Bearer realm="sandbox"`, "")
	}
	c.entry.TokenID = TokenID(value)
	token := s.accesses[value]
	if token == nil || !token.live(s.Now()) {
		s.counters.APIUnauthorized++
		return nil, unauthorized(`Bearer realm="sandbox", error="invalid_token"`, "invalid_token")
	}
	c.entry.ClientID = token.clientID
	token.predecessor.doom()
	s.counters.APIOK++
	return token, reply{}
}

// unauthorized is a 401 of the resource. RFC 6750 §3.1: without a token in the request there is no error code.
func unauthorized(challenge, code string) reply {
	members := object{}
	if code != "" {
		members = object{{"error", quote(code)}}
	}
	r := jsonReply(http.StatusUnauthorized, members)
	r.header.Set("WWW-Authenticate", challenge)
	r.error = code
	return r
}
