//go:build unix

package acceptance_test

import (
	"slices"
	"testing"
	"time"
)

// group is a part of the matrix: one workspace, one server, one thing that happens at every place.
type group struct {
	name string
	run  func(c *site, m *matrix, column string)
	at   behaviour

	postgres bool // the token store; else a folder
}

// Something happens to the processes of a refresh, at every place of its way. Then one apply runs, and others when the
// documented wait is over. What must become of each credential was written down before, in tables.
func TestCrashMatrix(t *testing.T) {
	t.Parallel()
	m := newMatrix()
	t.Cleanup(func() { m.print(t) })
	for _, g := range slices.Concat(planGroups(), createGroups(), updateGroups(), exchangeGroups(), stopGroups()) {
		column := g.name + ", " + g.at.name
		if g.postgres {
			column += ", postgres"
		}
		t.Run(column, func(t *testing.T) {
			t.Parallel()
			c := newSite(t, g.at)
			if g.postgres {
				c.onPostgres()
			}
			g.run(c, m, column)
		})
	}
}

// planGroups are those in which a plan refreshes an expired access token.
func planGroups() []group {
	var groups []group
	for _, g := range []struct {
		blow     blow
		at       behaviour
		fates    map[string]fate
		postgres bool
		where    []string
	}{
		{killProvider, revokes, killed, false, everywhere},
		{killProvider, forgives, killedInGrace, false, turns},
		{killGroup, revokes, killed, false, turns},
		{killCore, rejects, told, false, turns},
		{closeStderr, revokes, told, false, turns},
		{terminateGroup, rejects, told, false, everywhere},
		{interruptCore, revokes, told, false, turns},
		{killProvider, revokes, killedRemotely, true, turns},
		{terminateGroup, rejects, toldRemotely, true, turns},
	} {
		groups = append(groups, group{"plan, " + g.blow.name, func(c *site, m *matrix, column string) {
			places := c.placesHere(g.where...)
			if g.postgres && g.blow.kills {
				places = behindKilled(places)
			}
			c.configure(places, "")
			c.settle()
			g.blow.befall(c)
			for _, p := range c.places {
				g.blow.strike(c.bring(p, "plan", "-input=false", "-no-color"))
				c.expectDone(p.name, rowOf(c.t, g.fates, p.name).done)
			}
			c.follow(m, column, g.fates, claimTTL)
		}, g.at, g.postgres})
	}
	return groups
}

// rowOf returns the row of a place, which the table must have.
func rowOf[F any](t testing.TB, fates map[string]F, name string) F {
	t.Helper()
	f, ok := fates[name]
	if !ok {
		t.Fatalf("the table says nothing of %s", name)
	}
	return f
}

// expectDone compares what the server has carried out so far.
func (c *site) expectDone(name string, want int) {
	c.t.Helper()
	if got := c.count(name).refreshes; got != want {
		c.t.Errorf("%s: the server has carried out %d refreshes when the processes are gone, want %d", name, got, want)
	}
}

// follow applies as often as the fates say, with a wait between, and compares status, warnings and counts.
func (c *site) follow(m *matrix, column string, fates map[string]fate, wait time.Duration) {
	c.t.Helper()
	for round := range rounds(fates) {
		if round > 0 {
			c.later(wait)
		} else if c.table != nil {
			c.later(claimTTL) // no lock proves anybody dead
		}
		c.expectRound(round, fates, c.driver.apply(c))
	}
	c.settleUp(m, column, fates)
}

func rounds(fates map[string]fate) int {
	n := 0
	for _, f := range fates {
		n = max(n, len(f.statuses))
	}
	return n
}

// expectRound compares status and warnings of every pair after an apply.
func (c *site) expectRound(round int, fates map[string]fate, said map[string][]printed) {
	c.t.Helper()
	state := c.driver.state(c)
	for _, p := range c.places {
		want := rowOf(c.t, fates, p.name).statuses[round]
		if got := state[p.name]["status"]; got != want {
			c.t.Errorf("%s: after apply %d the status is %v, want %s", p.name, round+1, got, want)
		}
		c.expectSaid(p.name, want, round == 0 && c.pairs[p.name].usedBefore, said[c.address(p.name)])
		if want != active {
			c.pairs[p.name].told = true
		}
	}
}

// expectSaid compares what an apply says of a pair with what its status needs.
func (c *site) expectSaid(name, status string, usedBefore bool, said []printed) {
	c.t.Helper()
	var want []string
	if usedBefore {
		want = append(want, "Used Before")
	}
	switch status {
	case unknown:
		want = append(want, "Outcome of a Refresh Unknown: "+pairName(name))
	case required:
		want = append(want, "Authorization Required: "+pairName(name))
	}
	var got []string
	for _, d := range said {
		switch {
		case d.Summary == "Token Store Not Sealed": // every Create and Update says that
		case c.table != nil && d.Summary == "Refresh Token Recovered": // of those that were killed: who looks first says it
		default:
			got = append(got, d.Summary)
		}
	}
	if !slices.Equal(got, want) {
		c.t.Errorf("%s: with status %s the apply says %q, want %q", name, status, said, want)
	}
}

// settleUp compares the counts and judges every credential.
func (c *site) settleUp(m *matrix, column string, fates map[string]fate) {
	c.t.Helper()
	state := c.driver.state(c)
	for _, p := range c.places {
		got := c.count(p.name)
		if want := rowOf(c.t, fates, p.name).count; got != want {
			c.t.Errorf("%s: refreshes, reuse, requests are %v, want %v", p.name, got, want)
		}
		m.add(c, column, p.name, c.judge(p, state[p.name]), got)
	}
}

// judge asks the server alone whether the record holds a refresh token that works.
func (c *site) judge(at place, state values) outcome {
	f, p := c.family(at.name), c.pairs[at.name]
	works := state["status"] == active && f.RefreshToken != "" && state["refresh_token"] == f.RefreshToken
	switch {
	case works && !p.told:
		return kept
	case works:
		return waited
	case !p.told || state["status"] != required || f.Refreshes == p.before: // without a successor there was none to lose
		return lost
	case slices.Contains(c.overtaken, at.name):
		return overtaken
	case at.processed && at.name != "after-commit":
		return reported
	default:
		return lost
	}
}
