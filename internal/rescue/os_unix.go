//go:build unix

package rescue

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

func checkOwner(dir string, info fs.FileInfo) error {
	if s, ok := info.Sys().(*syscall.Stat_t); !ok || int64(s.Uid) != int64(os.Geteuid()) {
		return fmt.Errorf("%s belongs to another user", dir)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s has mode %04o and is open to other users: chmod 700 %s", dir, info.Mode().Perm(), dir)
	}
	return nil
}

// checkParent refuses a parent in which another user may rename what is ours: a temporary folder may be anybody's.
func checkParent(dir string, info fs.FileInfo) error {
	s, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !ok || s.Uid != 0 && int64(s.Uid) != int64(os.Geteuid()):
		return fmt.Errorf("%s belongs to another user", dir)
	case info.Mode().Perm()&0o022 != 0 && info.Mode()&fs.ModeSticky == 0:
		return fmt.Errorf("%s has mode %04o: others may exchange the folders in it", dir, info.Mode().Perm())
	}
	return nil
}

// marks says that an open file can be marked, and removed all the same.
const marks = true

// markInUse tells other processes that f is in use, until it is closed or this process dies. A filesystem without locks tells
// nobody.
func markInUse(f *os.File) { _ = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

// inUse tells whether a living process, this one included, has marked the file.
func inUse(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	return errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}

// takeLeft opens a file that a process has left, and marks it as in use. It is nil if one still has it in hand, or it is there no more.
func takeLeft(path string) *os.File {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	taken := !errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB), syscall.EWOULDBLOCK)
	opened, err := f.Stat()
	if err == nil && taken {
		var named fs.FileInfo
		if named, err = os.Lstat(path); err == nil && os.SameFile(opened, named) {
			return f
		}
	}
	_ = f.Close()
	return nil
}

// syncDir makes a new name in dir survive a crash. Where a filesystem does not know how to sync a folder (CIFS says
// EINVAL), it knows nothing more durable either.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil
	}
	return errors.Join(err, f.Close())
}
