package filestore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// prepare makes the directories of p as far as they are missing, and checks them.
func (s *Store) prepare(p place) error {
	for _, dir := range []string{s.root, p.dir} {
		if err := s.makeDir(dir); err != nil {
			return err
		}
		if err := checkDir(dir); err != nil {
			return err
		}
	}
	return s.syncOnce(p)
}

// makeDir makes path and what is missing above it, each with mode 0700, and has each new name survive a crash.
func (s *Store) makeDir(path string) error {
	_, err := os.Lstat(path)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := filepath.Dir(path)
	if parent == path {
		return err
	}
	if err := s.makeDir(parent); err != nil {
		return err
	}
	if err := s.disk.mkdir(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return s.syncParent(path)
}

// syncOnce syncs the names of both directories before the first write to p's kind. They may exist because another
// process has made them a moment ago and not come to its sync yet.
func (s *Store) syncOnce(p place) error {
	s.mu.Lock()
	done := s.synced[p.kind]
	s.mu.Unlock()
	if done {
		return nil
	}
	for _, dir := range []string{p.dir, s.root} {
		if err := s.syncParent(dir); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.synced[p.kind] = true
	return nil
}

// syncParent makes the name of dir durable. A parent that we may not read can not be synced by us, and waiting for
// better times would not help: it is the administrator's, who made it before us.
func (s *Store) syncParent(dir string) error {
	if err := s.disk.syncDir(filepath.Dir(dir)); err != nil && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
}

// checkDirs is checkDir for both directories of p.
func (s *Store) checkDirs(p place) error {
	if err := checkDir(s.root); err != nil {
		return err
	}
	return checkDir(p.dir)
}

// checkDir returns fs.ErrNotExist unless the directory exists, and another error unless it is ours alone. Without the
// second, somebody else could read what is written there, or put a file in its place.
func checkDir(dir string) error {
	info, err := os.Lstat(dir)
	switch {
	case err != nil:
		return err
	case info.Mode()&fs.ModeSymlink != 0:
		return fmt.Errorf("%s is a symbolic link; name the directory that it points to", dir)
	case !info.IsDir():
		return fmt.Errorf("%s is not a directory", dir)
	}
	return checkPrivate(dir, info, "700")
}

// checkFile returns an error unless the open file is a regular one and ours alone.
func checkFile(path string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file", path)
	}
	return checkPrivate(path, info, "600")
}
