//go:build unix

package acceptance_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A module's page names each of its variables and outputs, and each of them says what it is.
func TestModulePages(t *testing.T) {
	t.Parallel()
	block := regexp.MustCompile(`(?m)^(variable|output) "([a-z_]+)" \{\n(.*)`)
	for _, module := range []string{credentialModule, apiTokenModule} {
		dir := filepath.Join(exampleDir, filepath.FromSlash(module))
		page := readFile(t, filepath.Join(dir, "README.md"))
		found := block.FindAllStringSubmatch(readFile(t, filepath.Join(dir, "variables.tf"))+readFile(t, filepath.Join(dir, "outputs.tf")), -1)
		if len(found) < 3 {
			t.Errorf("%s has %d variables and outputs", module, len(found))
		}
		for _, b := range found {
			if !strings.Contains(page, "`"+b[2]+"`") {
				t.Errorf("the page of %s does not name the %s %s", module, b[1], b[2])
			}
			if !strings.HasPrefix(b[3], `  description = "`) {
				t.Errorf("the %s %s of %s has no description", b[1], b[2], module)
			}
		}
	}
}
