package credential

import "testing"

// TestFailedFirstMintsLockNoName: a first apply that got no token holds nothing that another setup could take away.
func TestFailedFirstMintsLockNoName(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Setup, string){
		"scopes":   func(s *Setup, x string) { s.Grant.Scopes = []string{x} },
		"endpoint": func(s *Setup, x string) { s.Client.TokenEndpoint = fakeHost + "/" + x },
		"client":   func(s *Setup, x string) { s.Client.ClientID = x },
	} {
		w := newWorld(t)
		w.server.minting.refusal = "invalid_scope"
		for i, x := range []string{"one", "two", "three"} {
			s := w.mintSetup()
			change(&s, x)
			m := w.start()
			if _, err := m.Attach(t.Context(), theName, "a"+x, s); err != nil {
				t.Errorf("%s: create %d: %v", name, i+1, err)
				break
			}
			if _, err := m.Token(t.Context(), theName, Ask{Asker: AskerApply}); err == nil {
				t.Fatal("refused, and no error")
			}
		}
	}
}

// TestSeedOverATombstoneThatMints: what was used up under the tombstone is not revived, also where the client gets its own tokens.
func TestSeedOverATombstoneThatMints(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.authorized()
	m := w.start()
	p := Replica{Family: old.Family, Generation: 1, Tokens: old.Tokens}
	w.mustToken(m)
	if _, err := m.Delete(t.Context(), theName, old.Family, false); err != nil {
		t.Fatal(err)
	}
	if r, err := m.Seed(t.Context(), theName, "a9", w.mintSetup(), p); err != nil || len(r.Aside) != 0 {
		t.Errorf("%d are set aside, %v", len(r.Aside), err)
	}
}

// TestPendingOfAFailedChangeOfGrant: a URL that a person may have opened survives a change of grant that was taken back.
func TestPendingOfAFailedChangeOfGrant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized()
	m := w.start()
	r, err := m.OfferAuthorization(t.Context(), theName, Authorization{RedirectURI: fakeRedirect})
	if err != nil {
		t.Fatal(err)
	}
	s := theSetup(w)
	s.Client = r.Client
	w.configure(m, w.mintSetup())
	if got := w.configure(m, s); len(got.Pending) != len(r.Pending) || len(r.Pending) == 0 {
		t.Errorf("%d pending, before %d", len(got.Pending), len(r.Pending))
	}
}

// TestRestoredAsideIsHealed: a store that came back from a time when the client got its own tokens is healed by a state that is
// further on with those that wait aside.
func TestRestoredAsideIsHealed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized()
	m := w.start()
	w.configure(m, w.mintSetup())
	w.mustApply(m)
	backup := w.record()
	w.configure(m, theSetup(w))
	r := w.mustToken(m).Record
	p := Replica{Family: r.Family, Generation: r.Generation, Tokens: r.Tokens}
	w.put(backup)
	m = w.start()
	if healed, err := m.Heal(t.Context(), theName, p); err != nil || !healed.Mints() || healed.Family == p.Family {
		t.Fatalf("%+v, %v", healed, err)
	}
	back := w.configure(m, theSetup(w))
	if back.Generation != r.Generation || !back.Tokens.Refresh.Equal(r.Tokens.Refresh) || back.HasConsumed(r.Tokens.Refresh) {
		t.Errorf("back with generation %d, want %d", back.Generation, r.Generation)
	}
	w.clock.pass(fakeLifetime)
	w.mustToken(m)
	if w.server.reuses != 0 {
		t.Errorf("%d reuses", w.server.reuses)
	}
}
