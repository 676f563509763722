//go:build unix

package filestore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// noFollow refuses a symbolic link in the last part of a path: it may lead out of the store.
const noFollow = unix.O_NOFOLLOW

// openRead opens the file of a value. O_NONBLOCK keeps a named pipe from blocking us until somebody writes to it.
func openRead(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|noFollow|unix.O_NONBLOCK, 0)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		if info, statErr := os.Lstat(path); statErr == nil && info.Mode()&fs.ModeSymlink != 0 {
			return nil, fmt.Errorf("%s is a symbolic link", path)
		}
	}
	return f, err
}

func rename(from, to string) error { return os.Rename(from, to) }

func remove(path string) error { return os.Remove(path) }

// syncDir takes it for done where a filesystem does not know how to sync a directory (CIFS says EINVAL): it knows
// nothing more durable either.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	err = dir.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil
	}
	return errors.Join(err, dir.Close())
}

// checkPrivate returns an error unless we own the file and nobody else may read or write it. want is the mode to set.
func checkPrivate(path string, info fs.FileInfo, want string) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Errorf("%s: its owner is not known", path)
	}
	if owner, self := int64(stat.Uid), int64(os.Geteuid()); owner != self {
		return fmt.Errorf("%s belongs to user id %d, and this process runs as %d", path, owner, self)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("%s has mode %04o and is open to other users: chmod %s %[1]s", path, mode, want)
	}
	return nil
}

// lockFile takes the lock of f, or returns errLocked. flock belongs to the open file, not to the process as fcntl's
// locks do: another open of the same file in this process is locked out too, and closing that one frees nothing.
func lockFile(f *os.File) error {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, unix.EWOULDBLOCK):
			return errLocked
		case !errors.Is(err, unix.EINTR):
			return &fs.PathError{Op: "lock", Path: f.Name(), Err: err}
		}
	}
}

// unlockFile unlocks before it closes: between fork and exec a child has the open file too, and would keep the lock a
// moment longer.
func unlockFile(f *os.File) {
	_ = unix.Flock(int(f.Fd()), unix.LOCK_UN)
	_ = f.Close()
}
