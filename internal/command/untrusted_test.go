package command

import (
	"context"
	"errors"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/wiring"
)

// TestEmptyOption: an option that is given and empty comes of a variable that is not set; the default store is not what was meant.
func TestEmptyOption(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"status", "--store", ""}, {"status", "--store="}, {"status", "--key-file", ""}, {"token", "--name", "x", "--store", ""},
		{"token", "--name", "x", "--ca-certificate-file", ""}, {"move", "--from", "", "--to", "file:///b", "--all"}, {"move", "--from", "file:///a", "--to", "", "--all"},
	} {
		n := newBench(t)
		n.pair(n.a, "x")
		n.env[wiring.StoreVariable], n.env["OAUTH_MOVE_FROM"], n.env["OAUTH_MOVE_TO"] = n.a, n.a, n.b
		if code := n.run(t.Context(), args...); code != 2 || n.out.Len() > 0 || !strings.Contains(n.err.String(), "is given, and empty\nNothing was done.") {
			t.Errorf("%q: code %d\n%s%s", args, code, &n.out, &n.err)
		}
	}
}

// TestKeyInPlaceOfItsFile: the key is not quoted.
func TestKeyInPlaceOfItsFile(t *testing.T) {
	t.Parallel()
	n := newBench(t)
	if code := n.run(t.Context(), "status", "--store", n.a, "--key-file", n.key); code != 2 || !strings.Contains(n.err.String(), "the key file cannot be read: no such file") {
		t.Errorf("code %d\n%s", code, &n.err)
	}
}

// TestExecInfoBeforeAnythingIsSent: what a Kubernetes client says wrong is told before a refresh.
func TestExecInfoBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	n, as := newBench(t), newSandbox(t)
	as.pair(n, "exact")
	n.env[wiring.StoreVariable] = n.a
	for _, info := range []string{"hunter2", "{}", `{"apiVersion":"client.authentication.k8s.io/v1alpha1","kind":"ExecCredential"}`} {
		n.env["KUBERNETES_EXEC_INFO"] = info
		if code := n.run(t.Context(), "token", "--name", "exact", "--format", "exec-credential"); code != 2 || n.out.Len() > 0 || !strings.Contains(n.err.String(), "KUBERNETES_EXEC_INFO ") {
			t.Errorf("%s: code %d\n%s%s", info, code, &n.out, &n.err)
		}
	}
	as.expect(0)
}

// TestStoppedBeforeGitSpeaks: one signal is enough while git says nothing.
func TestStoppedBeforeGitSpeaks(t *testing.T) {
	t.Parallel()
	silent, quiet := io.Pipe()
	defer func() { _ = quiet.Close() }()
	n := newBench(t)
	n.typing = silent
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if code := n.run(ctx, "token", "--name", "x", "--format", "git-credential", "--host", "h", "get"); code != 1 || n.out.Len() > 0 || !strings.Contains(n.err.String(), "stopped before git had said what it wants") {
		t.Errorf("code %d\n%s", code, &n.err)
	}
}

// TestHelpOfSubcommands is given in every way that people try.
func TestHelpOfSubcommands(t *testing.T) {
	t.Parallel()
	for _, c := range subcommands() {
		for _, args := range [][]string{{c.name, "--help"}, {c.name, "-h"}, {c.name, "help"}, {"help", c.name}} {
			n := newBench(t)
			if code := n.run(t.Context(), args...); code != 0 || !strings.Contains(n.out.String(), "terraform-provider-oauth "+c.name+" ") || n.err.Len() > 0 {
				t.Errorf("%q: code %d\n%s", args, code, &n.err)
			}
		}
	}
}

// TestMoveToNobody: the moves are done, and that nobody could read the outcome is told.
func TestMoveToNobody(t *testing.T) {
	t.Parallel()
	for _, more := range []string{"--json", "--json=false"} {
		n := newBench(t)
		n.pair(n.a, "exact")
		n.sink = closedPipe{}
		if code := n.run(t.Context(), "move", "--from", n.a, "--to", n.b, "--all", more); code != 1 || !strings.Contains(n.err.String(), "error: the output could not be written: the pipe is closed\nWhat was moved stays moved.") {
			t.Errorf("%s: code %d\n%s", more, code, &n.err)
		}
		if !n.has(n.b, "exact") {
			t.Error("not moved")
		}
	}
}

