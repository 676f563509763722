package sandbox

import (
	"cmp"
	"context"
	"slices"
	"sync"
)

// Half and Stalled are the further stages at which something may be held, besides Before and After: with a part of the
// reply sent, and as a connection from which nothing is read.
const (
	Half    = "half"
	Stalled = "stalled"
)

// Held is a request, or a connection, that waits for Release.
type Held struct {
	Stage     string `json:"stage"` // Before, After, Half or Stalled
	Path      string `json:"path,omitempty"`
	GrantType string `json:"grant_type,omitempty"`
	ClientID  string `json:"client_id,omitempty"`
	TokenID   string `json:"token_id,omitempty"`
}

// Held returns what is held now, in the order in which it came.
func (s *Server) Held() []Held {
	held, _ := s.holds.snapshot()
	return held
}

// WaitHeld waits until at least n are held, or until ctx ends, whose error it then returns.
func (s *Server) WaitHeld(ctx context.Context, n int) error {
	for {
		held, changed := s.holds.snapshot()
		if len(held) >= n {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Release lets everything go that is held now, and returns how many that were.
func (s *Server) Release() int { return s.holds.release() }

// holds keeps what is held.
type holds struct {
	closed chan struct{} // closed by close

	mu      sync.Mutex
	last    int
	waiting map[int]waiting
	changed chan struct{} // closed and replaced at every change
}

type waiting struct {
	id   int
	what Held
	gate chan struct{} // closed by release
}

func newHolds() *holds {
	return &holds{closed: make(chan struct{}), waiting: map[int]waiting{}, changed: make(chan struct{})}
}

// enter adds one; its gate opens at release. leave takes it out if it has not been released.
func (h *holds) enter(what Held) (gate <-chan struct{}, leave func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last++
	one := waiting{id: h.last, what: what, gate: make(chan struct{})}
	h.waiting[one.id] = one
	h.tell()
	return one.gate, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.waiting, one.id)
		h.tell()
	}
}

// wait holds the caller until release, and returns false if gone or the end of the server came first.
func (h *holds) wait(what Held, gone <-chan struct{}) (released bool) {
	gate, leave := h.enter(what)
	defer leave()
	select {
	case <-gate:
		return true
	case <-gone:
	case <-h.closed:
	}
	return false
}

func (h *holds) release() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := len(h.waiting)
	for _, one := range h.waiting {
		close(one.gate)
	}
	clear(h.waiting)
	h.tell()
	return n
}

func (h *holds) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case <-h.closed:
	default:
		close(h.closed)
	}
}

// tell wakes those who watch. h.mu is held.
func (h *holds) tell() {
	close(h.changed)
	h.changed = make(chan struct{})
}

func (h *holds) snapshot() ([]Held, <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []waiting
	for _, one := range h.waiting {
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b waiting) int { return cmp.Compare(a.id, b.id) })
	held := make([]Held, 0, len(all))
	for _, one := range all {
		held = append(held, one.what)
	}
	return held, h.changed
}
