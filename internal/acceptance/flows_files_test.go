//go:build unix

package acceptance_test

import (
	"archive/zip"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func (w *workspace) statePath() string { return filepath.Join(w.dir, "terraform.tfstate") }

// stateText is the state as it lies on disk, private state included.
func (w *workspace) stateText() string { return readFile(w.t, w.statePath()) }

// pushState puts an old copy of the state back.
func (w *workspace) pushState(text string) {
	w.t.Helper()
	path := filepath.Join(w.dir, "old.tfstate")
	writeFile(w.t, path, text)
	w.ok("state", "push", "-force", path)
}

// loseState removes the state.
func (w *workspace) loseState() {
	w.t.Helper()
	if err := os.Remove(w.statePath()); err != nil {
		w.t.Fatal(err)
	}
}

func readFile(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// moveStore makes the workspace use another token store.
func (w *workspace) moveStore(dir string) {
	w.store = dir
	w.env["OAUTH_TOKEN_STORE"] = "file://" + dir
}

// copyStore copies the token store, as a backup does.
func (w *workspace) copyStore(to string) {
	w.t.Helper()
	copyTree(w.t, w.store, to)
}

// restoreStore puts a copy in the place of the token store.
func (w *workspace) restoreStore(from string) {
	w.t.Helper()
	w.loseStore()
	copyTree(w.t, from, w.store)
}

func (w *workspace) loseStore() {
	w.t.Helper()
	if err := os.RemoveAll(w.store); err != nil {
		w.t.Fatal(err)
	}
}

func copyTree(t testing.TB, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.Mkdir(filepath.Join(to, rel), 0o700)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), text, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// findIn returns the files below dir that hold the text, as it is or inside of a saved plan.
func findIn(t testing.TB, dir, text string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		if strings.Contains(readFile(t, path)+unzipped(t, path), text) {
			found = append(found, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// unzipped is what lies in a saved plan besides the configuration; nothing for other files.
func unzipped(t testing.TB, path string) string {
	t.Helper()
	archive, err := zip.OpenReader(path)
	if err != nil {
		return ""
	}
	defer archive.Close()
	var all strings.Builder
	for _, f := range archive.File {
		if strings.HasPrefix(f.Name, "tfconfig/") {
			continue
		}
		r, err := f.Open()
		if err == nil {
			_, err = io.Copy(&all, r)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

// expectIn checks that a file below dir holds the text, or that none does.
func expectIn(t testing.TB, dir, what, text string, want bool) {
	t.Helper()
	if text == "" {
		t.Fatalf("there is no %s to look for", what)
	}
	if found := findIn(t, dir, text); (len(found) > 0) != want {
		t.Errorf("%s below %s: found in %v, want found: %t", what, dir, found, want)
	}
}

// replace changes main.tf, as a person with an editor does.
func (w *workspace) replace(old, with string) {
	w.t.Helper()
	path := filepath.Join(w.dir, "main.tf")
	text := readFile(w.t, path)
	if strings.Count(text, old) != 1 {
		w.t.Fatalf("main.tf holds %q %d times, want once", old, strings.Count(text, old))
	}
	writeFile(w.t, path, strings.Replace(text, old, with, 1))
}

// expectSecretAbsent checks that neither the state nor a plan below the workspace holds the secret.
func expectSecretAbsent(t testing.TB, w *workspace, what, secret string) {
	t.Helper()
	for _, path := range findIn(t, w.dir, secret) {
		if filepath.Base(path) != "main.tf" {
			t.Errorf("the %s is in %s", what, path)
		}
	}
}
