package credential

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

// meddlers are what other processes do in the middle of a move.
var meddlers = map[string]func(*twoStores){
	"asks in the source":      func(p *twoStores) { p.ask(p.world) },
	"asks in the destination": func(p *twoStores) { p.ask(p.dest) },
	"moves too":               func(p *twoStores) { p.hasty(false) },
	"moves back":              func(p *twoStores) { p.hasty(true) },
	"configures both": func(p *twoStores) {
		for _, w := range []*world{p.world, p.dest} {
			_, _ = w.start().Configure(context.Background(), theName, Setup{Client: w.client(), Refresh: RefreshSettings{Earliest: time.Second}})
			_, _ = w.start().OfferAuthorization(context.Background(), theName, Authorization{RedirectURI: fakeRedirect})
			_, _ = w.start().MarkAttached(context.Background(), theName, "")
		}
	},
	"deletes the registration of nobody": func(p *twoStores) {
		_ = p.start().DeleteRegistration(context.Background(), "nobody", "")
	},
}

// ask wants a token, without much patience.
func (p *twoStores) ask(w *world) {
	ctx, cancel := p.clock.timeout(context.Background(), 5*time.Second)
	defer cancel()
	if res, err := w.start().Token(ctx, theName, Ask{DefaultMargin: 30 * time.Second}); err == nil && !p.server.opens(res.Record.Tokens.Access.Reveal()) {
		p.t.Error("a dead access token was served")
	}
}

// hasty moves, without much patience.
func (p *twoStores) hasty(back bool) {
	ctx, cancel := p.clock.timeout(context.Background(), 5*time.Second)
	defer cancel()
	p.mover(back).Move(ctx, theName)
}

// TestMoveMeetsOthers: at every call of either store something else happens, with the claim of the move in place or not.
func TestMoveMeetsOthers(t *testing.T) {
	t.Parallel()
	for name, meddle := range meddlers {
		for _, times := range []int{1, 2} {
			for _, locked := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s %d times, locks %v", name, times, locked), func(t *testing.T) {
					t.Parallel()
					for at := 1; ; at++ {
						if calls := meet(t, at, times, locked, meddle); calls < at {
							break
						}
					}
				})
			}
		}
	}
}

