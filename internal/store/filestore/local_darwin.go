package filestore

import (
	"io/fs"

	"golang.org/x/sys/unix"
)

// isLocal asks for the names too, since a FUSE filesystem may call itself local.
func isLocal(dir string) (bool, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil {
		return false, &fs.PathError{Op: "statfs", Path: dir, Err: err}
	}
	if stat.Flags&unix.MNT_LOCAL == 0 {
		return false, nil
	}
	switch unix.ByteSliceToString(stat.Fstypename[:]) {
	case "apfs", "hfs":
		return true, nil
	}
	return false, nil
}
