package filestore

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// noFollow has no twin here; making a link takes a privilege.
const noFollow = 0

// Who has a file open keeps others from replacing it, a virus scanner included. Such owners are quick.
const (
	busyTries = 50
	busyWait  = 20 * time.Millisecond
)

// whenFree calls do until it meets nobody else's open file.
func whenFree(do func() error) error {
	for try := 1; ; try++ {
		err := do()
		busy := errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_ACCESS_DENIED)
		if !busy || try == busyTries {
			return err
		}
		time.Sleep(busyWait)
	}
}

func openRead(path string) (f *os.File, err error) {
	err = whenFree(func() (err error) {
		f, err = os.Open(path)
		return err
	})
	return f, err
}

// rename returns when the new name is on the disk, as there is no way to sync a directory.
func rename(from, to string) error {
	fromName, err := windows.UTF16PtrFromString(from)
	if err != nil {
		return err
	}
	toName, err := windows.UTF16PtrFromString(to)
	if err != nil {
		return err
	}
	err = whenFree(func() error {
		return windows.MoveFileEx(fromName, toName, windows.MOVEFILE_REPLACE_EXISTING|windows.MOVEFILE_WRITE_THROUGH)
	})
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

func remove(path string) error { return whenFree(func() error { return os.Remove(path) }) }

// syncDir does nothing: rename has waited for the disk.
func syncDir(string) error { return nil }

// checkPrivate does not look: the profile of a user is closed to others, and mode bits mean nothing here.
func checkPrivate(string, fs.FileInfo, string) error { return nil }

func lockFile(f *os.File) error {
	err := windows.LockFileEx(windows.Handle(f.Fd()),
		windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &windows.Overlapped{})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return errLocked
	}
	if err != nil {
		return &fs.PathError{Op: "lock", Path: f.Name(), Err: err}
	}
	return nil
}

// unlockFile unlocks before it closes: the system frees the locks of a closed file in its own time.
func unlockFile(f *os.File) {
	_ = windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, &windows.Overlapped{})
	_ = f.Close()
}

// isLocal is false for a mapped network drive, a UNC path, and whatever else is not a fixed or removable disk.
func isLocal(dir string) (bool, error) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return false, err
	}
	volume := make([]uint16, windows.MAX_LONG_PATH)
	if err := windows.GetVolumePathName(name, &volume[0], uint32(len(volume))); err != nil {
		return false, &fs.PathError{Op: "find the volume of", Path: dir, Err: err}
	}
	switch windows.GetDriveType(&volume[0]) {
	case windows.DRIVE_FIXED, windows.DRIVE_REMOVABLE, windows.DRIVE_RAMDISK:
		return true, nil
	}
	return false, nil
}
