//go:build unix

package acceptance_test

import (
	"bytes"
	"flag"
	"go/ast"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/provider"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/wiring"
)

var update = flag.Bool("update", false, "write the page of what is supported, and the screens, anew")

// The servers that tests run against, and the functions that start them.
var starters = map[string]string{"sandbox": "startServer", "oidc-provider": "startOIDCProvider", "fosite": "startFosite"}

// standard is a specification, and what of it is supported.
type standard struct {
	name, title, url string
	parts            []part
}

// part is a row of the page.
type part struct {
	section string
	what    string
	here    string // what of it, and by which attribute; of what is not supported: why, or what to do instead
	names   string // which things of the schema it is about, as in known(); separated by spaces
	no      bool   // not supported
	// The tests that show it through a real terraform, by the server that they start. Separated by spaces.
	sandbox, oidc, fosite string
	alone                 string // why the other servers cannot show what only the sandbox does
}

func (p part) tests() map[string][]string {
	return map[string][]string{"sandbox": strings.Fields(p.sandbox), "oidc-provider": strings.Fields(p.oidc), "fosite": strings.Fields(p.fosite)}
}

// sources are the functions of this package, by name. A method that several types have is none of them.
func sources(t *testing.T) map[string]*ast.FuncDecl {
	t.Helper()
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	all, methods := map[string]*ast.FuncDecl{}, map[string][]*ast.FuncDecl{}
	for _, name := range files {
		for _, d := range parsed(t, name).Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
				all[f.Name.Name] = f
			} else if ok {
				methods[f.Name.Name] = append(methods[f.Name.Name], f)
			}
		}
	}
	for name, of := range methods {
		if len(of) == 1 {
			all["."+name] = of[0]
		}
	}
	return all
}

// reaches tells whether f calls the function wanted, or calls what calls it. Calls of methods are followed by their names alone.
func reaches(all map[string]*ast.FuncDecl, f, wanted string, seen map[string]bool) bool {
	if seen[f] || all[f] == nil {
		return f == wanted
	}
	seen[f] = true
	found := f == wanted
	ast.Inspect(all[f].Body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		switch called := call.Fun.(type) {
		case *ast.Ident:
			found = reaches(all, called.Name, wanted, seen) || found
		case *ast.SelectorExpr:
			found = reaches(all, "."+called.Sel.Name, wanted, seen) || found
		}
		return true
	})
	return found
}

// No row says "supported" without a test that exists, starts the server that the row names, and drives terraform. What only the sandbox
// shows says why.
func TestSupportedIsShown(t *testing.T) {
	t.Parallel()
	all := sources(t)
	functions := maps.Clone(all) // a server is started by a function, never by a method whose name may be another's
	maps.DeleteFunc(functions, func(name string, _ *ast.FuncDecl) bool { return strings.HasPrefix(name, ".") })
	for _, s := range supported() {
		for _, p := range s.parts {
			where := s.name + " " + p.section + " " + p.what
			others := len(p.oidc) + len(p.fosite)
			switch {
			case p.no && len(p.sandbox)+others > 0:
				t.Errorf("%s: tests show what is not supported", where)
			case !p.no && len(p.sandbox)+others == 0:
				t.Errorf("%s: nothing shows that it is supported", where)
			case !p.no && others == 0 && p.alone == "":
				t.Errorf("%s: why does no other server show it?", where)
			case p.alone != "" && (others > 0 || p.no):
				t.Errorf("%s: not the sandbox alone shows it", where)
			}
			for server, tests := range p.tests() {
				for _, test := range tests {
					if all[test] == nil || !strings.HasPrefix(test, "Test") {
						t.Errorf("%s: there is no %s", where, test)
						continue
					}
					if !reaches(functions, test, starters[server], map[string]bool{}) {
						t.Errorf("%s: %s does not start %s", where, test, server)
					}
					if !reaches(all, test, "newWorkspace", map[string]bool{}) {
						t.Errorf("%s: %s does not drive terraform", where, test)
					}
				}
			}
		}
	}
}

