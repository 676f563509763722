package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

// patience is how long a program may take to start or to stop on a busy machine.
const patience = 30 * time.Second

// process is a started program with its watcher.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{}  // closed when the program is gone, and every process that it has forked
	guard *exec.Cmd      // runs the watcher
	watch io.WriteCloser // its input: closed without a word, it makes the watcher end the program
}

// watcher ends the program when this process is gone, however it went: its standard input closes with us.
const watcher = `read -r word || kill -QUIT "$1"`

// launch starts cmd with its output in the file log.
func launch(cmd *exec.Cmd, log string) (*process, error) {
	out, err := os.OpenFile(log, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	// Every process of a server inherits this pipe, so that its end is theirs. A backend outlives its killed server for a
	// moment, and goes on answering.
	last, held, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, out.Close())
	}
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = out, out, []*os.File{held}
	if err := errors.Join(cmd.Start(), held.Close(), out.Close()); err != nil {
		return nil, errors.Join(err, last.Close())
	}
	p := &process{cmd: cmd, ended: make(chan struct{})}
	go func() {
		defer close(p.ended)
		// How it ended is in its log.
		_ = cmd.Wait()
		_, _ = io.Copy(io.Discard, last)
		_ = last.Close()
	}()
	guard := exec.CommandContext(context.Background(), "sh", "-c", watcher, "watcher", strconv.Itoa(cmd.Process.Pid)) // #nosec G204
	watch, err := guard.StdinPipe()
	if err == nil {
		err = guard.Start()
	}
	if err != nil {
		return nil, errors.Join(err, p.end(os.Kill))
	}
	p.guard, p.watch = guard, watch
	return p, nil
}

// end sends a signal and waits until the program is gone.
func (p *process) end(signal os.Signal) error {
	if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.ended:
	case <-time.After(patience):
		return errors.Join(fmt.Errorf("%s does not end", p.cmd.Path), p.cmd.Process.Kill())
	}
	if p.guard == nil {
		return nil
	}
	_, err := io.WriteString(p.watch, "ended\n")
	return errors.Join(err, p.watch.Close(), p.guard.Wait())
}

// awaitReady tries until try succeeds, and fails when the program ends before or takes too long.
func (p *process) awaitReady(try func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return until(ctx, func() error {
		select {
		case <-p.ended:
			cancel()
			return errors.New("it has ended")
		default:
			return try(ctx)
		}
	})
}

// until calls try every few milliseconds until it succeeds or ctx ends.
func until(ctx context.Context, try func() error) error {
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// freePort returns a port of 127.0.0.1 that was free a moment ago.
func freePort() (int, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return 0, errors.Join(errors.New("a TCP listener without a TCP address"), l.Close())
	}
	return addr.Port, l.Close()
}

// fastShutdown is the signal on which PostgreSQL ends in order without waiting for its clients.
const fastShutdown = syscall.SIGINT
