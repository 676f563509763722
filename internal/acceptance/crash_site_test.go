//go:build unix

package acceptance_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// claimTTL is how long a claim lives with the timings that ship.
const claimTTL = 120 * time.Second

// behaviour is what a server does to refresh tokens, and what the configuration says that it does.
type behaviour struct {
	name     string
	tls      bool
	settings func(*sandbox.Settings)
	policy   string
}

// The behaviours of the matrix. One of them is reached over TLS, where a handshake can hang; over plain HTTP every byte
// that is counted belongs to a request.
var (
	rejects = behaviour{
		name:     "reject",
		settings: func(s *sandbox.Settings) { s.OnReuse = sandbox.ReuseReject },
		policy:   `rotation = "single_use", on_reuse = "reject"`,
	}
	revokes = behaviour{
		name: "revoke_family", tls: true,
		settings: func(s *sandbox.Settings) { s.OnReuse = sandbox.ReuseRevokeFamily },
		policy:   `rotation = "single_use", on_reuse = "revoke_family"`,
	}
	forgives = behaviour{
		name: "grace",
		settings: func(s *sandbox.Settings) {
			s.Rotation, s.GracePeriod = sandbox.RotationSingleUseGrace, 10*time.Minute
		},
		policy: `rotation = "single_use_grace", on_reuse = "revoke_family", grace_period = "10m"`,
	}
)

// site is a workspace with one token pair for each place where a process is to stop, all of one server.
type site struct {
	t      testing.TB
	s      *server
	w      *workspace
	b      behaviour
	places []place
	pairs  map[string]*pairOnSite
}

type pairOnSite struct {
	family  string // at the server
	tokenID string // of the refresh token that is at stake
	before  int    // refreshes until then
	told    bool   // an apply has said that something is wrong with it

	usedBefore bool // the next apply creates it anew and finds its token used: the store is further on
}

// newSite makes a site without a configuration.
func newSite(t testing.TB, b behaviour) *site {
	t.Helper()
	c := &site{t: t, b: b, pairs: map[string]*pairOnSite{}}
	c.s = newServerOn(t, sandbox.Listen{TLS: b.tls}, b.settings)
	c.w = newWorkspace(t)
	c.w.patience = 5 * time.Minute
	return c
}

// configure writes a configuration with a pair for each place. more are further attributes of every pair. Nothing is
// applied.
func (c *site) configure(places []place, more string) {
	c.t.Helper()
	c.places = places
	var tokens strings.Builder
	for _, p := range places {
		issued := c.s.issue()
		c.pairs[p.name] = &pairOnSite{family: issued.Family}
		fmt.Fprintf(&tokens, "    %q = %q\n", p.name, issued.RefreshToken)
	}
	c.w.write(c.providerBlock() + fmt.Sprintf(`
resource "oauth_token_pair" "p" {
  for_each = {
%s  }
  name             = "crash-${each.key}"
  client           = %s
  preauthenticated = { refresh_token = each.value }
  %s
}
`, tokens.String(), c.s.client(c.b.policy), more))
	c.mark()
}

// providerBlock makes the provider trust the server, and so does the stepping transport.
func (c *site) providerBlock() string {
	if !c.b.tls {
		return ""
	}
	path := filepath.Join(filepath.Dir(c.w.dir), "ca.pem")
	writeFile(c.t, path, string(c.s.running.CAPEM))
	c.w.env[envCA] = path
	return fmt.Sprintf("provider \"oauth\" {\n  ca_certificate_pem = file(%q)\n}\n", path)
}

// settle applies the configuration, lets a Read find what Create has left, and moves time until every access token has
// expired.
func (c *site) settle() {
	c.t.Helper()
	c.w.apply()
	c.w.plan()
	c.s.later(time.Hour, c.w)
	c.mark()
}

