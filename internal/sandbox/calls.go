package sandbox

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// limited answers a request to the token endpoint, unless Settings.TokenCalls are used up for this client and user. Each call
// counts, whatever its answer, and one that is refused for that does not. Server.mu is held.
func (s *Server) limited(c *call, answer func() reply) reply {
	limit, window := s.settings.TokenCalls, s.settings.TokenCallsWindow
	if limit == 0 {
		return answer()
	}
	who, now := s.caller(c), s.Now()
	if who == "" {
		return answer()
	}
	calls := slices.DeleteFunc(s.callers[who], func(at time.Time) bool { return !now.Before(at.Add(window)) })
	if s.callers[who] = calls; len(calls) >= limit {
		reset := calls[len(calls)-limit].Add(window)
		r := s.refuse(tooManyCalls)
		fill := strings.NewReplacer("{limit}", strconv.Itoa(limit), "{reset_ms}", strconv.FormatInt(reset.UnixMilli(), 10))
		for name := range r.header {
			r.header.Set(name, fill.Replace(r.header.Get(name)))
		}
		return r
	}
	s.callers[who] = append(calls, now)
	return answer()
}

// caller names the client and the user whose token or code a request brings, as far as they can be told; where calls are
// counted by token, the authorization that a refresh is for, and nobody for any other call.
func (s *Server) caller(c *call) string {
	if s.manners.callsByToken {
		if t := s.refreshes[c.params.Get("refresh_token")]; t != nil {
			return t.family.id
		}
		return ""
	}
	id, user := c.entry.ClientID, ""
	if given, why := readClient(c.r.Header, c.params); why == "" {
		id = given.id
	}
	if t := s.refreshes[c.params.Get("refresh_token")]; t != nil {
		user = t.family.user
	} else if code := s.codes[c.params.Get("code")]; code != nil {
		user = code.user
	}
	return id + "\x00" + user
}
