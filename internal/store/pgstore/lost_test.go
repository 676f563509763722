package pgstore_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/pgtest"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/pgstore"
)

// through opens a store that reaches the database through a proxy.
func through(t testing.TB, s *pgtest.Server, db string) (*proxy, *pgstore.Store) {
	t.Helper()
	p := newProxy(t, s.Addr())
	return p, open(t, "postgres://test@"+p.addr()+"/"+db+"?sslmode=disable&pool_max_conns=1")
}

// Every operation is one statement, sent in one go and answered in one go, and leaves no prepared statement.
func TestOneRoundTrip(t *testing.T) {
	t.Parallel()
	s := server(t)
	p, st := through(t, s, s.Database(t))
	create(t, st, "pair/other", "other") // connects, and makes the table
	value := strings.Repeat("x", 2000)
	p.take()

	ctx := t.Context()
	var r store.Revision
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"Create", func() (err error) { r, err = st.Create(ctx, "pair/exact", []byte(value)); return err }},
		{"Create that loses", func() error { _, err := st.Create(ctx, "pair/exact", nil); return only(err, store.ErrConflict) }},
		{"Get", func() error { _, err := st.Get(ctx, "pair/exact"); return err }},
		{"Get of nothing", func() error { _, err := st.Get(ctx, "pair/none"); return only(err, store.ErrNotFound) }},
		{"Replace", func() (err error) { r, err = st.Replace(ctx, "pair/exact", r, []byte(value)); return err }},
		{"List", func() error { _, err := st.List(ctx, "pair"); return err }},
		{"Delete", func() error { return st.Delete(ctx, "pair/exact", r) }},
	} {
		if err := step.do(); err != nil {
			t.Errorf("%s: %v", step.name, err)
		}
		c := p.take()
		t.Logf("%s: %d bytes sent, %d received", step.name, c.sent, c.received)
		c.sent, c.received = 0, 0
		if want := (counts{syncs: 1}); c != want {
			t.Errorf("%s takes %+v, want %+v", step.name, c, want)
		}
	}
}

// only returns nil if err is want.
func only(err, want error) error {
	if errors.Is(err, want) {
		return nil
	}
	return errors.Join(errors.New("not the error that is wanted"), err)
}

// TestConnectionLost breaks the connection at each moment of each write, and looks directly at what is there. What the
// store can not know it does not claim to know, and it never repeats a write.
func TestConnectionLost(t *testing.T) {
	t.Parallel()
	s := server(t)
	for _, tt := range []struct {
		name  string
		fault fault
		done  bool
	}{
		{"before the server has the statement", cutBefore, false},
		{"while the server works", cutDuring, true},
		{"before the reply", cutReply, true},
	} {
		for _, write := range writes {
			t.Run(tt.name+"/"+write.name, func(t *testing.T) {
				t.Parallel()
				db := s.Database(t)
				direct := open(t, s.URL(db))
				r := create(t, direct, "pair/exact", "old")
				p, st := through(t, s, db)
				valueOf(t, st, "pair/exact") // connects
				p.take()

				p.arm(tt.fault)
				err := write.do(t.Context(), st, r)
				expectError(t, write.name, err, nil, "the connection to "+p.addr()+" was lost: ", "; it is not known whether the "+write.verb+" was done")
				if c := p.take(); c.syncs != 1 {
					t.Errorf("the statement was sent %d times, want once", c.syncs)
				}
				want := write.before
				if tt.done {
					want = write.after
				}
				awaitValue(t, direct, write.key, want)

				p.heal()
				if got := valueOf(t, st, write.key); got != want {
					t.Errorf("afterwards the store reads %q, want %q", got, want)
				}
			})
		}
	}
}

// writes are the writes of tests, on a store that holds "old" under pair/exact.
var writes = []struct {
	name, verb, key, before, after string
	do                             func(ctx context.Context, s store.Store, at store.Revision) error
}{
	{"Create", "write", "pair/new", "", "new", func(ctx context.Context, s store.Store, _ store.Revision) error {
		_, err := s.Create(ctx, "pair/new", []byte("new"))
		return err
	}},
	{"Replace", "write", "pair/exact", "old", "new", func(ctx context.Context, s store.Store, at store.Revision) error {
		_, err := s.Replace(ctx, "pair/exact", at, []byte("new"))
		return err
	}},
	{"Delete", "delete", "pair/exact", "old", "", func(ctx context.Context, s store.Store, at store.Revision) error {
		return s.Delete(ctx, "pair/exact", at)
	}},
}

