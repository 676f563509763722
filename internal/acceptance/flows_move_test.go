//go:build unix

package acceptance_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// command runs the binary that ships, as a person at a shell does, and returns its exit code and all that it printed.
func (w *workspace) command(args ...string) (int, string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, shippedBinary(w.t), args...)
	for k, v := range w.env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	text, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		w.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(text)
}

// A whole store moves to another one, without tokens in the state. Nobody authorizes, nothing is sent by the move, and the
// store left behind tells where the credential went. It comes back the same way.
func TestMoveStore(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.env["OAUTH_TOKEN_STORE_KEY"] = newKey(t)
	config := "provider \"oauth\" {\n  secrets_in_state = false\n}\n" + s.secretlessPair("mobile", s.issue().RefreshToken, 1)
	w.write(config)
	w.apply()
	s.later(time.Hour, w)
	from, to := "file://"+w.store, "file://"+filepath.Join(t.TempDir(), "second")

	if code, text := w.command("move", "--from", from, "--to", to, "--name", "nobody"); code != 1 || !strings.Contains(text, "nobody") {
		t.Errorf("a name that is not there: exit code %d\n%s", code, text)
	}
	code, text := w.command("move", "--from", from, "--to", to, "--all")
	if code != 0 || !strings.Contains(text, "mobile") || !strings.Contains(text, "moved") {
		t.Fatalf("exit code %d\n%s", code, text)
	}
	s.expect(1, 0)

	w.plan().mustSay(t, "Warning: Credential Moved", "was moved from the token store "+from, "nobody has to authorize", "No changes.")
	w.fails([]string{"was moved from the token store " + from, "destroy again"}, "destroy", "-no-color", "-auto-approve")
	s.expect(1, 0)

	w.env["OAUTH_TOKEN_STORE"] = to
	w.plan().mustSay(t, "Warning: Credential in Another Token Store", "store_id", "1 to change")
	s.expect(1, 0)
	w.apply().mustSay(t, "1 changed")
	w.expect(this, values{"status": "active", "store_location": to})
	s.expect(2, 0)

	if code, text := w.command("move", "--from", to, "--to", from, "--name", "mobile"); code != 0 {
		t.Fatalf("back: exit code %d\n%s", code, text)
	}
	w.env["OAUTH_TOKEN_STORE"] = from
	s.later(time.Hour, w)
	w.apply().mustSay(t, "1 changed")
	s.expect(3, 0)
	w.ok("destroy", "-no-color", "-auto-approve")
	s.expectCalls(calls{refreshes: 3, revocations: 1})
}

// The binary without a subcommand is the plugin; with one that it does not know, it says what there is.
func TestCommandLine(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	for _, tt := range []struct {
		args []string
		code int
		says []string
	}{
		{[]string{"--help"}, 0, []string{"move"}},
		{[]string{"move", "--help"}, 0, []string{"--from", "--to", "--all", "OAUTH_TOKEN_STORE_KEY"}},
		{[]string{"steal"}, 2, []string{"no such subcommand", "move"}},
		{[]string{"move"}, 2, []string{"--from"}},
		{[]string{"move", "--from", "file:///a", "--to", "file:///b"}, 2, []string{"--all"}},
		{nil, 1, []string{"This binary is a plugin"}},
	} {
		code, text := w.command(tt.args...)
		for _, want := range tt.says {
			if !strings.Contains(text, want) {
				t.Errorf("%q does not say %q:\n%s", tt.args, want, text)
			}
		}
		if code != tt.code {
			t.Errorf("%q: exit code %d, want %d\n%s", tt.args, code, tt.code, text)
		}
	}
}

var shipping sync.Mutex

// shippedBinary builds the binary that ships, once for all tests.
func shippedBinary(t testing.TB) string {
	t.Helper()
	path := filepath.Join(pluginDir(t), "shipped", "terraform-provider-oauth")
	shipping.Lock()
	defer shipping.Unlock()
	if _, err := os.Stat(path); err == nil {
		return path
	}
	cmd := exec.CommandContext(context.Background(), "go", "build", "-o", path, "../..")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return path
}
