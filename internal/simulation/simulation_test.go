package simulation

import (
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// rough is a small world in which nearly everything fails.
func rough(seed uint64) config {
	return config{
		seed: seed, credentials: 3, perSite: 3, days: 1, harsh: 0.05,
		every:    []time.Duration{time.Hour, 4 * time.Hour},
		flavours: []flavour{local, shared, remote}, semantics: allSemantics(), budgets: someBudgets(),
		late: 5 * time.Minute, skew: flags.skew, skewOfFiles: flags.files, strict: flags.strict,
	}
}

func (c config) run(t *testing.T) *world {
	t.Helper()
	var w *world
	inBubble(t, func() { w = run(c) })
	return w
}

// check runs c. On a fault it runs c once more, which must end alike, and shows the last events of the credential.
func check(t *testing.T, c config) *world {
	t.Helper()
	w := c.run(t)
	if len(w.faults) == 0 {
		return w
	}
	for _, f := range w.faults {
		t.Errorf("seed %d: %s", c.seed, f)
	}
	name, _, _ := strings.Cut(t.Name(), "/")
	t.Logf("again: go test ./internal/simulation -run='^%s$' -sim.seed=%d -sim.seeds=1 -sim.few=1 -sim.credentials=%d -sim.days=%g"+
		" -sim.skew=%s -sim.skewfiles=%s -sim.strict=%t -sim.trace=FILE",
		name, c.seed, c.credentials, c.days, flags.skew, flags.files, flags.strict)
	var trace strings.Builder
	c.trace, c.only = &trace, w.faulty
	if again := c.run(t); again.hash.Sum64() != w.hash.Sum64() {
		t.Errorf("seed %d did not go the same way again", c.seed)
	}
	lines := strings.SplitAfter(trace.String(), "\n")
	if i := slices.IndexFunc(lines, func(line string) bool { return strings.Contains(line, "FAULT") }); i >= 0 {
		t.Logf("seed %d, up to the first fault:\n%s", c.seed, strings.Join(lines[max(0, i-40):i+1], ""))
	}
	return w
}

// TestSeeds runs small worlds in which nearly everything fails.
func TestSeeds(t *testing.T) {
	for seed := flags.seed; seed < flags.seed+flags.seeds; seed++ {
		c := rough(seed)
		c.trace = traceTo(t)
		w := check(t, c)
		if testing.Verbose() {
			t.Log(w.figures)
		}
	}
}

// TestReplay runs seeds twice: everything must happen again, in the same order and at the same times.
func TestReplay(t *testing.T) {
	seen := map[uint64]bool{}
	const worlds = 2
	for seed := uint64(1); seed <= worlds; seed++ {
		c := rough(seed)
		one, two := c.run(t), c.run(t)
		if a, b := one.hash.Sum64(), two.hash.Sum64(); a != b || one.steps != two.steps || one.figures.String() != two.figures.String() {
			t.Errorf("seed %d went one way (%x, %d steps) and then another (%x, %d steps)", seed, a, one.steps, b, two.steps)
		}
		seen[one.hash.Sum64()] = true
	}
	if len(seen) != worlds {
		t.Errorf("%d seeds made %d worlds", worlds, len(seen))
	}
}

// TestCalm: where nothing fails, each expiry costs exactly one call (see lookAtAll), nothing is sent twice, and nobody is refused.
func TestCalm(t *testing.T) {
	for seed := flags.seed; seed < flags.seed+flags.few; seed++ {
		c := rough(seed)
		c.calm, c.credentials, c.days, c.skew, c.skewOfFiles = true, 15, 0.5, 0, 0
		w := check(t, c)
		f := w.figures
		if f.expiries < 50 || len(f.lost)+len(f.healed) > 0 || f.impatient > 0 {
			t.Errorf("seed %d: %s", seed, f)
		}
		for why := range f.again {
			if why != resendNoHarm {
				t.Errorf("seed %d: sent again: %s", seed, why)
			}
		}
		for kind := range f.refused { // by the strategies never and at_apply, and by a server that finds it too early
			if kind != string(credential.KindStrategy) && kind != string(credential.KindLater) {
				t.Errorf("seed %d: refused: %s", seed, kind)
			}
		}
	}
}

// perWorld is how many credentials a world of TestSoak has: few enough to run a world again by itself.
const perWorld = 250

// TestSoak runs large worlds, for as long as the flags say, and tells their figures. Nothing links the worlds: each has
// stores, machines and a server of its own.
func TestSoak(t *testing.T) {
	began, total := time.Now(), figures{seed: flags.seed}
	var mu sync.Mutex
	t.Run("worlds", func(t *testing.T) {
		for n := 0; n*perWorld < flags.credentials; n++ {
			t.Run(numbered("world", n), func(t *testing.T) {
				t.Parallel()
				c := soak(flags.seed + uint64(n))
				c.credentials = min(perWorld, flags.credentials-n*perWorld)
				if flags.credentials <= perWorld {
					c.trace = traceTo(t)
				}
				w := check(t, c)
				mu.Lock()
				defer mu.Unlock()
				total.add(w.figures)
			})
		}
	})
	t.Logf("%s  %s on the wall", total, time.Since(began).Round(time.Second))
}

// soak is a world in which everything fails now and then.
func soak(seed uint64) config {
	c := rough(seed)
	c.perSite, c.days, c.harsh, c.everything = 25, flags.days, 0.005, true
	c.every = []time.Duration{48 * time.Hour, 96 * time.Hour, 192 * time.Hour}
	return c
}

func traceTo(t *testing.T) io.Writer {
	if flags.trace == "" {
		return nil
	}
	f, err := os.Create(flags.trace)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// apart is a world of files that machines share whose clocks are minutes apart, and where replies get lost. Such a store
// has no clock that all could go by, and still nobody sends early.
func apart(seed uint64) config {
	c := rough(seed)
	c.flavours, c.skewOfFiles, c.strict = []flavour{shared}, 2*time.Minute, flags.strict
	c.semantics = slices.DeleteFunc(allSemantics(), func(s semantics) bool { return !s.told.SingleUse() })
	c.adjust = func(x *weather) { *x = weather{netDeaf: 0.2, crash: 0.002, clockSet: 1} }
	return c
}

// overdue is a world in which nothing goes wrong, but that some writes land minutes after the engine was told that they had
// failed, as behind the lock of a row or in a pooler.
func overdue(seed uint64) config {
	c := rough(seed)
	c.flavours, c.skew, c.strict = []flavour{remote}, 0, flags.strict
	c.semantics = slices.DeleteFunc(allSemantics(), func(s semantics) bool { return s.told.OnReuse != credential.ReuseRevokeClientUser })
	c.adjust = func(x *weather) { *x = weather{storeLate: 0.03} }
	return c
}

// TestSpecialWorlds runs the worlds in which the engine is known to fall short. Only with -sim.strict that is a fault.
func TestSpecialWorlds(t *testing.T) {
	for seed := flags.seed; seed < flags.seed+flags.few; seed++ {
		for _, world := range []func(uint64) config{apart, overdue} {
			c := world(seed)
			c.trace = traceTo(t)
			check(t, c)
		}
	}
}
