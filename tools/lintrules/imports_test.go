package lintrules

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// nowhere lists the imports that no file of ours has, tests included.
var nowhere = []string{"math/rand", "errors"}

// TestImports states the import table of DESIGN.md once more, in full: for each file what it may import. Whatever else
// stands in packages is planted there and must be reported.
func TestImports(t *testing.T) {
	anything, libraries, stores := []string{"*"}, under(libraryOf), under(storeOf)
	rows := []struct {
		file string
		may  []string
		not  []string // only beside "*"
	}{
		{file: "internal/secret/plant.go"},
		{file: "internal/oauth/plant.go", may: []string{"secret", "x/oauth2", "jose"}},
		{file: "internal/platform/plant.go", may: []string{"oauth", "credential"}},
		{file: "internal/proxy/plant.go", may: []string{"secret"}},
		{file: "internal/store/plant.go"},
		{file: "internal/store/filestore/plant.go", may: []string{"store", "x/sys"}},
		{file: "internal/store/filestore/plant_windows.go", may: []string{"store", "x/sys"}},
		{file: "internal/store/pgstore/plant.go", may: []string{"store", "pgx"}},
		{file: "internal/store/memstore/plant.go", may: []string{"store"}},
		{file: "internal/store/storetest/plant.go", may: []string{"store", "porcupine"}},
		{file: "internal/store/newstore/plant.go", may: []string{"store"}},
		{file: "internal/seal/plant.go", may: []string{"store", "secret", "age"}},
		{file: "internal/rescue/plant.go", may: []string{"seal"}},
		{file: "internal/credential/plant.go", may: []string{"oauth", "store", "secret"}},
		{file: "internal/login/plant.go", may: []string{"credential", "oauth", "secret", "browser"}},
		{
			file: "internal/provider/plant.go",
			may:  []string{"credential", "login", "platform", "oauth", "proxy", "store", "seal", "secret", "wiring", "framework", "tflog", "tftest", "norm"},
		},
		{file: "internal/command/plant.go", may: []string{"credential", "login", "seal", "secret", "store", "wiring"}},
		{file: "internal/wiring/plant.go", may: []string{"credential", "oauth", "platform", "rescue", "seal", "store"}},
		{file: "internal/sandbox/plant.go", may: []string{"goleak", "jose"}},
		{file: "internal/sandbox/plant_test.go", may: []string{"sandbox", "goleak", "jose"}},
		{file: "internal/newpackage/plant.go", may: libraries},
		{
			file: "main.go",
			may:  append([]string{"command", "login", "provider", "store", "wiring", "framework", "tflog", "tftest"}, stores...),
		},
		{file: "cmd/sandbox/main.go", may: []string{"sandbox"}},
		{file: "cmd/newcommand/main.go", may: libraries},
		{file: "plant_test.go", may: anything},
		{file: "internal/provider/plant_test.go", may: anything},
		{file: "internal/oauth/plant_test.go", may: anything, not: []string{"provider"}},
		{file: "internal/credential/plant_test.go", may: anything, not: []string{"provider"}},
		{file: "internal/store/filestore/plant_test.go", may: anything, not: []string{"provider"}},
	}
	for _, row := range rows {
		t.Run(row.file, func(t *testing.T) {
			t.Parallel()
			for _, name := range slices.Concat(row.may, row.not) {
				if _, ok := packages[name]; !ok && name != "*" {
					t.Fatalf("the row names %q, and so plants nothing: it wants a line in packages, and its module one in foreignModules (stub_test.go)", name)
				}
			}
			var source strings.Builder
			var want []string
			fmt.Fprintf(&source, "package %s\n\n", packageName(row.file))
			for _, name := range names() {
				if isSelf(row.file, name) {
					continue
				}
				fmt.Fprintf(&source, "import _ %q\n", packages[name])
				allowed := slices.Contains(row.may, name) || name == "std" || name == "math/rand/v2" ||
					slices.Contains(row.may, "*") && !slices.Contains(row.not, name)
				if !allowed || slices.Contains(nowhere, name) {
					want = append(want, packages[name])
				}
			}
			root := newStub(t)
			write(t, root, row.file, source.String())
			got := reported(t, root, row.file)
			for _, path := range got {
				if !slices.Contains(want, path) {
					t.Errorf("the linter forbids %s, which the row allows: allow it in .golangci.yml too", path)
				}
			}
			for _, path := range want {
				if !slices.Contains(got, path) {
					t.Errorf("the linter lets %s pass, which the row does not allow: where that is meant, the row says so", path)
				}
			}
		})
	}
	t.Run("CONTRIBUTING.md", func(t *testing.T) {
		t.Parallel()
		told := toldImports(t)
		for _, row := range rows {
			dir, isPackage := strings.CutSuffix(row.file, "/plant.go")
			if !isPackage || strings.Count(dir, "/") > 1 || strings.Contains(dir, "newpackage") {
				continue
			}
			ours := slices.DeleteFunc(slices.Clone(row.may), func(name string) bool { return !strings.HasPrefix(packages[name], module) })
			slices.Sort(ours)
			if !slices.Equal(told[dir], ours) {
				t.Errorf("the table of CONTRIBUTING.md has %s import %q of ours, and the row here has %q", dir, told[dir], ours)
			}
		}
	})
	t.Run("every store", func(t *testing.T) {
		t.Parallel()
		found, err := os.ReadDir(filepath.Join("..", "..", "internal", "store"))
		if err != nil || len(found) < 4 {
			t.Fatalf("%d stores, %v", len(found), err)
		}
		for _, entry := range found {
			if name := entry.Name(); entry.IsDir() && !slices.Contains(stores, name) {
				t.Errorf("internal/store/%s has no line in packages (stub_test.go) and no row here", name)
			}
		}
	})
}

