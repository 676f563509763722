//go:build unix

package acceptance_test

import "time"

// somePlaces are enough for an apply, where the engine's steps are those of a plan.
func somePlaces(b behaviour) []place {
	return placesOf(b, "before-claim", "after-claim", "handshake", "body", "held-before", "held-after", "reply", "before-commit", "after-commit")
}

// applyGroups are those in which an apply refreshes: Create with a refresh token that was obtained elsewhere, and Update
// with the strategy at_apply. Core, if it lives, must keep what they return.
func applyGroups() []group {
	var groups []group
	for _, g := range []struct {
		blow    blow
		at      behaviour
		fates   map[string]fate // of an update
		first   map[string]fate // of a create
		wait    time.Duration   // between the applies after a create
		returns bool            // core gets an answer
	}{
		{killProvider, rejects, killed, killed, claimTTL, false},
		{killGroup, revokes, killed, killedAtFirst, time.Hour, false},
		{killCore, rejects, told, told, 0, false},
		{terminateGroup, revokes, told, told, 0, true},
		{interruptCore, rejects, told, told, 0, true},
	} {
		strike := func(c *site, places []place) {
			g.blow.befall(c)
			for _, p := range places {
				g.blow.strike(c.bring(p, "apply", "-auto-approve", "-input=false", "-no-color", "-target="+c.address(p.name)))
				c.expectDone(p.name, g.fates[p.name].done)
			}
		}
		groups = append(groups, group{"create, " + g.blow.name, func(c *site, m *matrix, column string) {
			places := somePlaces(g.at)
			c.configure(places, "")
			strike(c, afterWrites(1, places)) // the first write adopts the token
			state := c.state()
			for _, p := range places {
				f := g.first[p.name]
				want := g.returns && f.done == 1
				if got := state[p.name]["status"] == active; got != want {
					c.t.Errorf("%s: in the state as active: %v, want %v", p.name, got, want)
				}
				c.pairs[p.name].usedBefore = !want && f.done == 1 && f.statuses[0] == active
			}
			c.follow(m, column, g.first, g.wait)
		}, g.at})
		groups = append(groups, group{"update, " + g.blow.name, func(c *site, m *matrix, column string) {
			places := somePlaces(g.at)
			c.configure(places, `refresh = { strategy = "at_apply" }`)
			c.settle()
			strike(c, places)
			c.follow(m, column, g.fates, claimTTL)
		}, g.at})
	}
	return groups
}
