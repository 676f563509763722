package credential

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// epoch is when every test begins.
var epoch = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// fakeClock is a Clock on which time passes only when somebody sleeps or a test says so.
type fakeClock struct {
	mu     sync.Mutex
	wall   time.Time
	mono   time.Duration
	alarms []alarm
}

// alarm runs once when the monotonic clock has reached at.
type alarm struct {
	at  time.Duration
	run func()
}

func newFakeClock() *fakeClock { return &fakeClock{wall: epoch, mono: time.Hour} }

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wall
}

func (c *fakeClock) Monotonic() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mono
}

func (c *fakeClock) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.pass(d)
	return ctx.Err()
}

// pass lets d pass on both clocks.
func (c *fakeClock) pass(d time.Duration) { c.jump(d, d) }

// jump moves the clocks apart: a machine that slept, or a wall clock that was set.
func (c *fakeClock) jump(wall, mono time.Duration) {
	c.mu.Lock()
	c.wall = c.wall.Add(wall)
	c.mono += mono
	var due []func()
	rest := c.alarms[:0]
	for _, a := range c.alarms {
		if a.at <= c.mono {
			due = append(due, a.run)
		} else {
			rest = append(rest, a)
		}
	}
	c.alarms = rest
	c.mu.Unlock()
	for _, run := range due {
		run()
	}
}

// after runs f when d has passed.
func (c *fakeClock) after(d time.Duration, f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.alarms = append(c.alarms, alarm{c.mono + d, f})
}

// timeout is context.WithTimeout on this clock.
func (c *fakeClock) timeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	c.after(d, cancel)
	return ctx, cancel
}

func TestWithinAsksBothClocks(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		wall, mono time.Duration
		want       bool
	}{
		{"at once", 0, 0, true},
		{"at the limit", 10 * time.Second, 10 * time.Second, true},
		{"past it", 10*time.Second + 1, 10*time.Second + 1, false},
		{"process paused, wall clock set back", -time.Hour, time.Minute, false},
		{"machine asleep, monotonic clock standing", time.Hour, 0, false},
		{"wall clock set back a little", -time.Second, time.Second, true},
	} {
		c := newFakeClock()
		start := nowOn(c)
		c.jump(tt.wall, tt.mono)
		if got := start.within(c, 10*time.Second); got != tt.want {
			t.Errorf("%s: within = %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestSystemClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := SystemClock()
		wall, mono := c.Now(), c.Monotonic()
		if err := c.Sleep(t.Context(), time.Minute); err != nil {
			t.Fatal(err)
		}
		if got := c.Now().Sub(wall); got != time.Minute {
			t.Errorf("the wall clock went on by %s, want 1m", got)
		}
		if got := c.Monotonic() - mono; got != time.Minute {
			t.Errorf("the monotonic clock went on by %s, want 1m", got)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.Sleep(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Sleep = %v, want the context's error", err)
		}
	})
}

func TestClaimTTLOutlastsEverythingAnOwnerDoes(t *testing.T) {
	t.Parallel()
	d := DefaultTimings()
	if got := d.ClaimTTL(); got != 120*time.Second {
		t.Errorf("ClaimTTL = %s, want 120s", got)
	}
	// The last commit may begin at the end of the bounded time, with one call to read and one to write.
	if latest := d.SendBy + d.RequestTimeout + d.CommitRetry + 2*d.StoreTimeout; latest > d.ClaimTTL() {
		t.Errorf("an owner may act for %s, and its claim ends after %s", latest, d.ClaimTTL())
	}
}

func contextWithCancel(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithCancel(t.Context())
}
