//go:build unix

package acceptance_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
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

// stale applies two pairs, mobile and other, an hour ago, as their clock says: the access tokens are over by the clock of the
// machine.
func (w *workspace) stale(s *server) {
	w.t.Helper()
	w.advance(-time.Hour)
	w.write(s.pair("mobile", s.issue().RefreshToken, "", "") + strings.Replace(s.pair("other", s.issue().RefreshToken, "", ""), `"this"`, `"other"`, 1))
	w.apply()
	w.advance(time.Hour)
	s.expect(2, 0)
}

// Many scripts ask for the token of a pair that Terraform has made, at the same time: one refresh, and all have its token. What
// other programs read of it, they read in their own form.
func TestCommandToken(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.env["OAUTH_TOKEN_STORE_KEY"] = newKey(t)
	w.stale(s)

	answers := make([]asked, 12)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i] = w.shell("", "token", "--name", "mobile") })
	}
	all.Wait()
	s.expect(3, 0)
	token := strings.TrimSuffix(answers[0].out, "\n")
	if code := s.callWith("Bearer "+token, ""); code != 200 {
		t.Fatalf("the API answers %d to %q", code, token)
	}
	for _, a := range answers {
		if a != (asked{0, token + "\n", ""}) {
			t.Errorf("%+v", a)
		}
	}

	header := w.shell("", "token", "--name", "mobile", "--format", "header")
	if header != (asked{0, "Authorization: Bearer " + token + "\n", ""}) {
		t.Errorf("%+v", header)
	}
	w.env["KUBERNETES_EXEC_INFO"] = `{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","spec":{"interactive":false}}`
	var exec struct {
		APIVersion, Kind string
		Status           struct {
			Token               string
			ExpirationTimestamp time.Time
		}
	}
	decode(t, w.shell("", "token", "--name", "mobile", "--format", "exec-credential").out, &exec)
	left := time.Until(exec.Status.ExpirationTimestamp)
	if exec.Kind != "ExecCredential" || exec.APIVersion != "client.authentication.k8s.io/v1beta1" || exec.Status.Token != token || left < 0 || left > 10*time.Minute {
		t.Errorf("%+v", exec)
	}
	delete(w.env, "KUBERNETES_EXEC_INFO")
	w.gitByToken(token)

	var status struct {
		Credentials []struct {
			Name, Status, Needs string
			Generation          int
		}
	}
	a := w.shell("", "status", "--json", "--check")
	decode(t, a.out, &status)
	if c := status.Credentials; a.code != 0 || len(c) != 2 || c[0].Name != "mobile" || c[0].Status != "active" || c[0].Needs != "nothing" || c[0].Generation != 3 {
		t.Errorf("%+v", a)
	}
	s.revoke()
	for _, tt := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"token", "--name", "other"}, 3, "error: credential other no longer works: the authorization server has refused it."},
		{[]string{"token", "--name", "nobody"}, 3, "holds no credential nobody"},
		{[]string{"status", "--check"}, 3, "other: it is dead, since "},
		{[]string{"status"}, 0, "authorization_required"},
	} {
		if a := w.shell("", tt.args...); a.code != tt.code || !strings.Contains(a.out+a.err, tt.says) || strings.Contains(a.out+a.err, token) {
			t.Errorf("%v: %+v", tt.args, a)
		}
	}
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
}

