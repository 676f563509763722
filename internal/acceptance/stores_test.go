//go:build unix

package acceptance_test

import (
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Tests drive the stores that ship, and whoever reads of stores reads of each.
func TestStoresOfMain(t *testing.T) {
	t.Parallel()
	const schema, opening, move = "internal/provider/provider.go", "internal/command/opening.go", "internal/command/move.go"
	text := func(file string) string { return readFile(t, filepath.Join("..", "..", filepath.FromSlash(file))) }
	_, wired, _ := strings.Cut(text("main.go"), "func stores()")
	var schemes []string
	for _, found := range regexp.MustCompile(`"([a-z]+)": `).FindAllStringSubmatch(wired, -1) {
		schemes = append(schemes, found[1])
	}
	slices.Sort(schemes)
	if tested := slices.Sorted(maps.Keys(stores(newSteps("", "")))); len(schemes) < 3 || !slices.Equal(schemes, tested) {
		t.Errorf("main.go has stores of the schemes %q, and stores in main_test.go has %q: a test reaches what stands there alone", schemes, tested)
	}
	for _, scheme := range schemes {
		if scheme == "postgresql" { // the same as postgres
			continue
		}
		for _, file := range []string{schema, opening, move, "templates/guides/shared-token-store.md"} {
			if !strings.Contains(text(file), scheme+"://") {
				t.Errorf("%s does not tell of %s:// stores", file, scheme)
			}
		}
	}
}
