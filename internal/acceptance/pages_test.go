//go:build unix

package acceptance_test

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A fragment stands inside a sentence, and is no configuration by itself. What is longer than this is an example, and so a file.
const fragmentLines = 6

// Each configuration on a page of the documentation is a file below examples/, as it stands, which TestEveryExampleIsApplied applies.
// Fragments are at least read by the program's parser. No template holds anything longer.
func TestConfigurationsAreFiles(t *testing.T) {
	t.Parallel()
	var files []string
	for _, file := range configurations(t) {
		files = append(files, strings.TrimSpace(readFile(t, filepath.Join(exampleDir, file))))
	}
	w := newWorkspace(t)
	shown, fragments := 0, 0
	for page, block := range configurationsIn(t, "docs") {
		switch {
		case slices.Contains(files, block):
			shown++
		case strings.Count(block, "\n") < fragmentLines:
			fragments++
			writeFile(t, filepath.Join(w.dir, fmt.Sprintf("fragment%d.tf", fragments)), block+"\n")
		default:
			t.Errorf("%s shows what is no file below examples/:\n%s", page, block)
		}
	}
	if shown < 80 || fragments == 0 {
		t.Errorf("%d examples and %d fragments on all pages", shown, fragments)
	}
	w.ok("fmt", "-check", "-diff")
	for _, dir := range []string{"templates", filepath.Join("internal", "platform", "testdata")} {
		for page, block := range configurationsIn(t, dir) {
			if strings.Count(block, "\n") >= fragmentLines {
				t.Errorf("%s holds a configuration: write it to a file in examples/guides, and show that with tffile:\n%s", page, block)
			}
		}
	}
}

// configurationsIn yields the pages below a folder of the repository, each with every configuration that is written into it.
func configurationsIn(t *testing.T, dir string) func(yield func(page, block string) bool) {
	t.Helper()
	return func(yield func(page, block string) bool) {
		err := filepath.WalkDir(filepath.Join("..", "..", dir), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			text := readFile(t, path)
			for _, language := range []string{"terraform", "hcl", "tf"} {
				for _, block := range fenced(text, language) {
					if !yield(path, block) {
						return fs.SkipAll
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