// gitByToken has the real git read a repository behind the token, and one at a host that the token is not for.
func (w *workspace) gitByToken(token string) {
	w.t.Helper()
	dir := w.t.TempDir()
	git := func(args ...string) (string, error) {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		cmd := exec.CommandContext(ctx, "git", args...)
		for k, v := range w.env {
			cmd.Env = append(cmd.Env, k+"="+v)
		}
		cmd.Env = append(cmd.Env, "HOME="+dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=true", "PATH="+os.Getenv("PATH"),
			"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
		text, err := cmd.CombinedOutput()
		return string(text), err
	}
	repo := filepath.Join(dir, "repo")
	for _, args := range [][]string{
		{"init", "-q", repo}, {"-C", repo, "commit", "-q", "--allow-empty", "-m", "first"}, {"-C", repo, "update-server-info"},
	} {
		if text, err := git(args...); err != nil {
			w.t.Fatalf("git %v: %v\n%s", args, err, text)
		}
	}
	served, offered := 0, 0
	files := http.FileServer(http.Dir(repo))
	serve := func(count *int) *httptest.Server {
		server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			user, password, sent := r.BasicAuth()
			if sent {
				*count++
			}
			if user != "oauth2" || password != token {
				rw.Header().Set("WWW-Authenticate", `Basic realm="git"`)
				rw.WriteHeader(http.StatusUnauthorized)
				return
			}
			files.ServeHTTP(rw, r)
		}))
		w.t.Cleanup(server.Close)
		return server
	}
	ours, foreign := serve(&served), serve(&offered)
	helper := fmt.Sprintf("credential.helper=!%s token --name mobile --format git-credential --host %s", shippedBinary(w.t), strings.TrimPrefix(ours.URL, "http://"))
	if text, err := git("-c", helper, "ls-remote", ours.URL+"/.git"); err != nil || !strings.Contains(text, "refs/heads/") || served == 0 {
		w.t.Errorf("%v, %d requests with a token\n%s", err, served, text)
	}
	if text, err := git("-c", helper, "ls-remote", foreign.URL+"/.git"); err == nil || strings.Contains(text, token) {
		w.t.Errorf("%v\n%s", err, text)
	}
	if offered > 1 { // git itself tries once, with what GIT_ASKPASS says: nothing
		w.t.Errorf("%d requests with a password to the other host", offered)
	}
}

// Signals and closed pipes lose nothing: what a refresh brought is stored before the process ends, and the next one has it.
func TestCommandTokenStopped(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.stale(s)
	s.fault(sandbox.Fault{Action: sandbox.ActionHold, When: sandbox.After, GrantType: "refresh_token"})
	cmd := exec.CommandContext(t.Context(), shippedBinary(t), "token", "--name", "mobile")
	for k, v := range w.env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.waitHeld(1)
	for _, signal := range []os.Signal{syscall.SIGHUP, os.Interrupt, syscall.SIGTERM} {
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
	}
	line, err := bufio.NewReader(stderr).ReadString('\n') // the second signal has come, and is told why it has to wait
	if err != nil || line != "A refresh token may have been sent. Waiting for the reply, or its successor would be lost.\n" {
		t.Errorf("%q, %v", line, err)
	}
	s.Release()
	_ = cmd.Wait() // with the token, or without it: either was too late
	if code := cmd.ProcessState.ExitCode(); code != 0 && code != 1 {
		t.Errorf("exit code %d", code)
	}
	s.expect(3, 0)
	if a := w.shell("", "token", "--name", "mobile"); a.code != 0 || s.callWith("Bearer "+strings.TrimSuffix(a.out, "\n"), "") != 200 {
		t.Errorf("%+v", a)
	}
	s.expect(3, 0)

	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	reader.Close()
	cmd = exec.CommandContext(t.Context(), shippedBinary(t), "token", "--name", "other")
	for k, v := range w.env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	var told bytes.Buffer
	cmd.Stdout, cmd.Stderr = writer, &told
	err = cmd.Run()
	writer.Close()
	if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(told.String(), "could not be written to standard output") || !strings.Contains(told.String(), "The credential is stored, and still works.") {
		t.Errorf("%v\n%s", err, &told)
	}
	s.expect(4, 0)
	if a := w.shell("", "token", "--name", "other"); a.code != 0 || s.callWith("Bearer "+strings.TrimSuffix(a.out, "\n"), "") != 200 {
		t.Errorf("%+v", a)
	}
	s.expect(4, 0)
}
