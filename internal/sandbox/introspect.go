package sandbox

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// serveIntrospect is the introspection endpoint (RFC 7662). It uses no token: asking changes nothing. Server.mu is held.
func (s *Server) serveIntrospect(c *call) reply {
	if s.manners.introspection == introspectionAbsent {
		return plainReply(http.StatusNotFound, "no such page\n")
	}
	if why := c.checkForm(); why != "" {
		return s.refuse(why)
	}
	client, why := s.authenticate(c)
	switch {
	case why != "":
		return s.refuse(why)
	case client.AuthMethod == AuthNone: // RFC 7662 §2.1: whoever asks must prove who he is
		return s.refuse(clientMissing)
	case s.manners.introspection == introspectionRefused:
		return s.refuse(introspectRefused)
	}
	value := c.params.Get("token")
	if value == "" {
		return s.refuse(missing)
	}
	// token_type_hint needs no look: the server finds a token of either kind at once (RFC 7662 §2.1).
	now := s.Now()
	if t := s.accesses[value]; t != nil && t.clientID == client.ID && t.live(now) {
		return s.introspected(client, t.user, t.scopes, t.kind(), t.issuedAt, t.expiresAt)
	}
	if t := s.refreshes[value]; t != nil && t.family.clientID == client.ID && t.accepted(now) && !t.expired(now) {
		end := t.idleEnd
		if f := t.family.expiresAt; end.IsZero() || !f.IsZero() && f.Before(end) {
			end = f
		}
		return s.introspected(client, t.family.user, t.family.scopes, "refresh_token", t.freshSince, end)
	}
	// RFC 7662 §2.2: of a token that is dead, unknown or somebody else's nothing more is said.
	return tokenReply(http.StatusOK, object{{"active", "false"}})
}

// introspected tells of a live token. A time of zero is not told.
func (s *Server) introspected(client Client, user string, scopes []string, kind string, issued, expires time.Time) reply {
	members := object{{"active", "true"}}
	if len(scopes) > 0 {
		members = append(members, member{"scope", quote(strings.Join(scopes, " "))})
	}
	members = append(members, member{"client_id", quote(client.ID)})
	if user != "" {
		members = append(members, member{"username", quote(user)})
	}
	members = append(members, member{"token_type", quote(kind)})
	if !expires.IsZero() && s.manners.introspection != introspectionWithoutExp {
		members = append(members, member{"exp", strconv.FormatInt(expires.Unix(), 10)})
	}
	return tokenReply(http.StatusOK, append(members, member{"iat", strconv.FormatInt(issued.Unix(), 10)}))
}
