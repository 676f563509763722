//go:build !windows

package provider

import (
	"os"
	"os/signal"
	"syscall"
)

func ignoreSignals() { signal.Ignore(syscall.SIGPIPE, syscall.SIGHUP) }

// orphaned tells whether the parent has died: then this process has got another one.
func orphaned(parent int) bool { return os.Getppid() != parent }
