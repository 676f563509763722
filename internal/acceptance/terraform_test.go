//go:build unix

package acceptance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// patience bounds anything that waits for another process. It is no measure of speed.
const patience = 90 * time.Second

// terraformPath finds the CLI under test.
func terraformPath(t testing.TB) string {
	t.Helper()
	if p := os.Getenv("TF_ACC_TERRAFORM_PATH"); p != "" {
		return p
	}
	for _, name := range []string{"terraform", "tofu"} {
		if p, err := exec.LookPath(name); err == nil {
			return p
		}
	}
	t.Fatal("these tests need terraform or tofu on the PATH, or its path in TF_ACC_TERRAFORM_PATH: https://developer.hashicorp.com/terraform/install")
	return ""
}

var built struct {
	once sync.Once
	dir  string
	err  error
}

// pluginDir is a folder that holds this test binary under the name of the provider.
func pluginDir(t testing.TB) string {
	t.Helper()
	built.once.Do(func() {
		var self string
		if self, built.err = os.Executable(); built.err != nil {
			return
		}
		if built.dir, built.err = os.MkdirTemp("", "plugin"); built.err != nil {
			return
		}
		for _, name := range []string{"terraform-provider-oauth", consumerBinary, bareBinary} {
			built.err = errors.Join(built.err, os.Symlink(self, filepath.Join(built.dir, name)))
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.dir
}

func removeBuilt() {
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
	}
}

// workspace is a folder with a configuration, a state and an environment of its own.
type workspace struct {
	t      testing.TB
	tf     string
	pinned bool // it drives tf whatever its configuration uses
	dir    string
	store  string // the folder of the token store
	env    map[string]string

	patience time.Duration // how long a command may take; 0: the constant
}

// newWorkspace makes a workspace with a token store that is set explicitly, and the engine's timings that ship.
func newWorkspace(t testing.TB) *workspace {
	t.Helper()
	dir := t.TempDir()
	w := &workspace{t: t, tf: terraformPath(t), dir: filepath.Join(dir, "work"), store: filepath.Join(dir, "store"), env: map[string]string{}}
	for _, d := range []string{w.dir, filepath.Join(dir, "home")} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	w.env["HOME"] = filepath.Join(dir, "home")
	w.env["PATH"] = os.Getenv("PATH")
	w.env["TMPDIR"] = dir
	w.env["TF_CLI_CONFIG_FILE"] = filepath.Join(dir, "terraformrc")
	w.override(pluginDir(t), "oauth")
	w.env["TF_IN_AUTOMATION"] = "1"
	w.env["CHECKPOINT_DISABLE"] = "1"
	// What follows halves what a command costs. The processes live for a moment, so their garbage is theirs to the end, within bounds;
	// and the certificates that core and provider make for each other on a socket of this machine are no part of what is tested here.
	w.env["GOGC"], w.env["GOMEMLIMIT"] = "off", "512MiB"
	w.env[envNoTLS] = "1"
	w.env["OAUTH_TOKEN_STORE"] = "file://" + w.store
	w.env[envRescue] = filepath.Join(dir, "rescue")
	// The race detector lingers for a second at the end of every process, and only prints what it finds.
	w.env["GORACE"] = strings.TrimSpace(os.Getenv("GORACE") + " atexit_sleep_ms=0 halt_on_error=1")
	return w
}

// override makes terraform take these providers from a folder.
func (w *workspace) override(dir string, names ...string) {
	w.t.Helper()
	var all strings.Builder
	for _, name := range names {
		fmt.Fprintf(&all, "    \"seed-55355b43/%s\" = %q\n", name, dir)
	}
	writeFile(w.t, w.env["TF_CLI_CONFIG_FILE"], "provider_installation {\n  dev_overrides {\n"+all.String()+"  }\n  direct {}\n}\n")
}

// sibling is another configuration (another checkout, another runner) that shares the token store and clock.
func (w *workspace) sibling() *workspace {
	w.t.Helper()
	other := newWorkspace(w.t)
	other.tf, other.pinned, other.store = w.tf, w.pinned, w.store
	for k, v := range w.env {
		if k != "HOME" && k != "TMPDIR" && k != "TF_CLI_CONFIG_FILE" {
			other.env[k] = v
		}
	}
	return other
}

// timings sets the engine's timings of the processes to come.
func (w *workspace) timings(t credential.Timings) {
	text, err := json.Marshal(t)
	if err != nil {
		w.t.Fatal(err)
	}
	w.env[envTimings] = string(text)
}

// advance moves the wall clock of the provider processes, those that run included.
func (w *workspace) advance(d time.Duration) {
	w.t.Helper()
	path := w.env[envClock]
	if path == "" {
		path = filepath.Join(filepath.Dir(w.dir), "clock")
		w.env[envClock] = path
	}
	var offset int64
	if text, err := os.ReadFile(path); err == nil {
		if offset, err = strconv.ParseInt(string(text), 10, 64); err != nil {
			w.t.Fatal(err)
		}
	}
	writeFile(w.t, path+".new", strconv.FormatInt(offset+int64(d), 10))
	if err := os.Rename(path+".new", path); err != nil { // in one piece: processes that run read it
		w.t.Fatal(err)
	}
}

// write puts main.tf in place: the provider's declaration and the given configuration.
func (w *workspace) write(config string) {
	w.t.Helper()
	writeFile(w.t, filepath.Join(w.dir, "main.tf"), requiredProvider+config)
}

const requiredProvider = `terraform {
  required_providers {
    oauth = { source = "seed-55355b43/oauth" }
  }
}
`

func writeFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// result is how a command ended.
type result struct {
	args   []string
	code   int
	stdout string
	stderr string
}

// text is all that was printed, with the frames and line breaks of diagnostics taken out so that sentences can be found.
func (r result) text() string {
	lines := strings.FieldsFunc(r.stdout+"\n"+r.stderr, func(c rune) bool { return c == '\n' || c == '│' || c == '╷' || c == '╵' })
	return strings.Join(strings.Fields(strings.Join(lines, " ")), " ")
}

// terraform runs a command and returns how it ended.
func (w *workspace) terraform(args ...string) result {
	w.t.Helper()
	return w.start(args...).wait()
}

// ok runs a command that must succeed.
func (w *workspace) ok(args ...string) result {
	w.t.Helper()
	r := w.terraform(args...)
	if r.code != 0 {
		w.t.Fatalf("terraform %s exited with %d:\n%s\n%s", strings.Join(args, " "), r.code, r.stdout, r.stderr)
	}
	return r
}

// fails runs a command that must fail with all of the given texts.
func (w *workspace) fails(wants []string, args ...string) result {
	w.t.Helper()
	r := w.terraform(args...)
	if r.code == 0 {
		w.t.Fatalf("terraform %s succeeded:\n%s", strings.Join(args, " "), r.stdout)
	}
	r.mustSay(w.t, wants...)
	return r
}

func (r result) mustSay(t testing.TB, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(r.text(), want) {
			t.Errorf("terraform %s does not say %q:\n%s\n%s", strings.Join(r.args, " "), want, r.stdout, r.stderr)
		}
	}
}

func (r result) mustNotSay(t testing.TB, unwanted ...string) {
	t.Helper()
	for _, text := range unwanted {
		if strings.Contains(r.text(), text) {
			t.Errorf("terraform %s says %q:\n%s\n%s", strings.Join(r.args, " "), text, r.stdout, r.stderr)
		}
	}
}

func (w *workspace) plan(more ...string) result {
	w.t.Helper()
	return w.ok(append([]string{"plan", "-input=false", "-no-color"}, more...)...)
}

func (w *workspace) apply(more ...string) result {
	w.t.Helper()
	return w.ok(append([]string{"apply", "-input=false", "-no-color", "-auto-approve"}, more...)...)
}

// onScreen is what a command has printed so far.
type onScreen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (p *onScreen) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *onScreen) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// running is a command that goes on.
type running struct {
	w              *workspace
	args           []string
	cmd            *exec.Cmd
	stdout, stderr onScreen
	done           chan struct{}
}

