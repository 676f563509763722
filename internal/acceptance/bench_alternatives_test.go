//go:build unix

package acceptance_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// A contender is how a configuration comes by an access token, and what a person does to give it a refresh token from a new login.
type contender struct {
	name  string
	open  func(r *ride)
	login func(r *ride, refreshToken string)
}

// contenders are this provider and what people do instead. testdata/standin says how they work.
func contenders() []contender {
	return []contender{
		{"oauth_token_pair", openOurs, func(r *ride, token string) {
			r.env["TF_VAR_refresh_token"] = token
			r.apply()
		}},
		{"script_careful", openScript("careful.sh"), func(r *ride, token string) {
			writeFile(r.t, filepath.Join(r.dir, "reply.json"), fmt.Sprintf(`{"refresh_token":%q,"expires_at":0}`, token))
		}},
		{"script_naive", openScript("naive.sh"), func(r *ride, token string) {
			writeFile(r.t, filepath.Join(r.dir, "refresh_token"), token)
		}},
		{"refresh_in_read", openInRead, func(r *ride, token string) {
			r.env["TF_VAR_refresh_token"] = token
			r.apply("-refresh=false") // Read fails for ever with the dead one
		}},
		{"http_data_source", openHTTP, func(r *ride, token string) { r.env["TF_VAR_refresh_token"] = token }},
	}
}

const refreshVariable = `
variable "refresh_token" {
  type      = string
  sensitive = true
}
`

func openOurs(r *ride) {
	r.write(refreshVariable + fmt.Sprintf(`
resource "oauth_token_pair" "this" {
  name             = "api"
  client           = %s
  preauthenticated = { refresh_token = var.refresh_token }
}

data "oauth_access_token" "this" { token_pair = oauth_token_pair.this.id }
`, r.s.client(r.policy)))
}

// standinMain uses the stand-in in place of the provider.
func (r *ride) standinMain(config string) {
	r.override(filepath.Dir(r.standin), "standin")
	writeFile(r.t, filepath.Join(r.dir, "main.tf"), `terraform {
  required_providers {
    standin = { source = "seed-55355b43/standin" }
  }
}
`+config)
}

func openScript(name string) func(r *ride) {
	return func(r *ride) {
		text, err := os.ReadFile(filepath.Join("testdata", "standin", name))
		if err != nil {
			r.t.Fatal(err)
		}
		writeFile(r.t, filepath.Join(r.dir, "token.sh"), string(text))
		r.env["TOKEN_ENDPOINT"], r.env["CLIENT_ID"], r.env["CLIENT_SECRET"] = r.s.base+"/token", clientID, clientSecret
		r.standinMain(`
data "standin_external" "token" { program = ["sh", "-c", "if [ -n \"$FULL\" ]; then trap '' XFSZ; ulimit -f 0; fi; exec sh token.sh"] }
`)
	}
}

func openInRead(r *ride) {
	r.standinMain(refreshVariable + fmt.Sprintf(`
resource "standin_token" "this" {
  token_endpoint        = %q
  client_id             = %q
  client_secret         = %q
  initial_refresh_token = var.refresh_token
}
`, r.s.base+"/token", clientID, clientSecret))
}

func openHTTP(r *ride) {
	r.standinMain(refreshVariable + fmt.Sprintf(`
data "standin_http" "token" {
  url             = %q
  method          = "POST"
  request_headers = { "Content-Type" = "application/x-www-form-urlencoded" }
  request_body = join("&", [for k, v in {
    grant_type    = "refresh_token"
    client_id     = %q
    client_secret = %q
    refresh_token = var.refresh_token
  } : "${k}=${urlencode(v)}"])

  lifecycle {
    postcondition {
      condition     = self.status_code == 200
      error_message = "the server refused"
    }
  }
}
`, r.s.base+"/token", clientID, clientSecret))
}

// ride is one way on its way through the work.
type ride struct {
	*workspace
	way     contender
	s       *server
	policy  string // of the server, for those who can say it
	standin string
	moved   int

	failed, people int
}

func (r *ride) later(d time.Duration) {
	r.s.later(d, r.workspace)
	r.moved += int(d.Seconds())
	r.env["MOVED"] = strconv.Itoa(r.moved)
}

// run runs a command, and counts it if it fails.
func (r *ride) run(args ...string) bool {
	r.t.Helper()
	return r.count(r.terraform(args...))
}

func (r *ride) count(res result) bool {
	if res.code != 0 {
		r.failed++
		said := res.text()
		r.t.Logf("%s: terraform %s: …%s", r.way.name, res.args[0], said[max(0, len(said)-300):])
	}
	return res.code == 0
}

// settle goes on after something went wrong as people do: it runs again at once, again three hours later, and asks a person last.
func (r *ride) settle() {
	r.t.Helper()
	if r.run(planArgs()...) {
		return
	}
	r.later(3 * time.Hour)
	if r.run(planArgs()...) {
		return
	}
	r.people++
	r.authorize()
	if !r.run(planArgs()...) {
		r.t.Fatalf("%s: a new login does not help", r.way.name)
	}
}

