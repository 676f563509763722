//go:build unix

package acceptance_test

import (
	"net"
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
	port := freePort(t)
	s := startServer(t, sandbox.Options{
		Clients:  []sandbox.Client{{ID: exampleClient, Secret: clientSecret, RedirectURIs: []string{"http://127.0.0.1:" + port + "/callback"}}},
		Settings: sandbox.DefaultSettings(),
	}, sandbox.Listen{})
	pipeline := newGuide(t, s, nil, laptopCredential)
	pipeline.edit("main.tf", ":8912/", ":"+port+"/")
	pipeline.onPostgres(sharedPostgres(t))
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
	laptop.byAction(s)
	pipeline.job("gitlab-ci.yml").mustNotSay(t, "Authorization Required")
	pipeline.expect("oauth_token_pair.crm", values{"status": "active", "generation": 1})
	t.Log(first.stdout, invoked.stdout, dead.stdout)
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

// freePort is one that nobody listens at just now.
func freePort(t testing.TB) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
