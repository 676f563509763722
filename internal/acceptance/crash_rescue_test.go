//go:build unix

package acceptance_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// lostDisk is a way to take the token store away from a process that runs, and to give it back.
type lostDisk struct {
	prepare     func(*workspace)
	spoil, mend func(*workspace)
	reason      string
}

// lostDisks are ways that every user can go. On the full one there is room for a rescue file, and none for a record.
func lostDisks() map[string]lostDisk {
	return map[string]lostDisk{
		"folder replaced": {
			spoil: func(w *workspace) {
				rename(w.t, filepath.Join(w.store, "pair"), filepath.Join(w.store, "away"))
				writeFile(w.t, filepath.Join(w.store, "pair"), "")
			},
			mend: func(w *workspace) {
				if err := os.Remove(filepath.Join(w.store, "pair")); err != nil {
					w.t.Fatal(err)
				}
				rename(w.t, filepath.Join(w.store, "away"), filepath.Join(w.store, "pair"))
			},
			reason: "is not a directory",
		},
		"folder moved away": {
			spoil:  func(w *workspace) { rename(w.t, w.store, w.store+".away") },
			mend:   func(w *workspace) { rename(w.t, w.store+".away", w.store) },
			reason: "this is not the store that was there before",
		},
		"folders without write permission": {
			prepare: obeyPermissions,
			spoil:   func(w *workspace) { chmodStore(w, 0o500, 0o600) },
			mend:    func(w *workspace) { chmodStore(w, 0o700, 0o600) },
			reason:  "permission denied",
		},
		"file size limit": {
			spoil:  func(w *workspace) { w.env[envNoSpace] = noSpaceForRecords },
			mend:   func(w *workspace) { delete(w.env, envNoSpace) },
			reason: "file too large",
		},
	}
}

func rename(t testing.TB, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// The store goes away when the whole reply is in the provider's hands. The command ends well, with a warning, and the
// reply lies in a rescue file. When the store is back the next run puts it there, whether the result of the first was
// kept or thrown away.
func TestRescue(t *testing.T) {
	t.Parallel()
	for name, disk := range lostDisks() {
		commands := []string{"apply"}
		if name == "folder replaced" { // how the disk was lost is nothing to a plan that it is not to an apply
			commands = append(commands, "plan")
		}
		for _, command := range commands {
			t.Run(name+", "+command, func(t *testing.T) {
				t.Parallel()
				rescue(t, disk, command)
			})
		}
	}
}

func rescue(t *testing.T, disk lostDisk, command string) {
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.pair("rescued", s.issue().RefreshToken, strict, ""))
	w.apply()
	w.plan()
	s.later(time.Hour, w)
	if disk.prepare != nil {
		disk.prepare(w)
	}
	timings := credential.DefaultTimings()
	timings.CommitRetry = time.Second
	w.timings(timings)

	st := w.stopAt("reply")
	args := []string{command, "-input=false", "-no-color"}
	if command == "apply" {
		args = append(args, "-auto-approve")
	}
	r := w.start(args...)
	st.reached(r, "reply")
	disk.spoil(w)
	st.letGo("reply")
	w.noStop()
	done := r.wait()
	if done.code != 0 {
		t.Fatalf("%s exited with %d:\n%s\n%s", command, done.code, done.stdout, done.stderr)
	}
	path := rescueFile(t, w)
	done.mustSay(t, "New Refresh Token Not in the Token Store", disk.reason, path, "Do not delete that file.")
	s.expect(2, 0)
	if command == "apply" {
		w.expectLive(s, 3)
	}

	// As long as the store is away, nothing more is spent.
	w.terraform("plan", "-input=false", "-no-color")
	s.expect(2, 0)

	disk.mend(w)
	w.plan().mustSay(t, "Refresh Token Recovered", path)
	s.expect(2, 0)
	if left := rescueFiles(t, w); len(left) != 0 {
		t.Errorf("rescue files are left: %q", left)
	}
	w.apply().mustNotSay(t, "Refresh Token Recovered")
	w.expectLive(s, 3)
	s.later(time.Hour, w)
	w.apply()
	s.expect(3, 0)
	w.expectLive(s, 4)
}

func rescueFiles(t testing.TB, w *workspace) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(w.env[envRescue], "*"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// rescueFile returns the one rescue file, which nobody else can read.
func rescueFile(t testing.TB, w *workspace) string {
	t.Helper()
	files := rescueFiles(t, w)
	if len(files) != 1 || !strings.HasSuffix(files[0], ".rescue") {
		t.Fatalf("the rescue folder holds %q, want one rescue file", files)
	}
	for path, want := range map[string]fs.FileMode{files[0]: 0o600, w.env[envRescue]: 0o700} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %o, want %o", path, info.Mode().Perm(), want)
		}
	}
	return files[0]
}