// TestNamesThatOthersChose: who can write to a store, but has no key, cannot send anything to the terminal of who looks into it.
func TestNamesThatOthersChose(t *testing.T) {
	t.Parallel()
	const name = "evil\x1b[2Jname\u202e"
	r := &statusReport{At: noon, Credentials: []credentialStatus{{Name: name, Status: statusUnreadable, Error: name}},
		Registrations: []registrationStatus{{Name: name, Status: name, server: name}}, absent: []string{name}}
	var out strings.Builder
	if err := r.printTables(&out); err != nil || strings.ContainsAny(out.String(), "\x1b\u202e") || !strings.Contains(out.String(), `evil\u001b[2Jname\u202e`) {
		t.Errorf("%v\n%q", err, &out)
	}
	n := newBench(t)
	m := &moveReport{deps: n.deps(), lines: []moveLine{{Kind: "credential", Name: name, Notes: []string{name}, Error: name}, {Name: name, Outcome: string(credential.OutcomeDifferent)}}}
	for _, m.options.json = range []bool{false, true} {
		if m.print(); strings.ContainsAny(n.out.String()+n.err.String(), "\x1b\u202e") {
			t.Errorf("%q", n.out.String()+n.err.String())
		}
	}
}

// TestPutOffWords: a warning beside a token that still works says when a person is needed, and speaks no language of the engine.
func TestPutOffWords(t *testing.T) {
	t.Parallel()
	w := words{name: "exact", location: "file:///a"}
	dead := &credential.Error{Kind: credential.KindAuthorize, Reason: credential.ReasonNotAuthorized, Record: credential.Record{Generation: 2},
		Verdict: oauth.Verdict{Class: oauth.Reauthorize, Status: 400, Code: "invalid_grant", Description: "gone"}}
	for _, tt := range []struct {
		err  error
		want string
	}{
		{dead, "credential exact could not be refreshed: the server says invalid_grant: gone (HTTP 400). The access token still works, and is the last one: a person must authorize again. " +
			"Run terraform-provider-oauth authorize --name exact, or apply its configuration."},
		{&credential.Error{Kind: credential.KindStore, Err: os.ErrPermission}, "credential exact could not be refreshed: permission denied. The access token still works."},
		{errors.Join(errors.New("no space"), errors.New("no folder")), "credential exact could not be refreshed: no space; no folder. The access token still works."},
		{nil, "credential exact could not be refreshed. The access token still works."},
	} {
		if got := w.notice(credential.Notice{Code: credential.NoticeFailed, Err: tt.err}); sentence(got) != tt.want {
			t.Errorf("%v: %s", tt.err, got)
		}
	}
}

// TestSeveralErrorsStandOnOneLine: whichever subcommand tells them, an error that holds several is one line, without an escaped line break.
func TestSeveralErrorsStandOnOneLine(t *testing.T) {
	t.Parallel()
	n := newBench(t)
	d := n.deps()
	d.warn(words{}.notice(credential.Notice{Code: credential.NoticeNoRescue, Err: errors.Join(errors.New("no space"), errors.New("no folder"))}))
	d.warn("") // nothing to tell
	d.fail("the first\nand the second", "Run it again.")
	want := "warning: no rescue file could be written: no space; no folder. The refresh itself went well.\nerror: the first; and the second\nRun it again.\n"
	if got := n.err.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestLastToken: each time that the last access token of a dead credential is printed, that is told.
func TestLastToken(t *testing.T) {
	t.Parallel()
	n, as := newBench(t), newSandbox(t)
	as.pair(n, "exact")
	n.env[wiring.StoreVariable] = n.a
	if code := n.run(t.Context(), "token", "--name", "exact"); code != 0 || n.err.Len() > 0 {
		t.Fatalf("code %d\n%s", code, &n.err)
	}
	if _, err := as.AddFault(sandbox.Fault{Action: sandbox.ActionStatus, When: sandbox.Before, Status: 400, ContentType: "application/json", Body: `{"error":"invalid_grant"}`}); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"--min-validity", "20m"}, nil, nil} {
		code := n.run(t.Context(), append([]string{"token", "--name", "exact"}, args...)...)
		if code != 0 || n.out.Len() == 0 || strings.Count(n.err.String(), "is the last one: a person must authorize again. Run terraform-provider-oauth authorize --name exact, or apply") != 1 {
			t.Errorf("%v: code %d\n%s", args, code, &n.err)
		}
	}
}

// TestDamagedFile: a record that cannot be read is not said to work.
func TestDamagedFile(t *testing.T) {
	t.Parallel()
	n := newBench(t)
	n.pair(n.a, "exact")
	u, err := url.Parse(n.a)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(filepath.FromSlash(u.Path), "pair", "exact"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	code := n.run(t.Context(), "token", "--store", n.a, "--name", "exact")
	if lines := strings.Split(n.err.String(), "\n"); code != 3 || !slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, "A record that is damaged must be put right") }) || strings.Contains(n.err.String(), "still works") {
		t.Errorf("code %d\n%s", code, &n.err)
	}
}