// mark notes which refresh token of each pair is at stake from now on.
func (c *site) mark() {
	c.t.Helper()
	for name, p := range c.pairs {
		f := c.family(name)
		p.tokenID, p.before = f.RefreshTokenID, f.Refreshes
	}
}

func (c *site) address(name string) string { return fmt.Sprintf("oauth_token_pair.p[%q]", name) }

// family is how the server sees the pair.
func (c *site) family(name string) sandbox.Family {
	c.t.Helper()
	for _, f := range c.s.Current() {
		if f.ID == c.pairs[name].family {
			return f
		}
	}
	c.t.Fatalf("the server does not know the token pair %s", name)
	return sandbox.Family{}
}

// requests are the token endpoint's log lines of the token at stake.
func (c *site) requests(name string) []sandbox.Entry {
	var lines []sandbox.Entry
	for _, e := range c.s.Log() {
		if e.Path == "/token" && e.TokenID == c.pairs[name].tokenID {
			lines = append(lines, e)
		}
	}
	return lines
}

// count is what the server saw of the pair since mark.
type count struct{ refreshes, reuse, requests int }

func (c *site) count(name string) count {
	c.t.Helper()
	n := count{refreshes: c.family(name).Refreshes - c.pairs[name].before}
	for _, e := range c.requests(name) {
		n.requests++
		if e.Reason == "refresh_reused" {
			n.reuse++
		}
	}
	return n
}

// state reads the attributes of every pair from the state file, without the cost of a command.
func (c *site) state() map[string]values {
	c.t.Helper()
	got := map[string]values{}
	text, err := os.ReadFile(c.w.statePath())
	if os.IsNotExist(err) || (err == nil && len(text) == 0) { // a killed core leaves that
		return got
	}
	if err != nil {
		c.t.Fatal(err)
	}
	var state struct {
		Resources []struct {
			Type      string `json:"type"`
			Instances []struct {
				Key        string `json:"index_key"`
				Attributes values `json:"attributes"`
				Status     string `json:"status"`
			} `json:"instances"`
		} `json:"resources"`
	}
	if err := json.Unmarshal(text, &state); err != nil {
		c.t.Fatal(err)
	}
	for _, r := range state.Resources {
		for _, i := range r.Instances {
			if i.Status != "" {
				c.t.Errorf("%s is %s in the state", c.address(i.Key), i.Status)
			}
			if r.Type == "oauth_token_pair" {
				got[i.Key] = i.Attributes
			}
		}
	}
	return got
}

// printed is one warning or error, as terraform prints it with -json: not collapsed with its likes.
type printed struct {
	Severity string `json:"severity"`
	Summary  string `json:"summary"`
	Detail   string `json:"detail"`
	Address  string `json:"address"`
}

func (d printed) String() string { return d.Severity + ": " + d.Summary + ": " + d.Detail }

// run runs a command with -json and returns its diagnostics by the address of the resource.
func (c *site) run(args ...string) (result, map[string][]printed) {
	c.t.Helper()
	r := c.w.terraform(append(args[:1:1], append([]string{"-json", "-input=false"}, args[1:]...)...)...)
	return r, c.diagnostics(r)
}

func (c *site) diagnostics(r result) map[string][]printed {
	c.t.Helper()
	all := map[string][]printed{}
	for line := range strings.Lines(r.stdout) {
		var message struct {
			Diagnostic *printed `json:"diagnostic"`
		}
		if json.Unmarshal([]byte(line), &message) == nil && message.Diagnostic != nil {
			d := *message.Diagnostic
			all[d.Address] = append(all[d.Address], d)
		}
	}
	return all
}

// applyAll runs one apply of the whole configuration, which must succeed, and returns what it said of each pair.
func (c *site) applyAll(more ...string) map[string][]printed {
	c.t.Helper()
	r, said := c.run(append([]string{"apply", "-auto-approve"}, more...)...)
	if r.code != 0 {
		c.t.Fatalf("apply exited with %d:\n%s\n%s", r.code, r.stdout, r.stderr)
	}
	return said
}
