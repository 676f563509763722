package provider

import (
	"slices"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// walk remembers which token pairs were read since the provider was configured. Core configures it anew for a plan and for
// an apply, and reads resources in a plan alone. Nothing else tells ModifyPlan which of the two it runs in: the values
// that a configuration learns at apply look as if they had been there from the start. A replacement may only be planned
// where it was not too late for it; at apply core would refuse it as inconsistent.
//
// A plan with -refresh=false counts as an apply. What would have been replaced is then updated in place, which revokes
// nothing.
type walk struct {
	mu   sync.Mutex
	read map[string]bool
	held map[string][]heldWarnings
}

// heldWarnings are what Read has to say of a credential, for ModifyPlan to say: it knows whether the plan mends that. Said by Read, a
// warning stands below the very apply that has put an end to it.
type heldWarnings struct {
	diags diag.Diagnostics
	mends func(plan, state tokenPairModel) bool // besides new tokens, which mend everything; nil: nothing does
}

func (w *walk) hold(name string, held ...heldWarnings) {
	held = slices.DeleteFunc(held, func(h heldWarnings) bool { return len(h.diags) == 0 })
	if len(held) == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.held == nil {
		w.held = map[string][]heldWarnings{}
	}
	w.held[name] = held
}

// holds tells whether anything is held.
func (w *walk) holds() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.held) > 0
}

// take returns what is held of that name, once.
func (w *walk) take(name string) []heldWarnings {
	w.mu.Lock()
	defer w.mu.Unlock()
	held := w.held[name]
	delete(w.held, name)
	return held
}

func (w *walk) noteRead(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.read == nil {
		w.read = map[string]bool{}
	}
	w.read[name] = true
}

// plans tells whether the token pair of that name is being planned, as far as is known.
func (w *walk) plans(name string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.read[name]
}
