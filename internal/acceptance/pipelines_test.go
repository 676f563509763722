//go:build unix

package acceptance_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// colours are what a log shows as such.
var colours = regexp.MustCompile("\x1b\\[[0-9;]*m")

// ci is a service that runs the jobs of a pipeline for a repository with the example's configuration. Each job has a machine of its
// own: what outlives it is in the database.
type ci struct {
	t       testing.TB
	on      *workspace // has the clock, the CLI and what it needs
	names   *strings.Replacer
	jobs    map[string]ciJob
	secrets map[string]string
}

// newCI sets up secrets, a database and a mirror of the providers, so that a job's own "terraform init" finds them.
func newCI(t *testing.T, with cli, s *server, a *api, port string, jobs map[string]ciJob) *ci {
	t.Helper()
	w := newWorkspaceOn(t, with)
	tokens := w.onPostgres(sharedPostgres(t))
	database := "ci_" + tokens.schema
	tokens.server.Exec(t, "postgres", "CREATE DATABASE "+database)
	t.Cleanup(func() { tokens.server.Exec(t, "postgres", "DROP DATABASE "+database) })
	c := &ci{
		t: t, on: w, jobs: jobs,
		names: strings.NewReplacer(exampleServer, s.base, "https://api.example.com", a.URL, ":8912/", ":"+port+"/"),
		secrets: map[string]string{
			"OAUTH_TOKEN_STORE": w.env["OAUTH_TOKEN_STORE"], "OAUTH_TOKEN_STORE_KEY": w.env["OAUTH_TOKEN_STORE_KEY"],
			"PG_CONN_STR": tokens.server.URL(database), "CRM_CLIENT_SECRET": clientSecret, "TF_VAR_client_secret": clientSecret,
		},
	}
	bin := filepath.Join(filepath.Dir(w.dir), "bin")
	mirror := filepath.Join(filepath.Dir(w.dir), "mirror")
	link := func(from, to string) {
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o700), os.Symlink(from, to)); err != nil {
			t.Fatal(err)
		}
	}
	cli, err := exec.LookPath(w.tf)
	if err != nil {
		t.Fatal(err)
	}
	link(cli, filepath.Join(bin, "terraform"))
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		for _, file := range []string{"seed-55355b43/oauth/0.1.0/%s/" + releasedName, "mastercard/restapi/2.0.0/%s/" + restAPIBinary} {
			link(self, filepath.Join(mirror, host, fmt.Sprintf(file, runtime.GOOS+"_"+runtime.GOARCH)))
		}
	}
	writeFile(t, w.env["TF_CLI_CONFIG_FILE"], fmt.Sprintf("provider_installation {\n  filesystem_mirror { path = %q }\n}\n", mirror))
	w.env["PATH"] = bin + string(os.PathListSeparator) + w.env["PATH"]
	for _, name := range []string{"OAUTH_TOKEN_STORE", "OAUTH_TOKEN_STORE_KEY"} {
		delete(w.env, name) // a job has what its file gives it
	}
	return c
}

// run runs a job's script in a checkout that nobody has used, as the service does.
func (c *ci) run(name string) (code int, text string) {
	c.t.Helper()
	job, ok := c.jobs[name]
	if !ok {
		c.t.Fatalf("no job %s in %q", name, slices.Sorted(maps.Keys(c.jobs)))
	}
	checkout, err := os.MkdirTemp(filepath.Dir(c.on.dir), "checkout")
	if err != nil {
		c.t.Fatal(err)
	}
	copyNamed(c.t, filepath.Join(exampleDir, filepath.FromSlash(pipelineConfig)), checkout, c.names)
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, job.shell[0], append(job.shell[1:], job.script)...)
	cmd.Dir = checkout
	cmd.WaitDelay = time.Second
	for k, v := range c.on.env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	for k, v := range job.env {
		if secret, ok := strings.CutPrefix(v, "$"); ok {
			v = c.secrets[secret]
		}
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		c.t.Fatal(err)
	}
	for _, secret := range c.secrets {
		if strings.Contains(string(out), secret) {
			c.t.Errorf("the log of %s has a secret in it", name)
		}
	}
	return cmd.ProcessState.ExitCode(), result{stdout: colours.ReplaceAllString(string(out), "")}.text()
}

// ends runs a job that ends with this code and says these words.
func (c *ci) ends(name string, code int, says ...string) {
	c.t.Helper()
	got, text := c.run(name)
	if got != code {
		c.t.Fatalf("%s ended with %d, want %d:\n%s", name, got, code, text)
	}
	for _, want := range says {
		if !strings.Contains(text, want) {
			c.t.Errorf("%s does not say %q:\n%s", name, want, text)
		}
	}
}

