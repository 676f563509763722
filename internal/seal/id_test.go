package seal_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/seal"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/memstore"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

const (
	firstID = "30313233343536373839616263646566" // hex of the first 16 bytes of idBytes
	idBytes = "0123456789abcdefghijklmnopqrstuv"
)

func TestID(t *testing.T) {
	t.Parallel()
	inner := memstore.New("state:")
	random := strings.NewReader(idBytes)
	s := seal.NewStore(inner, parse(t, keyOld), random)

	if id, err := s.ID(t.Context()); !errors.Is(err, store.ErrNotFound) || id != "" {
		t.Errorf("the id of an empty store is %q, %v; want ErrNotFound", id, err)
	}
	if _, err := s.Get(t.Context(), "pair/exact"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Get in an empty store gives %v, want ErrNotFound", err)
	}
	if _, err := s.Replace(t.Context(), "pair/exact", "1", nil); !errors.Is(err, store.ErrConflict) {
		t.Errorf("Replace in an empty store gives %v, want ErrConflict", err)
	}
	if keys, err := inner.List(t.Context(), "store"); err != nil || len(keys) != 0 {
		t.Errorf("reading has written %q, %v", keys, err)
	}

	create(t, s, "pair/exact", "one")
	create(t, s, "pair/other", "two")
	expect(t, inner, "store/id", firstID)
	if random.Len() != 16 {
		t.Errorf("%d random bytes are left of 32, want 16: one id is enough", random.Len())
	}
	for name, s := range map[string]*seal.Store{"same": s, "other": seal.NewStore(inner, seal.Keyring{}, nil)} {
		if id, err := s.ID(t.Context()); err != nil || id != firstID {
			t.Errorf("the %s handle gives the id %q, %v; want %s", name, id, err, firstID)
		}
	}
}

func TestIDIsRemembered(t *testing.T) {
	t.Parallel()
	f := storetest.NewFaulty(memstore.New("state:"), storetest.Hooks{})
	s := seal.NewStore(f.Store(), seal.Keyring{}, nil)
	create(t, s, "pair/exact", "one")
	expect(t, s, "pair/exact", "one")
	expect(t, s, "pair/exact", "one")
	var reads int
	for _, c := range f.Calls() {
		if c.Op == storetest.OpGet && c.Key == "store/id" {
			reads++
		}
	}
	if reads != 1 {
		t.Errorf("the id was read %d times, want 1", reads)
	}
}

func TestIDIsChecked(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "x", strings.ToUpper(firstID[:31]) + "A", firstID + "\n", firstID + "0"} {
		inner := memstore.New("state:")
		create(t, inner, "store/id", bad)
		s := seal.NewStore(inner, seal.Keyring{}, nil)
		if id, err := s.ID(t.Context()); !errors.Is(err, seal.ErrMalformed) {
			t.Errorf("the id %q gives %q, %v; want ErrMalformed", bad, id, err)
		}
		_, err := s.Create(t.Context(), "pair/exact", []byte("one"))
		if !errors.Is(err, seal.ErrMalformed) || errors.Is(err, store.ErrConflict) {
			t.Errorf("with the id %q Create gives %v, want ErrMalformed", bad, err)
		}
		if keys, _ := inner.List(t.Context(), "pair"); len(keys) != 0 {
			t.Errorf("with the id %q Create has written %q", bad, keys)
		}
	}
}

// TestIDRace lets two first writers meet where each has seen no id: one makes it, and both use it.
func TestIDRace(t *testing.T) {
	t.Parallel()
	inner := memstore.New("state:")
	var meet, done sync.WaitGroup
	meet.Add(2)
	for _, key := range []string{"pair/a", "pair/b"} {
		f := storetest.NewFaulty(inner, storetest.Hooks{Before: func(c storetest.Call) {
			if c.Op == storetest.OpCreate && c.Key == "store/id" {
				meet.Done()
				meet.Wait()
			}
		}})
		s := seal.NewStore(f.Store(), parse(t, keyOld), nil)
		done.Go(func() {
			if _, err := s.Create(context.Background(), key, []byte("value of "+key)); err != nil {
				t.Errorf("Create(%s): %v", key, err)
			}
		})
	}
	done.Wait()
	s := seal.NewStore(inner, parse(t, keyOld), nil)
	expect(t, s, "pair/a", "value of pair/a")
	expect(t, s, "pair/b", "value of pair/b")
}

// TestIDComesAndGoes: another process makes the id and somebody removes it again, both while we make ours.
func TestIDComesAndGoes(t *testing.T) {
	t.Parallel()
	inner := memstore.New("state:")
	var r store.Revision
	ofID := func(c storetest.Call) bool { return c.Op == storetest.OpCreate && c.Key == "store/id" }
	f := storetest.NewFaulty(inner, storetest.Hooks{
		Before: func(c storetest.Call) {
			if ofID(c) {
				r = create(t, inner, "store/id", firstID)
			}
		},
		After: func(c storetest.Call) {
			if ofID(c) {
				if err := inner.Delete(context.Background(), "store/id", r); err != nil {
					t.Errorf("Delete of the id: %v", err)
				}
			}
		},
	})
	_, err := seal.NewStore(f.Store(), seal.Keyring{}, nil).Create(t.Context(), "pair/exact", []byte("one"))
	if err == nil || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrConflict) {
		t.Errorf("Create gives %v, want an error that says nothing definite of pair/exact", err)
	}
	if keys, _ := inner.List(t.Context(), "pair"); len(keys) != 0 {
		t.Errorf("Create without an id has written %q", keys)
	}
}