func (r *ride) authorize() { r.way.login(r, r.s.issue().RefreshToken) }

func planArgs() []string  { return []string{"plan", "-input=false", "-no-color"} }
func applyArgs() []string { return []string{"apply", "-input=false", "-no-color", "-auto-approve"} }

// work is what all of them go through. Between the steps access tokens expire.
var work = []struct {
	name string
	do   func(r *ride)
}{
	{"ten_runs", func(r *ride) { // each an hour after the one before; seven plans are thrown away
		for n := range 10 {
			args := planArgs()
			if n%3 == 2 {
				args = applyArgs()
			}
			if !r.run(args...) {
				r.settle()
			}
			r.later(time.Hour)
		}
	}},
	{"two_at_once", func(r *ride) { // both are under way before the server answers one
		r.s.fault(sandbox.Fault{Action: sandbox.ActionDelay, DelayMS: 3000, Count: 2})
		first, second := r.start(planArgs()...), r.start(append(planArgs(), "-lock=false")...)
		a, b := r.count(first.wait()), r.count(second.wait())
		r.s.ClearFaults()
		if !a || !b {
			r.settle()
		}
		r.later(time.Hour)
		if !r.run(planArgs()...) {
			r.settle()
		}
	}},
	{"request_lost", faulty(sandbox.Fault{Action: sandbox.ActionDrop, When: sandbox.Before})},
	{"reply_cut", faulty(sandbox.Fault{Action: sandbox.ActionTruncate, Fraction: new(0.995)})},
	{"reply_lost", faulty(sandbox.Fault{Action: sandbox.ActionDrop, When: sandbox.After})},
	{"disk_full", func(r *ride) { // where the provider's store and the script's files lie; the others have none
		r.env["FULL"], r.env[envNoSpace] = "1", noSpace
		ok := r.run(planArgs()...)
		delete(r.env, "FULL")
		delete(r.env, envNoSpace)
		if !ok {
			r.settle()
		}
	}},
	{"kill_9", func(r *ride) { // when the server has answered, and nobody has read it
		r.s.fault(sandbox.Fault{Action: sandbox.ActionHold, When: sandbox.After})
		run := r.start(planArgs()...)
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := r.s.WaitHeld(ctx, 1); err != nil {
			r.t.Fatal(err)
		}
		run.signalGroup(syscall.SIGKILL)
		r.count(run.wait())
		r.s.Release()
		r.settle()
	}},
}

func faulty(f sandbox.Fault) func(r *ride) {
	return func(r *ride) {
		r.s.fault(f)
		if !r.run(planArgs()...) {
			r.settle()
		}
		r.s.ClearFaults()
	}
}

// BenchmarkAlternatives lets each way do the same work: against a server that kills a token family when a token is used twice, and
// against one that forgives a second use for a minute.
func BenchmarkAlternatives(b *testing.B) {
	for _, tool := range []string{"curl", "jq", "flock"} {
		if _, err := exec.LookPath(tool); err != nil {
			b.Fatalf("the scripts that people write need %s", tool)
		}
	}
	standin := compiled(b, "standin", "./testdata/standin")
	for _, kind := range []struct {
		name, policy string
		change       func(*sandbox.Settings)
	}{
		{"strict", strict, nil},
		{"grace", `rotation = "single_use_grace", grace_period = "1m", on_reuse = "revoke_family"`, func(set *sandbox.Settings) {
			set.Rotation, set.GracePeriod = sandbox.RotationSingleUseGrace, time.Minute
		}},
	} {
		for _, w := range contenders() {
			b.Run(kind.name+"/"+w.name, func(b *testing.B) {
				for b.Loop() {
					s := newServer(b, kind.change)
					r := &ride{workspace: newWorkspace(b), way: w, s: s, policy: kind.policy, standin: standin}
					w.open(r)
					r.authorize()
					s.ResetCounters()
					r.later(time.Hour)
					r.through(b)
				}
			})
		}
	}
}

// through goes through the work, and reports for each step how often a person was needed, and sums.
func (r *ride) through(b *testing.B) {
	b.Helper()
	b.ReportMetric(0, "ns/op")
	for _, step := range work {
		before := r.people
		step.do(r)
		b.ReportMetric(float64(r.people-before), "people-"+step.name)
		r.later(time.Hour)
	}
	alive := 1.0
	if !r.run(planArgs()...) {
		alive = 0
	}
	c := r.s.Counters()
	b.ReportMetric(float64(c.Refreshes), "refreshes")
	b.ReportMetric(float64(c.ReuseDetected), "reuses")
	b.ReportMetric(float64(r.failed), "failed-runs")
	b.ReportMetric(float64(r.people), "people")
	b.ReportMetric(alive, "alive-at-the-end")
}
