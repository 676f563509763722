package storetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// holders returns a function that opens a handle as a Holder, or ok = false where the store is none or says ErrNoHold,
// which is allowed, but for good.
func holders(ctx context.Context, open func() store.Store) (hold func(key string) (func(), error), ok bool, err error) {
	h, ok := open().(store.Holder)
	if !ok {
		return nil, false, nil
	}
	release, err := h.Hold(ctx, "pair/probe")
	switch {
	case errors.Is(err, store.ErrNoHold):
		if _, err := h.Hold(ctx, key); !errors.Is(err, store.ErrNoHold) {
			return nil, false, fmt.Errorf("Hold returns ErrNoHold for one key and %v for another", err)
		}
		return nil, false, nil
	case err != nil:
		return nil, false, fmt.Errorf("Hold: %w", err)
	}
	release()
	return func(key string) (func(), error) {
		h, ok := open().(store.Holder)
		if !ok {
			return nil, errors.New("one handle is a Holder, another is not")
		}
		return h.Hold(ctx, key)
	}, true, nil
}

func checkHold(ctx context.Context, open func() store.Store) error {
	if h, ok := open().(store.Holder); ok {
		for _, k := range []string{"", "pair", "pair/..", "pair/a/b"} {
			if _, err := h.Hold(ctx, k); err == nil || errors.Is(err, store.ErrHeld) || errors.Is(err, store.ErrNoHold) {
				return fmt.Errorf("Hold(%q) returns %v, want the key refused", k, err)
			}
		}
	}
	hold, ok, err := holders(ctx, open)
	if err != nil || !ok {
		return err
	}
	first, err := hold(key)
	if err != nil {
		return fmt.Errorf("Hold(%s): %w", key, err)
	}
	if err := expectHeld("the second Hold", hold, key); err != nil {
		return err
	}
	other, err := hold(otherKey)
	if err != nil {
		return fmt.Errorf("Hold of another key while the first is held: %w", err)
	}
	defer other()
	first()
	second, err := hold(key)
	if err != nil {
		return fmt.Errorf("Hold after release: %w", err)
	}
	defer second()
	// The first owner's defer may run late; it must not free what is another's by now.
	first()
	return expectHeld("Hold after an earlier holder released twice", hold, key)
}

func expectHeld(what string, hold func(key string) (func(), error), key string) error {
	if _, err := hold(key); !errors.Is(err, store.ErrHeld) {
		return fmt.Errorf("%s returns %v, want ErrHeld", what, err)
	}
	return nil
}

// checkHoldAndValues: the lock is beside the value. It neither makes one nor keeps anybody from reading or writing it.
func checkHoldAndValues(ctx context.Context, open func() store.Store) error {
	hold, ok, err := holders(ctx, open)
	if err != nil || !ok {
		return err
	}
	release, err := hold(key)
	if err != nil {
		return fmt.Errorf("Hold of a key without a value: %w", err)
	}
	defer release()
	s := open()
	if err := expectAbsent(ctx, s, key); err != nil {
		return fmt.Errorf("held: %w", err)
	}
	if err := expectKeys(ctx, s, "pair"); err != nil {
		return fmt.Errorf("held: %w", err)
	}
	r, err := created(ctx, s, key, "one")
	if err != nil {
		return fmt.Errorf("held: %w", err)
	}
	if r, err = replaced(ctx, s, key, r, "two"); err != nil {
		return fmt.Errorf("held: %w", err)
	}
	if err := expectValue(ctx, s, key, "two", r); err != nil {
		return fmt.Errorf("held: %w", err)
	}
	if err := s.Delete(ctx, key, r); err != nil {
		return fmt.Errorf("held: Delete(%s): %w", key, err)
	}
	return expectHeld("Hold after the value came and went", hold, key)
}

func checkConcurrentHold(ctx context.Context, open func() store.Store) error {
	hold, ok, err := holders(ctx, open)
	if err != nil || !ok {
		return err
	}
	releases := make([]func(), contenders)
	errs := race(open, func(i int, _ store.Store) (err error) {
		releases[i], err = hold(key)
		return err
	})
	winner, err := oneWinner(errs, store.ErrHeld)
	if err != nil {
		return fmt.Errorf("Hold: %w", err)
	}
	releases[winner]()
	release, err := hold(key)
	if err != nil {
		return fmt.Errorf("Hold after the winner released: %w", err)
	}
	release()
	return nil
}
