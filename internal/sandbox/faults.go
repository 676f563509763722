package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// The actions of a fault. Each says what it does to the requests that it strikes.
const (
	// ActionDrop closes the connection without a reply.
	ActionDrop = "drop"
	// ActionStatus answers with Status, Headers and Body.
	ActionStatus = "status"
	// ActionDelay waits DelayMS of real time, then goes on.
	ActionDelay = "delay"
	// ActionHold waits for Release, then goes on. If the client goes away or the server closes first, it ends there: a
	// request held before processing is then never processed.
	ActionHold = "hold"
	// ActionGarbage answers 200 with Bytes random bytes (512) that claim to be JSON.
	ActionGarbage = "garbage"
	// ActionHTML answers with Status (200) and an HTML page, or Body.
	ActionHTML = "html"
	// ActionEmpty answers 200 with nothing.
	ActionEmpty = "empty"
	// ActionTruncate announces the full length, sends the first Bytes, or that Fraction (0.5), and closes the
	// connection.
	ActionTruncate = "truncate"
	// ActionTruncateClean sends as much as ActionTruncate and announces just that: only the JSON shows that something
	// is missing.
	ActionTruncateClean = "truncate_clean"
	// ActionChunkedDrop sends as much as ActionTruncate in chunked coding, and closes the connection without the last
	// chunk.
	ActionChunkedDrop = "chunked_drop"
	// ActionHalfThenHold sends as much as ActionTruncate, waits for Release, and then does what Then says.
	ActionHalfThenHold = "half_then_hold"
	// ActionOversize adds a member "padding" of Bytes (4 MiB) to a successful JSON reply, at Position.
	ActionOversize = "oversize"
	// ActionRedirect answers with Status (302) to Location (/redirected).
	ActionRedirect = "redirect"
	// ActionMutate changes a successful JSON reply as Set, Remove, ContentType and BOM say.
	ActionMutate = "mutate"
	// ActionErrorIn200 answers 200 with a JSON body that holds Error (invalid_grant) and ErrorDescription.
	ActionErrorIn200 = "error_in_200"
	// ActionStallAccept accepts the next Count connections and reads nothing from them until Release. Connections
	// that are open already go on. It needs the Listener of Start.
	ActionStallAccept = "stall_accept"
	// ActionStallHandshake is ActionStallAccept for a TLS listener, and refused for another: since the handshake does
	// not begin, the client cannot have sent its request.
	ActionStallHandshake = "stall_handshake"
)

// Before and After are the stages at which a fault strikes: before processing (nothing has changed, and unless the
// action lets the request go on nothing will), or after it (the state has changed, whatever the client gets to see).
const (
	Before = "before"
	After  = "after"
)

// Fault makes the next matching requests go wrong. Of several faults for the same stage, a request takes the oldest.
type Fault struct {
	Path      string `json:"path,omitempty"`       // which path; default /token. /register/ stands for all that begin so
	Method    string `json:"method,omitempty"`     // only this method; default any
	GrantType string `json:"grant_type,omitempty"` // only this grant type; default any
	Succeeded bool   `json:"succeeded,omitempty"`  // only After, and only an answer without an error
	// Count is how many requests, or for a stall connections, it strikes. Default 1; negative means without end.
	Count int `json:"count,omitempty"`
	// When is Before or After. The default is Before where that is possible: truncate, truncate_clean, chunked_drop,
	// half_then_hold, oversize and mutate need a reply and strike After. oversize and mutate wait for a successful one.
	When   string `json:"when,omitempty"`
	Action string `json:"action"`

	Status   int                        `json:"status,omitempty"`
	Headers  map[string]string          `json:"headers,omitempty"` // with Status
	Body     string                     `json:"body,omitempty"`
	DelayMS  int                        `json:"delay_ms,omitempty"`
	Bytes    *int                       `json:"bytes,omitempty"`
	Fraction *float64                   `json:"fraction,omitempty"` // 0 to 1
	Then     string                     `json:"then,omitempty"`     // finish (the default) or drop
	Position string                     `json:"position,omitempty"` // first (the default) or last
	Location string                     `json:"location,omitempty"`
	Set      map[string]json.RawMessage `json:"set,omitempty"` // raw values; from Go they need not be JSON
	Remove   []string                   `json:"remove,omitempty"`
	// ContentType replaces the reply's. application/x-www-form-urlencoded encodes the body so, too.
	ContentType      string `json:"content_type,omitempty"`
	BOM              bool   `json:"bom,omitempty"` // a UTF-8 byte order mark before the body
	Error            string `json:"error,omitempty"`
	ErrorDescription string `json:"error_description,omitempty"`
}

// FaultStatus is a Fault and how far it has come.
type FaultStatus struct {
	ID        int `json:"id"`
	Fired     int `json:"fired"`
	Remaining int `json:"remaining"` // negative: no end
	Fault
}

type plantedFault struct {
	status FaultStatus
	rule   faultRule
}

// faultRule says where an action makes sense.
type faultRule struct {
	needsReply   bool // only After
	needsSuccess bool // waits for a successful JSON reply
	stall        bool // strikes connections
}

func ruleOf(action string) (faultRule, bool) {
	switch action {
	case ActionDrop, ActionDelay, ActionHold,
		ActionStatus, ActionGarbage, ActionHTML, ActionEmpty, ActionRedirect, ActionErrorIn200:
		return faultRule{}, true
	case ActionTruncate, ActionTruncateClean, ActionChunkedDrop, ActionHalfThenHold:
		return faultRule{needsReply: true}, true
	case ActionOversize, ActionMutate:
		return faultRule{needsReply: true, needsSuccess: true}, true
	case ActionStallAccept, ActionStallHandshake:
		return faultRule{stall: true}, true
	default:
		return faultRule{}, false
	}
}

