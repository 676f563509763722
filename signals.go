package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/wiring"
)

// exitStopped is the exit code of a subcommand that a second signal has ended.
const exitStopped = 1

// untilSignal returns a context that ends with the first signal: a subcommand then finishes the step under way and begins no
// further one. A second signal ends the process at once, but never while a refresh token has been sent and its successor is
// not stored. A closed pipe is no signal here (token | head): writing to it is an error like any other.
func untilSignal(deps wiring.Deps, stderr io.Writer) (ctx context.Context, stop func()) {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // Ignore would go over to a browser that is started
	wanted := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as under nohup
		wanted = append(wanted, syscall.SIGHUP)
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, wanted...)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		for _, act := range []func(){cancel, func() { endNow(deps, stderr) }} {
			select {
			case <-ended:
				return
			case <-signals:
				act()
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(ended)
		cancel()
	}
}

// endNow ends the process as soon as nothing can be lost by it.
func endNow(deps wiring.Deps, stderr io.Writer) {
	soon, cancel := context.WithCancel(context.Background())
	cancel()
	if deps.Section.Drain(soon) != nil {
		fmt.Fprintln(stderr, "A refresh token may have been sent. Waiting for the reply, or its successor would be lost.")
		_ = deps.Section.Drain(context.Background())
	}
	os.Exit(exitStopped)
}
