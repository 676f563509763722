//go:build unix

package acceptance_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// place is where a provider process stops on its way from claim to commit.
type place struct {
	name  string
	step  string         // of the provider process; empty: the server stops it
	fault *sandbox.Fault // by which the server does
	tls   bool           // makes sense over TLS only

	elsewhere bool // on a machine whose rescue files nobody else sees; makes sense with a store across a network only

	// What the server knows of the token at stake while the process stands there.
	connects  bool // a connection was made
	arrived   bool // the request is in the log
	processed bool
}

func held(action, when string) *sandbox.Fault { return &sandbox.Fault{Action: action, When: when} }

// places are all of them, in the order of a refresh. The store steps are those of a process that writes nothing else.
var places = []place{
	{name: "before-claim", step: "replace-1-before"},
	{name: "after-claim", step: "replace-1-after"},
	{name: "dial", step: "dial"},
	{name: "handshake", fault: &sandbox.Fault{Action: sandbox.ActionStallHandshake}, tls: true, connects: true},
	{name: "body", step: "body", connects: true},
	{name: "read", step: "read", connects: true},
	{name: "held-before", fault: held(sandbox.ActionHold, sandbox.Before), connects: true, arrived: true},
	{name: "sent", step: "sent", connects: true, arrived: true, processed: true},
	{name: "held-after", fault: held(sandbox.ActionHold, sandbox.After), connects: true, arrived: true, processed: true},
	{name: "headers", step: "headers", connects: true, arrived: true, processed: true},
	{name: "half-reply", fault: held(sandbox.ActionHalfThenHold, sandbox.After), connects: true, arrived: true, processed: true},
	{name: "reply", step: "reply", connects: true, arrived: true, processed: true},
	{name: "before-commit", step: "replace-2-before", connects: true, arrived: true, processed: true},
	{name: "machine-gone", step: "replace-2-before", elsewhere: true, connects: true, arrived: true, processed: true},
	{name: "after-commit", step: "replace-2-after", connects: true, arrived: true, processed: true},
}

// everywhere stands for every place.
var everywhere []string

// turns are the places at which the fate of a refresh takes a turn. What lies between two of them has the fate of its neighbour, in every
// table; that it really has, the engine's own matrix shows, and for each command of terraform one row of this one.
var turns = []string{"before-claim", "after-claim", "read", "held-before", "half-reply", "before-commit", "machine-gone", "after-commit"}

// exists tells whether the place is there with this behaviour, and wanted. No names stand for all.
func (p place) exists(b behaviour, names []string) bool {
	return (b.tls || !p.tls) && (len(names) == 0 || slices.Contains(names, p.name))
}

// placesOf returns the places that exist with this behaviour; only those of the given names, if any are given.
func placesOf(b behaviour, names ...string) []place {
	return slices.DeleteFunc(slices.Clone(places), func(p place) bool { return p.elsewhere || !p.exists(b, names) })
}

// remotePlacesOf are those of a token store across a network. The two at which a rescue file is left come last: the next
// process brings it home first, and writes more than it claims.
func remotePlacesOf(b behaviour, names ...string) []place {
	var some, last []place
	for _, p := range places {
		switch {
		case !p.exists(b, names):
		case p.name == "before-commit":
			last = append(last, p)
		default:
			some = append(some, p)
		}
	}
	return append(some, last...)
}

// behindKilled shifts the last of remotePlacesOf where processes are killed and one process reads and claims. The one that
// was killed behind its commit has left a rescue file. Its successor can be read, and nobody knows whether that write has
// succeeded: who finds the file writes it once more. (In an apply the process of the plan does, before the one that claims.)
func behindKilled(places []place) []place {
	last := len(places) - 1
	return slices.Concat(places[:last], afterWrites(1, places[last:]))
}

// placesHere are those of the site; only those of the given names, if any are given.
func (c *site) placesHere(names ...string) []place {
	if c.table != nil {
		return remotePlacesOf(c.b, names...)
	}
	return placesOf(c.b, names...)
}

// afterWrites shifts the store steps for a process that writes a token pair n times before it claims.
func afterWrites(n int, places []place) []place {
	shifted := slices.Clone(places)
	for i, p := range shifted {
		var k int
		var side string
		if _, err := fmt.Sscanf(p.step, "replace-%d-%s", &k, &side); err == nil {
			shifted[i].step = fmt.Sprintf("replace-%d-%s", k+n, side)
		}
	}
	return shifted
}

// standing is a command whose provider process has come to its place.
type standing struct {
	c     *site
	place place
	run   *running
	stop  *stop
	pid   int // of the provider process
}

// bring starts a command and waits until its provider process stands at the place of the pair of that name, and the
// server's log shows it.
func (c *site) bring(p place, args ...string) *standing {
	c.t.Helper()
	before := c.s.Counters()
	already := len(c.s.Held())
	st := &standing{c: c, place: p, stop: c.w.stopAt(p.step)}
	if p.fault != nil {
		c.s.fault(*p.fault)
	}
	if p.elsewhere {
		rescue := c.w.env[envRescue]
		c.w.env[envRescue] = filepath.Join(filepath.Dir(c.w.dir), "elsewhere")
		defer func() { c.w.env[envRescue] = rescue }()
	}
	st.run = c.w.start(c.driver.args(c, p.name, args)...)
	c.w.noStop()
	if p.fault == nil {
		st.pid = st.stop.reached(st.run, p.step)
	} else {
		eventually(c.t, "the server holds the request of "+p.name, func() bool { return len(c.s.Held()) == already+1 })
		st.pid = st.stop.claimer(st.run)
	}
	st.prove(before)
	return st
}

// prove checks that the server has seen what it must have seen by now, and no more.
func (st *standing) prove(before sandbox.Counters) {
	c, p := st.c, st.place
	c.t.Helper()
	var lines []sandbox.Entry
	var now sandbox.Counters
	look := func() bool {
		now, lines = c.s.Counters(), c.requests(p.name)
		return now.Connections > before.Connections == p.connects && (len(lines) == 1) == p.arrived &&
			(len(lines) == 1 && lines[0].Processed) == p.processed
	}
	eventually(c.t, "the server has seen as much as "+p.name+" means", look)
	if now.TokenArrivals > before.TokenArrivals != p.arrived {
		c.t.Errorf("%s: %d requests arrived", p.name, now.TokenArrivals-before.TokenArrivals)
	}
	if !c.b.tls && !p.arrived && now.BytesReceived != before.BytesReceived {
		c.t.Errorf("%s: the server has got %d bytes, want none", p.name, now.BytesReceived-before.BytesReceived)
	}
}

// goOn lets the process, or the server, go on from the place.
func (st *standing) goOn() {
	if st.place.fault == nil {
		st.stop.letGo(st.place.step)
		return
	}
	st.c.s.Release()
}

// eventually waits for what another process or the server does.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it did not come true that %s", what)
		}
	}
}
