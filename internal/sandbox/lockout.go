package sandbox

import (
	"net/http"
	"slices"
	"time"
)

// lockOut is the rule by which the token endpoint shuts a client out that is refused too often. The zero value never does.
type lockOut struct {
	errors int           // so many refusals
	within time.Duration // within this time
	lasts  time.Duration // shut it out for so long
}

// offender is what a lockOut remembers of a client.
type offender struct {
	refused []time.Time
	until   time.Time // it is shut out; zero: it never was
}

// guarded answers a request to the token endpoint unless the client is locked out, and counts refusals. Server.mu is held.
func (s *Server) guarded(c *call, answer func() reply) reply {
	rule, now := s.manners.lockOut, s.Now()
	if rule.errors == 0 {
		return answer()
	}
	id := c.entry.ClientID
	if given, why := readClient(c.r.Header, c.params); why == "" {
		id = given.id
	}
	o := s.offenders[id]
	if o == nil {
		o = &offender{}
		s.offenders[id] = o
	}
	if now.Before(o.until) {
		return s.refuse(lockedOut)
	}
	r := answer()
	if !slices.Contains([]int{400, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound}, r.status) {
		return r
	}
	o.refused = slices.DeleteFunc(o.refused, func(at time.Time) bool { return !now.Before(at.Add(rule.within)) })
	if o.refused = append(o.refused, now); len(o.refused) >= rule.errors {
		s.counters.LockOuts++
		o.refused, o.until = nil, now.Add(rule.lasts)
	}
	return r
}
