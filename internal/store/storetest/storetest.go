// Package storetest holds the suite that every store passes (RunWith; Run for one that no other process can open), and a
// store that fails on demand (Faulty).
//
// Among the checks is one of recorded histories (Linearizable), which serves histories of several processes as well.
//
// The suite checks each sentence of the contract of store.Store that one machine can check from outside. It can not cut
// the power: that a write survives it is for the store's own tests.
package storetest

import (
	"context"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// Options says how the suite gets at the stores that it tests.
type Options struct {
	// Open makes a new, empty place to keep records in, and returns a function that opens one more handle to that
	// place. Cleaning up goes to t.Cleanup.
	Open func(t *testing.T) func() store.Store
}

// Run runs the suite on a store of which only one handle can be had, as one in memory. open returns a new, empty one.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	t.Helper()
	RunWith(t, Options{Open: func(t *testing.T) func() store.Store {
		t.Helper()
		s := open(t)
		return func() store.Store { return s }
	}})
}

// RunWith runs the suite on a store of which several handles to the same place can be had, as several processes have.
func RunWith(t *testing.T, o Options) {
	t.Helper()
	for _, c := range checks() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if err := c.run(t.Context(), o.Open(t)); err != nil {
				t.Error(err)
			}
		})
	}
}

// check is one test of the suite. It returns an error and takes no testing.T, so that the suite's own tests can show
// that a broken store fails it.
type check struct {
	name string
	run  func(ctx context.Context, open func() store.Store) error
}

func checks() []check {
	return []check{
		{"get", checkGet},
		{"create", checkCreate},
		{"replace", checkReplace},
		{"delete", checkDelete},
		{"revisions", checkRevisions},
		{"list", checkList},
		{"keys", checkKeys},
		{"names", checkNames},
		{"values", checkValues},
		{"aliasing", checkAliasing},
		{"handles", checkHandles},
		{"location", checkLocation},
		{"canceled", checkCanceled},
		{"concurrent create", checkConcurrentCreate},
		{"concurrent replace", checkConcurrentReplace},
		{"concurrent delete", checkConcurrentDelete},
		{"concurrent increments", checkIncrements},
		{"concurrent reads", checkReaders},
		{"linearizable", checkLinearizable},
		{"hold", checkHold},
		{"hold and values", checkHoldAndValues},
		{"concurrent hold", checkConcurrentHold},
	}
}
