package credential

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestManyAskersMintOnce: fifty askers in one process, and many processes, cause one request for each expiry.
func TestManyAskersMintOnce(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ processes, askers int }{{1, 50}, {2, 5}, {8, 6}} {
		t.Run(fmt.Sprint(tt.processes, tt.askers), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.server.clock = SystemClock()
				w.server.wait = func() { time.Sleep(300 * time.Millisecond) }
				var managers []*Manager
				for range tt.processes {
					managers = append(managers, w.start(func(o *Options) { o.Clock = nil }))
				}
				if _, err := managers[0].Attach(t.Context(), theName, "a1", w.mintSetup()); err != nil {
					t.Fatal(err)
				}
				for expiry := 1; expiry <= 3; expiry++ {
					askAll(t, w, managers, tt.askers)
					w.wantMints(expiry)
					time.Sleep(fakeLifetime)
				}
			})
		})
	}
}

// TestAskersShareAMintThatFails: they all fail together, by one request.
func TestAskersShareAMintThatFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.server.wait = func() { time.Sleep(time.Second) }
		w.server.minting.refusal = "invalid_scope"
		m := w.start(func(o *Options) { o.Clock = nil })
		if _, err := m.Attach(t.Context(), theName, "a1", w.mintSetup()); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if _, err := w.token(m); !IsKind(err, KindConfiguration) {
					t.Errorf("error = %v", err)
				}
			})
		}
		wg.Wait()
		w.wantMints(1)
	})
}
