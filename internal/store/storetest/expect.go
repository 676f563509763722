package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// expectValue returns an error unless key holds value at revision.
func expectValue(ctx context.Context, s store.Store, key, value string, revision store.Revision) error {
	e, err := s.Get(ctx, key)
	switch {
	case err != nil:
		return fmt.Errorf("Get(%s): %w", key, err)
	case !bytes.Equal(e.Value, []byte(value)):
		return fmt.Errorf("Get(%s) returns the value %s, want %s", key, brief(e.Value), brief([]byte(value)))
	case e.Revision != revision:
		return fmt.Errorf("Get(%s) returns revision %q, want %q as the write returned", key, e.Revision, revision)
	case e.Age > time.Hour:
		return fmt.Errorf("Get(%s) returns an age of %s for a value just written", key, e.Age)
	}
	return nil
}

// expectAbsent returns an error unless Get says ErrNotFound.
func expectAbsent(ctx context.Context, s store.Store, key string) error {
	e, err := s.Get(ctx, key)
	if !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("Get(%s) of an absent key returns %v, want ErrNotFound", key, err)
	}
	if e.Value != nil || e.Revision != "" {
		return fmt.Errorf("Get(%s) returns ErrNotFound and an entry as well", key)
	}
	return nil
}

// expectConflict returns an error unless err, of the call named what, is ErrConflict.
func expectConflict(what string, err error) error {
	if !errors.Is(err, store.ErrConflict) {
		return fmt.Errorf("%s returns %v, want ErrConflict", what, err)
	}
	return nil
}

// expectKeys returns an error unless List(kind) returns exactly want.
func expectKeys(ctx context.Context, s store.Store, kind string, want ...string) error {
	got, err := s.List(ctx, kind)
	if err != nil {
		return fmt.Errorf("List(%s): %w", kind, err)
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("List(%s) = %q, want %q", kind, got, want)
	}
	return nil
}

// created creates key and checks that the store names the revision.
func created(ctx context.Context, s store.Store, key, value string) (store.Revision, error) {
	return named("Create", key)(s.Create(ctx, key, []byte(value)))
}

// replaced replaces key and checks that the store names the revision.
func replaced(ctx context.Context, s store.Store, key string, old store.Revision, value string) (store.Revision, error) {
	return named("Replace", key)(s.Replace(ctx, key, old, []byte(value)))
}

func named(what, key string) func(store.Revision, error) (store.Revision, error) {
	return func(r store.Revision, err error) (store.Revision, error) {
		if err != nil {
			return "", fmt.Errorf("%s(%s): %w", what, key, err)
		}
		if r == "" {
			return "", fmt.Errorf("%s(%s) returns an empty revision", what, key)
		}
		return r, nil
	}
}

// brief keeps a failed check of a large value readable.
func brief(value []byte) string {
	const most = 40
	if len(value) <= most {
		return fmt.Sprintf("%q", value)
	}
	return fmt.Sprintf("%q… (%d bytes)", value[:most], len(value))
}
