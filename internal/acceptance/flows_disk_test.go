//go:build unix

package acceptance_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// brokenDisk is a way in which a token store can be read and not be written.
type brokenDisk struct {
	small  bool // the store lies on a small file system of its own
	spoil  func(w *workspace)
	mend   func(w *workspace)
	reason string // the system's words
}

// A store that cannot be written is found out before anything is spent: the server is not even asked.
func TestStoreNotWritable(t *testing.T) {
	t.Parallel()
	for name, disk := range brokenDisks(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, w := newServer(t, nil), newWorkspace(t)
			if disk.small {
				mountSmall(t, w.store)
			}
			w.write(s.pair("unwritable", s.issue().RefreshToken, strict, ""))
			w.apply()
			w.plan()
			disk.spoil(w)
			asked := s.Counters().TokenArrivals

			w.plan("-lock=false").mustSay(t, "No changes.") // nothing is due, nothing is to be written
			s.later(10*time.Minute-20*time.Second, w)       // due, and still alive
			w.plan("-lock=false").mustSay(t, "No changes.", "Warning: Token Pair Not Refreshed", "The current access token still works and is used.", disk.reason)
			s.later(time.Hour, w)
			r := w.fails([]string{"Error: Unable to Refresh Token Pair", "The token store file://" + w.store + ` could not be used for token pair "unwritable"`,
				disk.reason, "Nothing was sent. The stored credential was not used up and still works.", "with space left on its disk"},
				"plan", "-lock=false", "-input=false", "-no-color")
			r.mustNotSay(t, "goroutine")
			if got := s.Counters().TokenArrivals; got != asked || asked != 1 {
				t.Errorf("the server was asked %d times before the disk broke and %d times after; want 1 and 1", asked, got)
			}

			disk.mend(w)
			w.apply().mustSay(t, "No changes.")
			s.expect(2, 0)
			w.expectLive(s, 3)
		})
	}
}

// A first authorization on a disk that cannot be written spends nothing either.
func TestStoreNotWritableAtFirst(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.env[envNoSpace] = "1"
	w.write(s.pair("first", s.issue().RefreshToken, strict, ""))
	w.fails([]string{"Unable to Create Token Pair", "file too large", "Nothing was sent."}, "apply", "-no-color", "-auto-approve")
	s.expectCalls(calls{})
	delete(w.env, envNoSpace)
	w.apply()
	s.expect(1, 0)
	w.expectLive(s, 2)
}

// keepFilesFromGrowing makes every write to a file fail in this process. It needs no privilege, unlike a full disk.
func keepFilesFromGrowing() error {
	signal.Ignore(syscall.SIGXFSZ)
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 0, Max: 0})
}

// brokenDisks are the ways that this machine lets a test arrange. Two are there for every user everywhere.
func brokenDisks(t *testing.T) map[string]brokenDisk {
	t.Helper()
	disks := map[string]brokenDisk{
		"file size limit": {
			spoil:  func(w *workspace) { w.env[envNoSpace] = "1" },
			mend:   func(w *workspace) { delete(w.env, envNoSpace) },
			reason: "file too large",
		},
	}
	if os.Geteuid() != 0 || withoutOverride() != "" {
		disks["folder without write permission"] = brokenDisk{spoil: denyWriting, mend: allowWriting, reason: "permission denied"}
	}
	if mayMount(t) {
		disks["read-only file system"] = brokenDisk{
			small:  true,
			spoil:  func(w *workspace) { run(w.t, "mount", "-o", "remount,ro", w.store) },
			mend:   func(w *workspace) { run(w.t, "mount", "-o", "remount,rw", w.store) },
			reason: "read-only file system",
		}
		disks["full disk"] = brokenDisk{small: true, spoil: fillUp, mend: freeUp, reason: "no space left on device"}
	}
	return disks
}

// withoutOverride is the program that starts another without root's right to pass over permissions; "" if there is none.
func withoutOverride() string {
	path, err := exec.LookPath("setpriv")
	if err != nil {
		return ""
	}
	return path
}

// denyWriting takes the permission to write from the folders of the store, and from root what it has beyond permissions.
func denyWriting(w *workspace) {
	w.t.Helper()
	chmodDirs(w, 0o500)
	if os.Geteuid() != 0 {
		return
	}
	script := filepath.Join(filepath.Dir(w.dir), "terraform-without-override")
	text := fmt.Sprintf("#!/bin/sh\nexec %q --bounding-set=-dac_override,-dac_read_search %q \"$@\"\n", withoutOverride(), w.tf)
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		w.t.Fatal(err)
	}
	w.tf = script
}

func allowWriting(w *workspace) {
	w.t.Helper()
	chmodDirs(w, 0o700)
	w.tf = terraformPath(w.t)
}

func chmodDirs(w *workspace, mode fs.FileMode) {
	w.t.Helper()
	err := filepath.WalkDir(w.store, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		return os.Chmod(path, mode)
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// mayMount tells whether this user may mount a file system here.
func mayMount(t *testing.T) bool {
	t.Helper()
	dir := t.TempDir()
	if exec.Command("mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", dir).Run() != nil {
		return false
	}
	run(t, "umount", dir)
	return true
}

// mountSmall makes dir a file system of 256 KiB.
func mountSmall(t *testing.T, dir string) {
	t.Helper()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	run(t, "mount", "-t", "tmpfs", "-o", "size=256k,mode=0700", "tmpfs", dir)
	t.Cleanup(func() { run(t, "umount", dir) })
}

func run(t testing.TB, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}

func fillUp(w *workspace) {
	w.t.Helper()
	f, err := os.Create(filepath.Join(filepath.Clean(w.store), "filler"))
	if err != nil {
		w.t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
}

func freeUp(w *workspace) {
	w.t.Helper()
	if err := os.Remove(filepath.Join(w.store, "filler")); err != nil {
		w.t.Fatal(err)
	}
}
