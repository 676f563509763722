//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// ownGroup keeps the signals of the terminal away from cmd and all that it starts: the demo ends them itself.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup kills a process and all that it started.
func killGroup(id int) error { return syscall.Kill(-id, syscall.SIGKILL) }

// kill ends a process as a power cut would: it can do nothing more.
func kill(id int) error { return syscall.Kill(id, syscall.SIGKILL) }
