package credential

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// discoverFunc is a Discoverer.
type discoverFunc func(ctx context.Context, issuer string) (oauth.Metadata, error)

func (f discoverFunc) Discover(ctx context.Context, issuer string) (oauth.Metadata, error) {
	return f(ctx, issuer)
}

var errNoDocument = errors.New("no such document")

// TestDirectoryAsksOnce: who asks at the same time shares the question, its failure included. A success is kept, a failure not.
func TestDirectoryAsksOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		answer := make(chan error)
		d := NewDirectory(discoverFunc(func(_ context.Context, issuer string) (oauth.Metadata, error) {
			asked.Add(1)
			return oauth.Metadata{Issuer: issuer}, <-answer
		}))
		ask := func(say ...error) (errs []error) {
			var all sync.WaitGroup
			told := make([]error, 100)
			for i := range told {
				all.Go(func() {
					m, err := d.Find(t.Context(), fakeHost)
					if told[i] = err; err == nil && m.Issuer != fakeHost {
						t.Errorf("%+v", m)
					}
				})
			}
			synctest.Wait()
			for _, err := range say {
				answer <- err
			}
			all.Wait()
			return told
		}
		for round, want := range []struct {
			say   []error
			asked int32
			err   error
		}{{[]error{errNoDocument}, 1, errNoDocument}, {[]error{nil}, 2, nil}, {nil, 2, nil}} {
			for _, err := range ask(want.say...) {
				if !errors.Is(err, want.err) {
					t.Fatalf("round %d: %v", round, err)
				}
			}
			if asked.Load() != want.asked {
				t.Errorf("round %d: asked %d times, want %d", round, asked.Load(), want.asked)
			}
		}
		go func() { answer <- nil }()
		if m, err := d.Find(t.Context(), "https://other.example"); err != nil || m.Issuer != "https://other.example" {
			t.Errorf("another issuer: %+v, %v", m, err)
		}
	})
}

// TestDirectoryWhereAnAskerGivesUp: only he gets nothing.
func TestDirectoryWhereAnAskerGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		release := make(chan struct{})
		d := NewDirectory(discoverFunc(func(ctx context.Context, issuer string) (oauth.Metadata, error) {
			asked.Add(1)
			select {
			case <-ctx.Done():
				return oauth.Metadata{}, ctx.Err()
			case <-release:
				return oauth.Metadata{Issuer: issuer}, nil
			}
		}))
		var all sync.WaitGroup
		start := func(want error) context.CancelFunc {
			ctx, cancel := context.WithCancel(t.Context())
			all.Go(func() {
				if _, err := d.Find(ctx, fakeHost); !errors.Is(err, want) {
					t.Errorf("told %v, want %v", err, want)
				}
			})
			synctest.Wait()
			return cancel
		}
		leader := start(context.Canceled)
		follower := start(context.Canceled)
		defer start(nil)()
		follower()
		synctest.Wait()
		if n := asked.Load(); n != 1 {
			t.Errorf("asked %d times", n)
		}
		leader() // the one that is left asks anew
		synctest.Wait()
		close(release)
		all.Wait()
		if n := asked.Load(); n != 2 {
			t.Errorf("asked %d times", n)
		}
	})
}
