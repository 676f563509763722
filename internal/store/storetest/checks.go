package storetest

import (
	"context"
	"fmt"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

const (
	key      = "pair/exact"
	otherKey = "pair/other"
)

func checkGet(ctx context.Context, open func() store.Store) error {
	s := open()
	if err := expectAbsent(ctx, s, key); err != nil {
		return fmt.Errorf("in an empty store: %w", err)
	}
	r, err := created(ctx, s, key, "one")
	if err != nil {
		return err
	}
	if err := expectValue(ctx, s, key, "one", r); err != nil {
		return err
	}
	if err := expectValue(ctx, s, key, "one", r); err != nil {
		return fmt.Errorf("the second time: %w", err)
	}
	return expectAbsent(ctx, s, otherKey)
}

func checkCreate(ctx context.Context, open func() store.Store) error {
	s := open()
	r, err := created(ctx, s, key, "one")
	if err != nil {
		return err
	}
	for _, value := range []string{"two", "one"} {
		_, err = s.Create(ctx, key, []byte(value))
		if err := expectConflict("Create of an existing key", err); err != nil {
			return err
		}
	}
	if err := expectValue(ctx, s, key, "one", r); err != nil {
		return fmt.Errorf("after a Create that lost: %w", err)
	}
	other, err := created(ctx, s, otherKey, "other")
	if err != nil {
		return err
	}
	if err := expectValue(ctx, s, otherKey, "other", other); err != nil {
		return err
	}
	return expectValue(ctx, s, key, "one", r)
}

func checkReplace(ctx context.Context, open func() store.Store) error {
	s := open()
	_, err := s.Replace(ctx, key, "1", []byte("x"))
	if err := expectConflict("Replace of an absent key", err); err != nil {
		return err
	}
	if err := expectAbsent(ctx, s, key); err != nil {
		return fmt.Errorf("after a Replace of an absent key: %w", err)
	}
	one, err := created(ctx, s, key, "one")
	if err != nil {
		return err
	}
	two, err := replaced(ctx, s, key, one, "two")
	if err != nil {
		return err
	}
	if one == two {
		return fmt.Errorf("Replace returns the revision that it replaced, %q", one)
	}
	if err := expectValue(ctx, s, key, "two", two); err != nil {
		return err
	}
	for name, stale := range map[string]store.Revision{"a stale": one, "an unknown": "no-such-revision", "no": ""} {
		_, err = s.Replace(ctx, key, stale, []byte("three"))
		if err := expectConflict("Replace at "+name+" revision", err); err != nil {
			return err
		}
	}
	return expectValue(ctx, s, key, "two", two)
}

func checkDelete(ctx context.Context, open func() store.Store) error {
	s := open()
	if err := expectConflict("Delete of an absent key", s.Delete(ctx, key, "1")); err != nil {
		return err
	}
	one, err := created(ctx, s, key, "one")
	if err != nil {
		return err
	}
	two, err := replaced(ctx, s, key, one, "two")
	if err != nil {
		return err
	}
	if err := expectConflict("Delete at a stale revision", s.Delete(ctx, key, one)); err != nil {
		return err
	}
	if err := expectValue(ctx, s, key, "two", two); err != nil {
		return fmt.Errorf("after a Delete that lost: %w", err)
	}
	if err := s.Delete(ctx, key, two); err != nil {
		return fmt.Errorf("Delete(%s): %w", key, err)
	}
	if err := expectAbsent(ctx, s, key); err != nil {
		return fmt.Errorf("after Delete: %w", err)
	}
	if err := expectConflict("a second Delete", s.Delete(ctx, key, two)); err != nil {
		return err
	}
	_, err = s.Replace(ctx, key, two, []byte("three"))
	if err := expectConflict("Replace of a deleted key", err); err != nil {
		return err
	}
	return expectAbsent(ctx, s, key)
}

// checkRevisions writes the same bytes again and again, through several lives of the key: each write has its own
// revision, and one of an earlier life opens nothing. Else a claim read before could be answered as if it still stood.
func checkRevisions(ctx context.Context, open func() store.Store) error {
	s := open()
	seen := map[store.Revision]bool{}
	var past store.Revision
	for life := range 5 {
		r, err := created(ctx, s, key, "same")
		for write := 0; err == nil && write < 3; write++ {
			if seen[r] {
				return fmt.Errorf("life %d of the key, write %d: revision %q comes again", life, write, r)
			}
			seen[r] = true
			r, err = replaced(ctx, s, key, r, "same")
		}
		if err != nil {
			return err
		}
		if seen[r] {
			return fmt.Errorf("life %d of the key: revision %q comes again", life, r)
		}
		seen[r] = true
		_, err = s.Replace(ctx, key, past, []byte("late"))
		if err := expectConflict("Replace at a revision of an earlier life", err); err != nil {
			return err
		}
		err = expectConflict("Delete at a revision of an earlier life", s.Delete(ctx, key, past))
		if err != nil {
			return err
		}
		if err := s.Delete(ctx, key, r); err != nil {
			return fmt.Errorf("Delete(%s): %w", key, err)
		}
		past = r
	}
	return nil
}

func checkList(ctx context.Context, open func() store.Store) error {
	s := open()
	if err := expectKeys(ctx, s, "pair"); err != nil {
		return fmt.Errorf("in an empty store: %w", err)
	}
	revisions := map[string]store.Revision{}
	for _, k := range []string{"pair/c", "pair/B", "pair_x/z", "pair/a", "budget/a", "pair/b", "pair/a-b"} {
		r, err := created(ctx, s, k, "value of "+k)
		if err != nil {
			return err
		}
		revisions[k] = r
	}
	if err := expectKeys(ctx, s, "pair", "pair/B", "pair/a", "pair/a-b", "pair/b", "pair/c"); err != nil {
		return err
	}
	if err := expectKeys(ctx, s, "budget", "budget/a"); err != nil {
		return err
	}
	if err := expectKeys(ctx, s, "registration"); err != nil {
		return err
	}
	if err := s.Delete(ctx, "pair/b", revisions["pair/b"]); err != nil {
		return fmt.Errorf("Delete(pair/b): %w", err)
	}
	return expectKeys(ctx, s, "pair", "pair/B", "pair/a", "pair/a-b", "pair/c")
}
