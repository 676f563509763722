package lintrules

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/seed-55355b43/terraform-provider-oauth"

// packages are what a plant can import, under the short names that the tables use.
var packages = map[string]string{
	"command":    module + "/internal/command",
	"credential": module + "/internal/credential",
	"rescue":     module + "/internal/rescue",
	"login":      module + "/internal/login",
	"oauth":      module + "/internal/oauth",
	"platform":   module + "/internal/platform",
	"provider":   module + "/internal/provider",
	"proxy":      module + "/internal/proxy",
	"sandbox":    module + "/internal/sandbox",
	"seal":       module + "/internal/seal",
	"secret":     module + "/internal/secret",
	"store":      module + "/internal/store",
	"wiring":     module + "/internal/wiring",
	"filestore":  module + "/internal/store/filestore",
	"pgstore":    module + "/internal/store/pgstore",
	"memstore":   module + "/internal/store/memstore",
	"storetest":  module + "/internal/store/storetest",

	"std":          "net/http",
	"math/rand":    "math/rand",
	"math/rand/v2": "math/rand/v2",

	"age":       "filippo.io/age",
	"pgx":       "github.com/jackc/pgx/v5",
	"porcupine": "github.com/anishathalye/porcupine",
	"x/oauth2":  "golang.org/x/oauth2",
	"jose":      "github.com/go-jose/go-jose/v4",
	"browser":   "github.com/cli/browser",
	"x/sys":     "golang.org/x/sys/unix",
	"norm":      "golang.org/x/text/unicode/norm",
	"framework": "github.com/hashicorp/terraform-plugin-framework/resource",
	"tflog":     "github.com/hashicorp/terraform-plugin-log/tflog",
	"tftest":    "github.com/hashicorp/terraform-plugin-testing/helper/resource",
	"goleak":    "go.uber.org/goleak",
	"errors":    "github.com/pkg/errors",
	"stray":     "example.com/stray",
}

// foreignModules hold the packages above that are neither ours nor the standard library's. Stubs stand in for them, so
// that the tests need no network and no dependency that the provider does not have yet.
var foreignModules = []string{
	"example.com/stray",
	"filippo.io/age",
	"github.com/anishathalye/porcupine",
	"github.com/cli/browser",
	"github.com/go-jose/go-jose/v4",
	"github.com/hashicorp/terraform-plugin-framework",
	"github.com/hashicorp/terraform-plugin-log",
	"github.com/hashicorp/terraform-plugin-testing",
	"github.com/jackc/pgx/v5",
	"github.com/pkg/errors",
	"go.uber.org/goleak",
	"golang.org/x/oauth2",
	"golang.org/x/sys",
	"golang.org/x/text",
}

// newStub lays out a module with this repository's path and lint rules, and an empty package at every import path.
func newStub(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	config, err := os.ReadFile(filepath.Join("..", "..", ".golangci.yml"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, root, ".golangci.yml", string(config))

	var gomod strings.Builder
	fmt.Fprintf(&gomod, "module %s\n\ngo 1.26.0\n", module)
	for i, foreign := range foreignModules {
		version := "v0.0.0"
		if major := path.Base(foreign); major == "v4" || major == "v5" {
			version = major + ".0.0"
		}
		dir := fmt.Sprintf("foreign/%d", i)
		fmt.Fprintf(&gomod, "\nrequire %s %s\nreplace %s => ./%s\n", foreign, version, foreign, dir)
		write(t, root, dir+"/go.mod", fmt.Sprintf("module %s\n\ngo 1.26.0\n", foreign))
		for _, importPath := range packages {
			if sub, ok := strings.CutPrefix(importPath+"/", foreign+"/"); ok {
				write(t, root, path.Join(dir, sub, "stub.go"), "package stub\n")
			}
		}
	}
	write(t, root, "go.mod", gomod.String())
	for _, importPath := range packages {
		if dir, ok := strings.CutPrefix(importPath, module+"/"); ok {
			write(t, root, dir+"/stub.go", "package stub\n")
		}
	}
	return root
}

func write(t *testing.T, root, name, text string) {
	t.Helper()
	file := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// issue is what the linter says of one line.
type issue struct {
	FromLinter string
	Text       string
	Pos        struct {
		Filename string
		Line     int
	}
}

// lint runs one linter over the module at root, as built for goos. The binary is $GOLANGCI_LINT, or where make puts it.
func lint(t *testing.T, root, linter, goos string) []issue {
	t.Helper()
	binary := os.Getenv("GOLANGCI_LINT")
	if binary == "" {
		binary = filepath.Join("..", "..", ".bin", "golangci-lint")
	}
	binary, err := filepath.Abs(binary)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(binary, "run", "--enable-only="+linter, "--issues-exit-code=0",
		"--output.json.path=stdout", "--show-stats=false", "./...")
	command.Dir = root
	command.Env = append(os.Environ(), "GOOS="+goos, "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GOPROXY=off")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s%s", command, err, output, &stderr)
	}
	var report struct{ Issues []issue }
	if err := json.Unmarshal(output, &report); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	for _, i := range report.Issues {
		if i.FromLinter != linter {
			t.Fatalf("the stub is broken: %s: %s", i.FromLinter, i.Text)
		}
	}
	return report.Issues
}
