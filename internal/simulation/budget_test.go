package simulation

import (
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// refusing is a world in which nearly everything fails, and the secret of a client is wrong half of the time.
func refusing(seed uint64) config {
	c := rough(seed)
	c.credentials, c.perSite, c.days, c.every = 5, 5, 0.5, []time.Duration{20 * time.Minute, time.Hour}
	c.adjust = func(x *weather) { x.wrongSecret = 12 }
	return c
}

// refused is a world in which nothing goes wrong but x, and that a secret is wrong for good. Windows are short, and who is
// put off comes back the moment that a budget has recovered.
func refused(x weather) func(uint64) config {
	return func(seed uint64) config {
		c := rough(seed)
		c.credentials, c.perSite, c.days, c.every = 3, 3, 0.15, []time.Duration{5 * time.Minute}
		c.semantics = c.semantics[:1]
		c.budgets = []credential.ErrorBudget{{Limit: 2, Window: 10 * time.Minute}, {Limit: 3, Window: 5 * time.Minute}}
		x.wrongSecret = 1000
		c.adjust = func(w *weather) { *w = x }
		return c
	}
}

// dozing is a world in which processes stand still between booking and request, and disks hang.
func dozing(seed uint64) config {
	c := refused(weather{stop: 0.15, storeLate: 0.02})(seed)
	c.days, c.every = 0.3, []time.Duration{10 * time.Minute}
	return c
}

// unheard is a world in which clocks are set again and again, and the store is slow to tell its own.
func unheard(seed uint64) config {
	c := refused(weather{storeSlow: 0.2, clockSet: 100})(seed)
	c.flavours = []flavour{remote}
	return c
}

// adrift is a world of files that machines share whose clocks are minutes apart: there, a client may be locked out.
func adrift(seed uint64) config {
	c := refused(weather{clockSet: 4})(seed)
	c.flavours, c.skewOfFiles = []flavour{shared}, 2*time.Minute
	return c
}

// TestBudgets: whatever happens, no server locks a client out (see lockedOut), and nobody is put off for longer than need be
// (see putOff and outlast).
func TestBudgets(t *testing.T) {
	for _, tt := range []struct {
		name  string
		world func(uint64) config
		cause string // for which clients are locked out there; empty: none is
	}{
		{"refusing", refusing, ""}, {"dozing", dozing, ""}, {"unheard", unheard, ""}, {"adrift", adrift, causeClocks},
	} {
		t.Run(tt.name, func(t *testing.T) {
			total := figures{seed: flags.seed}
			for seed := flags.seed; seed < flags.seed+flags.few; seed++ {
				c := tt.world(seed)
				c.trace = traceTo(t)
				total.add(check(t, c).figures)
			}
			if total.refusals == 0 {
				t.Error("nobody was refused")
			}
			if known := tt.cause != ""; flags.files == 0 && !flags.strict && (len(total.locked) > 0 || known) && total.locked[tt.cause] == 0 {
				t.Errorf("locked out: %v, want %q", total.locked, tt.cause)
			}
			if testing.Verbose() {
				t.Log(total)
			}
		})
	}
}
