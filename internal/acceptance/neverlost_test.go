//go:build unix

package acceptance_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// failureGroup is one table of the page "How tokens are never lost".
type failureGroup struct {
	title string
	rows  []failure
}

// failure is a row: what fails, what a person sees, what is kept, and what to do.
type failure struct {
	what, see, kept, do string
	lost                string // what may be lost all the same, for the list at the end; a sentence
	tests               string // that show it, separated by spaces
}

var (
	said  = regexp.MustCompile(`“([^”]*)”`)
	verbs = regexp.MustCompile(`%(\[\d+\])?[+#]?[a-z]`)
)

// Every row is shown by tests that exist, and what it quotes stands on a screen that a test has seen, or in the code as it is printed.
func TestFailures(t *testing.T) {
	t.Parallel()
	tests, spoken := writtenTests(t), spokenWords(t)
	for _, g := range failures() {
		for _, row := range g.rows {
			if row.what == "" || row.see == "" || row.kept == "" || row.do == "" || row.tests == "" {
				t.Errorf("%s: %s: a cell is empty", g.title, row.what)
			}
			for test := range strings.FieldsSeq(row.tests) {
				shows := func(file string) bool { return strings.HasPrefix(file, "internal/") && !showsNothing.MatchString(file) }
				if !strings.HasPrefix(test, "Test") || !slices.ContainsFunc(tests[test], shows) {
					t.Errorf("%s: %s: there is no %s", g.title, row.what, test)
				}
			}
			for _, quote := range said.FindAllStringSubmatch(row.see+row.kept+row.do, -1) {
				if !slices.ContainsFunc(spoken, func(text string) bool { return holds(text, quote[1]) }) {
					t.Errorf("%s: %s: nothing says %q", g.title, row.what, quote[1])
				}
			}
		}
	}
}

// A warning about a credential that the page and the list of what operators see both leave out is one that nobody can look up.
func TestWarningsCanBeLookedUp(t *testing.T) {
	t.Parallel()
	pages := ""
	for _, name := range []string{"how-tokens-are-never-lost", "single-use-refresh-tokens"} {
		pages += readFile(t, filepath.Join("..", "..", "docs", "guides", name+".md"))
	}
	for _, summary := range warningSummaries(t) {
		if !strings.Contains(pages, summary) && !slices.Contains(otherWarnings(), summary) {
			t.Errorf("%q stands neither in the failure tables nor in the list of warnings", summary)
		}
	}
}

// otherWarnings are those that speak for themselves: about what the configuration asks for, or what the server did with it.
func otherWarnings() []string {
	return []string{
		"Access Token Not Bound", "Access Token Not Revoked", "Another Grant", "App Registration Lives in Another Token Store",
		"App Registration Not Marked As Managed", "App Registration in Another Token Store", "Authorization URL Expired", "Binding Changed",
		"Broken Reply About a Registration", "Client Certificate Ends", "Client Not Deleted at the Server", "Client Secret Expires Soon",
		"Client Secret Has Expired", "Client Secret Not Rotated", "Client Secret Rotated by Every Apply", "Client Stays Where It Is Registered",
		"Client Token Not Renewed", "Client Token Not in the Token Store", "Client Was Deregistered", "Client Was Gone Already",
		"Configuration Not Taken Back", "Device Code Expired", "Device Code Not Confirmed Yet", "Device Code Offered", "Insecure Endpoint",
		"Metadata Replaced by the Server", "New Access Token Not in the Token Store", "Registration Cannot Be Managed", "Registration Not Checked",
		"Registration Cannot Be Updated", "Registration Not in the Token Store", "Registration Recovered", "Registration Refused by the Server", "Requests Without an Access Token", "Secret Shown in Plans",
		"Token Not Revoked", "Token Pair Left in the Token Store", "Token Pair Not Marked As Managed", "Token Pairs Not Readable", "Tokens Not Revoked",
		"Unable to Authorize Token Pair", "Unable to Read Token Store",
	}
}

