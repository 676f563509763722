//go:build unix

package acceptance_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// brief is the lifetime of an access token in these tests, by the real clock: an apply outlives it many times.
const brief = 3 * time.Second

func newBriefServer(t *testing.T) *server {
	return newServer(t, func(set *sandbox.Settings) { set.AccessTokenLifetime = brief })
}

// proxied is a configuration whose other provider uses the API of s through a proxy, in calls that go on for so long. mark is
// where it says that they have begun.
func (s *server) proxied(pair, during, mark string) string {
	return fmt.Sprintf(`
ephemeral "oauth_api_proxy" "x" {
  token_pair = %q
  upstream   = "%s/api"
}
provider "consumer" {
  url    = ephemeral.oauth_api_proxy.x.url
  bearer = ephemeral.oauth_api_proxy.x.bearer
}
resource "consumer_calls" "this" {
  path = "/me"
  for  = %q
  mark = %q
}
`, pair, s.base, during, mark)
}

// consumes makes the workspace use the other provider, too.
func (w *workspace) consumes() *workspace {
	w.t.Helper()
	w.override(pluginDir(w.t), "oauth", "consumer")
	return w
}

func (w *workspace) writeConsumer(config string) {
	w.t.Helper()
	writeFile(w.t, filepath.Join(w.dir, "main.tf"), `terraform {
  required_providers {
    oauth    = { source = "seed-55355b43/oauth" }
    consumer = { source = "seed-55355b43/consumer" }
  }
}
`+config)
}

// A provider that is configured through the proxy outlives ten token lifetimes within one apply, and knows nothing of it. Each
// expiry costs one refresh.
func TestProxyOutlivesTokens(t *testing.T) {
	t.Parallel()
	const during = 30 * time.Second
	s, owner := newBriefServer(t), newWorkspace(t)
	owner.write(s.pair("long", s.issue().RefreshToken, strict, ""))
	owner.apply()
	user := owner.sibling().consumes()
	user.env["TF_LOG"], user.env["TF_LOG_PATH"] = "TRACE", filepath.Join(filepath.Dir(user.dir), "trace.log")
	path := filepath.Join(filepath.Dir(user.dir), "mark")
	user.writeConsumer(s.proxied("long", during.String(), path))
	user.plan()
	before, began := s.Counters(), time.Now()
	user.apply()
	took := time.Since(began)

	c := s.Counters()
	refreshes := c.Refreshes - before.Refreshes
	// Of a lifetime a quarter is left when the next token is asked for; plan and apply have opened a proxy each.
	if most := int(took/(brief*3/4)) + 2; refreshes < int(during/brief) || refreshes > most {
		t.Errorf("%d refreshes in an apply of %s with tokens of %s, want %d to %d", refreshes, took, brief, during/brief, most)
	}
	if c.ReuseDetected != 0 || c.TokenRequests != c.Refreshes {
		t.Errorf("%d reuses; %d token requests, %d refreshes", c.ReuseDetected, c.TokenRequests, c.Refreshes)
	}
	if n, ok := user.attributes("consumer_calls.this")["calls"].(float64); !ok || n < 50 || int(n) != c.APIOK-before.APIOK {
		t.Errorf("%v calls were made, and the API has taken %d", n, c.APIOK-before.APIOK)
	}
	owner.plan()
	owner.apply()
	if s.Counters().ReuseDetected != 0 {
		t.Error("the pair was lost")
	}
	owner.expectLive(s, s.Counters().Refreshes+1)
	secrets := append(s.Secrets(), sandbox.Secret{Kind: "bearer of the proxy", Value: strings.Fields(readFile(t, path))[2]})
	for _, secret := range secrets {
		expectIn(t, user.dir, "the "+string(secret.Kind), secret.Value, false) // state and all
		expectIn(t, user.env["TF_LOG_PATH"], "the "+string(secret.Kind), secret.Value, false)
	}
	expectIn(t, user.env["TF_LOG_PATH"], "trace of the proxy", "oauth_api_proxy", true)
}

// begun waits until the calls have begun, and tells who makes them, and through which proxy.
func begun(t *testing.T, r *running, path string) (pid int, address, bearer string) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		select {
		case <-r.done:
			t.Fatalf("terraform has ended:\n%s\n%s", r.stdout.String(), r.stderr.String())
		default:
		}
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		parts := strings.Fields(string(text))
		if pid, err = strconv.Atoi(parts[0]); err != nil {
			t.Fatal(err)
		}
		return pid, parts[1], parts[2]
	}
	t.Fatal("no calls were made")
	return 0, "", ""
}

// waitSilent waits until nobody listens there any more.
func waitSilent(t *testing.T, address string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		conn, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", u.Host)
		if errors.Is(err, syscall.ECONNREFUSED) {
			return
		}
		if err == nil {
			_ = conn.Close()
		}
	}
	t.Fatalf("somebody still listens on %s", u.Host)
}

// providerOf finds the process of the provider under test that core has started.
func providerOf(t *testing.T, r *running) int {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all {
		stat, err := os.ReadFile(path)
		_, rest, _ := strings.Cut(string(stat), ") ")
		fields := strings.Fields(rest) // state, parent …
		if err != nil || len(fields) < 2 || fields[1] != strconv.Itoa(r.cmd.Process.Pid) {
			continue
		}
		command, err := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
		if err == nil && strings.Contains(string(command), "terraform-provider-oauth") {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			if err != nil {
				t.Fatal(err)
			}
			return pid
		}
	}
	t.Fatal("core has no provider")
	return 0
}

// Whatever ends the run, nothing is lost, and nobody listens afterwards.
func TestProxyEndsWithTheRun(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		end  func(t *testing.T, r *running)
	}{
		{"core killed", func(t *testing.T, r *running) {
			if err := syscall.Kill(r.cmd.Process.Pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}},
		{"provider killed", func(t *testing.T, r *running) {
			if err := syscall.Kill(providerOf(t, r), syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}},
		{"interrupted", func(_ *testing.T, r *running) { r.signalGroup(syscall.SIGINT) }},
		{"terminated", func(_ *testing.T, r *running) { r.signalGroup(syscall.SIGTERM) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, owner := newBriefServer(t), newWorkspace(t)
			owner.write(s.pair("cut", s.issue().RefreshToken, strict, ""))
			owner.apply()
			user := owner.sibling().consumes()
			path := filepath.Join(filepath.Dir(user.dir), "mark")
			user.writeConsumer(s.proxied("cut", "10m", path))
			r := user.start("apply", "-input=false", "-no-color", "-auto-approve")
			_, address, _ := begun(t, r, path)
			// Between refreshes: what a blow in the midst of one comes to is the engine's, and is tried step by step elsewhere.
			n := s.Counters().Refreshes + 2
			for deadline := time.Now().Add(patience); s.Counters().Refreshes < n || len(findIn(t, owner.store, s.live().RefreshToken)) == 0; {
				if time.Sleep(10 * time.Millisecond); time.Now().After(deadline) {
					t.Fatal("no refreshes")
				}
			}
			test.end(t, r)
			r.wait()
			waitSilent(t, address)
			owner.apply()
			c := s.Counters()
			if c.ReuseDetected != 0 || c.TokenRequests != c.Refreshes {
				t.Errorf("%d reuses; %d token requests, %d refreshes", c.ReuseDetected, c.TokenRequests, c.Refreshes)
			}
			owner.expectLive(s, c.Refreshes+1)
			if res, err := http.Get(address); err == nil {
				_ = res.Body.Close()
				t.Error("the proxy answers after the end of its run")
			}
		})
	}
}
