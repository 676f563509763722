package storetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/memstore"
)

// broken is a store with one wrong method; the embedded store does the rest.
type broken struct {
	store.Store
	get     func(ctx context.Context, key string) (store.Entry, error)
	create  func(ctx context.Context, key string, value []byte) (store.Revision, error)
	replace func(ctx context.Context, key string, old store.Revision, value []byte) (store.Revision, error)
	remove  func(ctx context.Context, key string, old store.Revision) error
	list    func(ctx context.Context, kind string) ([]string, error)
	where   string
}

func (b broken) Get(ctx context.Context, key string) (store.Entry, error) {
	if b.get != nil {
		return b.get(ctx, key)
	}
	return b.Store.Get(ctx, key)
}

func (b broken) Create(ctx context.Context, key string, value []byte) (store.Revision, error) {
	if b.create != nil {
		return b.create(ctx, key, value)
	}
	return b.Store.Create(ctx, key, value)
}

func (b broken) Replace(
	ctx context.Context, key string, old store.Revision, value []byte,
) (store.Revision, error) {
	if b.replace != nil {
		return b.replace(ctx, key, old, value)
	}
	return b.Store.Replace(ctx, key, old, value)
}

func (b broken) Delete(ctx context.Context, key string, old store.Revision) error {
	if b.remove != nil {
		return b.remove(ctx, key, old)
	}
	return b.Store.Delete(ctx, key, old)
}

func (b broken) List(ctx context.Context, kind string) ([]string, error) {
	if b.list != nil {
		return b.list(ctx, kind)
	}
	return b.Store.List(ctx, kind)
}

func (b broken) Location() string {
	if b.where != "" {
		return b.where
	}
	return b.Store.Location()
}

// single opens always the same handle.
func single(b func(inner store.Store) store.Store) func() func() store.Store {
	return func() func() store.Store {
		s := b(memstore.New("state:"))
		return func() store.Store { return s }
	}
}

// swapAnyway writes value over whatever is there, or nothing.
func swapAnyway(ctx context.Context, s store.Store, key string, value []byte) (store.Revision, error) {
	for {
		e, err := s.Get(ctx, key)
		if err != nil {
			return "", err
		}
		r, err := s.Replace(ctx, key, e.Revision, value)
		if !errors.Is(err, store.ErrConflict) {
			return r, err
		}
	}
}

func replaceIgnoresRevision(s store.Store) store.Store {
	return broken{Store: s, replace: func(
		ctx context.Context, key string, _ store.Revision, value []byte,
	) (store.Revision, error) {
		r, err := swapAnyway(ctx, s, key, value)
		if errors.Is(err, store.ErrNotFound) {
			return "", store.ErrConflict
		}
		return r, err
	}}
}

func replaceCreates(s store.Store) store.Store {
	return broken{Store: s, replace: func(
		ctx context.Context, key string, old store.Revision, value []byte,
	) (store.Revision, error) {
		if r, err := s.Create(ctx, key, value); err == nil {
			return r, nil
		}
		return s.Replace(ctx, key, old, value)
	}}
}

// replaceInTwoSteps compares, and swaps later. The first to compare where the concurrent checks begin waits for a second.
func replaceInTwoSteps(s store.Store) store.Store {
	var compared atomic.Int32
	second := make(chan struct{})
	return broken{Store: s, replace: func(
		ctx context.Context, key string, old store.Revision, value []byte,
	) (store.Revision, error) {
		e, err := s.Get(ctx, key)
		if err != nil || e.Revision != old {
			return "", store.ErrConflict
		}
		if v := string(e.Value); v == "first" || v == "0" {
			if compared.Add(1) == 2 {
				close(second)
			}
			<-second
		}
		return swapAnyway(ctx, s, key, value)
	}}
}

func createOverwrites(s store.Store) store.Store {
	return broken{Store: s, create: func(ctx context.Context, key string, value []byte) (store.Revision, error) {
		r, err := s.Create(ctx, key, value)
		if errors.Is(err, store.ErrConflict) {
			return swapAnyway(ctx, s, key, value)
		}
		return r, err
	}}
}

func replaceLost(s store.Store) store.Store {
	return broken{Store: s, replace: func(
		ctx context.Context, key string, old store.Revision, _ []byte,
	) (store.Revision, error) {
		e, err := s.Get(ctx, key)
		if err != nil || e.Revision != old {
			return "", store.ErrConflict
		}
		return s.Replace(ctx, key, old, e.Value)
	}}
}

func replaceNotFound(s store.Store) store.Store {
	return broken{Store: s, replace: func(
		ctx context.Context, key string, old store.Revision, value []byte,
	) (store.Revision, error) {
		if _, err := s.Get(ctx, key); err != nil {
			return "", err
		}
		return s.Replace(ctx, key, old, value)
	}}
}

