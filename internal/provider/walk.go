package provider

import "sync"

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
