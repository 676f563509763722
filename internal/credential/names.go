package credential

import (
	"context"
	"strings"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// The kinds of records that have names; those of the others are hashes.
const (
	kindPair         = "pair"
	kindRegistration = "registration"
)

// PairKey is the store key of the token pair of that name.
func PairKey(name string) string { return kindPair + "/" + name }

// RegistrationKey is the store key of the registration of that name.
func RegistrationKey(name string) string { return kindRegistration + "/" + name }

// ValidName tells whether a credential can have that name.
func ValidName(name string) bool { return store.CheckKey(PairKey(name)) == nil }

// Names lists the token pairs of the store, sorted; deleted ones are among them for as long as they are remembered.
func (m *Manager) Names(ctx context.Context) ([]string, error) { return m.names(ctx, kindPair) }

// RegistrationNames lists the app registrations of the store, as Names does the token pairs.
func (m *Manager) RegistrationNames(ctx context.Context) ([]string, error) {
	return m.names(ctx, kindRegistration)
}

func (m *Manager) names(ctx context.Context, kind string) ([]string, error) {
	keys, err := m.keys(ctx, kind)
	for i, key := range keys {
		keys[i] = strings.TrimPrefix(key, kind+"/")
	}
	return keys, err
}

// keys lists the keys of one kind, sorted.
func (m *Manager) keys(ctx context.Context, kind string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, m.timings.StoreTimeout)
	defer cancel()
	keys, err := m.store.List(ctx, kind)
	if err != nil {
		return nil, storeError("listing the token store", err)
	}
	return keys, nil
}

// kindOf is the kind of the record that a key of the store holds.
func kindOf(key string) string {
	if strings.HasPrefix(key, RegistrationKey("")) {
		return kindRegistration
	}
	return kindPair
}
