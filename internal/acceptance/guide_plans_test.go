//go:build unix

package acceptance_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each screen that the guide to plans quotes is one of the golden files: its paragraphs stand in one section, in that order, line by line.
func TestReadingPlansGuide(t *testing.T) {
	t.Parallel()
	dir := filepath.Join("testdata", "screens")
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var screens []string
	for _, file := range files {
		for _, screen := range sectionsOf(readFile(t, filepath.Join(dir, file.Name()))) {
			screens = append(screens, screen)
		}
	}
	quotes := fenced(readFile(t, filepath.Join("..", "..", "templates", "guides", "reading-plans.md")), "text")
	if len(quotes) < 10 || len(screens) < 50 {
		t.Fatalf("%d quotes, %d screens", len(quotes), len(screens))
	}
	for _, quote := range quotes {
		shown := false
		for _, screen := range screens {
			shown = shown || quoted(screen, quote)
		}
		if !shown {
			t.Errorf("no golden file shows this screen of the guide:\n%s", quote)
		}
	}
}

// quoted tells whether a screen has the paragraphs of a quote, in order. A line that ends in … goes on in the screen.
func quoted(screen, quote string) bool {
	for paragraph := range strings.SplitSeq(quote, "\n\n") {
		paragraph, _ = strings.CutSuffix(paragraph, "…")
		_, rest, ok := strings.Cut(screen, paragraph)
		if !ok {
			return false
		}
		screen = rest
	}
	return true
}
