package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// Verdict is how one call of a store ended.
type Verdict string

// The verdicts. Those but the last are definite.
const (
	Succeeded Verdict = "succeeded"
	NotFound  Verdict = "not found"
	Conflict  Verdict = "conflict"
	NotDone   Verdict = "not done"
	Unclear   Verdict = "unclear" // a write may have been done, or may be done yet
)

// Step is one call of a store: what went in, what came out, and when.
type Step struct {
	Op       Op
	Key      string
	Old      store.Revision // that Replace and Delete named
	Value    string         // given to Create and Replace, or returned by Get
	Revision store.Revision // that was returned
	Verdict  Verdict
	// Call and Return are times by one clock for the whole history. Only their order counts.
	Call, Return int64
}

func (s Step) String() string {
	return fmt.Sprintf("%d to %d: %s of %q at %q: %s, %q", s.Call, s.Return, s.Op, s.Value, s.Old, s.Verdict, s.Revision)
}

// Walk is what one client does to a store.
type Walk struct {
	Client int          // unlike that of every other walk of the history
	Random *rand.Rand   // chooses
	Now    func() int64 // a clock that all walks of the history share
	Keys   []string     // to work on
	Steps  int          // how many
	Faulty bool         // fail some writes in both ways, and cancel some calls
	seen   map[string]store.Revision
}

// Do walks through s, and returns what happened. Several walks at the same time make a history for Linearizable.
func (w Walk) Do(ctx context.Context, s store.Store) []Step {
	next := w.through(s)
	var steps []Step
	for range w.Steps {
		steps = append(steps, next(ctx))
		runtime.Gosched() // else a store in memory is so fast that nobody ever comes between
	}
	return steps
}

// through returns a function that does one step of the walk at each call.
func (w Walk) through(s store.Store) func(ctx context.Context) Step {
	w.seen = map[string]store.Revision{}
	if w.Faulty {
		s = NewFaulty(s, Hooks{Fault: w.fault}).Store()
	}
	n := 0
	return func(ctx context.Context) Step {
		step := w.choose(n)
		n++
		call, cancel := context.WithCancel(ctx)
		defer cancel()
		if w.Faulty && w.Random.IntN(20) == 0 {
			go cancel() // before the call, during it, or after it
		}
		step.Call = w.Now()
		step.run(call, s)
		step.Return = w.Now()
		if step.Revision != "" {
			w.seen[step.Key] = step.Revision
		}
		return step
	}
}

func (w Walk) fault(op Op, _ string, _ int) Fault {
	if op == OpGet || w.Random.IntN(12) != 0 {
		return None
	}
	return []Fault{NothingDone, Done}[w.Random.IntN(2)]
}

// choose makes up the nth step. The revision that it names is the last one that this client has seen, which others may
// have replaced since.
func (w Walk) choose(n int) Step {
	step := Step{Key: w.Keys[w.Random.IntN(len(w.Keys))], Value: fmt.Sprintf("%d of client %d", n, w.Client)}
	switch dice := w.Random.IntN(10); {
	case dice < 4:
		return Step{Op: OpGet, Key: step.Key}
	case dice < 6:
		step.Op = OpCreate
		return step
	case dice < 9:
		step.Op = OpReplace
	default:
		step.Op, step.Value = OpDelete, ""
	}
	if step.Old = w.seen[step.Key]; step.Old == "" {
		return Step{Op: OpGet, Key: step.Key}
	}
	return step
}

func (s *Step) run(ctx context.Context, in store.Store) {
	var err error
	switch s.Op {
	case OpGet:
		var e store.Entry
		e, err = in.Get(ctx, s.Key)
		s.Value, s.Revision = string(e.Value), e.Revision
	case OpCreate:
		s.Revision, err = in.Create(ctx, s.Key, []byte(s.Value))
	case OpReplace:
		s.Revision, err = in.Replace(ctx, s.Key, s.Old, []byte(s.Value))
	case OpDelete:
		err = in.Delete(ctx, s.Key, s.Old)
	}
	s.Verdict = verdictOf(err)
}

func verdictOf(err error) Verdict {
	switch {
	case err == nil:
		return Succeeded
	case errors.Is(err, store.ErrNotFound):
		return NotFound
	case errors.Is(err, store.ErrConflict):
		return Conflict
	case errors.Is(err, store.ErrNotDone):
		return NotDone
	default:
		return Unclear
	}
}
