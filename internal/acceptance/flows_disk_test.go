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

// brokenDisk is a way in which a token store can be read and not be written. Every user can arrange each of them: there is
// none that needs a file system of its own.
type brokenDisk struct {
	spoil  func(w *workspace)
	mend   func(w *workspace)
	reason string // the system's words
}

// A store that cannot be written is found out before anything is spent: the server is not even asked.
func TestStoreNotWritable(t *testing.T) {
	t.Parallel()
	for name, disk := range brokenDisks() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, w := newServer(t, nil), newWorkspace(t)
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
	w.env[envNoSpace] = noSpace
	w.write(s.pair("first", s.issue().RefreshToken, strict, ""))
	w.fails([]string{"Unable to Create Token Pair", "file too large", "Nothing was sent."}, "apply", "-no-color", "-auto-approve")
	s.expectCalls(calls{})
	delete(w.env, envNoSpace)
	w.apply()
	s.expect(1, 0)
	w.expectLive(s, 2)
}

// The limits of the size of a file that a test can set. A record has more bytes than the second, and a rescue file less.
const (
	noSpace           = "0"
	noSpaceForRecords = "1200"
)

// limitFiles makes every write fail in this process that would make a file larger. It needs no privilege, unlike a full
// disk, and fails as that does: a part is written, and then nothing more.
func limitFiles(limit string) error {
	limits := map[string]syscall.Rlimit{noSpace: {Cur: 0, Max: 0}, noSpaceForRecords: {Cur: 1200, Max: 1200}}
	to, ok := limits[limit]
	if !ok {
		return fmt.Errorf("%q is no limit", limit)
	}
	signal.Ignore(syscall.SIGXFSZ)
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &to)
}

// brokenDisks stand for a full disk, for folders of somebody else, and for a file system that only reads: there not even a
// lock can be taken.
func brokenDisks() map[string]brokenDisk {
	allow := func(w *workspace) {
		chmodStore(w, 0o700, 0o600)
		w.tf = terraformPath(w.t)
	}
	return map[string]brokenDisk{
		"file size limit": {
			spoil:  func(w *workspace) { w.env[envNoSpace] = noSpace },
			mend:   func(w *workspace) { delete(w.env, envNoSpace) },
			reason: "file too large",
		},
		"folders without write permission": {
			spoil:  func(w *workspace) { obeyPermissions(w); chmodStore(w, 0o500, 0o600) },
			mend:   allow,
			reason: "permission denied",
		},
		"files and folders without write permission": {
			spoil:  func(w *workspace) { obeyPermissions(w); chmodStore(w, 0o500, 0o400) },
			mend:   allow,
			reason: "permission denied",
		},
	}
}

// obeyPermissions takes from root what it has beyond permissions.
func obeyPermissions(w *workspace) {
	w.t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	setpriv, err := exec.LookPath("setpriv")
	if err != nil {
		w.t.Fatal("setpriv is missing, which binds root to permissions; run as another user, or: apt-get install util-linux")
	}
	script := filepath.Join(filepath.Dir(w.dir), "terraform-without-override")
	writeFile(w.t, script, fmt.Sprintf("#!/bin/sh\nexec %q --bounding-set=-dac_override,-dac_read_search %q \"$@\"\n", setpriv, w.tf))
	if err := os.Chmod(script, 0o700); err != nil {
		w.t.Fatal(err)
	}
	w.tf = script
}

// chmodStore sets the modes of all that is in the store.
func chmodStore(w *workspace, folders, files fs.FileMode) {
	w.t.Helper()
	err := filepath.WalkDir(w.store, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chmod(path, map[bool]fs.FileMode{true: folders, false: files}[d.IsDir()])
	})
	if err != nil {
		w.t.Fatal(err)
	}
}