func absentIsEmpty(s store.Store) store.Store {
	return broken{Store: s, get: func(ctx context.Context, key string) (store.Entry, error) {
		e, err := s.Get(ctx, key)
		if errors.Is(err, store.ErrNotFound) {
			return store.Entry{Revision: "none"}, nil
		}
		return e, err
	}}
}

func entryBesideError(s store.Store) store.Store {
	return broken{Store: s, get: func(ctx context.Context, key string) (store.Entry, error) {
		e, err := s.Get(ctx, key)
		if err != nil {
			e.Value = []byte{}
		}
		return e, err
	}}
}

func revisionOfContent(s store.Store) store.Store {
	return &loose{clone: true, hash: true, check: true}
}

func noRevision(s store.Store) store.Store {
	return broken{Store: s, create: func(ctx context.Context, key string, value []byte) (store.Revision, error) {
		_, err := s.Create(ctx, key, value)
		return "", err
	}}
}

func deleteIgnoresRevision(s store.Store) store.Store {
	return broken{Store: s, remove: func(ctx context.Context, key string, _ store.Revision) error {
		e, err := s.Get(ctx, key)
		if err != nil {
			return nil
		}
		return s.Delete(ctx, key, e.Revision)
	}}
}

func deleteLost(s store.Store) store.Store {
	return broken{Store: s, remove: func(ctx context.Context, key string, old store.Revision) error {
		e, err := s.Get(ctx, key)
		if err != nil || e.Revision != old {
			return store.ErrConflict
		}
		return nil
	}}
}

func listReversed(s store.Store) store.Store {
	return broken{Store: s, list: func(ctx context.Context, kind string) ([]string, error) {
		keys, err := s.List(ctx, kind)
		slices.Reverse(keys)
		return keys, err
	}}
}

func listPrefix(s store.Store) store.Store {
	return broken{Store: s, list: func(ctx context.Context, kind string) ([]string, error) {
		keys, err := s.List(ctx, kind)
		if err != nil {
			return nil, err
		}
		more, err := s.List(ctx, kind+"_x")
		if more == nil && err == nil {
			more, err = s.List(ctx, kind+"_")
		}
		return append(keys, more...), err
	}}
}

func listLeftovers(s store.Store) store.Store {
	return broken{Store: s, list: func(ctx context.Context, kind string) ([]string, error) {
		keys, err := s.List(ctx, kind)
		if err != nil {
			return nil, err
		}
		return append(keys, kind+"/zz.tmp"), nil
	}}
}

func foldCase(s store.Store) store.Store {
	return broken{
		Store: s,
		get: func(ctx context.Context, key string) (store.Entry, error) {
			return s.Get(ctx, strings.ToLower(key))
		},
		create: func(ctx context.Context, key string, value []byte) (store.Revision, error) {
			return s.Create(ctx, strings.ToLower(key), value)
		},
		replace: func(ctx context.Context, key string, old store.Revision, value []byte) (store.Revision, error) {
			return s.Replace(ctx, strings.ToLower(key), old, value)
		},
	}
}

func emptyIsNone(s store.Store) store.Store {
	return broken{Store: s, get: func(ctx context.Context, key string) (store.Entry, error) {
		e, err := s.Get(ctx, key)
		if err == nil && len(e.Value) == 0 {
			return store.Entry{}, store.ErrNotFound
		}
		return e, err
	}}
}

func cutAtLineFeed(s store.Store) store.Store {
	return broken{Store: s, get: func(ctx context.Context, key string) (store.Entry, error) {
		e, err := s.Get(ctx, key)
		line, _, _ := strings.Cut(string(e.Value), "\n")
		e.Value = []byte(line)
		return e, err
	}}
}

func cutLong(s store.Store) store.Store {
	return broken{Store: s, get: func(ctx context.Context, key string) (store.Entry, error) {
		e, err := s.Get(ctx, key)
		e.Value = e.Value[:min(len(e.Value), 1<<16)]
		return e, err
	}}
}

func canceledIsNotFound(s store.Store) store.Store {
	return broken{Store: s, get: func(ctx context.Context, key string) (store.Entry, error) {
		e, err := s.Get(ctx, key)
		if ctx.Err() != nil {
			return e, store.ErrNotFound
		}
		return e, err
	}}
}

// canceledLies reports success for a write that the ended context kept from being done.
func canceledLies(s store.Store) store.Store {
	return broken{Store: s, replace: func(
		ctx context.Context, key string, old store.Revision, value []byte,
	) (store.Revision, error) {
		if ctx.Err() != nil {
			return "done", nil
		}
		return s.Replace(ctx, key, old, value)
	}}
}

func tornReads(s store.Store) store.Store {
	return broken{Store: s, get: func(ctx context.Context, key string) (store.Entry, error) {
		e, err := s.Get(ctx, key)
		if len(e.Value) == 100_000 {
			e.Value[99_999] = '!'
		}
		return e, err
	}}
}