// writtenTests are the tests and fuzz targets of the repository by name, each with the files that have one.
func writtenTests(t *testing.T) map[string][]string {
	t.Helper()
	root := filepath.Join("..", "..")
	all, named := map[string][]string{}, regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	walkSources(t, root, func(path string) {
		if strings.HasSuffix(path, "_test.go") {
			for _, found := range named.FindAllStringSubmatch(readFile(t, path), -1) {
				all[found[1]] = append(all[found[1]], filepath.ToSlash(strings.TrimPrefix(path, root+string(filepath.Separator))))
			}
		}
	})
	return all
}

// showsNothing are files of what only tests use: they show nothing of the provider. The proxy calls APIs, not the server.
var showsNothing = regexp.MustCompile(`^internal/(sandbox|pgtest|proxy|store/(memstore|storetest))/`)

// walkSources visits the Go files below a folder, but for what tests and tools keep there.
func walkSources(t *testing.T, root string, visit func(path string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && (entry.Name() == "testdata" || entry.Name() == "node_modules" || path != root && strings.HasPrefix(entry.Name(), ".")) {
			return filepath.SkipDir
		}
		if err == nil && strings.HasSuffix(path, ".go") {
			visit(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// spokenWords are the golden screens, section by section, and the texts of the code, each on one line. What a text leaves open is a zero byte.
func spokenWords(t *testing.T) []string {
	t.Helper()
	var all []string
	dir := filepath.Join("testdata", "screens")
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		for _, screen := range sectionsOf(readFile(t, filepath.Join(dir, file.Name()))) {
			all = append(all, onOneLine(screen))
		}
	}
	walkSources(t, "..", func(path string) {
		if strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, filepath.Join("..", "sandbox")) {
			return
		}
		ast.Inspect(parsed(t, path), func(n ast.Node) bool {
			e, ok := n.(ast.Expr)
			if !ok {
				return true
			}
			text, literal := textOf(e)
			if literal {
				all = append(all, onOneLine(verbs.ReplaceAllString(text, "\x00")))
			}
			return !literal
		})
	})
	return all
}

// warningSummaries are the summaries of warnings that stand in the code as they are.
func warningSummaries(t *testing.T) []string {
	t.Helper()
	all := map[string]bool{}
	walkSources(t, "..", func(path string) {
		if strings.HasSuffix(path, "_test.go") || !strings.HasPrefix(path, filepath.Join("..", "provider")) {
			return
		}
		ast.Inspect(parsed(t, path), func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			called, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			at, is := map[string]int{"AddWarning": 0, "AddAttributeWarning": 1}[called.Sel.Name]
			if is && len(call.Args) > at {
				if text, literal := textOf(call.Args[at]); literal {
					all[strings.Trim(strings.ReplaceAll(text, "\x00", ""), ": ")] = true
				}
			}
			return true
		})
	})
	return slices.Sorted(maps.Keys(all))
}

func parsed(t *testing.T, path string) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// textOf is what an expression of strings says, and whether any of it is written out.
func textOf(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return text, true
		}
	case *ast.BinaryExpr:
		if e.Op == token.ADD {
			left, is := textOf(e.X)
			right, also := textOf(e.Y)
			return left + right, is || also
		}
	}
	return "\x00", false
}

func onOneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// holds tells whether a text says the parts of a quote one after the other. … stands for what varies.
func holds(text, quote string) bool {
	for part := range strings.SplitSeq(quote, "…") {
		_, rest, ok := strings.Cut(text, strings.TrimSpace(part))
		if !ok {
			return false
		}
		text = rest
	}
	return true
}

// The page is what the rows say. "make generate" writes it.
func TestHowTokensAreNeverLost(t *testing.T) {
	t.Parallel()
	type row struct{ What, See, Kept, Do, Tests string }
	type table struct {
		Title string
		Rows  []row
	}
	var tables []table
	var lost []string
	for _, g := range failures() {
		x := table{Title: g.title}
		for _, f := range g.rows {
			x.Rows = append(x.Rows, row{f.what, f.see, f.kept, f.do, "`" + strings.Join(strings.Fields(f.tests), "`, `") + "`"})
			if f.lost != "" {
				lost = append(lost, f.lost)
			}
		}
		tables = append(tables, x)
	}
	generated(t, "never-lost.md.tmpl", "how-tokens-are-never-lost.md", map[string]any{"Tables": tables, "Lost": lost})
}
