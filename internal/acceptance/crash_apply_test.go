//go:build unix

package acceptance_test

import "time"

// strikeApplies lets the blow befall an apply at each of the places.
func (c *site) strikeApplies(b blow, places []place, fates map[string]fate) {
	c.t.Helper()
	b.befall(c)
	for _, p := range places {
		b.strike(c.bring(p, "apply", "-auto-approve", "-input=false", "-no-color"))
		c.expectDone(p.name, rowOf(c.t, fates, p.name).done)
	}
}

// createGroups are those in which Create adopts and refreshes a refresh token that was obtained elsewhere.
func createGroups() []group {
	var groups []group
	for _, g := range []struct {
		blow    blow
		at      behaviour
		fates   map[string]fate
		wait    time.Duration // between the applies that follow
		returns bool          // core gets an answer, and must keep it
		where   []string
	}{
		{killProvider, rejects, killed, claimTTL, false, everywhere},
		{killGroup, revokes, killedAtFirst, time.Hour, false, turns},
		{killCore, rejects, told, 0, false, turns},
		{terminateGroup, revokes, told, 0, true, turns},
		{interruptCore, rejects, told, 0, true, turns},
		{holdUp, revokes, heldUp, 0, true, turns},
	} {
		groups = append(groups, group{"create, " + g.blow.name, func(c *site, m *matrix, column string) {
			places := placesOf(g.at, g.where...)
			c.configure(places, "")
			c.strikeApplies(g.blow, afterWrites(1, places), g.fates) // the first write adopts the token
			state := c.driver.state(c)
			for _, p := range places {
				f := g.fates[p.name]
				want := g.returns && f.done == 1
				if got := state[p.name]["status"] == active; got != want {
					c.t.Errorf("%s: in the state as active: %v, want %v", p.name, got, want)
				}
				c.pairs[p.name].usedBefore = !want && f.done == 1 && f.statuses[0] == active
			}
			c.follow(m, column, g.fates, g.wait)
		}, g.at, false})
	}
	return groups
}

// updateGroups are those in which Update refreshes, by the strategy at_apply.
func updateGroups() []group {
	var groups []group
	for _, g := range []struct {
		blow     blow
		at       behaviour
		fates    map[string]fate
		postgres bool
		where    []string
	}{
		{killProvider, revokes, killed, false, turns},
		{killGroup, rejects, killed, false, turns},
		{killCore, revokes, told, false, turns},
		{terminateGroup, rejects, told, false, everywhere},
		{interruptCore, revokes, told, false, turns},
		{holdUp, rejects, heldUp, false, turns},
		{killGroup, rejects, killedRemotely, true, turns},
	} {
		groups = append(groups, group{"update, " + g.blow.name, func(c *site, m *matrix, column string) {
			c.configure(c.placesHere(g.where...), `refresh = { strategy = "at_apply" }`)
			c.settle()
			c.strikeApplies(g.blow, c.places, g.fates)
			c.follow(m, column, g.fates, claimTTL)
		}, g.at, g.postgres})
	}
	return groups
}
