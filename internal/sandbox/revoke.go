package sandbox

import "net/http"

// serveRevoke is the revocation endpoint (RFC 7009). A refresh token takes its family with it, an access token only
// itself. Server.mu is held.
func (s *Server) serveRevoke(c *call) reply {
	if s.manners.noRevocation {
		return plainReply(http.StatusNotFound, "no such page\n")
	}
	if why := c.checkForm(); why != "" {
		return s.refuse(why)
	}
	client, why := s.authenticate(c)
	if why != "" {
		return s.refuse(why)
	}
	// token_type_hint needs no look: the server finds a token of either kind at once (RFC 7009 §2.1).
	value := c.params.Get("token")
	if value == "" {
		return s.refuse(missing)
	}
	refresh, access := s.refreshes[value], s.accesses[value]
	switch {
	case refresh != nil && refresh.family.clientID != client.ID, access != nil && access.clientID != client.ID:
		return s.refuse(tokenForeignClient)
	case access != nil && s.manners.revokesRefreshOnly:
		return s.refuse(revokeUnsupported)
	case refresh != nil && refresh.family.revoked == "":
		if s.settings.KeepAccessOnRevocation {
			for _, t := range s.accesses {
				if t.family == refresh.family {
					t.family = nil
				}
			}
		}
		s.kill(refresh.family, RevokedByClient)
		s.counters.Revocations++
	case access != nil && access.live(s.Now()):
		access.revoked = true
		s.counters.Revocations++
	case s.manners.refusesDeadRevocation:
		return s.refuse(revokeUnknown)
	}
	// RFC 7009 §2.2: 200 for a token that is unknown or dead already, too.
	return reply{status: http.StatusOK, header: http.Header{"Cache-Control": {"no-store"}}}
}
