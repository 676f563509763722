package credential

import (
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/filestore"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/memstore"
)

// TestManyProcessesRefreshOnce lets many processes ask at the same moment, expiry after expiry: the server counts one
// refresh for each, and sees no token twice.
func TestManyProcessesRefreshOnce(t *testing.T) {
	t.Parallel()
	const processes, askers, expiries = 8, 6, 3
	for name, open := range map[string]func(t *testing.T) func() store.Store{
		"in memory": func(*testing.T) func() store.Store {
			s := memstore.New("memory:")
			return func() store.Store { return s }
		},
		"with locks": func(*testing.T) func() store.Store {
			s := newHeldStore(memstore.New("memory:"))
			return func() store.Store { return s }
		},
		"in files": func(t *testing.T) func() store.Store {
			dir := filepath.Join(t.TempDir(), "store")
			return func() store.Store {
				s, err := filestore.Open(dir)
				if err != nil {
					t.Fatal(err)
				}
				return s
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			handle := open(t)
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.server.clock = SystemClock()
				w.server.wait = func() { time.Sleep(300 * time.Millisecond) }
				access, refresh := w.server.begin()
				text, err := EncodeRecord(Record{
					Family: "f1", Generation: 1, Status: StatusActive, Client: w.client(),
					Tokens: Tokens{Access: secret.New(access), Refresh: secret.New(refresh), IssuedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour)},
				})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := handle().Create(t.Context(), theKey, text); err != nil {
					t.Fatal(err)
				}
				var managers []*Manager
				for range processes {
					managers = append(managers, w.start(func(o *Options) { o.Store, o.Clock = handle(), nil }))
				}
				for expiry := 1; expiry <= expiries; expiry++ {
					time.Sleep(time.Hour)
					askAll(t, w, managers, askers)
					w.wantServer(expiry, expiry, 0)
				}
			})
		})
	}
}

// askAll lets every process ask as many times at once as it has askers.
func askAll(t *testing.T, w *world, managers []*Manager, askers int) {
	t.Helper()
	var wg sync.WaitGroup
	for _, m := range managers {
		for i := range askers {
			wg.Go(func() {
				asker := []Asker{AskerRead, AskerConsumer}[i%2]
				res, err := m.Token(t.Context(), theName, Ask{DefaultMargin: 30 * time.Second, Asker: asker})
				if err != nil || !w.server.opens(res.Record.Tokens.Access.Reveal()) {
					t.Errorf("Token: %v", err)
				}
			})
		}
	}
	wg.Wait()
}

// TestAskersOfOneProcessShareAFailure: a thousand data sources must not send a thousand requests that all fail alike.
func TestAskersOfOneProcessShareAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.authorized()
		w.server.wait = func() { time.Sleep(time.Second) }
		w.server.plan = []callPlan{callBadClient}
		m := w.start(func(o *Options) { o.Clock = nil })
		w.put(func() Record {
			r := w.record()
			r.Tokens.IssuedAt, r.Tokens.ExpiresAt = time.Now().Add(-time.Hour), time.Now()
			return r
		}())
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if _, err := w.token(m); !IsKind(err, KindBadClient) {
					t.Errorf("error = %v, want the shared one", err)
				}
			})
		}
		wg.Wait()
		w.wantServer(1, 0, 0)
	})
}

// TestStillValidTokenIsServedWhileSomebodyElseRotates: nobody waits for a claim whose outcome is not needed yet.
func TestStillValidTokenIsServedWhileSomebodyElseRotates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.authorized(func(r *Record) { r.Tokens.ExpiresAt = w.clock.Now().Add(20 * time.Second) })
	b := w.start()
	w.server.behind = []func(){func() {
		before := w.clock.Now()
		res := w.mustToken(b)
		w.wantNotices(res.Notices, NoticePutOff)
		if res.Notices[0].Reason != ReasonClaimed || !res.Record.Tokens.Access.Equal(old.Tokens.Access) || w.clock.Now() != before {
			t.Errorf("B got %+v after %s", res.Notices, w.clock.Now().Sub(before))
		}
	}}
	w.mustToken(w.start())
	w.wantServer(1, 1, 0)
}

// TestWaiterOutlivesAnImpatientLeader: the leader's caller gives up; those who share its flight have not.
func TestWaiterOutlivesAnImpatientLeader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var fs flights
		started, giveUp := make(chan struct{}), make(chan struct{})
		leaderCtx, cancel := contextWithCancel(t)
		var wg sync.WaitGroup
		wg.Go(func() {
			_, landed, err := fs.do(leaderCtx, "k", Ask{}, func() (Result, error) {
				close(started)
				<-giveUp
				return Result{}, leaderCtx.Err()
			})
			if !landed || err == nil {
				t.Errorf("leader: landed %v, %v", landed, err)
			}
		})
		<-started
		wg.Go(func() {
			_, landed, _ := fs.do(t.Context(), "k", Ask{}, func() (Result, error) { return Result{}, nil })
			if landed {
				t.Error("a waiter took over the leader's giving up")
			}
		})
		wg.Go(func() {
			ctx, cancel := contextWithCancel(t)
			cancel()
			if _, landed, err := fs.do(ctx, "k", Ask{}, nil); !landed || err == nil {
				t.Errorf("waiter that gave up: landed %v, %v", landed, err)
			}
		})
		synctest.Wait()
		cancel()
		close(giveUp)
		wg.Wait()

		boom := errors.New("boom")
		if _, landed, err := fs.do(t.Context(), "k", Ask{}, func() (Result, error) { return Result{}, boom }); !landed || !errors.Is(err, boom) {
			t.Errorf("next flight: landed %v, %v", landed, err)
		}
	})
}

// TestFlightOfAnotherAskIsLookedAtAgain: who wants a longer validity is not helped by an answer to who wants less.
func TestFlightOfAnotherAskIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var fs flights
		started, end := make(chan struct{}), make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			_, _, _ = fs.do(t.Context(), "k", Ask{}, func() (Result, error) { close(started); <-end; return Result{Rotated: true}, nil })
		})
		<-started
		wg.Go(func() {
			res, landed, err := fs.do(t.Context(), "k", Ask{}, nil)
			if !landed || err != nil || !res.Rotated {
				t.Errorf("same ask: %v, %v, %v", res.Rotated, landed, err)
			}
		})
		wg.Go(func() {
			if _, landed, _ := fs.do(t.Context(), "k", Ask{MinValidity: time.Minute}, nil); landed {
				t.Error("another ask landed with this flight")
			}
		})
		synctest.Wait()
		close(end)
		wg.Wait()
	})
}
