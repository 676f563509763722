package wiring

import (
	"errors"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/seal"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/memstore"
)

// What nobody could have written without the key counts as forged in a store that must be sealed, and as older than the key in another.
func TestOverAStoreThatMustBeSealed(t *testing.T) {
	t.Parallel()
	keys, err := seal.ParseKeys(secret.New("AGE-SECRET-KEY-1T4GASQMYV2KLW8H8G88F8S783ZU2922FCRE2NULA7K4GS0A9HKEQ8NJZWJ"))
	if err != nil {
		t.Fatal(err)
	}
	inner := memstore.New("db:")
	if _, err := seal.NewStore(inner, seal.Keyring{}, nil).Create(t.Context(), "pair/x", []byte("text")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		needsKey bool
		want     error
	}{{false, nil}, {true, seal.ErrMalformed}} {
		d := Deps{RescueDirs: func() []string { return nil }}
		opened, _ := d.Over(credential.Options{}, inner, StoreKind{NeedsKey: c.needsKey}, keys)
		if _, err := opened.Get(t.Context(), "pair/x"); !errors.Is(err, c.want) {
			t.Errorf("needs a key: %v: got %v", c.needsKey, err)
		}
	}
}
