//go:build !windows

package provider

import (
	"os/signal"
	"syscall"
)

func ignoreSignals() { signal.Ignore(syscall.SIGPIPE, syscall.SIGHUP) }
