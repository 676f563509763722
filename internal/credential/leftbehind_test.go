package credential

import (
	"context"
	"errors"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// formerOnly shows rescue files of the former store only, as in a process that has another one in use.
type formerOnly struct{ Rescue }

func (f formerOnly) List(ctx context.Context, id string) ([]string, error) {
	if id == "" {
		return nil, nil
	}
	return f.Rescue.List(ctx, id)
}

// mortalStore is gone once it is dead, and dies by itself after the first record of the pair if it is short-lived.
type mortalStore struct {
	store.Store
	shortLived, dead bool
}

var errDead = errors.New("gone")

func (s *mortalStore) Get(ctx context.Context, key string) (store.Entry, error) {
	if s.dead {
		return store.Entry{}, errDead
	}
	return s.Store.Get(ctx, key)
}

func (s *mortalStore) Create(ctx context.Context, key string, value []byte) (store.Revision, error) {
	if s.dead {
		return "", errDead
	}
	defer func() { s.dead = s.shortLived && key == theKey }()
	return s.Store.Create(ctx, key, value)
}

func (s *mortalStore) Replace(ctx context.Context, key string, old store.Revision, value []byte) (store.Revision, error) {
	if s.dead {
		return "", errDead
	}
	return s.Store.Replace(ctx, key, old, value)
}

// leftBehind is a state whose former store is lost, while the successor of its token waits in a rescue file there.
func leftBehind(t *testing.T) (*run, Replica) {
	t.Helper()
	u, _, _ := stranded(t, shapes[0])
	u.fault = fault{}
	u.over()
	return u, Replica{Family: "f1", Generation: 1, Tokens: u.record().Tokens, StoreID: "the former store"}
}

func (w *world) remove(key string) {
	w.t.Helper()
	e, err := w.plain.Get(context.Background(), key)
	if err == nil {
		err = w.plain.Delete(context.Background(), key, e.Revision)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) startWithFormerRescues() *Manager {
	return w.start(func(o *Options) { o.Rescue = formerOnly{w.rescue} })
}

// TestSeedIsOneWrite: a record with the spent token of the state must not be there for a moment. Whoever dies half-way
// leaves nobody behind who would look into the former store's rescue files again.
func TestSeedIsOneWrite(t *testing.T) {
	t.Parallel()
	u, state := leftBehind(t)
	u.remove(theKey)
	dying := u.start(func(o *Options) {
		o.Store, o.Rescue = &mortalStore{Store: u.plain, shortLived: true}, formerOnly{u.rescue}
	})
	if _, err := dying.Seed(t.Context(), theName, "a1", theSetup(u.world), state); err == nil {
		t.Fatal("no error from a store that is gone")
	}
	state.StoreID = "" // the next run finds the record in the store in use
	m := u.startWithFormerRescues()
	if _, err := m.Heal(t.Context(), theName, state); err != nil {
		t.Fatal(err)
	}
	if res := u.mustToken(m); res.Record.Generation != 2 {
		t.Errorf("generation %d, want the successor that was left behind", res.Record.Generation)
	}
	u.wantServer(1, 1, 0)
}

// TestHealBringsWhatWasLeftBehind: the store that the state moves into holds an older copy already.
func TestHealBringsWhatWasLeftBehind(t *testing.T) {
	t.Parallel()
	u, state := leftBehind(t)
	older := u.record()
	older.Claim, older.Status = nil, StatusActive
	older.Generation, older.Tokens.Refresh = 0, secret.New("older")
	u.put(older)
	m := u.startWithFormerRescues()
	if r, err := m.Heal(t.Context(), theName, state); err != nil || r.Generation != 2 {
		t.Fatalf("healed to generation %d, %v; want the one that was left behind", r.Generation, err)
	}
	u.mustToken(m)
	u.wantServer(1, 1, 0)
	if left := u.rescue.paths(); len(left) != 0 {
		t.Errorf("rescue files %v", left)
	}
}

// TestSeedBringsTheFirstTokens: the first exchange went well, its process died with the tokens in a rescue file, and then
// the store was lost. The state knows of no family yet, and nobody but the file knows that the code was sent.
func TestSeedBringsTheFirstTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.start()
	if _, err := m.Attach(t.Context(), theName, "a1", theSetup(w)); err != nil {
		t.Fatal(err)
	}
	offered, err := m.OfferAuthorization(t.Context(), theName, Authorization{RedirectURI: fakeRedirect})
	if err != nil {
		t.Fatal(err)
	}
	p, _ := offered.NewestPending()
	code := secret.New(w.server.code(p.URL))
	mortal := &mortalStore{Store: w.plain}
	w.server.during = []func(){func() { mortal.dead = true }}
	if _, err := w.exchange(w.start(func(o *Options) { o.Store = mortal }), Exchange{Code: code}); err != nil {
		t.Fatal(err)
	}
	w.remove(theKey)
	w.remove(inputKey(code))

	m = w.startWithFormerRescues()
	if r, err := m.Seed(t.Context(), theName, "a1", theSetup(w), Replica{StoreID: "the former store"}); err != nil || r.Generation != 1 {
		t.Errorf("seeded generation %d, %v; want the first tokens", r.Generation, err)
	}
	_, err = w.exchange(m, Exchange{Code: code, RedirectURI: p.RedirectURI, CodeVerifier: p.Verifier})
	w.wantKind(err, KindConsumed)
	if w.server.calls != 1 {
		t.Errorf("the code was sent %d times", w.server.calls)
	}
}

// TestUnreadableRescueFileOfAnother: it stops nobody else's move.
func TestUnreadableRescueFileOfAnother(t *testing.T) {
	t.Parallel()
	u, state := leftBehind(t)
	u.remove(theKey)
	text, err := encodeRescue(Attempt{Key: "pair/other", ID: "x", Purpose: PurposeRefresh}, oauth.Reply{Sent: true, Status: 500})
	if err != nil {
		t.Fatal(err)
	}
	u.rescue.files["/rescue/other"] = text
	if r, err := u.startWithFormerRescues().Seed(t.Context(), theName, "a1", theSetup(u.world), state); err != nil || r.Generation != 2 {
		t.Errorf("generation %d, %v", r.Generation, err)
	}
}
