//go:build unix

package filestore

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

const (
	processes     = 8
	perProcess    = 20
	fileSizeLimit = 4096 // bytes
)

// runChild does the work of a child process in the store args[0] and returns its exit code.
func runChild(work string, args []string) int {
	s, err := Open(args[0])
	if err == nil {
		s.disk = localDisk{}
		err = map[string]func(*Store) error{
			"increment":  childIncrement,
			"hold":       childHold,
			"hold+child": childHoldAndLeave,
			"wait":       func(*Store) error { return waitForEnd() },
			"limit":      childLimit,
		}[work](s)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// child is a started child process. It ends when its standard input is closed, at the latest with the test.
type child struct {
	*exec.Cmd
	stdin  io.Closer
	lines  *bufio.Scanner
	stderr *bytes.Buffer
}

func startChild(t *testing.T, work, dir string) *child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{Cmd: exec.Command(self, dir), stderr: &bytes.Buffer{}}
	c.Env = append(os.Environ(), childEnv+"="+work)
	c.Stderr = c.stderr
	stdin, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.stdin, c.lines = stdin, bufio.NewScanner(stdout)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = c.Process.Signal(syscall.SIGCONT)
		_ = c.Wait()
	})
	return c
}

// expect reads the next line of the child's output.
func (c *child) expect(t *testing.T, want string) {
	t.Helper()
	if !c.lines.Scan() || c.lines.Text() != want {
		t.Fatalf("the child says %q, want %q; errors: %s", c.lines.Text(), want, c.stderr)
	}
}

// kill returns when the child is dead.
func (c *child) kill(t *testing.T) {
	t.Helper()
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	var state *exec.ExitError
	if err := c.Wait(); !errors.As(err, &state) || state.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the child ended with %v, want SIGKILL", err)
	}
}

func waitForEnd() error {
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

func childIncrement(s *Store) error {
	for range perProcess {
		for {
			e, err := s.Get(context.Background(), "pair/exact")
			if err != nil {
				return err
			}
			n, err := strconv.Atoi(string(e.Value))
			if err != nil {
				return err
			}
			_, err = s.Replace(context.Background(), "pair/exact", e.Revision, []byte(strconv.Itoa(n+1)))
			if err == nil {
				break
			}
			if !errors.Is(err, store.ErrConflict) {
				return err
			}
		}
	}
	return nil
}

func TestProcessesCountExactly(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "store")
	s := openIn(t, dir)
	if _, err := s.Create(t.Context(), "pair/exact", []byte("0")); err != nil {
		t.Fatal(err)
	}
	children := make([]*child, processes)
	for i := range children {
		children[i] = startChild(t, "increment", dir)
	}
	for _, c := range children {
		if err := c.Wait(); err != nil {
			t.Errorf("a child ended with %v: %s", err, c.stderr)
		}
	}
	if got := valueOf(t, s, "pair/exact"); got != "160" {
		t.Errorf("8 processes that add 20 each come to %s, want 160", got)
	}
}

func childHold(s *Store) error {
	release, err := s.Hold(context.Background(), "pair/exact")
	if err != nil {
		return err
	}
	defer release()
	fmt.Println("held")
	return waitForEnd()
}

// childHoldAndLeave holds, and starts a process that lives on when this one is dead.
func childHoldAndLeave(s *Store) error {
	release, err := s.Hold(context.Background(), "pair/exact")
	if err != nil {
		return err
	}
	defer release()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	survivor := exec.Command(self, s.root)
	survivor.Env = append(os.Environ(), childEnv+"=wait")
	survivor.Stdin = os.Stdin
	if err := survivor.Start(); err != nil {
		return err
	}
	fmt.Println("held")
	return survivor.Wait()
}

func TestKilledOwnerFreesTheHold(t *testing.T) {
	t.Parallel()
	for _, work := range []string{"hold", "hold+child"} {
		dir := filepath.Join(t.TempDir(), "store")
		s := openIn(t, dir)
		owner := startChild(t, work, dir)
		owner.expect(t, "held")
		if _, err := s.Hold(t.Context(), "pair/exact"); !errors.Is(err, store.ErrHeld) {
			t.Errorf("%s: Hold while the owner lives returns %v, want ErrHeld", work, err)
		}
		owner.kill(t)
		release, err := s.Hold(t.Context(), "pair/exact")
		if err != nil {
			t.Errorf("%s: Hold when the owner is dead returns %v, want success", work, err)
			continue
		}
		release()
	}
}

func TestStoppedOwnerKeepsTheHold(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "store")
	s := openIn(t, dir)
	owner := startChild(t, "hold", dir)
	owner.expect(t, "held")
	if err := owner.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(owner.Process.Pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
		t.Fatalf("the owner does not stop: %v, status %#x", err, status)
	}
	if _, err := s.Hold(t.Context(), "pair/exact"); !errors.Is(err, store.ErrHeld) {
		t.Errorf("Hold while the owner is stopped returns %v, want ErrHeld", err)
	}
	owner.kill(t)
	release, err := s.Hold(t.Context(), "pair/exact")
	if err != nil {
		t.Fatalf("Hold when the owner was killed as it was stopped: %v", err)
	}
	release()
}

// childLimit writes more than the system lets this process put into one file, as on a full disk: the write ends half-way.
func childLimit(s *Store) error {
	signal.Ignore(syscall.SIGXFSZ)
	if err := setFileSizeLimit(fileSizeLimit); err != nil {
		return err
	}
	e, err := s.Get(context.Background(), "pair/exact")
	if err != nil {
		return err
	}
	large := []byte(strings.Repeat("x", 2*fileSizeLimit))
	_, replace := s.Replace(context.Background(), "pair/exact", e.Revision, large)
	_, create := s.Create(context.Background(), "pair/other", large)
	for _, err := range []error{replace, create} {
		if !errors.Is(err, syscall.EFBIG) || errors.Is(err, store.ErrConflict) {
			return fmt.Errorf("the write returns %w, want EFBIG", err)
		}
	}
	return nil
}

func TestRealWriteFailure(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "store")
	s := openIn(t, dir)
	if _, err := s.Create(t.Context(), "pair/exact", []byte("old")); err != nil {
		t.Fatal(err)
	}
	c := startChild(t, "limit", dir)
	if err := c.Wait(); err != nil {
		t.Errorf("the child ended with %v: %s", err, c.stderr)
	}
	if got := valueOf(t, s, "pair/exact"); got != "old" {
		t.Errorf("Get sees %d bytes, want the old value", len(got))
	}
	if got := valueOf(t, s, "pair/other"); got != "" {
		t.Errorf("Get sees %d bytes of a value that could not be written", len(got))
	}
	for _, name := range filesIn(t, filepath.Join(dir, "pair")) {
		if strings.HasSuffix(name, ".tmp") {
			t.Errorf("the temporary file %s stays", name)
		}
	}
}
