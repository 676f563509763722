package simulation

import (
	"context"
	"fmt"
	"hash"
	"hash/fnv"
	"io"
	"math"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/memstore"
)

// config says what world to make. The same config makes the same world, event for event.
type config struct {
	seed        uint64
	credentials int
	perSite     int
	days        float64
	calm        bool
	harsh       float64        // how likely each kind of trouble is at most, at one call
	everything  bool           // every kind of trouble there is
	adjust      func(*weather) // nil: the weather is as the seed has it
	every       []time.Duration
	flavours    []flavour
	semantics   []semantics
	budgets     []credential.ErrorBudget // that clients may have; none: nobody counts refusals
	skew        time.Duration            // how far the wall clocks of machines may be off that share a store with a clock of its own
	skewOfFiles time.Duration            // likewise, where the store is of files, which has no clock to go by
	strict      bool                     // what is known of the engine and not right is a fault too; see causeLate and opensDoors
	late        time.Duration            // how late a write may land of which nobody knows; 0: never late
	broken      breakage
	trace       io.Writer // gets every event
	only        string    // … of this key
}

// breakage makes a broken engine; its members may be nil.
type breakage struct {
	store   func(store.Store) store.Store
	timings func(*credential.Timings)
	caller  func(credential.Poster) credential.Poster
	rescue  func(credential.Rescue) credential.Rescue
}

func (b breakage) apply(o *credential.Options) {
	if b.store != nil {
		o.Store = b.store(o.Store)
	}
	if b.timings != nil {
		b.timings(&o.Timings)
	}
	if b.caller != nil {
		o.Caller = b.caller(o.Caller)
	}
	if b.rescue != nil {
		o.Rescue = b.rescue(o.Rescue)
	}
}

// world is all there is.
type world struct {
	*scheduler
	config     config
	weather    weather
	calm       bool
	ended      bool // no pipeline starts and no person comes any more
	calmSince  time.Duration
	sites      []*site
	machines   int
	server     *server
	figures    figures
	faults     []string        // what must not be
	faulty     string          // the key of the first fault
	lateClaims map[string]bool // attempts whose claim was written when nobody waited for it any more
	hash       hash.Hash64
	line       []byte
}

// run makes a world and lets it run to its end. It must be called in a bubble.
func run(c config) *world {
	w := &world{scheduler: newScheduler(c.seed), config: c, calm: true, hash: fnv.New64a(), lateClaims: map[string]bool{}}
	w.server = newServer(w)
	w.weather = w.newWeather(c.harsh)
	if c.adjust != nil {
		c.adjust(&w.weather)
	}
	w.figures.seed, w.figures.credentials = c.seed, c.credentials
	for n := 0; n < c.credentials; n++ {
		if n%c.perSite == 0 {
			w.newSite()
		}
		w.newAccount(w.sites[len(w.sites)-1])
	}
	w.begin()
	w.calm = c.calm
	if !c.calm {
		w.disasters()
	}
	for _, a := range w.server.accounts {
		w.pipelines(a)
	}
	w.runUntil(w.now + time.Duration(c.days*float64(24*time.Hour)))
	w.end()
	return w
}

func (w *world) newSite() {
	s := &site{kind: pick(w.scheduler, w.config.flavours...), written: map[string]time.Duration{}, holds: map[string]*process{}}
	s.skew = w.skew(s)
	s.plain = memstore.New(numbered("site", len(w.sites)+1))
	machines := 1
	if s.kind != local {
		machines = 2 + w.dice.IntN(3)
	}
	for range machines {
		s.machines = append(s.machines, w.newMachine(s))
	}
	w.sites = append(w.sites, s)
}

