package sandbox

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// serveMe is the protected resource that every profile has.
func (s *Server) serveMe(c *call) reply {
	token, refused := s.presented(c)
	if refused != nil {
		return *refused
	}
	members := object{{"client_id", quote(token.clientID)}, {"scope", quote(strings.Join(token.scopes, " "))}}
	if token.user != "" {
		members = append(members, member{"user", quote(token.user)})
	}
	if !token.expiresAt.IsZero() {
		members = append(members, member{"expires_in", strconv.Itoa(int(token.expiresAt.Sub(s.Now()) / time.Second))})
	}
	r := jsonReply(http.StatusOK, members)
	s.nonceFor(&r, placeAPI, s.settings.NoncesAtAPI)
	return r
}

// admit finds the access token of a request (RFC 6750) and counts the request; nil: it is none that is live. Server.mu is held.
func (s *Server) admit(c *call, value string) *accessToken {
	c.entry.TokenID = TokenID(value)
	token := s.accesses[value]
	if token == nil || !token.live(s.Now()) {
		s.counters.APIUnauthorized++
		return nil
	}
	c.entry.ClientID = token.clientID
	token.predecessor.doom()
	s.counters.APIOK++
	return token
}

// resource is what the API of a platform answers at one path.
type resource struct {
	body      string            // JSON; empty: answer says it
	answer    func(*call) reply // to who has a live access token
	parameter string            // where the access token stands; empty: in the Authorization header
	refusal   int               // the status for a token that is no good; 0: 401
	refused   string            // and the body; empty: that of RFC 6750
	never     bool              // no token is good enough
}

// serveResource is such a path. Server.mu is held.
func (s *Server) serveResource(c *call) reply {
	about := s.manners.resources[c.r.URL.Path]
	value := c.params.Get(about.parameter)
	if about.parameter == "" {
		value, _ = strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	}
	if s.admit(c, value) == nil || about.never {
		r := unauthorized(`Bearer realm="sandbox", error="invalid_token"`, "invalid_token")
		r.status = cmp.Or(about.refusal, r.status)
		if about.refused != "" {
			r.body, r.members = []byte(about.refused), nil
		}
		return r
	}
	if about.answer != nil {
		return about.answer(c)
	}
	r := jsonReply(http.StatusOK, nil)
	r.body = []byte(about.body)
	return r
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
