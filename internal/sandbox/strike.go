package sandbox

import (
	"io"
	"net/http"
	"strings"
	"time"
)

// strikeBefore lets f strike the unprocessed call c and tells whether the call ends with that.
func (s *Server) strikeBefore(w http.ResponseWriter, c *call, f Fault) (ended bool) {
	switch f.Action {
	case ActionDelay:
		ended = !s.sleep(c, f)
	case ActionHold:
		ended = !s.hold(c, Before)
	case ActionDrop:
		ended = true
	default:
		s.send(w, c, s.madeUp(f))
		return true
	}
	if ended {
		drop(w)
	}
	return ended
}

// strikeAfter lets f strike the answer of the processed call c, and ends the call.
func (s *Server) strikeAfter(w http.ResponseWriter, c *call, answer reply, f Fault) {
	goOn := true
	switch f.Action {
	case ActionDelay:
		goOn = s.sleep(c, f)
	case ActionHold:
		goOn = s.hold(c, After)
	case ActionDrop:
		goOn = false
	case ActionTruncate, ActionChunkedDrop, ActionHalfThenHold:
		s.sendPart(w, c, answer, f)
		return
	case ActionTruncateClean:
		answer.body = answer.body[:f.part(len(answer.body))]
	case ActionMutate:
		answer = f.mutate(answer)
	case ActionOversize:
		answer = f.oversize(answer)
	default:
		answer = s.madeUp(f)
	}
	if !goOn {
		drop(w)
		return
	}
	s.send(w, c, answer)
}

// sleep waits as long as f says, in real time, and tells whether the client is still there.
func (s *Server) sleep(c *call, f Fault) bool {
	timer := time.NewTimer(time.Duration(f.DelayMS) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.r.Context().Done():
	case <-s.holds.closed:
	}
	return false
}

// hold waits for Release and tells whether it came.
func (s *Server) hold(c *call, stage string) bool {
	s.mu.Lock()
	e := c.entry
	what := Held{Stage: stage, Path: e.Path, GrantType: e.GrantType, ClientID: e.ClientID, TokenID: e.TokenID}
	s.mu.Unlock()
	return s.holds.wait(what, c.r.Context().Done())
}

// drop closes the connection without another byte.
func drop(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "this fault needs an HTTP/1.1 connection", http.StatusInternalServerError)
		return
	}
	_ = conn.Close()
}

// sendPart sends a part of the answer, and perhaps the rest later.
func (s *Server) sendPart(w http.ResponseWriter, c *call, answer reply, f Fault) {
	n := f.part(len(answer.body))
	s.logStatus(c, answer.status)
	answer.sendHeader(w, f.Action != ActionChunkedDrop)
	_, _ = w.Write(answer.body[:n])
	_ = http.NewResponseController(w).Flush()
	if f.Action == ActionHalfThenHold && s.hold(c, Half) && f.Then != "drop" {
		_, _ = w.Write(answer.body[n:])
		return
	}
	drop(w)
}

// part returns how many of total bytes f lets pass.
func (f Fault) part(total int) int {
	switch {
	case f.Bytes != nil:
		return min(*f.Bytes, total)
	case f.Fraction != nil:
		return int(*f.Fraction * float64(total))
	default:
		return total / 2
	}
}

// size returns f.Bytes, or the action's default.
func (f Fault) size(otherwise int) int {
	if f.Bytes == nil {
		return otherwise
	}
	return *f.Bytes
}

// madeUp is the reply of a fault that replaces the true one.
func (s *Server) madeUp(f Fault) reply {
	r := reply{status: http.StatusOK, header: http.Header{}}
	switch f.Action {
	case ActionStatus:
		r.status, r.body = f.Status, []byte(f.Body)
		if strings.HasPrefix(f.Body, "{") {
			r.header.Set("Content-Type", "application/json")
		}
	case ActionGarbage:
		r.body = make([]byte, f.size(512))
		s.mu.Lock()
		_, _ = io.ReadFull(s.random, r.body) // if it fails the rest are zeros, which is garbage, too
		s.mu.Unlock()
		r.header.Set("Content-Type", "application/json")
	case ActionHTML:
		r.status = f.Status
		r.body = []byte(f.Body)
		if f.Body == "" {
			r.body = []byte("<!DOCTYPE html><html><body><h1>We will be back soon</h1></body></html>\n")
		}
		r.header.Set("Content-Type", "text/html; charset=utf-8")
	case ActionRedirect:
		r.status = f.Status
		r.header.Set("Location", f.Location)
	case ActionErrorIn200:
		members := object{{"error", quote(f.Error)}}
		if f.ErrorDescription != "" {
			members = append(members, member{"error_description", quote(f.ErrorDescription)})
		}
		r = tokenReply(http.StatusOK, members)
	case ActionEmpty:
		r.header.Set("Content-Type", "application/json")
	}
	for name, value := range f.Headers {
		r.header.Set(name, value)
	}
	return r
}

// mutate changes a successful JSON reply.
func (f Fault) mutate(answer reply) reply {
	members := answer.members.without(f.Remove)
	for _, name := range sortedNames(f.Set) {
		members = members.with(name, string(f.Set[name]))
	}
	answer.members, answer.body = members, members.json()
	if f.ContentType != "" {
		answer.header.Set("Content-Type", f.ContentType)
		if strings.HasPrefix(f.ContentType, "application/x-www-form-urlencoded") {
			answer.body = members.form()
		}
	}
	if f.BOM {
		answer.body = append([]byte("\xef\xbb\xbf"), answer.body...)
	}
	return answer
}

// oversize pads a successful JSON reply.
func (f Fault) oversize(answer reply) reply {
	padding := member{"padding", quote(strings.Repeat("x", f.size(4<<20)))}
	if f.Position == "last" {
		answer.members = append(answer.members, padding)
	} else {
		answer.members = append(object{padding}, answer.members...)
	}
	answer.body = answer.members.json()
	return answer
}
