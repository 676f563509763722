package simulation

import (
	"flag"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// flags size the long run and the search for seeds. The defaults are those of the short run.
var flags struct {
	seed, seeds uint64
	few         uint64
	credentials int
	days        float64
	trace       string
	search      bool
	strict      bool
	skew, files time.Duration
}

func TestMain(m *testing.M) {
	flag.Uint64Var(&flags.seed, "sim.seed", 1, "first seed of TestSeeds, and the seed of TestSoak")
	flag.Uint64Var(&flags.seeds, "sim.seeds", 6, "how many seeds TestSeeds runs")
	flag.Uint64Var(&flags.few, "sim.few", 1, "how many seeds the other tests run")
	flag.IntVar(&flags.credentials, "sim.credentials", 40, "how many credentials TestSoak has")
	flag.Float64Var(&flags.days, "sim.days", 1, "how many days TestSoak simulates")
	flag.BoolVar(&flags.strict, "sim.strict", false, "what is known and not right is a fault too")
	flag.BoolVar(&flags.search, "sim.search", false, "find seeds that catch the broken engines")
	flag.DurationVar(&flags.skew, "sim.skew", 2*time.Minute, "how far the clocks of machines may be off")
	flag.DurationVar(&flags.files, "sim.skewfiles", 2*time.Minute, "how far they may be off where the store is of files")
	flag.StringVar(&flags.trace, "sim.trace", "", "file that gets every event")
	flag.Parse()
	code := m.Run()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			_, _ = os.Stderr.WriteString(err.Error() + "\n")
			code = 1
		}
	}
	os.Exit(code)
}
