//go:build unix

package acceptance_test

import "testing"

// The wrong store holds a token pair of the same name that another resource manages. It is not taken over: not by a
// plan, and not to be revoked by a destroy.
func TestSameNameInWrongStore(t *testing.T) {
	t.Parallel()
	s, w, other := newServer(t, nil), newWorkspace(t), newWorkspace(t)
	for _, ws := range []*workspace{w, other} {
		ws.write(s.pair("same", s.issue().RefreshToken, strict, ""))
		ws.apply()
		ws.plan()
	}
	right := w.store
	w.moveStore(other.store)
	for _, command := range []string{"plan", "apply", "destroy"} {
		w.fails([]string{"Error: Credential Lives in Another Token Store", "lives in the token store file://" + right,
			"holds another token pair of the same name", "Nothing was sent or changed."}, command, "-no-color", "-input=false")
	}
	s.expectCalls(calls{refreshes: 2})
	w.moveStore(right)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	other.plan("-detailed-exitcode").mustSay(t, "No changes.")
}

// What was destroyed in another store says nothing about the credential of this state.
func TestTombstoneInWrongStore(t *testing.T) {
	t.Parallel()
	s, w, other := newServer(t, nil), newWorkspace(t), newWorkspace(t)
	for _, ws := range []*workspace{w, other} {
		ws.write(s.pair("same", s.issue().RefreshToken, strict, ""))
		ws.apply()
		ws.plan()
	}
	other.ok("destroy", "-no-color", "-auto-approve")
	right, state := w.store, w.stateText()
	w.moveStore(other.store)
	w.plan().mustSay(t, "Warning: Credential Not in the Token Store", "which the state says is in file://"+right)
	if w.stateText() != state {
		t.Error("the state has changed")
	}
	// The tombstone is another credential's: an apply writes that of the state over it, and spends nothing.
	w.apply().mustSay(t, "1 changed")
	w.expect(this, values{"status": "active", "generation": 2})
	s.expectCalls(calls{refreshes: 2, revocations: 1})

	w.moveStore(right)
	w.apply()
	w.expect(this, values{"status": "active", "generation": 2})
	s.expectCalls(calls{refreshes: 2, revocations: 1})
}
