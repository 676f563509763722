package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// ErrInjected is in every error that Faulty makes up.
var ErrInjected = errors.New("injected fault")

// Op names a method of store.Store or store.Holder, or the release of a hold.
type Op string

// The operations that Faulty sees.
const (
	OpGet     Op = "get"
	OpCreate  Op = "create"
	OpReplace Op = "replace"
	OpDelete  Op = "delete"
	OpList    Op = "list"
	OpHold    Op = "hold"
	OpRelease Op = "release"
)

// Fault says how a call fails.
type Fault int

const (
	// None lets the call through.
	None Fault = iota
	// NothingDone fails the call before it reaches the store: "failed, nothing done".
	NothingDone
	// Done lets the call reach the store and hides the outcome behind an error: "failed, but done".
	Done
)

// Call is one call as Faulty saw it.
type Call struct {
	Op    Op
	Key   string // the kind for OpList
	N     int    // 1 for the first call, counted over all operations but OpRelease, which has 0
	Fault Fault
	Err   error // what the caller got; nil as long as the call runs
}

// Hooks steer a Faulty. Each may be nil. They run in the goroutine of the call, several at once if calls do, and may
// block.
type Hooks struct {
	// Fault chooses the fault of the nth call; it is not asked for OpRelease, which can not fail.
	Fault func(op Op, key string, n int) Fault
	// Before runs before the store is called, After when the store and the fault are done. To stop an engine at a step,
	// block here.
	Before, After func(Call)
}

// Faulty wraps a store, fails on demand, and keeps a list of the calls. Hand out its Store.
type Faulty struct {
	inner store.Store
	hooks Hooks

	mu    sync.Mutex
	n     int
	calls []Call
}

// NewFaulty wraps inner.
func NewFaulty(inner store.Store, hooks Hooks) *Faulty { return &Faulty{inner: inner, hooks: hooks} }

// Store returns the wrapped store. It is a store.Holder, and a store.Remote, exactly if the inner one is.
func (f *Faulty) Store() store.Store {
	plain := faultyStore{f}
	holder, holds := f.inner.(store.Holder)
	remote, isRemote := f.inner.(store.Remote)
	switch {
	case holds && isRemote:
		return struct {
			faultyStore
			faultyHolder
			faultyRemote
		}{plain, faultyHolder{f, holder}, faultyRemote{remote}}
	case holds:
		return struct {
			faultyStore
			faultyHolder
		}{plain, faultyHolder{f, holder}}
	case isRemote:
		return struct {
			faultyStore
			faultyRemote
		}{plain, faultyRemote{remote}}
	}
	return plain
}

// Calls returns the calls so far in the order of their beginning.
func (f *Faulty) Calls() []Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

// do runs one call with its fault and its hooks.
func (f *Faulty) do(op Op, key string, inner func() error) error {
	call, i := f.begin(op, key)
	if f.hooks.Before != nil {
		f.hooks.Before(call)
	}
	if call.Fault != NothingDone {
		call.Err = inner()
	}
	if call.Fault != None {
		call.Err = fmt.Errorf("%s %s: %w", op, key, ErrInjected)
	}
	f.mu.Lock()
	f.calls[i] = call
	f.mu.Unlock()
	if f.hooks.After != nil {
		f.hooks.After(call)
	}
	return call.Err
}

// begin lists the call and returns it with its index in the list.
func (f *Faulty) begin(op Op, key string) (Call, int) {
	f.mu.Lock()
	call, i := Call{Op: op, Key: key}, len(f.calls)
	if op != OpRelease {
		f.n++
		call.N = f.n
	}
	f.calls = append(f.calls, call)
	f.mu.Unlock()
	if op != OpRelease && f.hooks.Fault != nil {
		call.Fault = f.hooks.Fault(op, key, call.N)
	}
	return call, i
}

// result runs a call that returns something besides the error; a failed call returns nothing of it.
func result[T any](f *Faulty, op Op, key string, inner func() (T, error)) (T, error) {
	var out, none T
	err := f.do(op, key, func() (err error) {
		out, err = inner()
		return err
	})
	if err != nil {
		return none, err
	}
	return out, nil
}

type faultyStore struct{ f *Faulty }

func (s faultyStore) Get(ctx context.Context, key string) (store.Entry, error) {
	return result(s.f, OpGet, key, func() (store.Entry, error) { return s.f.inner.Get(ctx, key) })
}

func (s faultyStore) Create(ctx context.Context, key string, value []byte) (store.Revision, error) {
	return result(s.f, OpCreate, key, func() (store.Revision, error) { return s.f.inner.Create(ctx, key, value) })
}

func (s faultyStore) Replace(
	ctx context.Context, key string, old store.Revision, value []byte,
) (store.Revision, error) {
	return result(s.f, OpReplace, key, func() (store.Revision, error) { return s.f.inner.Replace(ctx, key, old, value) })
}

func (s faultyStore) Delete(ctx context.Context, key string, old store.Revision) error {
	return s.f.do(OpDelete, key, func() error { return s.f.inner.Delete(ctx, key, old) })
}

func (s faultyStore) List(ctx context.Context, kind string) ([]string, error) {
	return result(s.f, OpList, kind, func() ([]string, error) { return s.f.inner.List(ctx, kind) })
}

func (s faultyStore) Location() string { return s.f.inner.Location() }

type faultyHolder struct {
	faulty *Faulty
	inner  store.Holder
}

// Hold fails in both ways without leaving the lock behind: a kernel that reports an error leaves none that nobody can
// free, so "failed, but done" takes the lock and gives it back.
func (h faultyHolder) Hold(ctx context.Context, key string) (func(), error) {
	var release func()
	err := h.faulty.do(OpHold, key, func() (err error) {
		release, err = h.inner.Hold(ctx, key)
		return err
	})
	if err != nil {
		if release != nil {
			release()
		}
		return nil, err
	}
	return func() {
		_ = h.faulty.do(OpRelease, key, func() error {
			release()
			return nil
		})
	}, nil
}

// faultyRemote is a type of its own because an embedded store.Remote would hide its own method behind the field's name.
type faultyRemote struct{ inner store.Remote }

func (r faultyRemote) Remote() bool { return r.inner.Remote() }
