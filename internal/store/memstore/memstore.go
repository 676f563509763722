// Package memstore is a store in the memory of one process: for credentials that live in Terraform's state alone, and for
// tests. It keeps nothing when the process ends, shares nothing between processes, and proves nobody dead (no Holder).
package memstore

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

var _ store.Store = (*Store)(nil)

// Store implements store.Store. Make one with New.
type Store struct {
	location string

	mu     sync.Mutex
	writes uint64 // never goes back, so that no revision comes twice
	held   map[string]entry
}

type entry struct {
	value    []byte
	revision store.Revision
}

// New returns an empty store whose Location is location.
func New(location string) *Store {
	return &Store{location: location, held: map[string]entry{}}
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, key string) (store.Entry, error) {
	if err := check(ctx, key); err != nil {
		return store.Entry{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.held[key]
	if !ok {
		return store.Entry{}, fmt.Errorf("%s: %w", key, store.ErrNotFound)
	}
	return store.Entry{Value: bytes.Clone(e.value), Revision: e.revision, Age: -1}, nil
}

// Create implements store.Store.
func (s *Store) Create(ctx context.Context, key string, value []byte) (store.Revision, error) {
	if err := check(ctx, key); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.held[key]; ok {
		return "", conflict(key)
	}
	return s.put(key, value), nil
}

// Replace implements store.Store.
func (s *Store) Replace(ctx context.Context, key string, old store.Revision, value []byte) (store.Revision, error) {
	if err := check(ctx, key); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.held[key]; !ok || e.revision != old {
		return "", conflict(key)
	}
	return s.put(key, value), nil
}

// Delete implements store.Store.
func (s *Store) Delete(ctx context.Context, key string, old store.Revision) error {
	if err := check(ctx, key); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.held[key]; !ok || e.revision != old {
		return conflict(key)
	}
	delete(s.held, key)
	return nil
}

// List implements store.Store.
func (s *Store) List(ctx context.Context, kind string) ([]string, error) {
	// Any name will do to have the kind checked.
	if err := check(ctx, kind+"/x"); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var keys []string
	for key := range s.held {
		if strings.HasPrefix(key, kind+"/") {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys, nil
}

// Location implements store.Store.
func (s *Store) Location() string { return s.location }

// put writes without asking; the caller holds the mutex.
func (s *Store) put(key string, value []byte) store.Revision {
	s.writes++
	revision := store.Revision(strconv.FormatUint(s.writes, 10))
	s.held[key] = entry{value: bytes.Clone(value), revision: revision}
	return revision
}

func check(ctx context.Context, key string) error {
	if err := store.CheckKey(key); err != nil {
		return err
	}
	return ctx.Err()
}

func conflict(key string) error { return fmt.Errorf("%s: %w", key, store.ErrConflict) }