// newProcess starts the provider on m.
func (w *world) newProcess(m *machine) *process {
	m.started++
	p := &process{world: w, name: m.name + numbered(".p", m.started), machine: m, began: w.now, forced: map[string]bool{}}
	m.processes = append(m.processes, p)
	caller, err := oauth.NewCaller(oauth.CallerOptions{Transport: network{p}})
	if err != nil {
		w.fail("", "%v", err)
		return p
	}
	o := credential.Options{
		Store: newView(p), Caller: caller, Clock: clock{w, m}, Random: w.newNoise(), Owner: p.name, Rescue: folder{p},
		Timings: credential.DefaultTimings(),
	}
	w.config.broken.apply(&o)
	if p.manager, err = credential.New(o); err != nil {
		w.fail("", "%v", err)
	}
	return p
}

// task starts a task of p.
func (w *world) task(p *process, f func(ctx context.Context, t *task)) {
	p.running++
	w.start(p, f)
}

// begin puts every credential into its store, in good weather.
func (w *world) begin() {
	for _, s := range w.sites {
		w.task(w.newProcess(s.machines[0]), func(ctx context.Context, t *task) {
			for _, a := range w.server.accounts {
				if a.site == s {
					w.first(ctx, t.process.manager, a)
				}
			}
		})
	}
	w.settle()
	w.runUntil(w.now + time.Hour)
}

func (w *world) first(ctx context.Context, m *credential.Manager, a *account) {
	_, err := m.Attach(ctx, a.name, "resource", a.setup())
	var brought credential.Brought
	_ = w.wait(ctx, func(c *call) {
		brought = w.bring(a, w.server.login(a))
		w.finish(c)
	})
	if err == nil {
		_, _, err = m.Adopt(ctx, a.name, brought)
	}
	if err != nil {
		w.fail(a.key, "setting %s up: %v", a.name, err)
	}
}

// bring is what a person carries over from a login. A person who looks at a clock looks at a right one.
func (w *world) bring(_ *account, t *refresh) credential.Brought {
	return credential.Brought{
		Access: secret.New(t.access.value), Refresh: secret.New(t.value), ExpiresAt: epoch.Add(t.access.expires),
	}
}

// end calms everything down, asks for every credential from every machine until nothing moves any more, and looks at
// what is left.
func (w *world) end() {
	w.ended = true
	w.calmDown()
	w.runUntil(w.now + 12*time.Hour) // longer than anybody sleeps or waits
	for range 4 {
		for _, s := range w.sites {
			for _, m := range s.machines {
				if len(w.faults) > 0 {
					break // it need not come to a rest
				}
				w.task(w.newProcess(m), func(ctx context.Context, t *task) {
					for _, a := range w.server.accounts {
						if a.site == s {
							w.outlast(ctx, t, a, credential.Ask{DefaultMargin: 30 * time.Second, Asker: credential.AskerApply})
						}
					}
				})
				w.settle()
				w.runUntil(w.now + 10*time.Minute)
			}
		}
		w.runUntil(w.now + 9*time.Hour) // longer than any access token lives
	}
	w.lookAtAll()
	w.figures.days = w.now.Hours() / 24
}

// note adds one event to the trace.
func (w *world) note(key, format string, args ...any) {
	w.line = fmt.Appendf(w.line[:0], "%12.6f %-6s ", w.now.Seconds(), key)
	w.line = append(fmt.Appendf(w.line, format, args...), '\n')
	w.hash.Write(w.line)
	if w.config.trace != nil && (w.config.only == "" || key == "" || key == w.config.only) {
		w.config.trace.Write(w.line)
	}
}

// fail notes what must not be.
func (w *world) fail(key, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	w.note(key, "FAULT: %s", text)
	if len(w.faults) == 0 {
		w.faulty = key
	}
	if len(w.faults) < 20 {
		w.faults = append(w.faults, fmt.Sprintf("%s at %s (%s): %s", key, epoch.Add(w.now).Format(time.RFC3339), w.now.Round(time.Millisecond), text))
	}
}

func (w *world) exponential(mean time.Duration) time.Duration {
	return time.Duration(math.Min(w.dice.ExpFloat64(), 8) * float64(mean))
}
