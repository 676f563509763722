//go:build unix

package acceptance_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// A process that is held up between its claim and its request, for longer than send_by, sends nothing: not a byte. It
// takes its claim back, and starts again with a new one.
func TestLateRequestIsNotSent(t *testing.T) {
	t.Parallel()
	c := newSite(t, revokesPlainly)
	c.configure(placesOf(c.b, "after-claim", "dial", "body"), "")
	c.settle()
	for _, p := range c.places {
		t.Run(p.name+", clock moved", func(t *testing.T) {
			c.late(p, func(*running) { c.w.advance(10*time.Second + time.Millisecond) })
		})
	}
	// A process that stands still shows on its own monotonic clock.
	timings := credential.DefaultTimings()
	timings.SendBy = 2 * time.Second
	c.w.timings(timings)
	c.later(time.Hour)
	for _, p := range c.places {
		t.Run(p.name+", stopped", func(t *testing.T) {
			c.late(p, func(r *running) {
				r.signalGroup(syscall.SIGSTOP)
				time.Sleep(2100 * time.Millisecond)
				r.signalGroup(syscall.SIGCONT)
			})
		})
	}
}

// revokesPlainly is the strictest server without TLS, so that each byte counts.
var revokesPlainly = behaviour{name: "revoke_family", settings: revokes.settings, policy: revokes.policy}

// late holds a plan up at the place, and looks at the server when the claim is taken back.
func (c *site) late(p place, holdUp func(*running)) {
	c.t.Helper()
	before := c.s.Counters()
	c.mark()
	st := c.w.stopAt(p.step, "replace-2-before")
	r := c.w.start(c.driver.args(c, p.name, []string{"plan", "-input=false", "-no-color"})...)
	c.w.noStop()
	st.reached(r, p.step)
	holdUp(r)
	st.letGo(p.step)
	st.reached(r, "replace-2-before")
	if now := c.s.Counters(); now.BytesReceived != before.BytesReceived || now.TokenArrivals != before.TokenArrivals {
		c.t.Errorf("%s: the server has got %d bytes and %d requests of the late attempt, want none",
			p.name, now.BytesReceived-before.BytesReceived, now.TokenArrivals-before.TokenArrivals)
	}
	st.letGo("replace-2-before")
	if done := r.wait(); done.code != 0 {
		c.t.Errorf("%s: the plan exited with %d:\n%s\n%s", p.name, done.code, done.stdout, done.stderr)
	}
	if got, want := c.count(p.name), (count{1, 0, 1}); got != want {
		c.t.Errorf("%s: refreshes, reuse, requests are %v, want %v", p.name, got, want)
	}
}
