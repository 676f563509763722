//go:build unix

package acceptance_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// byGit is the source of a module as guides show it, for somebody who has nothing of this repository.
var byGit = regexp.MustCompile(`"git::` + regexp.QuoteMeta(strings.TrimSuffix(repository, "/")) + `\.git//examples/(modules/[a-z-]+)\?ref=v[0-9.]+"`)

// modulesHere takes the modules of a guide's example, three folders down in examples/, from beside it: nothing can be fetched in a test.
// TestModulesDownstream fetches them.
func modulesHere(text string) string { return byGit.ReplaceAllString(text, `"../../../$1"`) }

// downstream is a repository of somebody else, which takes the modules from a tag of this one by git. Nothing of it lies here.
func downstream(t *testing.T, c cli, s *server, a *api) *workspace {
	t.Helper()
	upstream := t.TempDir()
	for _, module := range []string{credentialModule, apiTokenModule} {
		from, to := filepath.Join(exampleDir, filepath.FromSlash(module)), filepath.Join(upstream, "examples", filepath.FromSlash(module))
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"init", "-q"}, {"add", "-A"}, {"-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", "x"}, {"tag", "v0.1.0"}, // #nosec G101
		{"rm", "-q", "-r", "examples"}, {"-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", "what is behind the tag"},
	} {
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = upstream
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + upstream, "GIT_CONFIG_NOSYSTEM=1"}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	w := newWorkspaceOn(t, c)
	w.overrideRestAPI()
	w.env["OAUTH_TOKEN_STORE_KEY"] = exampleKey
	w.env["TF_VAR_client_secret"] = clientSecret
	// git itself finds the repository at another place.
	w.env["GIT_CONFIG_COUNT"], w.env["GIT_CONFIG_KEY_0"], w.env["GIT_CONFIG_VALUE_0"] = "1", "url.file://"+upstream+".insteadOf", strings.TrimSuffix(repository, "/")+".git"
	return w
}

// The blocks of the modules' pages work in a configuration that has nothing else of this repository.
func TestModulesDownstream(t *testing.T) {
	t.Parallel()
	c := cliWith(t, writeOnlyArguments)
	s := newExampleServer(t)
	a := newAPI(t, s)
	page := func(module string) string {
		blocks := fenced(readFile(t, filepath.Join(exampleDir, filepath.FromSlash(module), "README.md")), "terraform")
		if len(blocks) != 1 {
			t.Fatalf("%s shows %d configurations", module, len(blocks))
		}
		return strings.NewReplacer(exampleServer, s.base, "https://api.example.com", a.URL).Replace(blocks[0])
	}
	owner := downstream(t, c, s, a)
	owner.write(page(credentialModule) + `
variable "client_secret" {
  type      = string
  ephemeral = true
}
variable "callback_url" {
  type      = string
  ephemeral = true
  default   = null
}
variable "callback_url_version" { default = 0 }
output "crm" { value = { id = module.crm.id, status = module.crm.status, open = module.crm.authorization_url, by = module.crm.reauthorize_by } }
`)
	owner.ok("get")
	owner.ok("fmt", "-check")
	owner.apply().mustSay(t, "Ask sales-it@example.com.")
	out, _ := owner.outputs()["crm"].(map[string]any)
	url, _ := out["open"].(string)
	owner.env["TF_VAR_callback_url"], owner.env["TF_VAR_callback_url_version"] = s.consent(url), "1"
	owner.apply().mustNotSay(t, "Check block assertion failed")
	if out, _ := owner.outputs()["crm"].(map[string]any); out["status"] != "active" || out["id"] != "crm" {
		t.Errorf("outputs %v", out)
	}

	user := downstream(t, c, s, a).shares(owner)
	user.write(page(apiTokenModule) + `
resource "restapi_object" "contact" {
  path = "/contacts"
  data = jsonencode({ id = "jo" })
}
`)
	main := filepath.Join(user.dir, "main.tf")
	writeFile(t, main, strings.Replace(readFile(t, main), "required_providers {", "required_providers {\n    restapi = { source = \"Mastercard/restapi\" }", 1))
	user.ok("get")
	user.apply().mustSay(t, "1 added")
	user.settled()
	if a.has("/contacts/jo") == "" {
		t.Error("the API has got nothing")
	}
	s.expectCalls(calls{exchanges: 1})
}
