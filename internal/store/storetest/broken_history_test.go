package storetest

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// now and then tells of every seventh call, beginning with a later one, that something is to go wrong in it. Checks that
// make few calls do not see it.
func nowAndThen() func() bool {
	var n atomic.Int64
	return func() bool { return n.Add(1)%7 == 0 }
}

// staleReads now and then returns what the key held when it was last read, as a cache or a replica does.
func staleReads(s store.Store) store.Store {
	var last atomic.Pointer[store.Entry]
	stale := nowAndThen()
	return broken{Store: s, get: func(ctx context.Context, key string) (store.Entry, error) {
		if key != "pair/exact" {
			return s.Get(ctx, key)
		}
		if e := last.Load(); e != nil && stale() {
			return *e, nil
		}
		e, err := s.Get(ctx, key)
		if err == nil {
			last.Store(&e)
		}
		return e, err
	}}
}

// conflictButDone now and then says that a write lost, which has won.
func conflictButDone(s store.Store) store.Store {
	lie := nowAndThen()
	return broken{Store: s, replace: func(ctx context.Context, key string, old store.Revision, value []byte) (store.Revision, error) {
		r, err := s.Replace(ctx, key, old, value)
		if err == nil && strings.Contains(string(value), "client") && lie() {
			return "", store.ErrConflict
		}
		return r, err
	}}
}

// failedThenDone now and then says that nothing was written, and writes it later.
func failedThenDone(s store.Store) store.Store {
	late := nowAndThen()
	var waiting atomic.Pointer[func()]
	return broken{Store: s, replace: func(ctx context.Context, key string, old store.Revision, value []byte) (store.Revision, error) {
		if do := waiting.Swap(nil); do != nil {
			(*do)()
		}
		if late() {
			do := func() { _, _ = s.Replace(context.WithoutCancel(ctx), key, old, value) }
			waiting.Store(&do)
			return "", store.ErrNotDone
		}
		return s.Replace(ctx, key, old, value)
	}}
}

func TestLinearizable(t *testing.T) {
	t.Parallel()
	get := func(call, end int64, value string, r store.Revision) Step {
		return Step{Op: OpGet, Key: "pair/exact", Value: value, Revision: r, Verdict: Succeeded, Call: call, Return: end}
	}
	create := Step{Op: OpCreate, Key: "pair/exact", Value: "a", Revision: "1", Verdict: Succeeded, Call: 1, Return: 2}
	replace := Step{Op: OpReplace, Key: "pair/exact", Old: "1", Value: "b", Revision: "2", Verdict: Succeeded, Call: 3, Return: 6}
	unclear := Step{Op: OpReplace, Key: "pair/exact", Old: "1", Value: "b", Verdict: Unclear, Call: 3, Return: 4}
	absent := Step{Op: OpGet, Key: "pair/exact", Verdict: NotFound, Call: 3, Return: 4}
	remove := Step{Op: OpDelete, Key: "pair/exact", Old: "1", Verdict: Succeeded, Call: 3, Return: 4}
	for _, tt := range []struct {
		name  string
		steps []Step
		want  bool
	}{
		{"read after the write", []Step{create, replace, get(7, 8, "b", "2")}, true},
		{"read of the past after the write", []Step{create, replace, get(7, 8, "a", "1")}, false},
		{"read of either during the write", []Step{create, replace, get(4, 5, "a", "1"), get(4, 5, "b", "2")}, true},
		{"old after new during the write", []Step{create, replace, get(3, 4, "b", "2"), get(5, 6, "a", "1")}, false},
		{"unclear and done", []Step{create, unclear, get(5, 6, "b", "2")}, true},
		{"unclear and not done", []Step{create, unclear, get(5, 6, "a", "1")}, true},
		{"unclear and done later", []Step{create, unclear, get(5, 6, "a", "1"), get(7, 8, "b", "2")}, true},
		{"unclear and undone", []Step{create, unclear, get(5, 6, "b", "2"), get(7, 8, "a", "1")}, false},
		{"unclear with two revisions", []Step{create, unclear, get(5, 6, "b", "2"), get(7, 8, "b", "3")}, false},
		{"absent before the first write ends", []Step{create, absent}, false},
		{"deleted twice", []Step{create, remove, {Op: OpDelete, Key: "pair/exact", Old: "1", Verdict: Succeeded, Call: 5, Return: 6}}, false},
		{"deleted, then replaced", []Step{create, remove, {Op: OpReplace, Key: "pair/exact", Old: "1", Value: "b", Revision: "2", Verdict: Succeeded, Call: 5, Return: 6}}, false},
		{"other keys do not matter", []Step{create, {Op: OpGet, Key: "pair/other", Verdict: NotFound, Call: 3, Return: 4}}, true},
	} {
		if err := Linearizable(tt.steps); (err == nil) != tt.want {
			t.Errorf("%s: %v; want it linearizable: %t", tt.name, err, tt.want)
		}
	}
}