// known are the things of the schema, by names such as resource.oauth_x, data.oauth_x, function.x, grant.x and client.x.
func known(t *testing.T) []string {
	t.Helper()
	server, err := providerserver.NewProtocol6WithError(provider.New("test", wiring.System(nil, nil))())()
	if err != nil {
		t.Fatal(err)
	}
	schemas, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	add := func(kind string, names []string) {
		for _, name := range names {
			all = append(all, kind+"."+name)
		}
	}
	add("resource", slices.Collect(maps.Keys(schemas.ResourceSchemas)))
	add("data", slices.Collect(maps.Keys(schemas.DataSourceSchemas)))
	add("ephemeral", slices.Collect(maps.Keys(schemas.EphemeralResourceSchemas)))
	add("function", slices.Collect(maps.Keys(schemas.Functions)))
	for _, a := range schemas.ResourceSchemas["oauth_token_pair"].Block.Attributes {
		switch {
		case a.NestedType == nil || a.Name == "refresh":
		case a.Name == "client":
			for _, member := range a.NestedType.Attributes {
				if !strings.HasSuffix(member.Name, "_wo") && !strings.HasSuffix(member.Name, "_wo_version") {
					add("client", []string{member.Name})
				}
			}
		default:
			add("grant", []string{a.Name})
		}
	}
	return all
}

// Nothing of the schema is missing on the page, and the page tells of nothing that the schema lacks.
func TestSupportedIsComplete(t *testing.T) {
	t.Parallel()
	named, told := map[string]bool{}, map[string]bool{}
	for _, s := range supported() {
		if told[s.name] {
			t.Errorf("%s has two tables", s.name)
		}
		told[s.name] = true
		for _, p := range s.parts {
			for name := range strings.FieldsSeq(p.names) {
				named[name] = true
				if p.no {
					t.Errorf("%s %s: %s stands for what is not supported", s.name, p.what, name)
				}
			}
		}
	}
	for name := range strings.FieldsSeq(noStandard) {
		named[name] = true
	}
	all := known(t)
	for _, name := range all {
		if !named[name] {
			t.Errorf("%s is in no row of supported(): name it in the names of one, with its tests", name)
		}
		delete(named, name)
	}
	for name := range named {
		t.Errorf("a row of supported() names %s, which the schema does not have", name)
	}
}

// The page is what the rows say. "make generate" writes it.
func TestWhatIsSupported(t *testing.T) {
	t.Parallel()
	type row struct{ Section, What, Here, Shown string }
	type table struct {
		Name, Title, URL, Anchor, Level string
		Servers                         [3]bool
		Rows                            []row
	}
	var tables []table
	var alone []row
	for _, s := range supported() {
		x := table{Name: s.name, Title: s.title, URL: s.url}
		yes := 0
		for _, p := range s.parts {
			var shown []string
			for i, server := range []string{"sandbox", "oidc-provider", "fosite"} {
				if tests := p.tests()[server]; len(tests) > 0 {
					shown = append(shown, server+": `"+strings.Join(tests, "`, `")+"`")
					x.Servers[i] = true
				}
			}
			r := row{p.section, p.what, p.here, strings.Join(shown, "<br>")}
			if p.no {
				r.Shown = "not supported"
			} else {
				yes++
			}
			if p.alone != "" {
				alone = append(alone, row{s.name, p.what, p.alone, ""})
			}
			x.Rows = append(x.Rows, r)
		}
		x.Level = map[bool]string{true: "yes", false: "in part"}[yes == len(s.parts)]
		if yes == 0 {
			x.Level = "no"
		}
		x.Anchor = anchorOf(s.name + ": " + s.title)
		tables = append(tables, x)
	}
	generated(t, "supported.md.tmpl", "what-is-supported.md", map[string]any{"Tables": tables, "Alone": alone})
}

// generated holds a guide to what a template makes of data, or writes it anew.
func generated(t *testing.T, from, guide string, data map[string]any) {
	t.Helper()
	parsed, err := template.ParseFiles(filepath.Join("testdata", from))
	if err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer
	if err := parsed.Execute(&page, data); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("..", "..", "templates", "guides", guide)
	if *update {
		writeFile(t, path, page.String())
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, page.Bytes()) {
		t.Errorf("%s is not up to date: run make generate (%v)", path, err)
	}
}
