//go:build unix

package acceptance_test

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// minor is how a table writes the version that brought something.
func minor(n int) string {
	if n == never {
		return "–"
	}
	return fmt.Sprintf("1.%d", n)
}

// compatTable is the table "What needs which version" of the guide and the README.
func compatTable() string {
	var b strings.Builder
	row := func(what string, f feature) {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", what, minor(f.terraform), minor(f.tofu))
	}
	b.WriteString("| | Terraform | OpenTofu |\n| --- | --- | --- |\n")
	row("the provider: resources, data sources, functions", theProvider)
	for _, f := range capabilities() {
		row(f.what, f.since)
	}
	return b.String()
}

// builds are the versions that scripts/clis builds, as "Terraform 1.8.5".
func builds(t *testing.T) (all []string) {
	t.Helper()
	names := map[string]string{"terraform": "Terraform", "tofu": "OpenTofu"}
	for _, m := range regexp.MustCompile(`(?m)^(terraform|tofu) +(1\.\S+) +h1:\S+$`).FindAllStringSubmatch(readFile(t, "../../scripts/clis"), -1) {
		all = append(all, names[m[1]]+" "+m[2])
	}
	if len(all) < 6 {
		t.Fatalf("scripts/clis builds %v", all)
	}
	return all
}

// The guide is what the rows say. "make generate" writes it.
func TestCompatibilityPage(t *testing.T) {
	t.Parallel()
	type row struct{ What, Told, Do string }
	var rows []row
	subcommands := readFile(t, filepath.Join(docsRoot, "docs", "guides", "command-line.md"))
	for _, f := range capabilities() {
		if strings.Contains(f.do, "command-line.md") {
			for _, name := range regexp.MustCompile("`([a-z]+)`").FindAllStringSubmatch(f.do, -1) {
				if !strings.Contains(subcommands, "\nterraform-provider-oauth "+name[1]) {
					t.Errorf("%s: the command line has no %s", f.what, name[1])
				}
			}
		}
		rows = append(rows, row{f.what, "`" + strings.Join(f.told, "`<br>`") + "`", f.do})
	}
	versions := func(f feature) map[string]string {
		return map[string]string{"Terraform": minor(f.terraform), "Tofu": minor(f.tofu)}
	}
	generated(t, "compatibility.md.tmpl", "compatibility.md", map[string]any{
		"Provider": versions(theProvider), "WriteOnly": versions(writeOnlyArguments), "Table": strings.TrimSpace(compatTable()), "Rows": rows,
		"Built": strings.Join(builds(t), ", "),
	})
}

// What the README, the pages and continuous integration say of versions is what the rows say.
func TestVersionsAreToldAlike(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	for file, wants := range map[string][]string{
		"README.md": {compatTable()},
		"docs/index.md": {
			"Terraform 1.8, OpenTofu 1.10 or newer; a version without a feature runs the rest",
			"Write-only arguments (`…_wo`) need 1.11, actions and lists Terraform 1.14.",
		},
		"examples/modules/api-token/versions.tf":  {`required_version = ">= 1.10" # OpenTofu: 1.11`},
		"examples/modules/credential/versions.tf": {`required_version = ">= 1.11"`},
		"terraform-registry-manifest.json":        {`"protocol_versions": ["6.0"]`},
	} {
		text := readFile(t, filepath.Join(root, filepath.FromSlash(file)))
		for _, want := range wants {
			if !strings.Contains(strings.Join(strings.Fields(text), " "), strings.Join(strings.Fields(want), " ")) {
				t.Errorf("%s does not say:\n%s", file, want)
			}
		}
	}

	// By folder of docs/: what each page has to say, and which versions it may tell of at all.
	anything := []feature{theProvider, ephemeralResources, writeOnlyArguments, importByIdentity, actionsAndLists}
	mention := regexp.MustCompile(`(Terraform|OpenTofu)(?:,? (?:and|or) OpenTofu)? 1\.(\d+)`)
	must := map[string]string{
		"ephemeral-resources": "Terraform 1.10 or newer, OpenTofu 1.11 or newer",
		"actions":             "Terraform 1.14 or newer",
		"list-resources":      "Terraform 1.14 or newer",
	}
	err := filepath.WalkDir(filepath.Join(root, "docs"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "compatibility.md" {
			return err
		}
		text, folder := readFile(t, path), filepath.Base(filepath.Dir(path))
		if !strings.Contains(text, must[folder]) {
			t.Errorf("%s does not say %q", path, must[folder])
		}
		for _, m := range mention.FindAllStringSubmatch(text, -1) {
			known := slices.ContainsFunc(anything, func(f feature) bool {
				both := strings.Count(m[0], "OpenTofu") == 1 && m[1] == "Terraform"
				first, second := minor(f.terraform) == "1."+m[2], minor(f.tofu) == "1."+m[2]
				return m[1] == "Terraform" && first && (!both || second) || m[1] == "OpenTofu" && second
			})
			if !known {
				t.Errorf("%s tells of %s, which no row of capabilities() does", path, m[0])
			}
		}
		for line := range strings.Lines(text) {
			if strings.Contains(line, ", but write-only: ") && !strings.Contains(line, "Terraform or OpenTofu 1.11") {
				t.Errorf("%s: which version is needed? %s", path, line)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Continuous integration runs the oldest version, each that brought a feature, and the latest.
func TestWorkflowRunsEveryVersion(t *testing.T) {
	t.Parallel()
	text := readFile(t, filepath.Join("..", "..", ".github", "workflows", "test.yml"))
	lists := regexp.MustCompile(`version: \[(.*)\]`).FindAllStringSubmatch(text, -1)
	if len(lists) != 2 {
		t.Fatalf("the workflow has %d lists of versions", len(lists))
	}
	for n, of := range []func(feature) int{func(f feature) int { return f.terraform }, func(f feature) int { return f.tofu }} {
		first := []int{of(theProvider)}
		for _, f := range capabilities() {
			first = append(first, of(f.since))
		}
		slices.Sort(first)
		var want []string
		for _, v := range slices.Compact(first) {
			if v != never {
				want = append(want, fmt.Sprintf("%q", minor(v)+".*"))
			}
		}
		if got := lists[n][1]; got != strings.Join(append(want, "latest"), ", ") {
			t.Errorf("the workflow runs %s; want %s, latest", got, strings.Join(want, ", "))
		}
	}
}
