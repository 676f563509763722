package credential

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// TestHarnessCatchesBrokenEngines breaks the engine, by what it stands on, in one way at a time. A harness that finds
// nothing wrong then proves nothing.
func TestHarnessCatchesBrokenEngines(t *testing.T) {
	t.Parallel()
	wrap := func(f func(store.Store) store.Store) func(*Options) {
		return func(o *Options) { o.Store = f(o.Store) }
	}
	timings := func(change func(*Timings)) func(*Options) {
		return func(o *Options) {
			o.Timings = DefaultTimings()
			change(&o.Timings)
		}
	}
	hasty := timings(func(t *Timings) { t.Slack = -84 * time.Second }) // a TTL of 1 s
	for _, tt := range []struct {
		name     string
		br       breakage
		sem      string // where it shows
		patience time.Duration
		at       stage
		want     string // must be among the findings there
	}{
		{"compare-and-swap skipped", breakage{a: wrap(func(s store.Store) store.Store { return carelessStore{s} })},
			"family", impatient, beforeClaim, "1 rotations and 1 reuses, want 1 and 0"},
		{"re-read skipped", breakage{a: wrap(func(s store.Store) store.Store { return &staleStore{Store: s} })},
			"reject", patient, inFlight, "ends as authorization_required, want active"},
		{"early takeover by the store's clock", breakage{b: wrap(func(s store.Store) store.Store {
			return agedStore{s, func(store.Revision) time.Duration { return time.Hour }}
		})}, "grace", impatient, replying, "2 rotations and 0 reuses, want 1 and 0"},
		{"early takeover by a short TTL", breakage{a: hasty, b: hasty}, "family", impatient, replying, "1 rotations and 1 reuses, want 1 and 0"},
		{"late request sent", breakage{a: timings(func(t *Timings) { t.SendBy, t.Slack = time.Hour, -3555*time.Second })},
			"family", patient, beforeSend, "1 rotations and 1 reuses, want 1 and 0"},
		{"claim not written", breakage{a: wrap(func(s store.Store) store.Store { return &forgetfulStore{Store: s, forget: 1} })},
			"reject", impatient, replying, "1 rotations and 1 reuses, want 1 and 0"},
		{"commit not written", breakage{a: wrap(func(s store.Store) store.Store { return &forgetfulStore{Store: s, forget: 2} })},
			"family", impatient, afterCommit, "ends as authorization_required, want active"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if found := interleave(t, shapes[0], tt.sem, tt.at, tt.patience, tt.br); !slices.Contains(found, tt.want) {
				t.Errorf("not found: %s\nfound instead:\n%s", tt.want, strings.Join(found, "\n"))
			}
		})
	}
}

func TestFaultHarnessCatchesBrokenEngines(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		br   func(*world, *Options)
		want string
	}{
		{"commit not written", func(_ *world, o *Options) { o.Store = &forgetfulStore{Store: o.Store, forget: 2} },
			"a successor that reached the process is lost"},
		{"rescue not kept", func(_ *world, o *Options) { o.Rescue = forgetfulRescue{o.Rescue} },
			"a successor that reached the process is lost"},
		{"commit tried once", func(_ *world, o *Options) { o.Store, o.Rescue = &sulkingStore{Store: o.Store}, nil },
			"a successor that reached the process is lost"},
		{"request sent twice", func(_ *world, o *Options) { o.Caller = stutteringCaller{o.Caller} },
			"2 requests, allowed are 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var found []string
			everyNthFault(1, func(f fault) int {
				r := refreshRun{sem: allSemantics[3], broken: tt.br}
				n, wrong := r.try(t, shapes[0], f, nil)
				found = append(found, wrong...)
				return n
			})
			if !slices.Contains(found, tt.want) {
				t.Errorf("not found: %s\nfound instead: %q", tt.want, found)
			}
		})
	}
}

// sulkingStore is no good after its first failure: as with an engine that does not try again.
type sulkingStore struct {
	store.Store
	failed error
}

func (s *sulkingStore) Replace(ctx context.Context, key string, old store.Revision, value []byte) (store.Revision, error) {
	if s.failed != nil {
		return "", s.failed
	}
	r, err := s.Store.Replace(ctx, key, old, value)
	if err != nil && !errors.Is(err, store.ErrConflict) {
		s.failed = err
	}
	return r, err
}

// carelessStore writes over whatever is there.
type carelessStore struct{ store.Store }

func (s carelessStore) Replace(ctx context.Context, key string, _ store.Revision, value []byte) (store.Revision, error) {
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

// staleStore reads back the claim of its process for ever, and writes over whatever others have made of it.
type staleStore struct {
	store.Store
	claimed []byte
}

func (s *staleStore) Get(ctx context.Context, key string) (store.Entry, error) {
	e, err := s.Store.Get(ctx, key)
	if err == nil && s.claimed != nil {
		e.Value = bytes.Clone(s.claimed)
	}
	return e, err
}

func (s *staleStore) Replace(ctx context.Context, key string, old store.Revision, value []byte) (store.Revision, error) {
	if s.claimed != nil {
		return carelessStore{s.Store}.Replace(ctx, key, old, value)
	}
	r, err := s.Store.Replace(ctx, key, old, value)
	if err == nil {
		s.claimed = bytes.Clone(value)
	}
	return r, err
}

// forgetfulStore says yes to one of its writes and does not do it.
type forgetfulStore struct {
	store.Store
	writes, forget int
}

func (s *forgetfulStore) Replace(ctx context.Context, key string, old store.Revision, value []byte) (store.Revision, error) {
	if s.writes++; s.writes == s.forget {
		return "forgotten", nil
	}
	return s.Store.Replace(ctx, key, old, value)
}

// forgetfulRescue keeps nothing.
type forgetfulRescue struct{ Rescue }

func (forgetfulRescue) Save(context.Context, string, string, []byte) (string, error) {
	return "/rescue/nothing", nil
}
