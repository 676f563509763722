package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/memstore"
)

// failCall fails the nth call in one way.
func failCall(n int, how Fault) Hooks {
	return Hooks{Fault: func(_ Op, _ string, i int) Fault {
		if i == n {
			return how
		}
		return None
	}}
}

func TestFaultyWithoutFaultsPasses(t *testing.T) {
	t.Parallel()
	for name, inner := range map[string]func() func() store.Store{
		"plain":  single(func(s store.Store) store.Store { return s }),
		"holder": holding(func() store.Holder { return &soundHolder{held: map[string]int{}} }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			Run(t, func(*testing.T) store.Store { return NewFaulty(inner()(), Hooks{}).Store() })
		})
	}
}

// TestFaultyFaces proves for each write what is in the store after a fault, and that the caller gets nothing but the
// error.
func TestFaultyFaces(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, tt := range []struct {
		name  string
		fault Fault
		write func(s store.Store, r store.Revision) (store.Revision, error)
		want  string // the value of pair/exact afterwards; "" for none
	}{
		{"create, nothing done", NothingDone, createOther, "old"},
		{"replace, nothing done", NothingDone, replaceExact, "old"},
		{"replace, but done", Done, replaceExact, "new"},
		{"delete, nothing done", NothingDone, deleteExact, "old"},
		{"delete, but done", Done, deleteExact, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inner := memstore.New("state:")
			r, err := inner.Create(ctx, "pair/exact", []byte("old"))
			if err != nil {
				t.Fatal(err)
			}
			f := NewFaulty(inner, failCall(1, tt.fault))
			got, err := tt.write(f.Store(), r)
			if !errors.Is(err, ErrInjected) || got != "" {
				t.Errorf("the write returns %q, %v; want nothing and ErrInjected", got, err)
			}
			if errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrNotFound) {
				t.Errorf("the fault %v is a definite error", err)
			}
			e, _ := inner.Get(ctx, "pair/exact")
			if string(e.Value) != tt.want {
				t.Errorf("the store holds %q, want %q", e.Value, tt.want)
			}
		})
	}
}

func createOther(s store.Store, _ store.Revision) (store.Revision, error) {
	return s.Create(context.Background(), "pair/other", []byte("new"))
}

func replaceExact(s store.Store, r store.Revision) (store.Revision, error) {
	return s.Replace(context.Background(), "pair/exact", r, []byte("new"))
}

func deleteExact(s store.Store, r store.Revision) (store.Revision, error) {
	return "", s.Delete(context.Background(), "pair/exact", r)
}

func TestFaultyCreateFaces(t *testing.T) {
	t.Parallel()
	for fault, want := range map[Fault]string{NothingDone: "", Done: "new"} {
		inner := memstore.New("state:")
		if _, err := createOther(NewFaulty(inner, failCall(1, fault)).Store(), ""); !errors.Is(err, ErrInjected) {
			t.Errorf("fault %d: Create returns %v, want ErrInjected", fault, err)
		}
		if e, _ := inner.Get(t.Context(), "pair/other"); string(e.Value) != want {
			t.Errorf("fault %d: the store holds %q, want %q", fault, e.Value, want)
		}
	}
}

func TestFaultyReads(t *testing.T) {
	t.Parallel()
	inner := memstore.New("state:")
	if _, err := inner.Create(t.Context(), "pair/exact", []byte("old")); err != nil {
		t.Fatal(err)
	}
	for _, fault := range []Fault{NothingDone, Done} {
		e, err := NewFaulty(inner, failCall(1, fault)).Store().Get(t.Context(), "pair/exact")
		if !errors.Is(err, ErrInjected) || e.Value != nil {
			t.Errorf("fault %d: Get returns %q, %v; want nothing and ErrInjected", fault, e.Value, err)
		}
		keys, err := NewFaulty(inner, failCall(1, fault)).Store().List(t.Context(), "pair")
		if !errors.Is(err, ErrInjected) || keys != nil {
			t.Errorf("fault %d: List returns %q, %v; want nothing and ErrInjected", fault, keys, err)
		}
	}
}

