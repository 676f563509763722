package filestore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// How often a waiting writer looks again for the lock of its key. Its owner does nothing but write one small file.
const (
	firstPoll = time.Millisecond
	lastPoll  = 32 * time.Millisecond
)

// locked runs do under the lock of the key, and waits for it as long as ctx lasts.
func (s *Store) locked(ctx context.Context, p place, do func() error) error {
	unlock, err := s.waitForLock(ctx, p.lock)
	if err != nil {
		return notDone(err)
	}
	defer unlock()
	return do()
}

func (s *Store) waitForLock(ctx context.Context, path string) (func(), error) {
	for wait := firstPoll; ; wait = min(2*wait, lastPoll) {
		unlock, err := s.disk.tryLock(path)
		if !errors.Is(err, errLocked) {
			return unlock, err
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, fmt.Errorf("wait for the lock %s: %w", path, ctx.Err())
		}
	}
}

// Hold implements store.Holder by a lock on the file NAME.rotating beside the value. The lock is on an open file of its
// own, so a second Hold in this process gets store.ErrHeld as well.
//
// The file stays for good. Were it removed at release, one process could take the lock of the file removed, which
// it had opened before, and another the lock of a new file of the same name: two owners.
func (s *Store) Hold(ctx context.Context, key string) (func(), error) {
	if err := check(ctx, key); err != nil {
		return nil, err
	}
	p := s.at(key)
	if err := s.prepare(p); err != nil {
		return nil, failed("hold", key, err)
	}
	local, err := s.disk.isLocal(p.dir)
	s.noteRemote(err != nil || !local)
	if err != nil {
		return nil, failed("hold", key, fmt.Errorf("%w: %w", store.ErrNoHold, err))
	} else if !local {
		return nil, failed("hold", key, store.ErrNoHold)
	}
	unlock, err := s.disk.tryLock(p.hold)
	if errors.Is(err, errLocked) {
		return nil, failed("hold", key, store.ErrHeld)
	} else if err != nil {
		return nil, failed("hold", key, err)
	}
	return sync.OnceFunc(unlock), nil
}

func (s *Store) noteRemote(remote bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remote = remote
}

// Remote implements store.Remote. It asks nothing of a filesystem that may hang by now: what it tells was found out by the
// last Hold, which comes before anything that Remote is asked about.
func (s *Store) Remote() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.remote
}
