package acceptance_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A process that breaks down leaves nothing on the disk, prints no secret, and nobody else of its user can look into it while it
// runs: the binary that ships, with all limits lifted, as its core dump, its last words and its environment. The browser that it
// starts gets to see no secret, and its files are its user's alone whatever the umask says.
func TestMemoryStaysPrivate(t *testing.T) {
	t.Parallel()
	s, w := newLoginServer(t, nil), newWorkspace(t)
	d := w.desktop()
	key := newKey(t)
	const input = "the value of an input variable"
	for name, value := range map[string]string{
		"OAUTH_CLIENT_SECRET": clientSecret, "OAUTH_TOKEN_STORE_KEY": key, "TF_VAR_secret": input, "TF_TOKEN_registry_example_com": input,
		"TF_ENCRYPTION": input, "PGPASSWORD": input, "GOTRACEBACK": "crash",
	} {
		w.env[name] = value
	}
	shipped := shippedBinary(t)
	w.tf = "/usr/bin/env"
	unlimited := []string{"sh", "-c", `ulimit -c unlimited; umask 0; exec "$@"`, "sh"}
	if os.Geteuid() == 0 { // root without capabilities is like any user
		unlimited = append([]string{"setpriv", "--bounding-set=-all", "--inh-caps=-all"}, unlimited...)
	}

	// What the machine does with a process that hides nothing.
	control := w.start(append(unlimited, "sleep", "60")...)
	t.Cleanup(func() { removeCores(t, w.dir) })
	text, err := environmentOf(control.cmd.Process.Pid)
	for deadline := time.Now().Add(patience); !bytes.Contains(text, []byte(key)) && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond) // it has not given up what it may do yet
		text, err = environmentOf(control.cmd.Process.Pid)
	}
	if !bytes.Contains(text, []byte(key)) {
		t.Fatalf("the search is blind: it does not find the key in the environment of a process that hides nothing (%v)", err)
	}

	run := w.start(append(unlimited, shipped, "authorize", "--name", "laptop", "--client-id", clientID, "--authorization-endpoint", s.base+"/authorize",
		"--token-endpoint", s.base+"/token", "--revocation-endpoint", s.base+"/revoke", "--scope", "read")...)
	d.address(run)
	if text, err := environmentOf(run.cmd.Process.Pid); err == nil {
		t.Errorf("another process of the user reads its environment: %q", text)
	}
	limits := readFile(t, fmt.Sprintf("/proc/%d/limits", run.cmd.Process.Pid))
	if !strings.Contains(strings.Join(strings.Fields(limits), " "), "Max core file size 0 ") {
		t.Errorf("it may dump its core:\n%s", limits)
	}
	control.signal(syscall.SIGABRT)
	run.signal(syscall.SIGABRT)
	control.wait()
	broken := run.wait()
	if status := run.cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGABRT || status.CoreDump() {
		t.Errorf("it ended with %v", status)
	}
	if !control.cmd.ProcessState.Sys().(syscall.WaitStatus).CoreDump() {
		t.Log("this machine dumps no core of anything: its limits and what /proc shows are all that was tested here")
	}
	removeCores(t, w.dir)

	secrets := []needle{{"client secret", clientSecret}, {"store key", key}, {"input variable", input}}
	look := newSearcher(t, secrets)
	words := []byte(broken.stdout + broken.stderr)
	if !bytes.Contains(words, []byte("goroutine 1 ")) {
		t.Errorf("it has not said where it stood:\n%s", words)
	}
	browser := readFile(t, d.opened+".env")
	if !strings.Contains(browser, "DISPLAY=:0") {
		t.Errorf("this is no environment of a browser: %s", browser)
	}
	report(t, look.search(t, artefact{"output", "its last words", words}, artefact{"file", "the browser's environment", []byte(browser)}))
	err = filepath.WalkDir(w.store, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// environmentOf reads the environment of a process as another process of its user does.
func environmentOf(pid int) ([]byte, error) {
	line := []string{"cat", fmt.Sprintf("/proc/%d/environ", pid)}
	if os.Geteuid() == 0 {
		line = append([]string{"setpriv", "--bounding-set=-all", "--inh-caps=-all"}, line...)
	}
	return exec.Command(line[0], line[1:]...).Output()
}

// removeCores takes away what a process that hides nothing has left: its environment is in it.
func removeCores(t *testing.T, dir string) {
	t.Helper()
	cores, err := filepath.Glob(filepath.Join(dir, "core*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, core := range cores {
		if err := os.Remove(core); err != nil {
			t.Error(err)
		}
	}
}