// meet lets the meddler act before the at-th call, and before so many after it.
func meet(t *testing.T, at, times int, locked bool, meddle func(*twoStores)) (calls int) {
	p := newTwoStores(t)
	p.authorized(func(r *Record) { r.Generation = 3 })
	if locked {
		p.store = idHeldStore{newHeldStore(p.plain), "id-source"}
		p.dest.store = idHeldStore{newHeldStore(p.dest.plain), "id-dest"}
	}
	source, dest := p.store, p.dest.store
	before := func(storetest.Call) {
		if calls++; calls >= at && calls < at+times {
			at := calls
			meddle(p)
			calls = at
		}
	}
	from, to := p.mover(false).from, p.mover(false).to
	hook := func(m *Manager) {
		inner := m.store
		faulty := storetest.NewFaulty(inner, storetest.Hooks{Before: before}).Store()
		e, err := m.end(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if holder, ok := faulty.(holderStore); ok {
			m.store = idHeldStore{holder, e.id}
		} else {
			m.store = idStore{faulty, e.id}
		}
	}
	hook(from)
	hook(to)
	ctx, cancel := p.clock.timeout(t.Context(), time.Minute)
	defer cancel()
	first := NewMover(from, to).Move(ctx, theName)

	p.store, p.dest.store = source, dest
	where := fmt.Sprintf("at call %d (%s, %v)", at, first.Outcome, first.Err)
	if s, d := p.in(), p.dest.in(); usable(s) && usable(d) {
		t.Errorf("%s: two usable copies", where)
	}
	second := p.move(false)
	if second.Outcome == OutcomeFailed {
		t.Errorf("%s: the second run fails: %v", where, second.Err)
	}
	s, d := p.in(), p.dest.in()
	switch {
	case usable(s) || s.Moving() || !usable(d):
		t.Errorf("%s: ends with\n%+v\n%+v", where, s.History, d.History)
	case !p.server.accepts(d.Tokens.Refresh.Reveal()):
		t.Errorf("%s: the token is lost", where)
	case d.Tokens.Refresh.Reveal() != p.server.newest:
		t.Errorf("%s: an older token came along", where)
	}
	if p.server.reuses > 0 {
		t.Errorf("%s: %d reuses", where, p.server.reuses)
	}
	return calls
}

type holderStore interface {
	store.Store
	Hold(ctx context.Context, key string) (func(), error)
}

// TestMoveWaitsForOthers: a move begins when a refresh, an exchange or a revocation has ended. One that is stopped before
// has changed nothing.
func TestMoveWaitsForOthers(t *testing.T) {
	t.Parallel()
	p := newTwoStores(t)
	p.authorized()
	asker, mover := p.start(), p.mover(false)
	p.server.during = append(p.server.during, func() {
		before := p.in()
		ctx, cancel := p.clock.timeout(t.Context(), 5*time.Second)
		defer cancel()
		if got := mover.Move(ctx, theName); got.Outcome != OutcomeFailed || !errors.Is(got.Err, context.DeadlineExceeded) && !errors.Is(got.Err, context.Canceled) {
			t.Errorf("moved under a refresh: %+v", got)
		}
		if p.in().Claim.Attempt != before.Claim.Attempt || p.dest.in().Status != "" {
			t.Error("something was changed")
		}
	})
	res := p.mustToken(asker)
	if got := mover.Move(t.Context(), theName); got.Outcome != OutcomeMoved || got.Generation != 2 {
		t.Fatalf("moved: %+v", got)
	}
	p.wantIn(p.dest, p.world, 2)
	if !p.dest.in().Tokens.Refresh.Equal(res.Record.Tokens.Refresh) {
		t.Error("the successor did not come along")
	}
	p.wantServer(1, 1, 0)
}

// TestMoveTakesOver: whose claim has stood for its TTL is not waited for, and what it leaves unknown comes along.
func TestMoveTakesOver(t *testing.T) {
	t.Parallel()
	for purpose, want := range map[Purpose]Status{
		PurposeRefresh: StatusOutcomeUnknown, PurposeExchange: StatusActive, PurposeRevoke: StatusActive,
	} {
		p := newTwoStores(t)
		p.authorized(func(r *Record) {
			r.Claim = &Claim{Attempt: "x", Owner: "gone", Purpose: purpose, Base: 1, TTL: 2 * time.Minute, ClaimedAt: p.clock.Now()}
		})
		if preview := p.mover(false).Preview(t.Context(), theName); preview.Outcome != OutcomeMoved || !slices.Equal(preview.Notes,
			[]string{"it is in use now, and would be waited for (" + string(purpose) + " by gone)"}) {
			t.Errorf("%s: foretold %+v", purpose, preview)
		}
		before := p.clock.Monotonic()
		if got := p.move(false); got.Outcome != OutcomeMoved || p.dest.in().Status != want {
			t.Errorf("%s: %+v, status %s", purpose, got, p.dest.in().Status)
		}
		if waited := p.clock.Monotonic() - before; waited < 2*time.Minute {
			t.Errorf("%s: waited %s", purpose, waited)
		}
		p.wantIn(p.dest, p.world, 1)
		p.wantServer(0, 0, 0)
	}
}

// TestAskersDuringAMove: what still works is served in either store; else the error tells of the move, and nothing is sent.
func TestAskersDuringAMove(t *testing.T) {
	t.Parallel()
	for _, alive := range []bool{true, false} {
		t.Run(fmt.Sprintf("access token alive: %v", alive), func(t *testing.T) {
			t.Parallel()
			p := newTwoStores(t)
			p.authorized(func(r *Record) {
				if alive {
					r.Tokens.ExpiresAt, r.Refresh.BeforeExpiry = p.clock.Now().Add(10*time.Minute), 20*time.Minute
				}
			})
			p.stopAfter(2) // claimed and parked, not yet buried
			if got := p.move(false); got.Outcome != OutcomeFailed {
				t.Fatalf("moved: %+v", got)
			}
			p.sound()
			if alive != (p.in().Tokens.Alive(p.clock.Now(), 0)) {
				t.Fatal("the clock ran away")
			}
			for _, w := range []*world{p.world, p.dest} {
				res, err := w.token(w.start())
				switch {
				case alive && (err != nil || len(res.Notices) != 1 || res.Notices[0].Reason != ReasonMoving):
					t.Errorf("%s: %v, %v", w.plain.Location(), res.Notices, err)
				case !alive:
					e := w.wantKind(err, KindMoving)
					want := "moving (moving): a move from memory:source to memory:dest was begun and not finished; finish it with: " +
						"terraform-provider-oauth move --from … --to …, or take it back with the two the other way round"
					if e.Error() != want {
						t.Errorf("error %q", e)
					}
				}
				if err := deleteIt(w); !IsKind(err, KindMoving) {
					t.Errorf("deleted: %v", err)
				}
				if _, _, err := w.start().Adopt(t.Context(), theName, Brought{Refresh: secret.New("other")}); !IsKind(err, KindMoving) {
					t.Errorf("adopted: %v", err)
				}
				if _, err := w.start().Heal(t.Context(), theName, Replica{Family: "f1", Generation: 9}); !IsKind(err, KindMoving) {
					t.Errorf("healed: %v", err)
				}
			}
			p.wantServer(0, 0, 0)
		})
	}
}

func deleteIt(w *world) error {
	_, err := w.start().Delete(context.Background(), theName, "f1", true)
	return err
}

// stopAfter lets so many writes through, of both stores together; then the process is dead.
func (p *twoStores) stopAfter(writes int) {
	n, dead := 0, false
	hooks := storetest.Hooks{Fault: func(op storetest.Op, _ string, _ int) storetest.Fault {
		if op == storetest.OpCreate || op == storetest.OpReplace {
			n++
		}
		if dead = dead || n > writes; dead {
			return storetest.NothingDone
		}
		return storetest.None
	}}
	p.store = idStore{storetest.NewFaulty(p.plain, hooks).Store(), "id-source"}
	p.dest.store = idStore{storetest.NewFaulty(p.dest.plain, hooks).Store(), "id-dest"}
}
