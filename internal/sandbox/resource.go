package sandbox

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// serveMe is the protected resource (RFC 6750). The token may stand in the Authorization header only. Server.mu is
// held.
func (s *Server) serveMe(c *call) reply {
	scheme, value, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || value == "" {
		s.counters.APIUnauthorized++
		return unauthorized(`Bearer realm="sandbox"`, "")
	}
	c.entry.TokenID = TokenID(value)
	now := s.Now()
	token := s.accesses[value]
	if token == nil || !token.live(now) {
		s.counters.APIUnauthorized++
		return unauthorized(`Bearer realm="sandbox", error="invalid_token"`, "invalid_token")
	}
	c.entry.ClientID = token.clientID
	token.predecessor.doom()
	s.counters.APIOK++
	members := object{{"client_id", quote(token.clientID)}, {"scope", quote(strings.Join(token.scopes, " "))}}
	if token.user != "" {
		members = append(members, member{"user", quote(token.user)})
	}
	if !token.expiresAt.IsZero() {
		members = append(members, member{"expires_in", strconv.Itoa(int(token.expiresAt.Sub(now) / time.Second))})
	}
	return jsonReply(http.StatusOK, members)
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
