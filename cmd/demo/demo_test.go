//go:build unix

package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// showing is the demo in a temporary folder that the test looks into afterwards.
type showing struct {
	t      *testing.T
	temp   string
	stdout watched
	stderr bytes.Buffer
}

func (s *showing) run(ctx context.Context, opts options) int {
	s.t.Helper()
	var err error
	if s.temp, err = os.MkdirTemp("", ""); err != nil { // t.TempDir is too long for the sockets in it
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = os.RemoveAll(s.temp) })
	return show(ctx, opts, append(os.Environ(), "TMPDIR="+s.temp), &s.stdout, &s.stderr)
}

// leavesNothing fails unless the folder is gone, and all processes with it: they live in that folder.
func (s *showing) leavesNothing() {
	s.t.Helper()
	left, err := os.ReadDir(s.temp)
	if err != nil || len(left) > 0 {
		s.t.Errorf("left behind: %v, %v", left, err)
	}
	s.nothingRuns()
}

func (s *showing) nothingRuns() {
	s.t.Helper()
	table, err := processTable(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	for _, p := range table {
		if strings.HasPrefix(p.command, s.temp) {
			s.t.Errorf("still running: %s", p.command)
		}
	}
}

// watched calls back when the demo prints a text.
type watched struct {
	mu   sync.Mutex
	text bytes.Buffer
	on   string
	call func()
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.call != nil && strings.Contains(string(p), w.on) {
		w.call()
	}
	return w.text.Write(p)
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

func TestAccDemo(t *testing.T) {
	t.Parallel()
	s := &showing{t: t}
	if code := s.run(t.Context(), options{quick: true, plans: 2}); code != 0 {
		t.Fatalf("code %d\n%s\n%s", code, s.stdout.String(), s.stderr.String())
	}
	s.leavesNothing()
	for _, want := range []string{
		"| Warning: Authorization Required",
		"   plan 2   Plan: 0 to add, 0 to change, 0 to destroy.         2             0\n",
		"     Terraform's state holds number  1\n",
		"   The server counted 1 connection and 0 token requests: nothing was spent.",
		"   The server counted 1 refresh: the old token is spent.",
		"| Warning: Outcome of a Refresh Unknown",
		"With -quick the demo does not wait",
		"     Terraform's state holds number  2\n",
		"   in all                         11       3         7          4             0\n",
		"refreshed (2 times)",
	} {
		if !strings.Contains(s.stdout.String(), want) {
			t.Errorf("the screen does not say %q", want)
		}
	}
	if t.Failed() {
		t.Log(s.stdout.String())
	}
	if s.stderr.Len() > 0 {
		t.Errorf("on stderr: %s", s.stderr.String())
	}
}

// A Terraform that plans twice spends twice. The demo does not expect that, and must say so. What it keeps then is what a
// person needs to look around.
func TestAccDemoSaysWhatWentWrong(t *testing.T) {
	t.Parallel()
	genuine, err := findCLI(options{}, os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	twice := filepath.Join(t.TempDir(), "terraform")
	script := "#!/bin/sh\n[ \"$1\" != plan ] || '" + genuine + "' plan >/dev/null 2>&1\nexec '" + genuine + "' \"$@\"\n"
	if err := os.WriteFile(twice, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	s := &showing{t: t}
	code := s.run(t.Context(), options{terraform: twice, keep: true, verbose: true, plans: 1})
	for _, want := range []string{
		"This did not go as it should.", "After 1 plan the server had counted:", "token requests: 2, and not 1", "refreshes: 2, and not 1",
		"POST /token refresh_token 200", "please report it",
	} {
		if code != 1 || !strings.Contains(s.stderr.String(), want) {
			t.Errorf("code %d; stderr does not say %q:\n%s", code, want, s.stderr.String())
		}
	}
	if !strings.Contains(s.stdout.String(), "  : oauth_token_pair.demo: Creation complete") {
		t.Error("-v does not show what terraform says")
	}
	s.nothingRuns()
	kept, err := filepath.Glob(filepath.Join(s.temp, "oauth-*"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("kept: %v, %v", kept, err)
	}
	for name, want := range map[string]string{
		"env.sh": "export OAUTH_TOKEN_STORE='file://" + kept[0] + "/token-store'\n", "sandbox.log": "POST /token authorization_code 200",
		"work/main.tf": "oauth_token_pair", "work/terraform.tfstate": "oauth_token_pair",
	} {
		text, err := os.ReadFile(filepath.Join(kept[0], name))
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s does not hold %q: %v", name, want, err)
		}
	}
}

// Stopped in the middle of an apply, it leaves nothing behind.
func TestAccDemoStops(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := &showing{t: t}
	s.stdout.on, s.stdout.call = "$ terraform apply", cancel
	if code := s.run(ctx, options{plans: 1}); code != 130 {
		t.Errorf("code %d\n%s\n%s", code, s.stdout.String(), s.stderr.String())
	}
	s.leavesNothing()
	if !strings.Contains(s.stderr.String(), "Stopped.") {
		t.Errorf("stderr: %s", s.stderr.String())
	}
}
