package storetest

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// register is one key of a store as the contract has it: a value with a revision, or none.
type register struct {
	exists   bool
	value    string
	revision store.Revision // empty: that of a write whose outcome nobody was told, not yet read
}

// after returns what the register may be after the step; nothing if the step cannot have gone as it did.
func (r register) after(s Step) []any {
	same := []any{r}
	next := register{exists: true, value: s.Value, revision: s.Revision}
	fits := r.exists && r.revision == s.Old // what Replace and Delete ask for
	if s.Op == OpCreate {
		fits = !r.exists
	}
	if s.Op == OpDelete {
		next = register{}
	}
	switch {
	case s.Op == OpGet:
		return r.afterGet(s, same)
	case s.Verdict == NotDone, s.Verdict == Conflict && !fits, s.Verdict == Unclear && !fits:
		return same
	case s.Verdict == Succeeded && fits:
		return []any{next}
	case s.Verdict == Unclear:
		return []any{r, next}
	default:
		return nil
	}
}

func (r register) afterGet(s Step, same []any) []any {
	switch {
	case s.Verdict == Unclear, s.Verdict == NotFound && !r.exists:
		return same
	case s.Verdict == Succeeded && r.exists && r.value == s.Value && (r.revision == "" || r.revision == s.Revision):
		return []any{register{exists: true, value: r.value, revision: s.Revision}}
	default:
		return nil
	}
}

// Linearizable returns an error unless the steps can be put into one order, in which each takes effect at a moment between
// its call and its return and sees what the ones before have left: what the contract of store.Store asks for. A write
// whose outcome is unclear may take effect at any moment after its call, or never.
func Linearizable(steps []Step) error {
	possible := porcupine.NondeterministicModel{
		Init: func() []any { return []any{register{}} },
		Step: func(state, input, _ any) []any {
			r, isRegister := state.(register)
			s, isStep := input.(Step)
			if !isRegister || !isStep {
				return nil
			}
			return r.after(s)
		},
	}
	model := possible.ToModel()
	byKey := map[string][]porcupine.Operation{}
	for _, s := range steps {
		if s.Verdict == Unclear && s.Op != OpGet {
			s.Return = math.MaxInt64
		}
		byKey[s.Key] = append(byKey[s.Key], porcupine.Operation{Input: s, Call: s.Call, Return: s.Return})
	}
	for key, operations := range byKey {
		const patience = time.Minute
		switch porcupine.CheckOperationsTimeout(model, operations, patience) {
		case porcupine.Ok:
		case porcupine.Illegal:
			return fmt.Errorf("there is no order in which the calls for %s can have happened:\n%s", key, listing(operations))
		default:
			return fmt.Errorf("whether the %d calls for %s are linearizable was not found out in %s", len(operations), key, patience)
		}
	}
	return nil
}

func listing(operations []porcupine.Operation) string {
	slices.SortFunc(operations, func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
	var lines []string
	for _, o := range operations {
		lines = append(lines, fmt.Sprint(o.Input))
	}
	return strings.Join(lines, "\n")
}

// checkLinearizable lets clients do at random what they like, and asks whether the store was one store for all of them:
// first one call after the other, always in the same order, which shows for certain what is wrong without a race; then
// all at once.
func checkLinearizable(ctx context.Context, open func() store.Store) error {
	if err := Linearizable(inTurns(ctx, open)); err != nil {
		return err
	}
	var clock atomic.Int64
	var mu sync.Mutex
	var history []Step
	for _, err := range race(open, func(i int, s store.Store) error {
		steps := Walk{
			Client: i, Random: choices(i), Now: func() int64 { return clock.Add(1) },
			Keys: []string{"pair/exact", "pair/other", "input/exact"}, Steps: 40, Faulty: true,
		}.Do(ctx, s)
		mu.Lock()
		defer mu.Unlock()
		history = append(history, steps...)
		return nil
	}) {
		if err != nil {
			return err
		}
	}
	return Linearizable(history)
}

// inTurns makes a history in which no two calls overlap, and leaves nothing behind.
func inTurns(ctx context.Context, open func() store.Store) []Step {
	const clients, steps = 3, 120
	var clock int64
	keys := []string{"pair/exact", "pair/turns"}
	var next []func(context.Context) Step
	for i := range clients {
		next = append(next, Walk{
			Client: i, Random: choices(i), Now: func() int64 { clock++; return clock }, Keys: keys,
		}.through(open()))
	}
	turn := choices(clients)
	var history []Step
	for range steps {
		history = append(history, next[turn.IntN(clients)](ctx))
	}
	s := open()
	for _, key := range keys {
		if e, err := s.Get(ctx, key); err == nil {
			_ = s.Delete(ctx, key, e.Revision) // if it stays, the next history begins with what nobody wrote, and tells so
		}
	}
	return history
}

// choices are the same every time for the ith client.
func choices(i int) *rand.Rand {
	return rand.New(rand.NewPCG(1, uint64(i))) // #nosec G404 G115 -- nothing secret
}
