package memstore_test

import (
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/memstore"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) store.Store { return memstore.New("state:") })
}

func TestTwoStoresShareNothing(t *testing.T) {
	t.Parallel()
	a, b := memstore.New("state:a"), memstore.New("state:b")
	if _, err := a.Create(t.Context(), "pair/exact", []byte("in a")); err != nil {
		t.Fatal(err)
	}
	keys, err := b.List(t.Context(), "pair")
	if err != nil || len(keys) != 0 {
		t.Errorf("the other store lists %q, %v; want nothing", keys, err)
	}
	if got := b.Location(); got != "state:b" {
		t.Errorf("Location() = %q, want what New was given", got)
	}
}

func TestProvesNobodyDead(t *testing.T) {
	t.Parallel()
	if _, ok := any(memstore.New("state:")).(store.Holder); ok {
		t.Error("a store in memory must not claim to prove an owner dead")
	}
}
