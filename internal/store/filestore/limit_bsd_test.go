//go:build freebsd || dragonfly

package filestore

import "golang.org/x/sys/unix"

func limitOf(n uint64) unix.Rlimit { return unix.Rlimit{Cur: int64(n), Max: int64(n)} }