// awaitValue waits for what a server does after its client has gone.
func awaitValue(t testing.TB, s store.Store, key, want string) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for valueOf(t, s, key) != want {
		if time.Now().After(deadline) {
			t.Fatalf("the server holds %q, want %q", valueOf(t, s, key), want)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// A connection that died while nobody used it costs nothing: nothing was sent on it.
func TestConnectionLostWhileIdle(t *testing.T) {
	t.Parallel()
	s := server(t)
	db := s.Database(t)
	direct := open(t, s.URL(db))
	r := create(t, direct, "pair/exact", "old")
	p, st := through(t, s, db)
	for _, write := range writes {
		valueOf(t, st, "pair/exact")
		p.arm(dropOnIdle)
		time.Sleep(20 * time.Millisecond) // until the end of the connection has come here
		p.take()
		if err := write.do(t.Context(), st, r); err != nil {
			t.Errorf("%s: %v", write.name, err)
		}
		if c := p.take(); c.syncs != 1 {
			t.Errorf("%s was sent %d times, want once", write.name, c.syncs)
		}
		if write.name == "Replace" {
			e, err := direct.Get(t.Context(), "pair/exact")
			if err != nil {
				t.Fatal(err)
			}
			r = e.Revision
		}
	}
}

// A read that lost its connection is done again: it changes nothing.
func TestReadsSurviveALostConnection(t *testing.T) {
	t.Parallel()
	s := server(t)
	db := s.Database(t)
	create(t, open(t, s.URL(db)), "pair/exact", "old")
	p, st := through(t, s, db)
	valueOf(t, st, "pair/exact")
	s.Exec(t, db, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"+db+"' AND pid <> pg_backend_pid()")
	if got := valueOf(t, st, "pair/exact"); got != "old" {
		t.Errorf("Get sees %q, want old", got)
	}
	p.arm(cutBefore)
	_, err := st.Get(t.Context(), "pair/exact")
	expectError(t, "Get", err, nil, "read pair/exact: cannot connect to "+p.addr())
	p.heal()
	if got := valueOf(t, st, "pair/exact"); got != "old" {
		t.Errorf("Get sees %q, want old", got)
	}
}

func TestServerRestarts(t *testing.T) {
	t.Parallel()
	s := pgtest.Start(t, pgtest.Config{Synced: true})
	st := open(t, s.URL("postgres"))
	r := create(t, st, "pair/exact", "one")
	for i, end := range []func() error{s.Stop, s.Kill} {
		if err := end(); err != nil {
			t.Fatal(err)
		}
		_, err := st.Get(t.Context(), "pair/exact")
		expectError(t, "Get", err, nil, "read pair/exact: cannot connect to "+s.Addr()+": connection refused")
		expectWrites(t, st, "pair/exact", r, store.ErrNotDone, " pair/", ": cannot connect to "+s.Addr()+": connection refused: nothing was written to the token store")
		if err := s.Resume(); err != nil {
			t.Fatal(err)
		}
		if r, err = st.Replace(t.Context(), "pair/exact", r, []byte("two")); err != nil {
			t.Errorf("after restart %d: %v", i, err)
		}
		// Now with connections that were good a moment ago, and died with the server.
		if err := errors.Join(end(), s.Resume()); err != nil {
			t.Fatal(err)
		}
		// A busy machine may find out too late that one is dead. Then it is not known whether the write was done, and who
		// asks is told the truth.
		next, err := st.Replace(t.Context(), "pair/exact", r, []byte("three"))
		if err != nil && !errors.Is(err, store.ErrConflict) && !errors.Is(err, store.ErrNotDone) && valueOf(t, st, "pair/exact") == "two" {
			next, err = st.Replace(t.Context(), "pair/exact", r, []byte("three"))
		}
		if r = next; err != nil {
			t.Errorf("after the second restart %d: %v", i, err)
		}
		if got := valueOf(t, st, "pair/exact"); got != "three" {
			t.Errorf("after restart %d Get sees %q, want three", i, got)
		}
	}
}

// A caller gives up while the server waits for a lock: the call ends with the context's error, and claims nothing.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	s := server(t)
	db := s.Database(t)
	st := open(t, s.URL(db))
	r := create(t, st, "pair/exact", "old")
	locked, unlock := make(chan struct{}), make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		holdLock(t, s.URL(db), locked, unlock)
	}()
	<-locked
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := st.Replace(ctx, "pair/exact", r, []byte("new"))
	expectError(t, "Replace", err, nil, "write pair/exact: given up while waiting for "+s.Addr()+"; it is not known whether the write was done: context deadline exceeded")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Replace returns %v, want the context's error in it", err)
	}
	close(unlock)
	<-done

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = st.Replace(ended, "pair/exact", r, []byte("new"))
	expectError(t, "Replace with an ended context", err, store.ErrNotDone)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Replace returns %v, want the context's error in it", err)
	}
}

// A server that takes the connection and says nothing.
func TestNoAnswer(t *testing.T) {
	t.Parallel()
	silent := newProxy(t, silence(t))
	st := open(t, "postgres://test@"+silent.addr()+"/postgres?sslmode=disable&connect_timeout=1")
	_, err := st.Create(t.Context(), "pair/exact", nil)
	expectError(t, "Create", err, store.ErrNotDone, "write pair/exact: cannot connect to "+silent.addr()+": no answer within 1s: nothing was written")
	if errors.Is(err, context.DeadlineExceeded) {
		t.Error("the error looks as if the caller's time had run out")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = st.Create(ctx, "pair/exact", nil)
	expectError(t, "Create", err, store.ErrNotDone, "write pair/exact: given up while connecting to "+silent.addr()+": nothing was written to the token store: context deadline exceeded")
}
