package filestore

import (
	"io/fs"

	"golang.org/x/sys/unix"
)

// Numbers of statfs(2) that golang.org/x/sys does not know.
const (
	jfsMagic   = 0x3153464a
	ntfs3Magic = 0x7366746e
	ubifsMagic = 0x24051905
	zfsMagic   = 0x2fc12fc1
)

// isLocal knows the filesystems whose locks this kernel alone keeps. The list names the local ones, not the network ones:
// a local filesystem missing here costs a wait for the claim's TTL, but a network filesystem taken for local would
// declare a living owner dead. FUSE and 9p can be anything, so they are not in it.
func isLocal(dir string) (bool, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil {
		return false, &fs.PathError{Op: "statfs", Path: dir, Err: err}
	}
	// Type is signed and of different size from machine to machine.
	switch uint32(stat.Type) {
	case unix.EXT4_SUPER_MAGIC, // ext2 and ext3 as well
		unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.BCACHEFS_SUPER_MAGIC, unix.F2FS_SUPER_MAGIC,
		unix.TMPFS_MAGIC, unix.RAMFS_MAGIC, unix.OVERLAYFS_SUPER_MAGIC, unix.REISERFS_SUPER_MAGIC,
		unix.NILFS_SUPER_MAGIC, unix.JFFS2_SUPER_MAGIC, unix.MSDOS_SUPER_MAGIC, unix.EXFAT_SUPER_MAGIC,
		jfsMagic, ntfs3Magic, ubifsMagic, zfsMagic:
		return true, nil
	}
	return false, nil
}
