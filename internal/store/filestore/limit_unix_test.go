//go:build unix && !freebsd && !dragonfly

package filestore

import "golang.org/x/sys/unix"

func limitOf(n uint64) unix.Rlimit { return unix.Rlimit{Cur: n, Max: n} }