// TestFaultyList reads the list of calls as an engine's test does: to fail each of them in turn.
func TestFaultyList(t *testing.T) {
	t.Parallel()
	f := NewFaulty(struct {
		store.Store
		store.Holder
	}{memstore.New("state:"), &soundHolder{held: map[string]int{}}}, failCall(4, Done))
	s := f.Store()
	ctx := t.Context()
	release, err := s.(store.Holder).Hold(ctx, "pair/exact")
	if err != nil {
		t.Fatal(err)
	}
	_, notFound := s.Get(ctx, "pair/exact")
	r, err := s.Create(ctx, "pair/exact", []byte("one"))
	if err != nil {
		t.Fatal(err)
	}
	_, injected := s.Replace(ctx, "pair/exact", r, []byte("two"))
	release()
	if _, err = s.List(ctx, "pair"); err != nil {
		t.Fatal(err)
	}
	want := []Call{
		{Op: OpHold, Key: "pair/exact", N: 1},
		{Op: OpGet, Key: "pair/exact", N: 2, Err: notFound},
		{Op: OpCreate, Key: "pair/exact", N: 3},
		{Op: OpReplace, Key: "pair/exact", N: 4, Fault: Done, Err: injected},
		{Op: OpRelease, Key: "pair/exact"},
		{Op: OpList, Key: "pair", N: 5},
	}
	if got := f.Calls(); !slices.Equal(got, want) {
		t.Errorf("calls:\n%v\nwant:\n%v", got, want)
	}
	if !errors.Is(notFound, store.ErrNotFound) || !errors.Is(injected, ErrInjected) {
		t.Errorf("errors are %v and %v, want ErrNotFound and ErrInjected", notFound, injected)
	}
}

type remote bool

func (r remote) Remote() bool { return bool(r) }

// TestFaultyIsWhatItWraps: an engine asks a store for Holder and Remote by type assertion.
func TestFaultyIsWhatItWraps(t *testing.T) {
	t.Parallel()
	plain := memstore.New("state:")
	locks := &soundHolder{held: map[string]int{}}
	for _, tt := range []struct {
		name           string
		inner          store.Store
		holder, remote bool
		answer         bool
	}{
		{"plain", plain, false, false, false},
		{"holder", struct {
			store.Store
			store.Holder
		}{plain, locks}, true, false, false},
		{"remote", struct {
			store.Store
			remote
		}{plain, remote(true)}, false, true, true},
		{"remote that is not", struct {
			store.Store
			remote
		}{plain, remote(false)}, false, true, false},
		{"both", struct {
			store.Store
			store.Holder
			remote
		}{plain, locks, remote(true)}, true, true, true},
	} {
		s := NewFaulty(tt.inner, Hooks{}).Store()
		if _, ok := s.(store.Holder); ok != tt.holder {
			t.Errorf("%s: is a Holder: %t, want %t", tt.name, ok, tt.holder)
		}
		r, ok := s.(store.Remote)
		if ok != tt.remote || ok && r.Remote() != tt.answer {
			t.Errorf("%s: is Remote: %t, want %t answering %t", tt.name, ok, tt.remote, tt.answer)
		}
	}
}

func TestFaultyHoldLeavesNoLock(t *testing.T) {
	t.Parallel()
	for _, fault := range []Fault{NothingDone, Done} {
		inner := &soundHolder{held: map[string]int{}}
		s := NewFaulty(struct {
			store.Store
			store.Holder
		}{memstore.New("state:"), inner}, failCall(1, fault)).Store().(store.Holder)
		if _, err := s.Hold(t.Context(), "pair/exact"); !errors.Is(err, ErrInjected) {
			t.Errorf("fault %d: Hold returns %v, want ErrInjected", fault, err)
		}
		release, err := s.Hold(t.Context(), "pair/exact")
		if err != nil {
			t.Errorf("fault %d: the next Hold returns %v, want success", fault, err)
			continue
		}
		release()
	}
}

// TestFaultyStopsAtAStep stops a write before and after it reaches the store, and looks at the store meanwhile.
func TestFaultyStopsAtAStep(t *testing.T) {
	t.Parallel()
	inner := memstore.New("state:")
	at, on := make(chan string), make(chan struct{})
	stop := func(where string) func(Call) {
		return func(c Call) {
			if c.Op == OpCreate {
				at <- where
				<-on
			}
		}
	}
	s := NewFaulty(inner, Hooks{Before: stop("before"), After: stop("after")}).Store()
	done := make(chan error)
	go func() {
		_, err := s.Create(context.Background(), "pair/exact", []byte("one"))
		done <- err
	}()
	for _, want := range []struct{ where, value string }{{"before", ""}, {"after", "one"}} {
		if where := <-at; where != want.where {
			t.Errorf("stopped %s the call, want %s", where, want.where)
		}
		e, _ := inner.Get(t.Context(), "pair/exact")
		if string(e.Value) != want.value {
			t.Errorf("%s the call the store holds %q, want %q", want.where, e.Value, want.value)
		}
		on <- struct{}{}
	}
	if err := <-done; err != nil {
		t.Errorf("Create: %v", err)
	}
}
