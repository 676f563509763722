package credential

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// snapshot is a record as read.
type snapshot struct {
	record   Record
	revision store.Revision
	age      time.Duration // by the store's clock; negative: it has none
}

// errUnusable says that this build cannot read or write the record. Trying again does not help.
var errUnusable = errors.New("the record cannot be used")

func unusable(err error) error { return fmt.Errorf("%w: %w", errUnusable, err) }

// get, put and remove bound each call of the store, so that one that hangs does not hang a critical section.
func (m *Manager) get(ctx context.Context, key string) (store.Entry, error) {
	ctx, cancel := context.WithTimeout(ctx, m.timings.StoreTimeout)
	defer cancel()
	asked := m.clock.Monotonic()
	e, err := m.store.Get(ctx, key)
	if err == nil {
		m.heard(e.Now, m.clock.Monotonic()-asked)
	}
	return e, err
}

// put replaces the value of key, or makes it if old is empty, which no revision is.
func (m *Manager) put(ctx context.Context, key string, old store.Revision, text []byte) error {
	ctx, cancel := context.WithTimeout(ctx, m.timings.StoreTimeout)
	defer cancel()
	var err error
	if old == "" {
		_, err = m.store.Create(ctx, key, text)
	} else {
		_, err = m.store.Replace(ctx, key, old, text)
	}
	return err
}

func (m *Manager) remove(ctx context.Context, key string, old store.Revision) error {
	ctx, cancel := context.WithTimeout(ctx, m.timings.StoreTimeout)
	defer cancel()
	return m.store.Delete(ctx, key, old)
}

// stored reads the record of key as the store has it. A missing one is an *Error of KindNotFound.
func (m *Manager) stored(ctx context.Context, key string) (snapshot, error) {
	e, err := m.get(ctx, key)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return snapshot{}, &Error{Kind: KindNotFound, Err: err}
	case err != nil && ctx.Err() != nil:
		return snapshot{}, ctx.Err()
	case err != nil:
		return snapshot{}, storeError("reading the token store", err)
	}
	r, err := decodeKind(e.Value, kindOf(key))
	if err != nil {
		return snapshot{}, storeError("reading the record of "+key, unusable(err))
	}
	return snapshot{record: m.withPresets(r), revision: e.Revision, age: e.Age}, nil
}

// load reads the record of key as it ought to be: with the successor that this process has and the store has not. Whatever
// is written on top of it brings the successor home.
func (m *Manager) load(ctx context.Context, key string) (snapshot, error) {
	snap, err := m.stored(ctx, key)
	if err != nil {
		return snapshot{}, err
	}
	if s, ok := m.unsavedOf(key); ok {
		next, outcome := s.apply(snap.record.clone(), m.event(s.attempt.ID, 0, ""))
		switch outcome {
		case commitNow:
			snap.record = next
		case commitObsolete:
			m.home(s)
		case commitMoved: // it has to follow the credential
		case commitDone: // as far as can be read: flush writes it once more
		}
	}
	return snap, nil
}

// write encodes r and puts it in the place of the record that was read as old.
func (m *Manager) write(ctx context.Context, key string, old store.Revision, r Record) error {
	text, err := EncodeRecord(r)
	if err != nil {
		return storeError("encoding the record of "+key, unusable(err))
	}
	return m.put(ctx, key, old, text)
}

// change applies f to the record of key by compare-and-swap until it holds. f returns false to leave the record alone.
// It must be pure: it runs again after a lost race, and on its own work after a write whose error was ambiguous.
func (m *Manager) change(ctx context.Context, key string, f func(Record) (Record, bool)) (Record, error) {
	return m.rewrite(ctx, key, aFew, f)
}

// finish is change at the end of a critical section: nothing of the caller's stops it, and a store that fails is tried
// again for as long as a commit would be. What it writes keeps a good token from being taken for an uncertain one.
func (m *Manager) finish(ctx context.Context, key string, f func(Record) (Record, bool)) (Record, error) {
	return m.rewrite(context.WithoutCancel(ctx), key, m.forCommit(), f)
}

func (m *Manager) rewrite(ctx context.Context, key string, enough enough, f func(Record) (Record, bool)) (Record, error) {
	var next Record
	err := m.insist(ctx, enough, func() error {
		snap, err := m.load(ctx, key)
		if err != nil {
			return err
		}
		var changed bool
		if next, changed = f(snap.record.clone()); !changed {
			return nil
		}
		if snap.record.frozen(next) {
			return m.unfinished(snap.record)
		}
		return m.write(ctx, key, snap.revision, next)
	})
	if err != nil {
		return Record{}, writeError(ctx, err)
	}
	return next, nil
}

// writeError tells of a write that failed, unless err is told already or the caller gave up.
func writeError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var e *Error
	if errors.As(err, &e) {
		return err
	}
	return storeError("writing the token store", err)
}

// enough tells after how many failures insisting ends.
type enough func(failures int) bool

// aFew is for writes with nothing at stake.
func aFew(failures int) bool { return failures > 2 }

// once is for what will be tried again at another occasion.
func once(int) bool { return true }

// forCommit is for writes that somebody's credential hangs on. A process that stood still during the first try finds
// the time over without having tried a store that is well: it tries once more.
func (m *Manager) forCommit() enough {
	start := m.clock.Monotonic()
	return func(failures int) bool { return failures > 1 && m.clock.Monotonic()-start >= m.timings.CommitRetry }
}

// insist runs try until it succeeds, with pauses. A lost race is not a failure: somebody else has moved on.
func (m *Manager) insist(ctx context.Context, enough enough, try func() error) error {
	pause := m.pauses()
	for failures := 0; ; {
		err := try()
		if err == nil || definite(err) || ctx.Err() != nil {
			return err
		}
		if !errors.Is(err, store.ErrConflict) {
			if failures++; enough(failures) {
				return err
			}
			m.log.Warn("the token store failed; trying again", "error", err)
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

// definite tells whether err is an answer, which another try would only repeat.
func definite(err error) bool {
	var e *Error
	var d decided
	return errors.Is(err, errUnusable) || errors.As(err, &d) || errors.As(err, &e) && e.Kind != KindStore
}

// pauses returns a function that waits a little longer each time, with jitter.
func (m *Manager) pauses() func(context.Context) error {
	next := m.timings.PollMin
	return func(ctx context.Context) error {
		d := next + m.jitter(next/4)
		next = min(next*2, m.timings.PollMax)
		return m.clock.Sleep(ctx, d)
	}
}

// backoffs is pauses after a request that certainly had no effect.
func (m *Manager) backoffs() func(context.Context) error {
	next := m.timings.Backoff
	return func(ctx context.Context) error {
		d := next + m.jitter(next/4)
		next *= 2
		return m.clock.Sleep(ctx, d)
	}
}
