package simulation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// figures are what a run comes to.
type figures struct {
	seed                                uint64
	credentials                         int
	days                                float64
	asks, served, impatient             int
	calls, refreshes, expiries          int
	crashes, pauses, sleeps, partitions int
	machinesLost, rescued, logins       int
	servedBySkew, servedLate            int
	refusals, putOff                    int // of clients whose refusals are counted
	lost, healed, again, refused        map[string]int
	locked                              map[string]int
}

func (f *figures) put(into *map[string]int, what string, n int) {
	if *into == nil {
		*into = map[string]int{}
	}
	(*into)[what] += n
}

// add counts another world in.
func (f *figures) add(o figures) {
	f.credentials += o.credentials
	f.days = max(f.days, o.days)
	for _, n := range []struct{ to, from *int }{
		{&f.asks, &o.asks}, {&f.served, &o.served}, {&f.impatient, &o.impatient}, {&f.calls, &o.calls},
		{&f.refreshes, &o.refreshes}, {&f.expiries, &o.expiries}, {&f.crashes, &o.crashes}, {&f.pauses, &o.pauses},
		{&f.sleeps, &o.sleeps}, {&f.partitions, &o.partitions}, {&f.machinesLost, &o.machinesLost},
		{&f.rescued, &o.rescued}, {&f.logins, &o.logins}, {&f.servedBySkew, &o.servedBySkew}, {&f.servedLate, &o.servedLate},
		{&f.refusals, &o.refusals}, {&f.putOff, &o.putOff},
	} {
		*n.to += *n.from
	}
	for _, list := range []struct {
		to   *map[string]int
		from map[string]int
	}{{&f.lost, o.lost}, {&f.healed, o.healed}, {&f.again, o.again}, {&f.refused, o.refused}, {&f.locked, o.locked}} {
		for what, n := range list.from {
			f.put(list.to, what, n)
		}
	}
}

// String tells the figures to people.
func (f figures) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d: %d credentials, %.1f days\n", f.seed, f.credentials, f.days)
	fmt.Fprintf(&b, "  %d asks, %d served, %d gave up waiting\n", f.asks, f.served, f.impatient)
	fmt.Fprintf(&b, "  %d token calls; %d refreshes for %d expiries: %.4f each\n", f.calls, f.refreshes, f.expiries, float64(f.refreshes)/float64(max(f.expiries, 1)))
	fmt.Fprintf(&b, "  %d crashes, %d stops, %d sleeps, %d partitions, %d machines destroyed, %d replies in rescue files\n",
		f.crashes, f.pauses, f.sleeps, f.partitions, f.machinesLost, f.rescued)
	fmt.Fprintf(&b, "  %d expired tokens served because of clocks, %d because their process stood still\n", f.servedBySkew, f.servedLate)
	fmt.Fprintf(&b, "  %d refusals that a budget is charged for, %d asks put off by one\n", f.refusals, f.putOff)
	for _, list := range []struct {
		name string
		of   map[string]int
	}{{"lost", f.lost}, {"given up, and found again", f.healed}, {"sent again", f.again}, {"refused", f.refused}, {"locked out", f.locked}} {
		total := 0
		for _, n := range list.of {
			total += n
		}
		fmt.Fprintf(&b, "  %s: %d\n", list.name, total)
		for _, what := range slices.Sorted(maps.Keys(list.of)) {
			fmt.Fprintf(&b, "    %7d  %s\n", list.of[what], what)
		}
	}
	return b.String()
}
