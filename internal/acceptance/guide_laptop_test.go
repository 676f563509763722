//go:build unix

package acceptance_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

const (
	laptopCredential = "guides/authorize-from-your-laptop/credential"
	laptopAction     = "guides/authorize-from-your-laptop/action"
	laptopPipeline   = "guides/authorize-from-your-laptop/pipeline"
)

// The pipeline makes the pair, a person at a laptop authorizes it, and the pipeline goes on by itself until it is needed again.
func TestLaptopGuide(t *testing.T) {
	t.Parallel()
	s, port := newLaptopServer(t)
	pipeline := newPipeline(t, s, port)
	first := pipeline.job("github-actions.yml")
	first.mustSay(t, "Authorization Required", "2 added")

	laptop := newGuideOn(t, terraform115(t), s, nil, laptopAction).shares(pipeline).desktop()
	invoked := laptop.byAction(s)
	pipeline.job("gitlab-ci.yml").mustNotSay(t, "Authorization Required")
	pipeline.expect("oauth_token_pair.crm", values{"status": "active", "generation": 1})
	const nights = 2
	for range nights {
		s.later(24*time.Hour, pipeline)
		pipeline.job("github-actions.yml")
	}
	pipeline.expect("oauth_token_pair.crm", values{"status": "active", "generation": nights + 1})
	s.expectCalls(calls{exchanges: 1, refreshes: nights})

	// Somebody has revoked it. The pipeline says so, and does not fail for it.
	s.revoke()
	s.later(24*time.Hour, pipeline)
	dead := pipeline.job("github-actions.yml")
	dead.mustSay(t, "Authorization Required", s.base+"/authorize?")
	laptop.byCommand(s, "--name", "crm")
	pipeline.job("gitlab-ci.yml").mustNotSay(t, "Authorization Required")
	pipeline.expect("oauth_token_pair.crm", values{"status": "active"})
	// The command goes by the real clock, so the last job takes its token for an old one.
	s.expectCalls(calls{exchanges: 2, refreshes: nights + 1, tokenRequests: nights + 4})
	laptop.byCommand(s, "--name", "crm", "--redirect-uri", "http://127.0.0.1:"+port+"/callback") // while it works
	pipeline.job("github-actions.yml").mustNotSay(t, "Authorization Required")
	s.expectCalls(calls{exchanges: 3, refreshes: nights + 2, tokenRequests: nights + 6})

	seen := strings.ReplaceAll(strings.Join([]string{first.text(), invoked.text(), dead.text()}, " "), ":"+port+"/", ":8912/")
	mustPrint(t, located.ReplaceAllString(seen, ""), guideScreens(t, "authorize-from-your-laptop"))
}

// located is where a diagnostic says that it belongs.
var located = regexp.MustCompile(`with oauth_token_pair\.crm, on main\.tf line \d+, in resource "oauth_token_pair" "crm": \d+: resource "oauth_token_pair" "crm" \{ `)

// A credential from the laptop's own store is moved to where the pipeline has it, and the pipeline takes it over.
func TestLaptopsStoreGuide(t *testing.T) {
	t.Parallel()
	s, port := newLaptopServer(t)
	laptop := newGuide(t, s, nil, laptopCredential).desktop() // nothing is applied here
	laptop.env["OAUTH_CLIENT_SECRET"] = clientSecret
	if code, text := laptop.command("authorize", "--name", "crm"); code != 2 || !strings.Contains(text, `holds no credential crm`) {
		t.Errorf("exit code %d:\n%s", code, text)
	}
	laptop.byCommand(s, "--name", "crm", "--issuer", s.base, "--client-id", exampleClient, "--redirect-uri", "http://127.0.0.1:"+port+"/callback")

	pipeline := newPipeline(t, s, port)
	laptop.env["OAUTH_TOKEN_STORE_KEY"] = pipeline.env["OAUTH_TOKEN_STORE_KEY"] + "," + exampleKey
	if code, text := laptop.command("move", "--name", "crm", "--from", laptop.env["OAUTH_TOKEN_STORE"], "--to", pipeline.env["OAUTH_TOKEN_STORE"]); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, text)
	}
	pipeline.job("github-actions.yml").mustNotSay(t, "Authorization Required")
	pipeline.expect("oauth_token_pair.crm", values{"status": "active", "generation": 1})
	pipeline.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.expectCalls(calls{exchanges: 1})
}

func newLaptopServer(t *testing.T) (s *server, port string) {
	t.Helper()
	port = freePort(t)
	return startServer(t, sandbox.Options{
		Clients:  []sandbox.Client{{ID: exampleClient, Secret: clientSecret, RedirectURIs: []string{"http://127.0.0.1:" + port + "/callback"}}},
		Settings: sandbox.DefaultSettings(),
	}, sandbox.Listen{}), port
}

// newPipeline is the guide's repository, with a token store of its own in PostgreSQL.
func newPipeline(t *testing.T, s *server, port string) *workspace {
	t.Helper()
	w := newGuide(t, s, nil, laptopCredential)
	w.edit("main.tf", ":8912/", ":"+port+"/")
	w.onPostgres(sharedPostgres(t))
	return w
}

// byCommand is a person who authorizes while the command waits.
func (d *desktop) byCommand(s *server, args ...string) {
	d.t.Helper()
	run := d.startShell(append([]string{"authorize"}, args...)...)
	visit(d.t, s.consent(d.address(run)))
	if r := run.wait(); r.code != 0 {
		d.t.Fatalf("exit code %d:\n%s\n%s", r.code, r.stdout, r.stderr)
	}
}

// byAction is a person who authorizes while the action waits.
func (d *desktop) byAction(s *server) result {
	d.t.Helper()
	run := d.start("apply", "-input=false", "-no-color", "-auto-approve", "-invoke=action.oauth_authorize.crm")
	visit(d.t, s.consent(d.address(run)))
	r := run.wait()
	if r.code != 0 {
		d.t.Fatalf("the action failed:\n%s\n%s", r.stdout, r.stderr)
	}
	return r
}

// job does what a pipeline of the guide does, but for the installation of providers.
func (w *workspace) job(file string) (last result) {
	w.t.Helper()
	text := readFile(w.t, filepath.Join(exampleDir, filepath.FromSlash(laptopPipeline), file))
	for _, name := range []string{"OAUTH_TOKEN_STORE:", "OAUTH_TOKEN_STORE_KEY", "PGPASSWORD", "TF_VAR_client_secret"} {
		if !strings.Contains(text, name) {
			w.t.Errorf("%s does not give %s", file, name)
		}
	}
	lines := regexp.MustCompile(`(?m)^ +- (?:run: )?terraform (.*)$`).FindAllStringSubmatch(text, -1)
	if len(lines) != 2 || !strings.HasPrefix(lines[0][1], "init ") {
		w.t.Fatalf("%s runs %q", file, lines)
	}
	return w.ok(append(strings.Fields(lines[1][1]), "-no-color")...)
}
