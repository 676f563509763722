// Package filestore is the store that needs no server: one file for each key, in a directory that only its owner can
// read. Open is the entry point.
//
// A value is never changed in place: a temporary file is written, synced and renamed over it, and the directory is
// synced, so that a reader sees the old value or the new one and a crash leaves one of them. Writers of one key take
// turns by an operating system lock, which the kernel frees when its owner dies. Readers take no lock and write
// nothing. Between calls only Hold keeps anything locked.
//
// The package does not encrypt, and knows no clock: Entry.Age is always negative. On a network filesystem it is as good
// as the locks of that filesystem, and Hold returns store.ErrNoHold there.
package filestore

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// MaxValue is the most bytes that a value may have.
const MaxValue = 4 << 20

var (
	_ store.Store  = (*Store)(nil)
	_ store.Holder = (*Store)(nil)
	_ store.Remote = (*Store)(nil)
)

// Store implements store.Store and store.Holder. Make one with Open.
type Store struct {
	root string // absolute
	disk disk

	mu     sync.Mutex      // guards what is below, and is never held during a system call on the store
	random io.Reader       // of revisions and names of temporary files: no bytes may come twice
	synced map[string]bool // kinds whose directory this Store has made durable
	remote bool            // the last Hold found it on a filesystem that is not known to be local
}

// Open returns the store in dir. It touches nothing: the directory is made, with mode 0700, at the first write.
func Open(dir string) (*Store, error) {
	if dir == "" {
		return nil, errors.New("the directory of the file store has no name")
	}
	root, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("file store: %w", err)
	}
	return &Store{root: root, disk: osDisk{}, random: rand.Reader, synced: map[string]bool{}}, nil
}

// Location implements store.Store: "file://" and the absolute directory.
func (s *Store) Location() string {
	path := filepath.ToSlash(s.root)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/… on Windows
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, key string) (store.Entry, error) {
	if err := check(ctx, key); err != nil {
		return store.Entry{}, err
	}
	p := s.at(key)
	if err := s.checkDirs(p); errors.Is(err, fs.ErrNotExist) {
		return store.Entry{}, fmt.Errorf("%s: %w", key, store.ErrNotFound)
	} else if err != nil {
		return store.Entry{}, failed("read", key, err)
	}
	e, err := readEntry(p.value)
	if errors.Is(err, fs.ErrNotExist) {
		return store.Entry{}, fmt.Errorf("%s: %w", key, store.ErrNotFound)
	} else if err != nil {
		return store.Entry{}, failed("read", key, err)
	}
	return e, nil
}

// Create implements store.Store.
func (s *Store) Create(ctx context.Context, key string, value []byte) (store.Revision, error) {
	if err := checkWrite(ctx, key, value); err != nil {
		return "", err
	}
	p := s.at(key)
	if err := s.prepare(p); err != nil {
		return "", failed("write", key, notDone(err))
	}
	var revision store.Revision
	err := s.locked(ctx, p, func() error {
		switch _, err := readEntry(p.value); {
		case err == nil:
			return store.ErrConflict
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
		return s.write(p, value, &revision)
	})
	if err != nil {
		return "", failed("write", key, err)
	}
	return revision, nil
}

// Replace implements store.Store.
func (s *Store) Replace(ctx context.Context, key string, old store.Revision, value []byte) (store.Revision, error) {
	if err := checkWrite(ctx, key, value); err != nil {
		return "", err
	}
	p := s.at(key)
	var revision store.Revision
	err := s.lockedAt(ctx, p, old, func() error { return s.write(p, value, &revision) })
	if err != nil {
		return "", failed("write", key, err)
	}
	return revision, nil
}

// Delete implements store.Store. The lock files of the key stay.
func (s *Store) Delete(ctx context.Context, key string, old store.Revision) error {
	if err := check(ctx, key); err != nil {
		return err
	}
	p := s.at(key)
	err := s.lockedAt(ctx, p, old, func() error {
		s.removeTemps(p)
		if err := s.disk.remove(p.value); err != nil {
			return err
		}
		return s.disk.syncDir(p.dir)
	})
	if err != nil {
		return failed("delete", key, err)
	}
	return nil
}

// List implements store.Store.
func (s *Store) List(ctx context.Context, kind string) ([]string, error) {
	// Any name will do to have the kind checked.
	if err := check(ctx, kind+"/x"); err != nil {
		return nil, err
	}
	p := s.at(kind + "/x")
	names, err := s.files(p)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, failed("list", kind, err)
	}
	var keys []string
	for _, file := range names {
		if name, ok := unescape(file); ok && store.CheckKey(kind+"/"+name) == nil {
			keys = append(keys, kind+"/"+name)
		}
	}
	slices.Sort(keys)
	return keys, nil
}

// files returns the names in the directory of p, unsorted, and fs.ErrNotExist if there is none.
func (s *Store) files(p place) ([]string, error) {
	if err := s.checkDirs(p); err != nil {
		return nil, err
	}
	dir, err := os.Open(p.dir)
	if err != nil {
		return nil, err
	}
	names, err := dir.Readdirnames(-1)
	return names, errors.Join(err, dir.Close())
}

// id returns 128 random bits in hex.
func (s *Store) id() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := make([]byte, 16)
	if _, err := io.ReadFull(s.random, b); err != nil {
		return "", fmt.Errorf("random bytes: %w", err)
	}
	return hex.EncodeToString(b), nil
}

func check(ctx context.Context, key string) error {
	if err := store.CheckKey(key); err != nil {
		return err
	}
	return ctx.Err()
}

func checkWrite(ctx context.Context, key string, value []byte) error {
	if err := check(ctx, key); err != nil {
		return err
	}
	if len(value) > MaxValue {
		return fmt.Errorf("write %s: %d bytes are more than a value may have (%d)", key, len(value), MaxValue)
	}
	return nil
}

func failed(what, key string, err error) error { return fmt.Errorf("%s %s: %w", what, key, err) }
