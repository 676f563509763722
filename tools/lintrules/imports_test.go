package lintrules

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// nowhere lists the imports that no file of ours has, tests included.
var nowhere = []string{"math/rand", "errors"}

// TestImports states the import table of DESIGN.md once more, in full: for each file what it may import. Whatever else
// stands in packages is planted there and must be reported.
func TestImports(t *testing.T) {
	anything := []string{"*"}
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
		{file: "internal/newpackage/plant.go", may: []string{"age", "browser", "pgx", "porcupine", "x/oauth2", "jose", "norm", "x/sys", "goleak", "stray"}},
		{
			file: "main.go",
			may:  []string{"command", "login", "provider", "store", "filestore", "pgstore", "memstore", "storetest", "wiring", "framework", "tflog", "tftest"},
		},
		{file: "cmd/sandbox/main.go", may: []string{"sandbox"}},
		{file: "cmd/newcommand/main.go", may: []string{"age", "browser", "pgx", "porcupine", "x/oauth2", "jose", "norm", "x/sys", "goleak", "stray"}},
		{file: "plant_test.go", may: anything},
		{file: "internal/provider/plant_test.go", may: anything},
		{file: "internal/oauth/plant_test.go", may: anything, not: []string{"provider"}},
		{file: "internal/credential/plant_test.go", may: anything, not: []string{"provider"}},
		{file: "internal/store/filestore/plant_test.go", may: anything, not: []string{"provider"}},
	}
	for _, row := range rows {
		t.Run(row.file, func(t *testing.T) {
			t.Parallel()
			var source, want strings.Builder
			fmt.Fprintf(&source, "package %s\n\n", packageName(row.file))
			for _, name := range names() {
				if isSelf(row.file, name) {
					continue
				}
				fmt.Fprintf(&source, "import _ %q\n", packages[name])
				allowed := slices.Contains(row.may, name) || name == "std" || name == "math/rand/v2" ||
					slices.Contains(row.may, "*") && !slices.Contains(row.not, name)
				if !allowed || slices.Contains(nowhere, name) {
					fmt.Fprintln(&want, packages[name])
				}
			}
			root := newStub(t)
			write(t, root, row.file, source.String())
			if got := reported(t, root, row.file); got != want.String() {
				t.Errorf("reported as forbidden:\n%swant:\n%s", got, &want)
			}
		})
	}
}

// reported returns the imports of file that the linter forbids, one a line, in the order of names.
func reported(t *testing.T, root, file string) string {
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
	var lines strings.Builder
	for _, name := range names() {
		if forbidden[packages[name]] {
			fmt.Fprintln(&lines, packages[name])
		}
	}
	return lines.String()
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
