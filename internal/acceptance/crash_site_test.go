//go:build unix

package acceptance_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// claimTTL is how long a claim lives with the timings that ship.
const claimTTL = 120 * time.Second

// behaviour is what a server does to refresh tokens, and what the configuration says that it does.
type behaviour struct {
	name     string
	tls      bool
	settings func(*sandbox.Settings)
	policy   string // in a configuration

	tokenPolicy credential.RefreshTokenPolicy // the same in a record
}

// The behaviours of the matrix. One of them is reached over TLS, where a handshake can hang; over plain HTTP every byte
// that is counted belongs to a request.
var (
	rejects = behaviour{
		name:     "reject",
		settings: func(s *sandbox.Settings) { s.OnReuse = sandbox.ReuseReject },
		policy:   `rotation = "single_use", on_reuse = "reject"`,

		tokenPolicy: credential.RefreshTokenPolicy{Rotation: credential.RotationSingleUse, OnReuse: credential.ReuseReject},
	}
	revokes = behaviour{
		name: "revoke_family", tls: true,
		settings: func(s *sandbox.Settings) { s.OnReuse = sandbox.ReuseRevokeFamily },
		policy:   `rotation = "single_use", on_reuse = "revoke_family"`,

		tokenPolicy: credential.RefreshTokenPolicy{Rotation: credential.RotationSingleUse, OnReuse: credential.ReuseRevokeFamily},
	}
	forgives = behaviour{
		name: "grace",
		settings: func(s *sandbox.Settings) {
			s.Rotation, s.GracePeriod = sandbox.RotationSingleUseGrace, 10*time.Minute
		},
		policy: `rotation = "single_use_grace", on_reuse = "revoke_family", grace_period = "10m"`,

		tokenPolicy: credential.RefreshTokenPolicy{
			Rotation: credential.RotationSingleUseGrace, OnReuse: credential.ReuseRevokeFamily, GracePeriod: 10 * time.Minute,
		},
	}
)

// site is a workspace with one token pair for each place where a process is to stop, all of one server.
type site struct {
	t      testing.TB
	s      *server
	w      *workspace
	b      behaviour
	table  *pgTable // nil: the token store is a folder
	driver driver
	places []place
	pairs  map[string]*pairOnSite

	overtaken []string // places where a process that stands still too long brings home what others have killed
}

// driver runs what asks for tokens: terraform with the provider, or the engine alone.
type driver interface {
	// configure makes a pair for each place, with the given refresh tokens. more are further attributes of every pair.
	configure(c *site, tokens map[string]sandbox.Issued, more string)
	// settle goes on until nothing is left to do but to refresh.
	settle(c *site)
	// args are the arguments of a command for one pair: "plan" or "apply" and what it needs.
	args(c *site, name string, command []string) []string
	// apply asks for every pair, which must succeed, and returns what was said of each by its address.
	apply(c *site, more ...string) map[string][]printed
	// state is what the last apply has come to, by the names of the places.
	state(c *site) map[string]values
}

type pairOnSite struct {
	family  string // at the server
	tokenID string // of the refresh token that is at stake
	before  int    // refreshes until then
	told    bool   // an apply has said that something is wrong with it

	usedBefore bool // the next apply creates it anew and finds its token used: the store is further on
}

// newSite makes a site of real terraform without a configuration.
func newSite(t testing.TB, b behaviour) *site {
	t.Helper()
	c := &site{t: t, b: b, driver: terraformDriver{}, pairs: map[string]*pairOnSite{}}
	c.s = newServerOn(t, sandbox.Listen{TLS: b.tls}, b.settings)
	c.w = newWorkspace(t)
	c.w.patience = 5 * time.Minute
	return c
}

// onPostgres moves the site to a token store in the shared server, before anything is configured.
func (c *site) onPostgres() *site {
	c.t.Helper()
	c.table = c.w.onPostgres(sharedPostgres(c.t))
	return c
}

// later moves the clocks of all: of the server, the processes and the token store.
func (c *site) later(d time.Duration) {
	c.t.Helper()
	c.s.later(d, c.w)
	if c.table != nil {
		c.table.later(c.t, d)
	}
}

// configure makes a pair for each place. more are further attributes of every pair.
func (c *site) configure(places []place, more string) {
	c.t.Helper()
	c.places = places
	tokens := map[string]sandbox.Issued{}
	for _, p := range places {
		tokens[p.name] = c.s.issue()
		c.pairs[p.name] = &pairOnSite{family: tokens[p.name].Family}
	}
	c.driver.configure(c, tokens, more)
	c.mark()
}

// trust makes the processes trust a server with TLS, and returns the path of its certificate; "" for another server.
func (c *site) trust() string {
	if !c.b.tls {
		return ""
	}
	path := filepath.Join(filepath.Dir(c.w.dir), "ca.pem")
	writeFile(c.t, path, string(c.s.running.CAPEM))
	c.w.env[envCA] = path
	return path
}

// settle lets nothing be left to do but to refresh, and moves time until every access token has expired.
func (c *site) settle() {
	c.t.Helper()
	c.driver.settle(c)
	c.later(time.Hour)
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