// toldImports are the packages of the table in CONTRIBUTING.md, and what each may import of ours.
func toldImports(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	told := map[string][]string{}
	for _, line := range regexp.MustCompile("(?m)^\\| `(internal/[a-z]+)` \\|.*\\| (.*) \\|$").FindAllStringSubmatch(string(text), -1) {
		for _, name := range regexp.MustCompile("`([a-z]+)`").FindAllStringSubmatch(line[2], -1) {
			told[line[1]] = append(told[line[1]], name[1])
		}
		slices.Sort(told[line[1]])
	}
	return told
}

// libraryOf and storeOf pick from packages.
func libraryOf(path string) bool {
	ours := strings.HasPrefix(path, module) || strings.HasPrefix(path, "github.com/hashicorp/terraform-plugin-")
	return !ours && strings.Contains(path, ".")
}

func storeOf(path string) bool { return strings.HasPrefix(path, module+"/internal/store/") }

// under are the short names of the packages that are picked.
func under(picked func(path string) bool) []string {
	return slices.DeleteFunc(names(), func(name string) bool { return !picked(packages[name]) })
}

// reported returns the imports of file that the linter forbids, in the order of names.
func reported(t *testing.T, root, file string) (all []string) {
	t.Helper()
	goos := "linux"
	if strings.HasSuffix(file, "_windows.go") {
		goos = "windows"
	}
	forbidden := map[string]bool{}
	for _, i := range lint(t, root, "depguard", goos) {
		if i.Pos.Filename != file {
			t.Fatalf("%s:%d, where nothing was planted: %s", i.Pos.Filename, i.Pos.Line, i.Text)
		}
		forbidden[strings.Split(i.Text, "'")[1]] = true
	}
	for _, name := range names() {
		if forbidden[packages[name]] {
			all = append(all, packages[name])
		}
	}
	return all
}

func names() []string {
	var all []string
	for name := range packages {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// isSelf tells whether file lies in the package named; external tests may import their own.
func isSelf(file, name string) bool {
	dir := strings.TrimPrefix(packages[name], module+"/")
	return !strings.HasSuffix(file, "_test.go") && file[:strings.LastIndexByte(file, '/')+1] == dir+"/"
}

func packageName(file string) string {
	switch {
	case strings.HasSuffix(file, "_test.go"):
		return "stub_test"
	case strings.HasSuffix(file, "main.go"):
		return "main"
	default:
		return "stub"
	}
}
