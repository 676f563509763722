//go:build unix

package acceptance_test

import "testing"

// A plan refreshes every expired access token. Something happens to its processes at every place of the way; then one
// apply runs, and others when the claim's TTL has passed.
func TestCrashMatrix(t *testing.T) {
	t.Parallel()
	m := newMatrix()
	t.Cleanup(func() { m.print(t) })
	for _, g := range []struct {
		blow  blow
		at    behaviour
		fates map[string]fate
	}{
		{killProvider, rejects, killed},
		{killProvider, revokes, killed},
		{killProvider, forgives, killedInGrace},
		{killGroup, rejects, killed},
		{killGroup, revokes, killed},
		{killCore, rejects, stopped},
		{killCore, revokes, stopped},
		{closeStderr, revokes, stopped},
		{terminateGroup, rejects, stopped},
		{terminateGroup, revokes, stopped},
		{interruptCore, rejects, stopped},
		{interruptCore, revokes, stopped},
	} {
		column := "plan, " + g.blow.name + ", " + g.at.name
		t.Run(column, func(t *testing.T) {
			t.Parallel()
			c := newSite(t, g.at, namesOf(placesOf(g.at)), "")
			c.settle()
			g.blow.befall(c)
			for _, p := range placesOf(g.at) {
				st := c.bring(p, "plan", "-input=false", "-no-color", "-target="+c.address(p.name))
				g.blow.strike(st)
				c.expectDone(p.name, g.fates[p.name].done)
			}
			c.follow(m, column, g.fates)
		})
	}
}

// expectDone compares what the server has carried out so far.
func (c *site) expectDone(name string, want int) {
	c.t.Helper()
	if got := c.count(name).refreshes; got != want {
		c.t.Errorf("%s: the server has carried out %d refreshes when the processes are gone, want %d", name, got, want)
	}
}

// follow applies as often as the fates say, with a TTL between, and compares status, warnings and counts.
func (c *site) follow(m *matrix, column string, fates map[string]fate) {
	c.t.Helper()
	rounds := 0
	for _, f := range fates {
		rounds = max(rounds, len(f.statuses))
	}
	told := map[string]bool{}
	for round := range rounds {
		if round > 0 {
			c.s.later(claimTTL, c.w)
		}
		said := c.applyAll()
		state := c.state()
		for _, name := range c.names {
			want := fates[name].statuses[round]
			if got := state[name]["status"]; got != want {
				c.t.Errorf("%s: after apply %d the status is %v, want %s", name, round+1, got, want)
			}
			c.expectSaid(name, want, said[c.address(name)])
			told[name] = told[name] || want != active
		}
	}
	state := c.state()
	for _, name := range c.names {
		got := c.count(name)
		if got != fates[name].count {
			c.t.Errorf("%s: refreshes, reuse, requests are %v, want %v", name, got, fates[name].count)
		}
		m.add(column, name, c.verdict(name, state[name], told[name]), got)
	}
}

// expectSaid compares what an apply says of a pair with what its status needs.
func (c *site) expectSaid(name, status string, said []diagnostic) {
	c.t.Helper()
	summary := map[string]string{active: "", unknown: "Outcome of a Refresh Unknown", required: "Authorization Required"}[status]
	var got string
	if len(said) > 0 {
		got = said[0].Summary
	}
	if got != summary || len(said) > 1 {
		c.t.Errorf("%s: with status %s the apply says %q, want %q", name, status, said, summary)
	}
}

// verdict judges by the server alone whether the state holds a refresh token that works.
func (c *site) verdict(name string, state values, told bool) outcome {
	f := c.family(name)
	works := state["status"] == active && f.RefreshToken != "" && state["refresh_token"] == f.RefreshToken
	switch {
	case works && !told:
		return kept
	case works:
		return waited
	case told && state["status"] == required && f.Refreshes > c.pairs[name].before:
		return reported // the server had given a successor
	default:
		return lost
	}
}
