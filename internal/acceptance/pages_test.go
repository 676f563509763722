//go:build unix

package acceptance_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A fragment stands inside a sentence, and is no configuration by itself. What is longer than this is an example, and so a file.
const fragmentLines = 6

const someClient = `resource "oauth_app_registration" "crm" {
  name          = "crm"
  platform      = "teamleader"
  client_id     = "x"
  client_secret = "x"
  redirect_uris = ["https://app.example.com/callback"]
`

// around is what the fragments on pages stand in, by how they begin: what makes them a configuration.
var around = map[string]string{
	`provider "oauth"`: "%s\nvariable \"token_store_key\" {}\n",
	`provider "restapi"`: `terraform {
  required_providers {
    oauth   = { source = "seed-55355b43/oauth" }
    restapi = { source = "Mastercard/restapi" }
  }
}
ephemeral "oauth_access_token" "crm" {
  token_pair = "crm"
}
%s
`,
	"authorization_code": someClient + `}
resource "oauth_token_pair" "crm" {
  name   = "crm"
  client = oauth_app_registration.crm.client
  %s
}
variable "callback_url" {}
`,
	"refresh": `resource "oauth_token_pair" "crm" {
  name             = "crm"
  client           = { client_id = "x", issuer = "https://login.example.com" }
  preauthenticated = { refresh_token = "x" }
  %s
}
`,
	"platform_overrides": someClient + `
  %s
}
`,
}

// Each configuration on a page of the documentation is a file below examples/, as it stands, which TestEveryExampleIsApplied applies.
// Fragments, and what the README shows, are validated with what is around them. No template holds anything longer.
func TestConfigurationsAreFiles(t *testing.T) {
	t.Parallel()
	var files []string
	for _, file := range configurations(t) {
		files = append(files, strings.TrimSpace(readFile(t, filepath.Join(exampleDir, file))))
	}
	w, whole := newWorkspace(t), newWorkspace(t)
	whole.overrideRestAPI()
	shown, fragments, used := 0, 0, map[string]bool{}
	for page, block := range configurationsIn(t, "docs") {
		switch {
		case slices.Contains(files, block):
			shown++
		case strings.Count(block, "\n") < fragmentLines:
			fragments++
			writeFile(t, filepath.Join(w.dir, fmt.Sprintf("fragment%d.tf", fragments)), block+"\n")
			first := begins.FindString(block)
			if around[first] == "" {
				t.Fatalf("%s shows a fragment that nothing validates: say in around what it stands in, or make it a file:\n%s", page, block)
			}
			used[first] = true
			whole.part(fmt.Sprintf("fragment%d", fragments), fmt.Sprintf(around[first], block))
		default:
			t.Errorf("%s shows what is no file below examples/:\n%s", page, block)
		}
	}
	if shown < 80 || len(used) != len(around) {
		t.Errorf("%d examples on all pages, and of the fragments in around only %v", shown, used)
	}
	w.ok("fmt", "-check", "-diff")
	own := fenced(readFile(t, filepath.Join("..", "..", "README.md")), "hcl")
	if len(own) != 1 {
		t.Fatalf("the README shows %d configurations", len(own))
	}
	whole.part("readme", own[0]+"\nvariable \"client_secret\" {}\nvariable \"callback_url\" {}\n")
	whole.ok("get")
	whole.ok("validate", "-no-color")
	for _, dir := range []string{"templates", filepath.Join("internal", "platform", "testdata")} {
		for page, block := range configurationsIn(t, dir) {
			if strings.Count(block, "\n") >= fragmentLines {
				t.Errorf("%s holds a configuration: write it to a file in examples/guides, and show that with tffile:\n%s", page, block)
			}
		}
	}
}

// part makes a configuration a module of the one in the workspace, which takes any values for its variables.
func (w *workspace) part(name, text string) {
	w.t.Helper()
	args := ""
	for _, v := range declared.FindAllStringSubmatch(text, -1) {
		args += v[1] + " = \"x\"\n"
	}
	if err := os.Mkdir(filepath.Join(w.dir, name), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if !strings.Contains(text, "required_providers") {
		text = requires + text
	}
	writeFile(w.t, filepath.Join(w.dir, name, "main.tf"), text)
	writeFile(w.t, filepath.Join(w.dir, name+".tf"), fmt.Sprintf("module %q {\nsource = \"./%[1]s\"\n%s}\n", name, args))
}

// begins is a name, and the label of a block.
var begins = regexp.MustCompile(`^[a-z_]+( "[a-z_]+")?`)

var declared = regexp.MustCompile(`(?m)^variable "([a-z_]+)"`)

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
