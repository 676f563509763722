package seal_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/seal"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/filestore"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/memstore"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

const (
	keyOld = "AGE-SECRET-KEY-1S6G0Q9F27JNGUUC9XZZ7QG855LKGZFY3LMUPRVQMWZ2GTGHNW5FQ60W6QM"
	keyNew = "AGE-SECRET-KEY-1GV5GW2SUJMYDPAESX4VNTZS8NNAF99MYTRZ6RR9CL9NSL27GZEAQVWKVFL"
)

func parse(t *testing.T, text string) seal.Keyring {
	t.Helper()
	if text == "" {
		return seal.Keyring{}
	}
	ring, err := seal.ParseKeys(secret.New(text))
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"plain": "", "sealed": keyOld} {
		keys := parse(t, text)
		t.Run(name+" in memory", func(t *testing.T) {
			t.Parallel()
			storetest.RunWith(t, storetest.Options{Open: func(*testing.T) func() store.Store {
				inner := memstore.New("state:")
				return func() store.Store { return seal.NewStore(inner, keys, nil) }
			}})
		})
		t.Run(name+" in files", func(t *testing.T) {
			t.Parallel()
			storetest.RunWith(t, storetest.Options{Open: func(t *testing.T) func() store.Store {
				dir := filepath.Join(t.TempDir(), "store")
				return func() store.Store {
					inner, err := filestore.Open(dir)
					if err != nil {
						t.Fatal(err)
					}
					return seal.NewStore(inner, keys, nil)
				}
			}})
		})
	}
}

// create writes the value of key and returns its revision.
func create(t *testing.T, s store.Store, key, value string) store.Revision {
	t.Helper()
	r, err := s.Create(t.Context(), key, []byte(value))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// expect wants the value of key to be want.
func expect(t *testing.T, s store.Store, key, want string) store.Entry {
	t.Helper()
	e, err := s.Get(t.Context(), key)
	if err != nil || string(e.Value) != want {
		t.Errorf("Get gives %q, %v; want %q", e.Value, err, want)
	}
	return e
}

// TestKeyRotation walks through the change of a key as a user makes it.
func TestKeyRotation(t *testing.T) {
	t.Parallel()
	inner := memstore.New("state:")
	with := func(text string) *seal.Store { return seal.NewStore(inner, parse(t, text), nil) }
	sealedFor := func(want string) {
		t.Helper()
		e, err := inner.Get(t.Context(), "pair/exact")
		if prefix := "terraform-provider-oauth record v1 " + want; err != nil || !strings.HasPrefix(string(e.Value), prefix) {
			t.Errorf("the record begins with %.70q, %v; want %q", e.Value, err, prefix)
		}
	}

	// Without a key at first.
	create(t, with(""), "pair/exact", "one")
	sealedFor("plain ")

	// A key is added: what is there opens, and the next write seals it.
	e := expect(t, with(keyOld), "pair/exact", "one")
	if _, err := with(keyOld).Replace(t.Context(), "pair/exact", e.Revision, []byte("two")); err != nil {
		t.Fatal(err)
	}
	sealedFor("sealed 3dee8ce2e38afa45\n")
	_, err := with("").Get(t.Context(), "pair/exact")
	if !errors.Is(err, seal.ErrNoKey) || errors.Is(err, store.ErrNotFound) {
		t.Errorf("Get without a key gives %v, want ErrNoKey", err)
	}

	// The new key goes in front of the old one: both read, the new one writes.
	both := keyNew + "," + keyOld
	e = expect(t, with(both), "pair/exact", "two")
	if _, err := with(both).Replace(t.Context(), "pair/exact", e.Revision, []byte("three")); err != nil {
		t.Fatal(err)
	}
	sealedFor("sealed 7042266edd7f9cd7\n")

	// The old key goes.
	expect(t, with(keyNew), "pair/exact", "three")
	_, err = with(keyOld).Get(t.Context(), "pair/exact")
	want := "open pair/exact: no key opens the record: it is sealed for 7042266edd7f9cd7, at hand are 3dee8ce2e38afa45"
	if !errors.Is(err, seal.ErrNoKey) || err.Error() != want {
		t.Errorf("Get with the old key gives\n%v\nwant\n%s", err, want)
	}
}

// TestSwappedRecords moves sealed records to another name, and to another store.
func TestSwappedRecords(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"plain": "", "sealed": keyOld} {
		here, there := memstore.New("state:here"), memstore.New("state:there")
		keys := parse(t, text)
		create(t, seal.NewStore(here, keys, nil), "pair/a", "of a")
		create(t, seal.NewStore(there, keys, nil), "pair/z", "of z")
		e, err := here.Get(t.Context(), "pair/a")
		if err != nil {
			t.Fatal(err)
		}
		create(t, here, "pair/b", string(e.Value))
		create(t, there, "pair/a", string(e.Value))
		_, renamed := seal.NewStore(here, keys, nil).Get(t.Context(), "pair/b")
		_, moved := seal.NewStore(there, keys, nil).Get(t.Context(), "pair/a")
		for what, err := range map[string]error{"renamed": renamed, "moved to another store": moved} {
			if !errors.Is(err, seal.ErrWrongPlace) {
				t.Errorf("%s: a record that was %s gives %v, want ErrWrongPlace", name, what, err)
			}
		}
	}
}