// TestEveryCallFails fails each call to the inner store in both ways, from an empty store to a replaced record, and wants
// an error that is not definite, the store in one of the states of the table, and the next try to succeed.
func TestEveryCallFails(t *testing.T) {
	t.Parallel()
	write := func(s store.Store) error {
		_, err := s.Create(context.Background(), "pair/exact", []byte("one"))
		return err
	}
	// A first Create: read the id (1), make it (2), create the record (3).
	for _, tt := range []struct {
		call   int
		fault  storetest.Fault
		id     bool   // whether the id is there afterwards
		record string // what the record holds afterwards
	}{
		{1, storetest.NothingDone, false, ""},
		{1, storetest.Done, false, ""},
		{2, storetest.NothingDone, false, ""},
		{2, storetest.Done, true, ""},
		{3, storetest.NothingDone, true, ""},
		{3, storetest.Done, true, "one"},
	} {
		inner := memstore.New("state:")
		f := storetest.NewFaulty(inner, storetest.Hooks{Fault: func(_ storetest.Op, _ string, n int) storetest.Fault {
			if n == tt.call {
				return tt.fault
			}
			return storetest.None
		}})
		s := seal.NewStore(f.Store(), parse(t, keyOld), strings.NewReader(idBytes))
		err := write(s)
		if !errors.Is(err, storetest.ErrInjected) || errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrNotFound) {
			t.Errorf("call %d, fault %d: Create gives %v, want the injected error alone", tt.call, tt.fault, err)
		}
		if _, err := inner.Get(t.Context(), "store/id"); (err == nil) != tt.id {
			t.Errorf("call %d, fault %d: reading the id gives %v, want it there: %t", tt.call, tt.fault, err, tt.id)
		}
		e, err := s.Get(t.Context(), "pair/exact")
		if string(e.Value) != tt.record || (tt.record == "") != errors.Is(err, store.ErrNotFound) {
			t.Errorf("call %d, fault %d: Get gives %q, %v; want %q", tt.call, tt.fault, e.Value, err, tt.record)
		}
		if tt.record == "" {
			if err := write(s); err != nil {
				t.Errorf("call %d, fault %d: the next Create gives %v", tt.call, tt.fault, err)
			}
		}
		expect(t, s, "pair/exact", "one")
	}
}

func TestRandomnessFails(t *testing.T) {
	t.Parallel()
	inner := memstore.New("state:")
	s := seal.NewStore(inner, seal.Keyring{}, strings.NewReader("short"))
	if _, err := s.Create(t.Context(), "pair/exact", nil); err == nil {
		t.Error("Create succeeds without random bytes for the id")
	}
	if keys, _ := inner.List(t.Context(), "store"); len(keys) != 0 {
		t.Errorf("an id was written without random bytes: %q", keys)
	}
}

// TestLostID: without its id a store can not say that a record is its own. That is not "not found".
func TestLostID(t *testing.T) {
	t.Parallel()
	inner := memstore.New("state:")
	create(t, seal.NewStore(inner, seal.Keyring{}, nil), "pair/exact", "one")
	id, err := inner.Get(t.Context(), "store/id")
	if err != nil {
		t.Fatal(err)
	}
	if err := inner.Delete(t.Context(), "store/id", id.Revision); err != nil {
		t.Fatal(err)
	}
	_, err = seal.NewStore(inner, seal.Keyring{}, nil).Get(t.Context(), "pair/exact")
	if !errors.Is(err, seal.ErrWrongPlace) || errors.Is(err, store.ErrNotFound) {
		t.Errorf("Get gives %v, want ErrWrongPlace and not ErrNotFound", err)
	}
}

func TestCreateInAnotherStore(t *testing.T) {
	t.Parallel()
	for name, id := range map[string]string{"gone": "", "another": strings.Repeat("f", 32)} {
		inner := memstore.New("state:")
		s := seal.NewStore(inner, seal.Keyring{}, nil)
		create(t, s, "pair/exact", "one")
		e, err := inner.Get(t.Context(), "store/id")
		if err == nil {
			err = inner.Delete(t.Context(), "store/id", e.Revision)
		}
		if err != nil {
			t.Fatal(err)
		}
		if id != "" {
			create(t, inner, "store/id", id)
		}
		if _, err := s.Create(t.Context(), "pair/other", []byte("two")); !errors.Is(err, seal.ErrOtherStore) || errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: Create gives %v, want ErrOtherStore", name, err)
		}
		if keys, err := inner.List(t.Context(), "pair"); err != nil || len(keys) != 1 {
			t.Errorf("%s: the store holds %q, %v; want the first record alone", name, keys, err)
		}
	}
}

func TestIDKeyIsReserved(t *testing.T) {
	t.Parallel()
	inner := memstore.New("state:")
	s := seal.NewStore(inner, seal.Keyring{}, nil)
	r := create(t, s, "pair/exact", "one")
	_, get := s.Get(t.Context(), "store/id")
	_, made := s.Create(t.Context(), "store/id", nil)
	_, replace := s.Replace(t.Context(), "store/id", r, nil)
	_, hold := s.Hold(t.Context(), "store/id")
	for call, err := range map[string]error{
		"Get": get, "Create": made, "Replace": replace, "Delete": s.Delete(t.Context(), "store/id", r), "Hold": hold,
	} {
		if err == nil || errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s of the id gives %v, want it refused", call, err)
		}
	}
}
