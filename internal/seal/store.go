package seal

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// idKey is where the store's own id lies, in plain text.
const idKey = "store/id"

// ErrOtherStore says that another store, or nothing, has come into the place of the one that was seen before.
var ErrOtherStore = errors.New("this is not the store that was there before")

const idLength = 32 // hex digits

var (
	_ store.Store  = (*Store)(nil)
	_ store.Holder = (*Store)(nil)
	_ store.Remote = (*Store)(nil)
)

// Store is a store.Store of plain records over one of sealed ones, and the keeper of the store's id. It passes on what
// the inner store returns, errors included, and adds the errors of Keyring.Open.
type Store struct {
	inner store.Store
	keys  Keyring

	mu     sync.Mutex // guards what is below, and is never held while the inner store is called
	random io.Reader
	id     string // "" until seen
}

// NewStore returns a store that seals with keys what it writes to inner. The id of a new store comes from random, or from
// crypto/rand if that is nil.
func NewStore(inner store.Store, keys Keyring, random io.Reader) *Store {
	if random == nil {
		random = rand.Reader
	}
	return &Store{inner: inner, keys: keys, random: random}
}

// ID returns the store's random id, 32 hex digits, or store.ErrNotFound while nothing was ever written. It writes nothing
// itself. What was seen once is remembered.
func (s *Store) ID(ctx context.Context) (string, error) {
	if id := s.seenID(); id != "" {
		return id, nil
	}
	e, err := s.inner.Get(ctx, idKey)
	if err != nil {
		return "", fmt.Errorf("read the id of the store: %w", err)
	}
	if len(e.Value) != idLength || !hexPattern.Match(e.Value) {
		return "", fmt.Errorf("%w: %s does not hold 32 hex digits", ErrMalformed, idKey)
	}
	return s.remember(string(e.Value)), nil
}

// makeID returns the id, and makes one in a store that has none. Of several that make one at the same time, one wins.
func (s *Store) makeID(ctx context.Context) (string, error) {
	if seen := s.seenID(); seen != "" {
		return seen, s.checkSame(ctx, seen)
	}
	id, err := s.ID(ctx)
	if !errors.Is(err, store.ErrNotFound) {
		return id, err
	}
	if id, err = s.newID(); err != nil {
		return "", err
	}
	_, err = s.inner.Create(ctx, idKey, []byte(id))
	switch {
	case errors.Is(err, store.ErrConflict):
		id, err := s.ID(ctx)
		if errors.Is(err, store.ErrNotFound) {
			// Of the caller's key, "not found" would be a lie.
			return "", fmt.Errorf("the id of the store (%s) came and went", idKey)
		}
		return id, err
	case err != nil:
		// The id may be there or not; the next write reads before it makes one.
		return "", fmt.Errorf("make the id of the store: %w", err)
	}
	return s.remember(id), nil
}

// checkSame returns ErrOtherStore unless the store still has the id that was seen. A record made in the bare folder that
// a disk was unmounted from would be lost as soon as the disk is back.
func (s *Store) checkSame(ctx context.Context, seen string) error {
	e, err := s.inner.Get(ctx, idKey)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return fmt.Errorf("%w: its id (%s) is gone", ErrOtherStore, idKey)
	case err != nil:
		return fmt.Errorf("read the id of the store: %w", err)
	case string(e.Value) != seen:
		return ErrOtherStore
	}
	return nil
}

func (s *Store) newID() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := make([]byte, 16)
	if _, err := io.ReadFull(s.random, b); err != nil {
		return "", fmt.Errorf("random bytes for the id of the store: %w", err)
	}
	return hex.EncodeToString(b), nil
}

func (s *Store) seenID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.id
}

func (s *Store) remember(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.id = id
	return id
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, key string) (store.Entry, error) {
	if err := check(key); err != nil {
		return store.Entry{}, err
	}
	e, err := s.inner.Get(ctx, key)
	if err != nil {
		return store.Entry{}, err
	}
	// The record first, then the id: who wrote the record had made the id before.
	id, err := s.ID(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return store.Entry{}, fmt.Errorf("open %s: %w: the store has lost its id (%s)", key, ErrWrongPlace, idKey)
	} else if err != nil {
		return store.Entry{}, err
	}
	if e.Value, err = s.keys.Open(key, id, e.Value); err != nil {
		return store.Entry{}, err
	}
	return e, nil
}

// Create implements store.Store. The first Create of all makes the id of the store; a later one returns ErrOtherStore if
// that id is not there any more.
func (s *Store) Create(ctx context.Context, key string, value []byte) (store.Revision, error) {
	if err := check(key); err != nil {
		return "", err
	}
	id, err := s.makeID(ctx)
	if err != nil {
		return "", err
	}
	sealed, err := s.keys.Seal(key, id, value)
	if err != nil {
		return "", err
	}
	return s.inner.Create(ctx, key, sealed)
}

// Replace implements store.Store. It makes no id: where there is none, there is nothing to replace.
func (s *Store) Replace(ctx context.Context, key string, old store.Revision, value []byte) (store.Revision, error) {
	if err := check(key); err != nil {
		return "", err
	}
	id, err := s.ID(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return "", fmt.Errorf("%s: %w", key, store.ErrConflict)
	} else if err != nil {
		return "", err
	}
	sealed, err := s.keys.Seal(key, id, value)
	if err != nil {
		return "", err
	}
	return s.inner.Replace(ctx, key, old, sealed)
}

// Delete implements store.Store. It asks for no key: a record that nobody can open can be deleted.
func (s *Store) Delete(ctx context.Context, key string, old store.Revision) error {
	if err := check(key); err != nil {
		return err
	}
	return s.inner.Delete(ctx, key, old)
}

// List implements store.Store.
func (s *Store) List(ctx context.Context, kind string) ([]string, error) {
	return s.inner.List(ctx, kind)
}

// Location implements store.Store.
func (s *Store) Location() string { return s.inner.Location() }

// Hold implements store.Holder. It returns store.ErrNoHold if the inner store is no Holder.
func (s *Store) Hold(ctx context.Context, key string) (func(), error) {
	if err := check(key); err != nil {
		return nil, err
	}
	holder, ok := s.inner.(store.Holder)
	if !ok {
		return nil, fmt.Errorf("%s: %w", key, store.ErrNoHold)
	}
	return holder.Hold(ctx, key)
}

// Remote implements store.Remote. It is false if the inner store does not say.
func (s *Store) Remote() bool {
	remote, ok := s.inner.(store.Remote)
	return ok && remote.Remote()
}

func check(key string) error {
	if err := store.CheckKey(key); err != nil {
		return err
	}
	if key == idKey {
		return fmt.Errorf("the key %s is kept for the id of the store", key)
	}
	return nil
}
