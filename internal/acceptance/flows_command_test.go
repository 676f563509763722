//go:build unix

package acceptance_test

import (
	"bytes"
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// asked is what a program on the command line has answered.
type asked struct {
	code     int
	out, err string
}

// shell runs the binary that ships with standard input, and keeps its streams apart.
func (w *workspace) shell(input string, args ...string) asked {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, shippedBinary(w.t), args...)
	for k, v := range w.env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	var out, err bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &out, &err
	if failed := cmd.Run(); failed != nil && cmd.ProcessState == nil {
		w.t.Fatal(failed)
	}
	return asked{cmd.ProcessState.ExitCode(), out.String(), err.String()}
}

// stale applies a pair an hour ago, as its clock says: the access token is over by the clock of the machine.
func (w *workspace) stale(s *server, config string) {
	w.t.Helper()
	w.advance(-time.Hour)
	w.write(config)
	w.apply()
	w.advance(time.Hour)
	s.expect(1, 0)
}

func TestCommandTokenAndStatus(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.env["OAUTH_TOKEN_STORE_KEY"] = newKey(t)
	w.stale(s, s.pair("mobile", s.issue().RefreshToken, "", ""))
	for _, args := range [][]string{{"status"}, {"status", "--name", "mobile"}, {"status", "--json"}, {"token", "--name", "mobile"}, {"token", "--name", "mobile", "--format", "json"},{"status"}, {"status", "--name", "mobile"}} {
		a := w.shell("", args...)
		t.Logf("%v: %d\n%s\n--\n%s", args, a.code, a.out, a.err)
	}
}