// AddFault plants a fault and returns its id, or an error that says what is wrong with it.
func (s *Server) AddFault(f Fault) (id int, err error) {
	rule, known := ruleOf(f.Action)
	if !known {
		return 0, fmt.Errorf("unknown action %q", f.Action)
	}
	f.fillDefaults(rule)
	if err := f.validate(rule); err != nil {
		return 0, fmt.Errorf("fault %q: %w", f.Action, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case rule.stall && !s.listening:
		return 0, fmt.Errorf("fault %q needs the sandbox's own listener", f.Action)
	case f.Action == ActionStallHandshake && !s.overTLS:
		return 0, fmt.Errorf("fault %q needs TLS", f.Action)
	}
	s.lastFault++
	s.faults = append(s.faults, &plantedFault{FaultStatus{ID: s.lastFault, Remaining: f.Count, Fault: f}, rule})
	return s.lastFault, nil
}

func (f *Fault) fillDefaults(rule faultRule) {
	if f.Count == 0 {
		f.Count = 1
	}
	if rule.stall {
		return
	}
	if f.Path == "" {
		f.Path = pathToken
	}
	if f.When == "" {
		f.When = Before
		if rule.needsReply {
			f.When = After
		}
	}
	if f.Status == 0 && f.Action == ActionHTML {
		f.Status = http.StatusOK
	}
	if f.Action == ActionRedirect {
		if f.Status == 0 {
			f.Status = http.StatusFound
		}
		if f.Location == "" {
			f.Location = pathRedirected
		}
	}
	if f.Action == ActionErrorIn200 && f.Error == "" {
		f.Error = "invalid_grant"
	}
}

func (f *Fault) validate(rule faultRule) error {
	switch {
	case rule.stall && f.When+f.Path+f.Method+f.GrantType != "":
		return errors.New("a stall strikes connections: it has no path, grant_type or when")
	case !rule.stall && f.When != Before && f.When != After:
		return fmt.Errorf("when is %q, not \"before\" or \"after\"", f.When)
	case rule.needsReply && f.When == Before:
		return errors.New("there is no reply before processing")
	case f.Action == ActionStatus && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("status %d is not between 200 and 599", f.Status)
	case f.Action == ActionRedirect && (f.Status < 300 || f.Status > 399):
		return fmt.Errorf("status %d does not redirect", f.Status)
	case f.Action == ActionHTML && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("status %d is not between 200 and 599", f.Status)
	case f.Succeeded && f.When != After:
		return errors.New("succeeded goes with when: after")
	case f.DelayMS < 0 || f.Action == ActionDelay && f.DelayMS == 0:
		return errors.New("delay_ms must be positive")
	case f.Bytes != nil && (*f.Bytes < 0 || *f.Bytes > 64<<20):
		return errors.New("bytes must be between 0 and 64 MiB")
	case f.Fraction != nil && !(*f.Fraction >= 0 && *f.Fraction <= 1):
		return errors.New("fraction must be between 0 and 1")
	case !slices.Contains([]string{"", "finish", "drop"}, f.Then):
		return fmt.Errorf("then is %q, not \"finish\" or \"drop\"", f.Then)
	case !slices.Contains([]string{"", "first", "last"}, f.Position):
		return fmt.Errorf("position is %q, not \"first\" or \"last\"", f.Position)
	}
	return nil
}

// Faults returns the faults that may still strike, oldest first.
func (s *Server) Faults() []FaultStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]FaultStatus, 0, len(s.faults))
	for _, f := range s.faults {
		all = append(all, f.status)
	}
	return all
}

// ClearFaults removes every fault. What is held already stays held.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// takeFault returns the fault that strikes c at the stage, used up by one, or nil.
func (s *Server) takeFault(c *call, stage string, answer reply) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		wanted := f.status
		if f.rule.stall || wanted.When != stage || !wanted.isAt(c.r) ||
			wanted.GrantType != "" && wanted.GrantType != c.params.Get("grant_type") ||
			wanted.Succeeded && !answer.succeeded() || f.rule.needsSuccess && (!answer.succeeded() || answer.members == nil) {
			continue
		}
		s.use(i)
		if c.entry.Fault != "" {
			c.entry.Fault += ","
		}
		c.entry.Fault += stage + ":" + wanted.Action
		return &wanted.Fault
	}
	return nil
}

// isAt tells whether the fault is for that path and method.
func (f Fault) isAt(r *http.Request) bool {
	below := f.Path == pathRegistered && strings.HasPrefix(r.URL.Path, pathRegistered)
	return (f.Path == r.URL.Path || below) && (f.Method == "" || f.Method == r.Method)
}

// takeStall tells whether the next connection is to be stalled.
func (s *Server) takeStall() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if f.rule.stall {
			s.use(i)
			return true
		}
	}
	return false
}

// use counts fault i as fired, and removes it when it is used up.
func (s *Server) use(i int) {
	s.counters.FaultsFired++
	f := s.faults[i]
	f.status.Fired++
	if f.status.Remaining > 0 {
		f.status.Remaining--
	}
	if f.status.Remaining == 0 {
		s.faults = slices.Delete(s.faults, i, i+1)
	}
}
