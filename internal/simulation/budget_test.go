package simulation

import (
	"bytes"
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
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

// content is a world in which nothing fails, and clients have budgets.
func content(seed uint64) config {
	c := crowded(seed)
	c.budgets = someBudgets()
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

// ofBudgets breaks what an engine does with the records of budgets, and leaves the others alone.
func ofBudgets(whole, broken store.Store) store.Store { return split{whole, broken} }

type split struct {
	store.Store
	budgets store.Store
}

func (s split) of(key string) store.Store {
	if strings.HasPrefix(key, "budget/") {
		return s.budgets
	}
	return s.Store
}

func (s split) Get(ctx context.Context, key string) (store.Entry, error) {
	return s.of(key).Get(ctx, key)
}

func (s split) Create(ctx context.Context, key string, value []byte) (store.Revision, error) {
	return s.of(key).Create(ctx, key, value)
}

func (s split) Replace(ctx context.Context, key string, old store.Revision, value []byte) (store.Revision, error) {
	return s.of(key).Replace(ctx, key, old, value)
}

// blinkered does not see what is under way.
type blinkered struct{ store.Store }

func (s blinkered) Get(ctx context.Context, key string) (store.Entry, error) {
	e, err := s.Store.Get(ctx, key)
	if err != nil {
		return e, err
	}
	var members map[string]json.RawMessage
	if err = json.Unmarshal(e.Value, &members); err == nil {
		delete(members, "under_way")
		e.Value, err = json.Marshal(members)
	}
	return e, err
}

// taciturn says yes to what would tell how a request ended, and does not write it.
type taciturn struct{ store.Store }

func (s taciturn) Replace(ctx context.Context, key string, old store.Revision, value []byte) (store.Revision, error) {
	if !bytes.Contains(value, []byte(`"under_way"`)) {
		return "forgotten", nil
	}
	return s.Store.Replace(ctx, key, old, value)
}

// timeless does not tell the store's time.
type timeless struct{ store.Store }

func (s timeless) Get(ctx context.Context, key string) (store.Entry, error) {
	e, err := s.Store.Get(ctx, key)
	e.Now = time.Time{}
	return e, err
}

// unforgiving finds each refusal as if it had just been.
type unforgiving struct{ store.Store }

var whenRefused = regexp.MustCompile(`"at":"[^"]*"`)

func (s unforgiving) Get(ctx context.Context, key string) (store.Entry, error) {
	e, err := s.Store.Get(ctx, key)
	if err == nil {
		e.Value = whenRefused.ReplaceAll(e.Value, []byte(`"at":"`+e.Now.Format(time.RFC3339Nano)+`"`))
	}
	return e, err
}