// start starts a command as the leader of a process group of its own, with nothing to read.
func (w *workspace) start(args ...string) *running {
	w.t.Helper()
	w.choose()
	r := &running{w: w, args: args, done: make(chan struct{})}
	r.cmd = exec.CommandContext(context.Background(), w.tf, args...)
	r.cmd.Dir = w.dir
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	r.cmd.Stdout, r.cmd.Stderr = &r.stdout, &r.stderr
	r.cmd.WaitDelay = time.Second // a provider that outlives core keeps its standard error open
	for k, v := range w.env {
		r.cmd.Env = append(r.cmd.Env, k+"="+v)
	}
	if err := r.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = syscall.Kill(-r.cmd.Process.Pid, syscall.SIGKILL) })
	go func() {
		_ = r.cmd.Wait() // the exit code is in ProcessState
		close(r.done)
	}()
	return r
}

// says waits until the command has printed a text.
func (r *running) says(text string) {
	r.w.t.Helper()
	for deadline := time.Now().Add(patience); !strings.Contains(r.stdout.String(), text); {
		select {
		case <-r.done:
			r.w.t.Fatalf("it ended and did not say %q:\n%s\n%s", text, r.stdout.String(), r.stderr.String())
		case <-time.After(5 * time.Millisecond):
			if time.Now().After(deadline) {
				r.w.t.Fatalf("it does not say %q:\n%s\n%s", text, r.stdout.String(), r.stderr.String())
			}
		}
	}
}

