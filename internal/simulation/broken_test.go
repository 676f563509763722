package simulation

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// narrow is a small world over files that machines share, with the semantics under which mistakes cost most: what the
// engine has to stand on there is compare-and-swap and time alone.
func narrow(seed uint64) config {
	c := rough(seed)
	c.days = 0.4
	c.flavours = []flavour{shared}
	c.semantics = c.semantics[5:8] // single_use, with each consequence of a reuse
	c.budgets = nil
	return c
}

// quiet is a world in which nothing fails, and many runners come at once.
func quiet(seed uint64) config {
	c := crowded(seed)
	c.every, c.semantics = narrow(seed).every, allSemantics()
	return c
}

// crowded is quiet, with the semantics of narrow and more pipelines.
func crowded(seed uint64) config {
	c := narrow(seed)
	c.calm, c.every = true, []time.Duration{30 * time.Minute}
	c.skew, c.skewOfFiles = 0, 0 // a clock that is ahead would find tokens expired too soon
	return c
}

// under is narrow, with nothing going wrong but x.
func under(x weather) func(uint64) config {
	return func(seed uint64) config {
		c := narrow(seed)
		c.adjust = func(w *weather) { *w = x }
		return c
	}
}

// distant is under, with a store across a network: its clock decides, to the second.
func distant(x weather) func(uint64) config {
	return func(seed uint64) config {
		c := under(x)(seed)
		c.flavours = []flavour{remote}
		return c
	}
}

// mortal is a world of processes that die, and of a store across a network.
func mortal(seed uint64) config {
	return distant(weather{crash: 0.05})(seed)
}

// deserted is a world of processes that die, in which seldom anybody comes.
func deserted(seed uint64) config {
	c := under(weather{crash: 0.1})(seed)
	c.credentials, c.days, c.every = 1, 1, []time.Duration{8 * time.Hour}
	return c
}

// brokenEngines are engines that are broken by what they stand on, in one way each, with a seed that shows it. When the
// world changes, a seed may have to be looked for anew.
var brokenEngines = []struct {
	name  string
	world func(seed uint64) config
	seed  uint64
	want  string // is in what must be found
	br    breakage
}{
	{"compare-and-swap skipped", crowded, 1, "which is forbidden", breakage{store: func(s store.Store) store.Store { return careless{s} }}},
	{"re-read skipped", narrow, 7, "which has been in the store", breakage{store: func(s store.Store) store.Store { return &stale{Store: s} }}},
	{"early takeover, by a store's clock that lies", quiet, 1, "calls for", breakage{store: func(s store.Store) store.Store { return old{s} }}},
	{"early takeover, by a TTL of a second", distant(weather{netSlow: 0.3}), 1, "which is forbidden", breakage{
		timings: func(t *credential.Timings) { t.Slack = -84 * time.Second },
	}},
	{"claim not written", narrow, 1, "which is forbidden", breakage{store: func(s store.Store) store.Store { return forgetful{s, true, new(bool)} }}},
	{"commit not written", narrow, 1, "ended in peace", breakage{store: func(s store.Store) store.Store { return forgetful{s, false, new(bool)} }}},
	{"token sent late", distant(weather{stop: 0.1}), 31, "which is forbidden", breakage{
		timings: func(t *credential.Timings) { t.SendBy, t.Slack = time.Hour, -3555*time.Second },
	}},
	{"late takeover", deserted, 4, "starved", breakage{timings: func(t *credential.Timings) { t.Slack = 2 * time.Hour }}},
	{"request sent twice", narrow, 1, "which is forbidden", breakage{caller: func(c credential.Poster) credential.Poster { return stutterer{c} }}},
	{"clocks of others believed", apart, 11, "which is forbidden", breakage{store: func(s store.Store) store.Store { return vain{s} }}},
	{"reply not rescued", mortal, 2, "never kept", breakage{rescue: func(r credential.Rescue) credential.Rescue { return sieve{r} }}},
	{"budget without compare-and-swap", refused(weather{}), 3, "locked app", breakage{store: func(s store.Store) store.Store { return ofBudgets(s, careless{s}) }}},
	{"budget that does not count what is under way", refused(weather{}), 3, "locked app", breakage{store: func(s store.Store) store.Store { return ofBudgets(s, blinkered{s}) }}},
	{"budget by a guess at the store's time", unheard, 1, "locked app", breakage{store: func(s store.Store) store.Store { return ofBudgets(s, timeless{s}) }}},
	{"request sent under a booking that is over", dozing, 342, "locked app", breakage{
		timings: func(t *credential.Timings) {
			t.RequestTimeout, t.Slack = t.RequestTimeout-10*time.Hour, t.Slack+10*time.Hour
		},
	}},
	{"budget that never recovers", unheard, 1, "is still put off", breakage{store: func(s store.Store) store.Store { return ofBudgets(s, unforgiving{s}) }}},
	{"budget that hears of no answer", content, 3, "and the server has counted", breakage{store: func(s store.Store) store.Store { return ofBudgets(s, taciturn{s}) }}},
}

