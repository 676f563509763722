package filestore

import (
	"errors"
	"io"
	"os"
)

// disk is what writing and locking ask of the operating system, one method for each step that can fail by itself. Reading
// is not in it: a failed read changes nothing.
type disk interface {
	mkdir(path string) error
	// createTemp makes a file that does not exist yet, for its owner alone.
	createTemp(path string) (tempFile, error)
	// rename puts from in the place of to, atomically.
	rename(from, to string) error
	remove(path string) error
	// syncDir returns when the names in a directory will survive a crash.
	syncDir(path string) error
	// tryLock opens or makes the file and takes its lock without waiting, or returns errLocked. The lock is freed by
	// unlock, and by the end of the process.
	tryLock(path string) (unlock func(), err error)
	// isLocal tells whether a lock in dir excludes everybody who can reach dir.
	isLocal(dir string) (bool, error)
}

type tempFile interface {
	io.WriteCloser
	Sync() error
}

// errLocked says that somebody else has the lock.
var errLocked = errors.New("locked")

// osDisk is the real thing. What differs between operating systems is in the files named after them.
type osDisk struct{}

var _ disk = osDisk{}

func (osDisk) mkdir(path string) error { return os.Mkdir(path, 0o700) }

func (osDisk) createTemp(path string) (tempFile, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|noFollow, 0o600)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (osDisk) rename(from, to string) error { return rename(from, to) }

func (osDisk) remove(path string) error { return remove(path) }

func (osDisk) syncDir(path string) error { return syncDir(path) }

// tryLock relies on os.OpenFile, which sets O_CLOEXEC: a child process that inherited the file would keep the lock when
// we are dead.
func (osDisk) tryLock(path string) (func(), error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|noFollow, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lockFile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { unlockFile(f) }, nil
}

func (osDisk) isLocal(dir string) (bool, error) { return isLocal(dir) }