// wait returns how the command ended.
func (r *running) wait() result {
	r.w.t.Helper()
	select {
	case <-r.done:
	case <-time.After(max(patience, r.w.patience)):
		_ = syscall.Kill(-r.cmd.Process.Pid, syscall.SIGKILL)
		<-r.done
		r.w.t.Fatalf("terraform %s did not end:\n%s\n%s", strings.Join(r.args, " "), r.stdout.String(), r.stderr.String())
	}
	return result{args: r.args, code: r.cmd.ProcessState.ExitCode(), stdout: r.stdout.String(), stderr: r.stderr.String()}
}

// signalGroup sends a signal to terraform and all that it started.
func (r *running) signalGroup(s syscall.Signal) {
	r.w.t.Helper()
	if err := syscall.Kill(-r.cmd.Process.Pid, s); err != nil {
		r.w.t.Fatal(err)
	}
}

// stop is where provider processes are to stop.
type stop struct {
	w     *workspace
	dir   string
	steps []string
}

// stopAt makes the next provider process that comes to one of the steps stop there, once at each.
func (w *workspace) stopAt(steps ...string) *stop {
	w.t.Helper()
	dir, err := os.MkdirTemp(filepath.Dir(w.dir), "step")
	if err != nil {
		w.t.Fatal(err)
	}
	w.env[envStep], w.env[envStepDir] = strings.Join(steps, ","), dir
	return &stop{w: w, dir: dir, steps: steps}
}

// noStop lets later commands run through.
func (w *workspace) noStop() { delete(w.env, envStep); delete(w.env, envStepDir) }

// reached waits until a provider process stands at the step, and returns its process id.
func (s *stop) reached(r *running, step string) int {
	s.w.t.Helper()
	return s.pid(r, "reached-"+step)
}

// claimer waits until a provider process has claimed, and returns its process id.
func (s *stop) claimer(r *running) int {
	s.w.t.Helper()
	return s.pid(r, "claimer")
}

func (s *stop) pid(r *running, name string) int {
	s.w.t.Helper()
	pid, err := strconv.Atoi(s.await(r, name))
	if err != nil {
		s.w.t.Fatal(err)
	}
	return pid
}

// cancelled waits until the call that stands at a step has been told to end.
func (s *stop) cancelled() {
	s.w.t.Helper()
	s.await(nil, "cancelled")
}

// await waits for a file of the provider process and returns what is in it. The end of r, if given, is too early.
func (s *stop) await(r *running, name string) string {
	s.w.t.Helper()
	var ended chan struct{}
	if r != nil {
		ended = r.done
	}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if text, err := os.ReadFile(filepath.Join(s.dir, name)); err == nil {
			return string(text)
		}
		select {
		case <-ended:
			s.w.t.Fatalf("terraform %s ended without coming to %s:\n%s\n%s", strings.Join(r.args, " "), name, r.stdout.String(), r.stderr.String())
		case <-time.After(5 * time.Millisecond):
		}
	}
	s.w.t.Fatalf("no provider process came to %s", name)
	return ""
}

// letGo lets the process at the step go on, with as much space on the disk as the workspace has by now.
func (s *stop) letGo(step string) {
	s.w.t.Helper()
	path := filepath.Join(s.dir, "go-"+step)
	writeFile(s.w.t, path+".new", s.w.env[envNoSpace])
	rename(s.w.t, path+".new", path) // in one piece
}

// waitGone waits until the process is dead.
func waitGone(t testing.TB, pid int) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) || isZombie(pid) {
			return
		}
	}
	t.Fatalf("process %d does not end", pid)
}

func isZombie(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	return strings.HasPrefix(rest, "Z")
}
