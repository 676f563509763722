package credential

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/memstore"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

// idStore is a store that has an id, as the sealing store has.
type idStore struct {
	store.Store
	id string
}

func (s idStore) ID(context.Context) (string, error) { return s.id, nil }

// twoStores is one world with two stores: its own is called source, the other one dest.
type twoStores struct {
	*world
	dest *world
}

func newTwoStores(t testing.TB) *twoStores {
	w := newWorld(t)
	w.plain = memstore.New("memory:source")
	p := &twoStores{world: w, dest: &world{
		t: t, clock: w.clock, server: w.server, plain: memstore.New("memory:dest"), rescue: newFakeRescue(), random: w.random, policy: w.policy,
	}}
	p.sound()
	return p
}

func (p *twoStores) sound() {
	p.store, p.dest.store = idStore{p.plain, "id-source"}, idStore{p.dest.plain, "id-dest"}
}

// mover starts a process that moves there, or back.
func (p *twoStores) mover(back bool) *Mover {
	if back {
		return NewMover(p.dest.start(), p.start())
	}
	return NewMover(p.start(), p.dest.start())
}

func (p *twoStores) move(back bool) Moved {
	return p.mover(back).Move(context.Background(), theName)
}

// in returns the record in a store; the zero record if there is none.
func (w *world) in() Record {
	w.t.Helper()
	e, err := w.plain.Get(context.Background(), theKey)
	if err != nil {
		return Record{}
	}
	r, err := DecodeRecord(e.Value)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func usable(r Record) bool { return r.Status != "" && !r.IsTombstone() && !r.Moving() }

// wantIn checks that the credential is in one store, usable, and in the other as a tombstone that tells where.
func (p *twoStores) wantIn(here, there *world, generation int64) {
	p.t.Helper()
	r, other := here.in(), there.in()
	if !usable(r) || r.Generation != generation {
		p.t.Errorf("in %s: status %s, generation %d, claim %v, tombstone %v; want generation %d, usable",
			here.plain.Location(), r.Status, r.Generation, r.Claim, r.IsTombstone(), generation)
	}
	if usable(other) || other.Moving() || other.Status != "" && other.MovedTo.Location != here.plain.Location() {
		p.t.Errorf("in %s: %+v", there.plain.Location(), other)
	}
}

// moveFault is what fails in a move, counted over the calls of one store, or of both.
type moveFault struct {
	fault
	store string // "source", "dest", "both"
}

func (f moveFault) String() string { return f.store + " " + f.fault.String() }

// under puts the fault before the stores, and returns how many calls it has counted.
func (p *twoStores) under(f moveFault) (count func() int) {
	var mu sync.Mutex
	n := 0
	hooks := func(name string) storetest.Hooks {
		return storetest.Hooks{Fault: func(storetest.Op, string, int) storetest.Fault {
			mu.Lock()
			defer mu.Unlock()
			if f.store != name && f.store != "both" {
				return storetest.None
			}
			n++
			return f.of(n)
		}}
	}
	p.store = idStore{storetest.NewFaulty(p.plain, hooks("source")).Store(), "id-source"}
	p.dest.store = idStore{storetest.NewFaulty(p.dest.plain, hooks("dest")).Store(), "id-dest"}
	return func() int {
		mu.Lock()
		defer mu.Unlock()
		return n
	}
}

// everyMoveFault calls try for the faults that a move can meet, at one store and at both.
func everyMoveFault(try func(moveFault) int) {
	for _, name := range []string{"source", "dest", "both"} {
		everyFault(func(f fault) int { return try(moveFault{f, name}) })
	}
}

// targets are what a move finds in the destination.
var targets = map[string]func(p *twoStores, r Record){
	"nothing": func(*twoStores, Record) {},
	"a tombstone": func(p *twoStores, r Record) {
		p.dest.put(Record{Family: "other", Status: StatusRevoked, DeletedAt: epoch, Consumed: []Consumed{{SHA256: "kept"}}})
	},
	"an older copy": func(p *twoStores, r Record) { p.dest.put(r) },
}

// TestMoveUnderFaults: each call of either store fails in each way, or is the last one before a crash. At no time are there
// two usable copies or none, and a second run, in either direction, ends well.
func TestMoveUnderFaults(t *testing.T) {
	t.Parallel()
	for name, prepare := range targets {
		for _, back := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, back %v", name, back), func(t *testing.T) {
				t.Parallel()
				runs := 0
				everyMoveFault(func(f moveFault) int {
					runs++
					n, wrong := moveUnder(t, f, prepare, back)
					for _, text := range wrong {
						t.Errorf("%s: %s", f, text)
					}
					return n
				})
				if runs < 100/stride {
					t.Errorf("%d runs: the faults are not met", runs)
				}
			})
		}
	}
}

func moveUnder(t *testing.T, f moveFault, prepare func(*twoStores, Record), back bool) (calls int, wrong []string) {
	p := newTwoStores(t)
	r := p.authorized(func(r *Record) { r.Generation = 3 })
	prepare(p, r)
	before := p.dest.in()
	count := p.under(f)
	first := p.move(false)
	calls = count()
	p.sound()
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }

	s, d := p.in(), p.dest.in()
	older := usable(before) // that copy was there before, and is no worse than it was
	if usable(s) && usable(d) && !older {
		say("two usable copies after %v", first)
	}
	holds := func(r Record) bool { return !r.IsTombstone() && p.server.accepts(r.Tokens.Refresh.Reveal()) }
	if !holds(s) && !holds(d) {
		say("the credential is lost after %v", first)
	}
	if first.Outcome != OutcomeFailed && (!usable(d) || usable(s)) {
		say("told as %s, and is not there", first.Outcome)
	}
	if first.Outcome == OutcomeFailed && IsKind(first.Err, KindStore) && !usable(s) && f.mode != faultCrash {
		say("told as failed, and the source cannot be used: %v", first.Err)
	}

	p.clock.pass(3 * time.Hour) // no claim of a move is taken over, however old
	second := p.move(back)
	stayed := back && IsKind(second.Err, KindNotFound) && usable(p.in()) // the first run has done nothing
	if second.Outcome == OutcomeFailed && !stayed {
		say("the second run fails: %v (first %v)", second.Err, first)
	}
	here, there := p.dest, p.world
	if back {
		here, there = p.world, p.dest
	}
	end, other := here.in(), there.in()
	if twice := usable(other) && (!back || !older); !usable(end) || end.Generation != 3 || twice || other.Moving() {
		say("ends with %+v and %+v", end.History, other.History)
	}
	if !back && slices.ContainsFunc(before.Consumed, func(c Consumed) bool { return c.SHA256 == "kept" }) &&
		!slices.ContainsFunc(here.in().Consumed, func(c Consumed) bool { return c.SHA256 == "kept" }) {
		say("the destination's hashes are lost")
	}
	if _, err := here.token(here.start()); err != nil {
		say("no token in the end: %v", err)
	}
	if p.server.reuses > 0 || p.server.rotations != 1 {
		say("%d rotations, %d reuses", p.server.rotations, p.server.reuses)
	}
	return calls, wrong
}

// idHeldStore is an idStore whose locks die with their owners.
type idHeldStore struct {
	holderStore
	id string
}

func (s idHeldStore) ID(context.Context) (string, error) { return s.id, nil }
