//go:build unix

package acceptance_test

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// filesBelow are the files of a folder of the repository, by their path in it.
func filesBelow(t *testing.T, dir string) []string {
	t.Helper()
	root := filepath.Join(docsRoot, dir)
	var all []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		rel, err := filepath.Rel(root, path)
		all = append(all, filepath.ToSlash(rel))
		return err
	})
	if err != nil || len(all) == 0 {
		t.Fatalf("%s: %v", dir, err)
	}
	return all
}

// An example that no page shows is not found by anybody. What is meant to be used as a whole is linked from a page instead, as a folder.
func TestExamplesAreShown(t *testing.T) {
	t.Parallel()
	var pages strings.Builder
	for _, path := range documents(t) {
		pages.WriteString(readFile(t, path))
	}
	text := pages.String()
	folded := func(s string) string { // a page may indent an example in a list
		var lines []string
		for line := range strings.Lines(s) {
			lines = append(lines, strings.TrimSpace(line))
		}
		return strings.Join(lines, "\n")
	}
	shown := folded(text)
	for _, path := range filesBelow(t, "examples") {
		name := filepath.Base(path)
		if name == "README.md" || strings.HasPrefix(name, ".") {
			continue
		}
		linked := false
		for dir := filepath.ToSlash(filepath.Dir(path)); dir != "." && !linked; dir = filepath.ToSlash(filepath.Dir(dir)) {
			linked = strings.Contains(text, "examples/"+dir+")") || strings.Contains(text, "examples/"+dir+"#")
		}
		if !linked && !strings.Contains(shown, folded(strings.TrimSpace(readFile(t, filepath.Join(docsRoot, "examples", path))))) {
			t.Errorf("no page shows examples/%s, or links to its folder: run make generate; what it does not show by itself, a template shows with tffile", path)
		}
	}
}
