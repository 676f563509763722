package credential

import (
	"context"
	"time"
)

// Clock is the engine's only source of time.
type Clock interface {
	// Now is the wall clock.
	Now() time.Time
	// Monotonic counts up from an arbitrary start and never jumps. It may stand still while the machine sleeps.
	Monotonic() time.Duration
	// Sleep waits for d or until ctx ends, and returns the context's error in that case.
	Sleep(ctx context.Context, d time.Duration) error
}

// SystemClock returns the machine's clock.
func SystemClock() Clock { return systemClock{start: time.Now()} }

type systemClock struct{ start time.Time }

func (systemClock) Now() time.Time             { return time.Now() }
func (c systemClock) Monotonic() time.Duration { return time.Since(c.start) }

func (systemClock) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// instant is one moment on both clocks. A paused process shows on the monotonic clock, a sleeping laptop only on the wall clock.
type instant struct {
	wall time.Time
	mono time.Duration
}

func nowOn(c Clock) instant { return instant{wall: c.Now(), mono: c.Monotonic()} }

// within tells whether at most d has passed since i on both clocks.
func (i instant) within(c Clock, d time.Duration) bool {
	n := nowOn(c)
	return n.mono-i.mono <= d && n.wall.Round(0).Sub(i.wall.Round(0)) <= d
}

// maxSkewRead is how long a read may take and still tell the store's time: its answer may have waited that long.
const maxSkewRead = 5 * time.Second

// Now is the time that records are written and judged by: the store's clock where it has one, else this machine's. Clocks
// of machines that share a store may be minutes apart, and one that is ahead would take a waiting time as over.
func (m *Manager) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.clock.Now().Add(m.ahead)
}

// observer is who goes by Now: this machine, by the store's clock where that was heard.
func (m *Manager) observer() observer {
	m.mu.Lock()
	defer m.mu.Unlock()
	return observer{m.owner, m.timed}
}

// heard notes what the store's clock said in a read that took so long.
func (m *Manager) heard(now time.Time, took time.Duration) {
	if now.IsZero() || took > maxSkewRead {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.timed = true
	m.ahead = now.Add(took / 2).Sub(m.clock.Now().Round(0))
}

// Timings are the engine's intervals. Users set RequestTimeout; tests shorten all of them.
type Timings struct {
	SendBy         time.Duration // from the claim to the first byte of the request
	RequestTimeout time.Duration // from connecting to the last byte of the reply
	CommitRetry    time.Duration // how long an unreachable store is tried again with a successor in hand
	Slack          time.Duration // added to the sum of the three above for the claim's TTL
	StoreTimeout   time.Duration // one store call inside a critical section
	PollMin        time.Duration // waiting for somebody else's claim: first pause
	PollMax        time.Duration // … and longest pause
	Backoff        time.Duration // first pause after a request that was certainly not sent
}

// DefaultTimings are the ones the provider ships with.
func DefaultTimings() Timings {
	return Timings{
		SendBy:         10 * time.Second,
		RequestTimeout: 30 * time.Second,
		CommitRetry:    45 * time.Second,
		Slack:          35 * time.Second,
		StoreTimeout:   15 * time.Second,
		PollMin:        50 * time.Millisecond,
		PollMax:        time.Second,
		Backoff:        500 * time.Millisecond,
	}
}

// ClaimTTL is how long a claim must stand unchanged before somebody else may take it over: longer than the slowest
// owner that still acts.
func (t Timings) ClaimTTL() time.Duration {
	return t.SendBy + t.RequestTimeout + t.CommitRetry + t.Slack
}
