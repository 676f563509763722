package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"sync"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

const (
	contenders = 8
	increments = 15 // by each contender
)

// race runs do in as many goroutines as there are contenders, each with its own handle, and lets all start at once.
// It returns what each of them returned.
func race(open func() store.Store, do func(i int, s store.Store) error) []error {
	errs := make([]error, contenders)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range contenders {
		s := open()
		all.Go(func() {
			<-start
			errs[i] = do(i, s)
		})
	}
	close(start)
	all.Wait()
	return errs
}

// oneWinner returns the index of the one nil error, or an error unless all others are loss.
func oneWinner(errs []error, loss error) (int, error) {
	winner := -1
	for i, err := range errs {
		switch {
		case err == nil && winner >= 0:
			return 0, errors.New("two contenders won")
		case err == nil:
			winner = i
		case !errors.Is(err, loss):
			return 0, fmt.Errorf("a contender got %v, want %v", err, loss)
		}
	}
	if winner < 0 {
		return 0, errors.New("no contender won")
	}
	return winner, nil
}

func checkConcurrentCreate(ctx context.Context, open func() store.Store) error {
	revisions := make([]store.Revision, contenders)
	errs := race(open, func(i int, s store.Store) (err error) {
		revisions[i], err = s.Create(ctx, key, []byte(strconv.Itoa(i)))
		return err
	})
	winner, err := oneWinner(errs, store.ErrConflict)
	if err != nil {
		return fmt.Errorf("Create: %w", err)
	}
	return expectValue(ctx, open(), key, strconv.Itoa(winner), revisions[winner])
}

func checkConcurrentReplace(ctx context.Context, open func() store.Store) error {
	old, err := created(ctx, open(), key, "first")
	if err != nil {
		return err
	}
	revisions := make([]store.Revision, contenders)
	errs := race(open, func(i int, s store.Store) (err error) {
		revisions[i], err = s.Replace(ctx, key, old, []byte(strconv.Itoa(i)))
		return err
	})
	winner, err := oneWinner(errs, store.ErrConflict)
	if err != nil {
		return fmt.Errorf("Replace: %w", err)
	}
	return expectValue(ctx, open(), key, strconv.Itoa(winner), revisions[winner])
}

func checkConcurrentDelete(ctx context.Context, open func() store.Store) error {
	old, err := created(ctx, open(), key, "first")
	if err != nil {
		return err
	}
	errs := race(open, func(_ int, s store.Store) error { return s.Delete(ctx, key, old) })
	if _, err := oneWinner(errs, store.ErrConflict); err != nil {
		return fmt.Errorf("Delete: %w", err)
	}
	return expectAbsent(ctx, open(), key)
}

// checkIncrements counts in one key from many sides: a lost or doubled write shows in the total.
func checkIncrements(ctx context.Context, open func() store.Store) error {
	if _, err := created(ctx, open(), key, "0"); err != nil {
		return err
	}
	errs := race(open, func(_ int, s store.Store) error {
		for range increments {
			if err := increment(ctx, s); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		return err
	}
	e, err := open().Get(ctx, key)
	if err != nil {
		return fmt.Errorf("Get(%s): %w", key, err)
	}
	if want := strconv.Itoa(contenders * increments); string(e.Value) != want {
		return fmt.Errorf("%d increments by each of %d contenders add up to %s, want %s", increments, contenders, e.Value, want)
	}
	return nil
}

// increment adds one to the number in key, over as many lost races as it takes.
func increment(ctx context.Context, s store.Store) error {
	for {
		e, err := s.Get(ctx, key)
		if err != nil {
			return fmt.Errorf("Get(%s): %w", key, err)
		}
		n, err := strconv.Atoi(string(e.Value))
		if err != nil {
			return fmt.Errorf("Get(%s) returns %s, which nobody wrote", key, brief(e.Value))
		}
		runtime.Gosched() // else a store in memory is so fast that nobody ever comes between
		_, err = s.Replace(ctx, key, e.Revision, []byte(strconv.Itoa(n+1)))
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
}

// checkReaders reads while values of one repeated byte are written: a read of two kinds of bytes is a torn one.
func checkReaders(ctx context.Context, open func() store.Store) error {
	const size, writes = 100_000, 10
	writer := open()
	r, err := created(ctx, writer, key, string(bytes.Repeat([]byte{'a'}, size)))
	if err != nil {
		return err
	}
	written := make(chan struct{})
	var done sync.WaitGroup
	var writeErr error
	done.Go(func() {
		defer close(written)
		for i := range writes {
			letter := byte('b' + i)
			if r, writeErr = replaced(ctx, writer, key, r, string(bytes.Repeat([]byte{letter}, size))); writeErr != nil {
				return
			}
		}
	})
	readErr := readWhole(ctx, open(), size, written)
	done.Wait()
	return errors.Join(writeErr, readErr)
}

// readWhole reads key until the writer is done, and refuses a torn value and one revision for two values.
func readWhole(ctx context.Context, s store.Store, size int, written <-chan struct{}) error {
	letters := map[store.Revision]byte{}
	for {
		e, err := s.Get(ctx, key)
		if err != nil {
			return fmt.Errorf("Get(%s) during writes: %w", key, err)
		}
		if len(e.Value) != size || !bytes.Equal(e.Value, bytes.Repeat(e.Value[:1], size)) {
			return fmt.Errorf("Get(%s) during writes returns a torn value of %d bytes", key, len(e.Value))
		}
		if seen, ok := letters[e.Revision]; ok && seen != e.Value[0] {
			return fmt.Errorf("revision %q names two values", e.Revision)
		}
		letters[e.Revision] = e.Value[0]
		select {
		case <-written:
			return nil
		default:
		}
	}
}
