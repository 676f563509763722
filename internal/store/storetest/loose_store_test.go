package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// loose is a store of its own that can clone no bytes, check no keys, and name revisions by content.
type loose struct {
	clone, hash, check bool

	mu     sync.Mutex
	writes int
	held   map[string]store.Entry
}

func newLoose() *loose { return &loose{} }

func (l *loose) Get(_ context.Context, key string) (store.Entry, error) {
	if err := l.allowed(key); err != nil {
		return store.Entry{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.held[key]
	if !ok {
		return store.Entry{}, store.ErrNotFound
	}
	return e, nil
}

func (l *loose) Create(_ context.Context, key string, value []byte) (store.Revision, error) {
	return l.swap(key, "", value)
}

func (l *loose) Replace(_ context.Context, key string, old store.Revision, value []byte) (store.Revision, error) {
	if old == "" {
		return "", store.ErrConflict
	}
	return l.swap(key, old, value)
}

func (l *loose) Delete(_ context.Context, key string, old store.Revision) error {
	if err := l.allowed(key); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if e, ok := l.held[key]; !ok || e.Revision != old {
		return store.ErrConflict
	}
	delete(l.held, key)
	return nil
}

func (l *loose) List(context.Context, string) ([]string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var keys []string
	for k := range l.held {
		keys = append(keys, k)
	}
	return keys, nil
}

func (l *loose) Location() string { return "state:" }

func (l *loose) swap(key string, old store.Revision, value []byte) (store.Revision, error) {
	if err := l.allowed(key); err != nil {
		return "", err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held[key].Revision != old {
		return "", store.ErrConflict
	}
	if l.held == nil {
		l.held = map[string]store.Entry{}
	}
	l.writes++
	revision := store.Revision(fmt.Sprint(l.writes))
	if l.hash {
		revision = store.Revision("of " + string(value))
	}
	if l.clone {
		value = slices.Clone(value)
	}
	l.held[key] = store.Entry{Value: value, Revision: revision, Age: -1}
	return revision, nil
}

func (l *loose) allowed(key string) error {
	if !l.check {
		return nil
	}
	return store.CheckKey(key)
}