// The pipelines of the guide, for both services: the commands of their jobs, one after the other, with a real PostgreSQL for tokens
// and state. Each merge request, each discarded plan and each night costs one refresh, whatever machine it runs on.
func TestPipelines(t *testing.T) {
	t.Parallel()
	github := func(t *testing.T) map[string]ciJob {
		_, jobs := githubJobs(t, readFile(t, filepath.Join(exampleDir, filepath.FromSlash(pipelineGitHub))))
		return jobs
	}
	gitlab := func(t *testing.T) map[string]ciJob {
		jobs, wrong := gitlabJobs(readFile(t, filepath.Join(exampleDir, filepath.FromSlash(pipelineGitLab))))
		if wrong != nil {
			t.Error(wrong)
		}
		for _, job := range jobs { // its variables are set in the project
			for _, name := range []string{"OAUTH_TOKEN_STORE", "OAUTH_TOKEN_STORE_KEY", "PG_CONN_STR", "TF_VAR_client_secret"} {
				job.env[name] = "$" + name
			}
		}
		return jobs
	}
	with := pipelineCLI(t)
	for service, tt := range map[string]struct {
		jobs func(*testing.T) map[string]ciJob
		soon int // how the check ends when a person is needed before long
	}{"GitHub": {github, 0}, "GitLab": {gitlab, 4}} {
		t.Run(service, func(t *testing.T) {
			t.Parallel()
			playPipeline(t, with, tt.jobs(t), tt.soon)
		})
	}
}

// pipelineCLI is a program that has all that the pipelines use: the one under test if it does.
func pipelineCLI(t *testing.T) cli {
	t.Helper()
	all := clis(t)
	for _, c := range all {
		if c.knows(writeOnlyArguments) && c.knows(ephemeralResources) && hasPostgres(t, c) {
			return c
		}
	}
	t.Fatalf("this test needs Terraform or OpenTofu 1.11 or later with the backend pg, and finds only %v. \"make clis\" builds Terraform without it: "+
		"take a released one, or \"make clis CLIS=tofu-1.12\"", all)
	return cli{}
}

// hasPostgres tells whether the program can keep a state in PostgreSQL.
func hasPostgres(t *testing.T, c cli) bool {
	t.Helper()
	w := newWorkspaceOn(t, c)
	w.write("terraform {\n  backend \"pg\" {\n    conn_str = \"postgres://127.0.0.1:1/none?connect_timeout=1&sslmode=disable\"\n  }\n}\n")
	out := w.terraform("init", "-no-color", "-input=false").text()
	known, unknown := strings.Contains(out, "connection refused"), strings.Contains(out, "backend type")
	if known == unknown {
		t.Fatalf("%v with the backend pg:\n%s", c, out)
	}
	return known
}

func playPipeline(t *testing.T, with cli, jobs map[string]ciJob, soon int) {
	s, port := newLaptopServer(t)
	a := newAPI(t, s)
	c := newCI(t, with, s, a, port, jobs)
	laptop := newWorkspaceOn(t, with).desktop()
	laptop.env["OAUTH_TOKEN_STORE"], laptop.env["OAUTH_TOKEN_STORE_KEY"] = c.secrets["OAUTH_TOKEN_STORE"], c.secrets["OAUTH_TOKEN_STORE_KEY"]
	laptop.env["OAUTH_CLIENT_SECRET"] = clientSecret
	laptop.byCommand(s, "--name", "crm", "--issuer", s.base, "--client-id", exampleClient, "--redirect-uri", "http://127.0.0.1:"+port+"/callback")

	c.ends("plan", 0, "Plan: 3 to add") // of a merge request that nobody merges
	c.ends("apply", 0, "3 added")       // of another, which is merged
	s.expectCalls(calls{exchanges: 1})  // both use what the laptop brought
	later := func(d time.Duration) { s.later(d, c.on) }
	later(24 * time.Hour)
	c.ends("plan", 0, "No changes.") // of the next merge request, thrown away
	later(24 * time.Hour)
	c.ends("keep-alive", 0, "No changes.")
	c.ends("needs-a-person", 0, "crm active")
	later(24 * time.Hour)
	c.ends("apply", 0, "0 added, 0 changed, 0 destroyed")
	s.expectCalls(calls{exchanges: 1, refreshes: 3})

	later(75 * 24 * time.Hour) // twelve days before the end of what was authorized
	c.ends("keep-alive", 0)
	c.ends("needs-a-person", soon, "soon")
	s.expectCalls(calls{exchanges: 1, refreshes: 4})
	s.revoke()
	later(24 * time.Hour)
	c.ends("keep-alive", 1, "Unable to Get Access Token")
	c.ends("needs-a-person", 3, "authorization_required", "now")
	s.expectCalls(calls{exchanges: 1, refreshes: 4, tokenRequests: 6})
	if a.has("/contacts/jo") == "" {
		t.Error("the API has got nothing")
	}
}
