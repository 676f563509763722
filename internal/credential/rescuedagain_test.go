package credential

import (
	"context"
	"errors"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// disk is a store and what a power cut leaves of the record in it. While it is shaky each write fails at its very end: what
// it wrote can be read, and is not safe.
type disk struct {
	store.Store
	shaky bool
	safe  []byte
}

var errShaky = errors.New("failed on the way to the disk")

func (d *disk) wrote(key string, value []byte, rev store.Revision, err error) (store.Revision, error) {
	switch {
	case err != nil || key != theKey:
		return rev, err
	case d.shaky:
		return "", errShaky
	}
	d.safe = value
	return rev, nil
}

func (d *disk) Create(ctx context.Context, key string, value []byte) (store.Revision, error) {
	rev, err := d.Store.Create(ctx, key, value)
	return d.wrote(key, value, rev, err)
}

func (d *disk) Replace(ctx context.Context, key string, old store.Revision, value []byte) (store.Revision, error) {
	rev, err := d.Store.Replace(ctx, key, old, value)
	return d.wrote(key, value, rev, err)
}

// holds tells whether a power cut would leave the refresh token.
func (d *disk) holds(token string) bool {
	r, err := DecodeRecord(d.safe)
	return err == nil && r.Tokens.Refresh.Reveal() == token
}

// onDisk puts a disk before the world's store, under whatever else processes see of it.
func (w *world) onDisk() *disk {
	d := &disk{Store: w.plain}
	w.store = d
	return d
}

// shown is a world whose last successor can be read in the store, though no write of it has succeeded.
func shown(t *testing.T, sh shape) (*world, *disk, *Manager) {
	t.Helper()
	w := sh.world(t)
	d := w.onDisk()
	w.authorized()
	w.server.behind = []func(){func() { d.shaky = true }}
	m := w.start()
	w.wantNotices(w.mustToken(m).Notices, NoticeNotStored)
	if w.record().Tokens.Refresh.Reveal() != w.server.newest || d.holds(w.server.newest) {
		t.Fatal("the successor cannot be read, or is safe")
	}
	return w, d, m
}

// TestRescuedIsWrittenAgain: what a finder of a rescue file reads in the store may be a write that has failed at its end.
// Whoever it is, a write of the successor succeeds before the file is removed.
func TestRescuedIsWrittenAgain(t *testing.T) {
	t.Parallel()
	state := Replica{Family: "f1", Generation: 1, StoreID: "the former store"}
	for name, find := range map[string]func(*world) error{
		"by a run": func(w *world) error {
			_, err := w.token(w.start())
			return err
		},
		"by a state that comes into a store that has it": func(w *world) error {
			_, err := w.startWithFormerRescues().Heal(t.Context(), theName, state)
			return err
		},
		"by a state whose record has come meanwhile": func(w *world) error {
			_, err := w.startWithFormerRescues().Seed(t.Context(), theName, "a1", theSetup(w), state)
			return err
		},
	} {
		w, d, _ := shown(t, shapes[0])
		_ = find(w)
		if len(w.rescue.paths()) != 1 {
			t.Errorf("%s: the file was removed, and no write has succeeded", name)
			continue
		}
		d.shaky = false
		if err := find(w); err != nil || len(w.rescue.paths()) != 0 || !d.holds(w.server.newest) {
			t.Errorf("%s: %v, rescue files %v, safe: %v", name, err, w.rescue.paths(), d.holds(w.server.newest))
		}
		w.wantServer(1, 1, 0)
	}
}

// TestSeededIsWrittenAgain: the write that makes the record fails at its end.
func TestSeededIsWrittenAgain(t *testing.T) {
	t.Parallel()
	u, state := leftBehind(t)
	u.remove(theKey)
	d := u.onDisk()
	d.shaky = true
	if _, err := u.startWithFormerRescues().Seed(t.Context(), theName, "a1", theSetup(u.world), state); err == nil || len(u.rescue.paths()) != 1 {
		t.Fatalf("%v, rescue files %v", err, u.rescue.paths())
	}
	d.shaky = false
	if _, err := u.startWithFormerRescues().Seed(t.Context(), theName, "a1", theSetup(u.world), state); err != nil {
		t.Fatal(err)
	}
	if len(u.rescue.paths()) != 0 || !d.holds(u.server.newest) {
		t.Errorf("rescue files %v, safe: %v", u.rescue.paths(), d.holds(u.server.newest))
	}
}

// TestStragglerIsWrittenAgain: the same in the destination of a move, with a reply that came too late for the source.
func TestStragglerIsWrittenAgain(t *testing.T) {
	t.Parallel()
	p := newTwoStores(t)
	d := &disk{Store: p.dest.plain}
	p.dest.store = idStore{d, "id-dest"}
	p.authorized()
	if got := p.move(false); got.Outcome != OutcomeMoved {
		t.Fatalf("moved: %+v", got)
	}
	text, err := encodeRescue(
		Attempt{Key: theKey, ID: "late", Purpose: PurposeRefresh, Family: "f1", Base: 1, ClaimedAt: p.clock.Now(), SentAt: p.clock.Now()},
		oauth.Reply{Status: 200, Body: secret.New(`{"access_token":"a","refresh_token":"successor"}`)})
	if err != nil {
		t.Fatal(err)
	}
	p.rescue.files["/rescue/late"] = text
	d.shaky = true
	if got := p.move(false); got.Err == nil || p.dest.in().Generation != 2 || len(p.rescue.paths()) != 1 {
		t.Fatalf("moved: %+v, rescue files %v", got, p.rescue.paths())
	}
	d.shaky = false
	if got := p.move(false); got.Err != nil || len(p.rescue.paths()) != 0 || !d.holds("successor") {
		t.Errorf("moved: %+v, rescue files %v, safe: %v", got, p.rescue.paths(), d.holds("successor"))
	}
}

// TestOwnIsWrittenAgain: a finder was faster than the process itself, and its write has failed at the end.
func TestOwnIsWrittenAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.onDisk()
	w.store = remoteStore{d}
	w.authorized()
	finder := w.start()
	a := w.start(func(o *Options) {
		o.Store = stoppedAt(w, beforeKeep, func() {
			d.shaky = true
			finder.prepareQuietly(t.Context())
			d.shaky = false
		})
	})
	w.mustToken(a)
	if len(w.rescue.paths()) != 0 || !d.holds(w.server.newest) {
		t.Errorf("rescue files %v, safe: %v", w.rescue.paths(), d.holds(w.server.newest))
	}
	w.wantServer(1, 1, 0)
}

// TestInMemoryIsWrittenAgain: there is no rescue folder. The process has read its successor in the store, and does not
// forget it before a write has succeeded.
func TestInMemoryIsWrittenAgain(t *testing.T) {
	t.Parallel()
	w, d, m := shown(t, shapes[1])
	w.mustToken(m)
	d.shaky = false
	w.mustToken(m)
	if !d.holds(w.server.newest) {
		t.Error("it was forgotten, and no write has succeeded")
	}
	if _, ok := m.unsavedOf(theKey); ok {
		t.Error("it is safe, and still counts as not stored")
	}
	w.wantServer(1, 1, 0)
}