// TestBrokenEngines runs each broken engine under its seed, which must find the breakage, and the sound one under the same
// seed, which must find nothing. With -sim.search it tells a seed that would do.
func TestBrokenEngines(t *testing.T) {
	for _, tt := range brokenEngines {
		t.Run(tt.name, func(t *testing.T) {
			broken := func(seed uint64) string {
				c := tt.world(seed)
				c.broken = tt.br
				return strings.Join(c.run(t).faults, "\n")
			}
			for seed := uint64(1); flags.search && seed < 500; seed++ {
				if found := broken(seed); strings.Contains(found, tt.want) {
					t.Logf("seed %d: %s", seed, found)
					return
				}
			}
			check(t, tt.world(tt.seed))
			if found := broken(tt.seed); !strings.Contains(found, tt.want) {
				t.Errorf("seed %d: not found: %q; found instead: %q", tt.seed, tt.want, found)
			}
		})
	}
}

// vain gives out the clock of its own machine as one that all go by.
type vain struct{ store.Store }

func (s vain) Get(ctx context.Context, key string) (store.Entry, error) {
	e, err := s.Store.Get(ctx, key)
	if v, ok := s.Store.(view); ok {
		e.Now = clock{v.process.world, v.process.machine}.Now()
	}
	return e, err
}

// careless writes over whatever is there.
type careless struct{ store.Store }

func (s careless) Replace(ctx context.Context, key string, _ store.Revision, value []byte) (store.Revision, error) {
	for {
		e, err := s.Get(ctx, key)
		if err != nil {
			return "", err
		}
		r, err := s.Store.Replace(ctx, key, e.Revision, value)
		if !errors.Is(err, store.ErrConflict) {
			return r, err
		}
	}
}

// stale reads back the claim of its process for ever, and writes over what others have made of it.
type stale struct {
	store.Store
	key     string
	claimed []byte
}

func (s *stale) Get(ctx context.Context, key string) (store.Entry, error) {
	e, err := s.Store.Get(ctx, key)
	if err == nil && s.key == key {
		e.Value = bytes.Clone(s.claimed)
	}
	return e, err
}

func (s *stale) Replace(ctx context.Context, key string, rev store.Revision, value []byte) (store.Revision, error) {
	if s.key == key {
		return careless{s.Store}.Replace(ctx, key, rev, value)
	}
	r, err := s.Store.Replace(ctx, key, rev, value)
	if err == nil && bytes.Contains(value, []byte(`"claim"`)) {
		s.key, s.claimed = key, bytes.Clone(value)
	}
	return r, err
}

// old says of everything that it has stood for an hour.
type old struct{ store.Store }

func (s old) Get(ctx context.Context, key string) (store.Entry, error) {
	e, err := s.Store.Get(ctx, key)
	e.Age = time.Hour
	return e, err
}

// forgetful says yes to the claims of its process and does not write them; or to the first commit behind a claim.
type forgetful struct {
	store.Store
	claims  bool
	claimed *bool
}

func (s forgetful) Replace(ctx context.Context, key string, rev store.Revision, value []byte) (store.Revision, error) {
	isClaim := bytes.Contains(value, []byte(`"claim":`))
	forget := isClaim && s.claims || *s.claimed && !s.claims
	*s.claimed = isClaim
	if forget {
		return "forgotten", nil
	}
	return s.Store.Replace(ctx, key, rev, value)
}

// stutterer sends everything twice.
type stutterer struct{ credential.Poster }

func (s stutterer) Post(ctx context.Context, r oauth.Request) oauth.Reply {
	_ = s.Poster.Post(ctx, r)
	return s.Poster.Post(ctx, r)
}

// sieve keeps no reply.
type sieve struct{ credential.Rescue }

func (sieve) Save(context.Context, string, string, []byte) (string, error) {
	return "/rescue/nothing", nil
}
