package credential

import (
	"context"
	"sync"
)

// Sections counts the critical sections of a process: from the claim to the end of the commit. A process that is asked
// to end lets them finish and starts no new one.
type Sections struct {
	mu       sync.Mutex
	open     int
	draining bool
	idle     chan struct{}
}

// Begin enters a section. It returns ErrShuttingDown once Drain was called; else end must be called.
func (s *Sections) Begin() (end func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return nil, ErrShuttingDown
	}
	s.open++
	var once sync.Once
	return func() { once.Do(s.end) }, nil
}

func (s *Sections) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	if s.open == 0 && s.idle != nil {
		close(s.idle)
		s.idle = nil
	}
}

// Drain refuses new sections and returns when the open ones have ended, or when ctx ends.
func (s *Sections) Drain(ctx context.Context) error {
	s.mu.Lock()
	s.draining = true
	if s.open == 0 {
		s.mu.Unlock()
		return nil
	}
	if s.idle == nil {
		s.idle = make(chan struct{})
	}
	idle := s.idle
	s.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
