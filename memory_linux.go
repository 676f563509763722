package main

import "syscall"

// hideMemory keeps what this process holds in memory off the disk and from other processes of its user: no core dump is written,
// whoever would write it (systemd-coredump and its kin are asked by the kernel, whatever the limit says), nobody attaches to it,
// and /proc/PID/mem and /proc/PID/environ are root's. Programs that it starts inherit the limit alone. Where the kernel refuses,
// as some sandboxes do, the process runs on as it is.
func hideMemory() {
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_DUMPABLE, 0, 0)
	noCoreDump()
}
