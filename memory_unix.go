//go:build unix

package main

import "syscall"

// noCoreDump lowers the limit that a program which was started by this one may raise again.
func noCoreDump() {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_CORE, &limit) == nil {
		limit.Cur = 0
		_ = syscall.Setrlimit(syscall.RLIMIT_CORE, &limit) // where that fails, the process runs on as it is
	}
}