func TestTooLarge(t *testing.T) {
	t.Parallel()
	inner := memstore.New("state:")
	s := seal.NewStore(inner, parse(t, keyOld), nil)
	if _, err := s.Create(t.Context(), "pair/large", make([]byte, 4<<20)); err == nil {
		t.Error("Create takes 4 MiB, which are more when sealed")
	}
	r := create(t, s, "pair/exact", "one")
	if _, err := s.Replace(t.Context(), "pair/exact", r, make([]byte, 4<<20)); err == nil {
		t.Error("Replace takes 4 MiB, which are more when sealed")
	}
	expect(t, s, "pair/exact", "one")
}

type remote struct {
	store.Store
	is bool
}

func (r remote) Remote() bool { return r.is }

func TestPassesOn(t *testing.T) {
	t.Parallel()
	inner := memstore.New("state:here")
	s := seal.NewStore(inner, seal.Keyring{}, nil)
	if got := s.Location(); got != "state:here" {
		t.Errorf("Location() = %q, want the inner store's", got)
	}
	if s.Remote() {
		t.Error("a store in memory counts as remote")
	}
	if _, err := s.Hold(t.Context(), "pair/exact"); !errors.Is(err, store.ErrNoHold) {
		t.Errorf("Hold gives %v, want ErrNoHold", err)
	}
	for _, is := range []bool{true, false} {
		if got := seal.NewStore(remote{inner, is}, seal.Keyring{}, nil).Remote(); got != is {
			t.Errorf("Remote() = %t over a store that says %t", got, is)
		}
	}
}

// TestDeleteWithoutKey: whoever lost the key can still clear the record away.
func TestDeleteWithoutKey(t *testing.T) {
	t.Parallel()
	inner := memstore.New("state:")
	r := create(t, seal.NewStore(inner, parse(t, keyOld), nil), "pair/exact", "one")
	s := seal.NewStore(inner, seal.Keyring{}, nil)
	if err := s.Delete(t.Context(), "pair/exact", r); err != nil {
		t.Errorf("Delete: %v", err)
	}
	if _, err := s.Get(t.Context(), "pair/exact"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Get gives %v, want ErrNotFound", err)
	}
}

// Who can write to a store, and has no key, makes up a record in plain text: a store that holds nothing but sealed ones refuses it.
func TestSealedOnly(t *testing.T) {
	t.Parallel()
	inner := memstore.New("db:")
	create(t, seal.NewStore(inner, seal.Keyring{}, nil), "pair/forged", "one")
	keys := parse(t, keyOld)
	create(t, seal.NewStore(inner, keys.SealedOnly(), nil), "pair/own", "two")
	expect(t, seal.NewStore(inner, keys.SealedOnly(), nil), "pair/own", "two")
	expect(t, seal.NewStore(inner, keys, nil), "pair/forged", "one")
	_, err := seal.NewStore(inner, keys.SealedOnly(), nil).Get(t.Context(), "pair/forged")
	const want = "open pair/forged: the record is damaged: it is in plain text, and this store holds nothing but sealed records"
	if !errors.Is(err, seal.ErrMalformed) || err.Error() != want {
		t.Errorf("Get gives\n%v\nwant\n%s", err, want)
	}
}
