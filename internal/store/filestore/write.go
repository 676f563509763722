package filestore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// lockedAt runs change under the lock of the key if the key is at revision old, and returns store.ErrConflict if it is
// not. It makes no directory: where there is none, there is nothing to change.
func (s *Store) lockedAt(ctx context.Context, p place, old store.Revision, change func() error) error {
	if err := s.checkDirs(p); errors.Is(err, fs.ErrNotExist) {
		return store.ErrConflict
	} else if err != nil {
		return err
	}
	return s.locked(ctx, p, func() error {
		now, err := readEntry(p.value)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return store.ErrConflict
		case err != nil:
			return err
		case now.Revision != old:
			return store.ErrConflict
		}
		return change()
	})
}

// write puts value in place and sets revision. The caller holds the lock of the key.
//
// open(O_EXCL) · write · fsync · close · rename · fsync(directory). Up to the rename a failure leaves the old value, and
// the temporary file is taken away. From the rename on, a failure leaves it open whether the new value will survive.
func (s *Store) write(p place, value []byte, revision *store.Revision) error {
	id, err := s.id()
	if err != nil {
		return err
	}
	temp, err := s.tempName(p)
	if err != nil {
		return err
	}
	s.removeTemps(p)
	if err := s.writeTemp(temp, encode(store.Revision(id), value)); err != nil {
		// Whatever is left is garbage to the next writer too.
		_ = s.disk.remove(temp)
		return notDone(err)
	}
	if err := s.disk.rename(temp, p.value); err != nil {
		_ = s.disk.remove(temp)
		return err
	}
	if err := s.disk.syncDir(p.dir); err != nil {
		return err
	}
	*revision = store.Revision(id)
	return nil
}

// notDone says of the cause of a failed write that the old value stands: a full disk, or one that only reads.
func notDone(err error) error { return fmt.Errorf("%w: %w", err, store.ErrNotDone) }

// writeTemp returns nil when the content is on the disk.
func (s *Store) writeTemp(temp string, content []byte) error {
	f, err := s.disk.createTemp(temp)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// tempName is random, though the lock would allow a fixed name: where the locks of a network filesystem fail, two
// writers still do not write into one file and rename a torn value into place.
func (s *Store) tempName(p place) (string, error) {
	id, err := s.id()
	return p.value + "." + id + tempSuffix, err
}

// removeTemps takes away what crashed writers of this key left. No clock is asked: under the lock of the key there is no
// other writer, so every temporary file is garbage. A failure is left to the write that follows.
func (s *Store) removeTemps(p place) {
	names, err := s.files(p)
	if err != nil {
		return
	}
	for _, name := range names {
		if owner, ok := tempOwner(name); ok && owner == filepath.Base(p.value) {
			_ = s.disk.remove(filepath.Join(p.dir, name))
		}
	}
}

// tempOwner returns the escaped name for whose value the temporary file was written.
func tempOwner(file string) (string, bool) {
	rest, ok := strings.CutSuffix(file, tempSuffix)
	if !ok {
		return "", false
	}
	dot := strings.LastIndexByte(rest, '.')
	if dot < 0 || !isID(rest[dot+1:]) {
		return "", false
	}
	return rest[:dot], true
}
