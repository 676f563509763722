package credential

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

// TestMovesByChance lets movers in both directions run at once, one store call at a time in an order of chance. Some die on
// the way, some calls fail, and in between somebody asks for a token. After each call: never two usable copies, never none.
func TestMovesByChance(t *testing.T) {
	t.Parallel()
	for seed := uint64(0); seed < 250; seed += stride {
		for _, text := range moveByChance(t, seed) {
			t.Errorf("seed %d: %s", seed, text)
		}
	}
}

// gated is a process whose calls of the stores wait for leave.
type gated struct {
	at    chan struct{} // it stands before a call
	leave chan storetest.Fault
	ended chan Moved
	dead  bool
	gone  bool
}

func (g *gated) hooks() storetest.Hooks {
	return storetest.Hooks{Fault: func(storetest.Op, string, int) storetest.Fault {
		g.at <- struct{}{}
		return <-g.leave
	}}
}

// wait returns when the process stands before a call or has ended.
func (g *gated) wait() {
	select {
	case <-g.at:
	case <-g.ended:
		g.gone = true
	}
}

func (p *twoStores) gatedMover(ctx context.Context, back bool) *gated {
	g := &gated{at: make(chan struct{}), leave: make(chan storetest.Fault), ended: make(chan Moved)}
	v := p.mover(back)
	for _, m := range []*Manager{v.from, v.to} {
		inner, _ := m.store.(idStore)
		m.store = idStore{storetest.NewFaulty(inner.Store, g.hooks()).Store(), inner.id}
	}
	go func() { g.ended <- v.Move(ctx, theName) }()
	g.wait()
	return g
}

func moveByChance(t *testing.T, seed uint64) (wrong []string) {
	dice := rand.New(rand.NewPCG(seed, 7))
	p := newTwoStores(t)
	p.authorized(func(r *Record) { r.Generation = 3 })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	procs := []*gated{p.gatedMover(ctx, false), p.gatedMover(ctx, true), p.gatedMover(ctx, dice.IntN(2) == 0)}
	trouble := dice.IntN(3) == 0
	for step := 0; len(procs) > 0; step++ {
		if step == 300 {
			cancel()
			trouble = false
		}
		i := dice.IntN(len(procs))
		g := procs[i]
		fault := storetest.None
		switch {
		case g.dead || step > 600:
			fault, g.dead = storetest.NothingDone, true
		case trouble:
			switch dice.IntN(20) {
			case 0:
				fault, g.dead = storetest.NothingDone, true
			case 1:
				fault = storetest.NothingDone
			case 2:
				fault = storetest.Done
			}
		}
		g.leave <- fault
		if g.wait(); g.gone {
			procs = append(procs[:i], procs[i+1:]...)
		}
		wrong = append(wrong, p.soundness(step)...)
		if dice.IntN(15) == 0 {
			p.clock.pass(2 * time.Hour)
			p.ask([]*world{p.world, p.dest}[dice.IntN(2)])
			wrong = append(wrong, p.soundness(step)...)
		}
		if len(wrong) > 0 {
			cancel()
			drain(procs)
			return wrong
		}
	}
	back := dice.IntN(2) == 0
	if got := p.move(back); got.Outcome == OutcomeFailed && !IsKind(got.Err, KindNotFound) {
		wrong = append(wrong, fmt.Sprintf("the last move fails: %v", got.Err))
	}
	s, d := p.in(), p.dest.in()
	if usable(s) == usable(d) || s.Moving() || d.Moving() || p.server.reuses > 0 {
		wrong = append(wrong, fmt.Sprintf("ends with %+v and %+v, %d reuses", s.History, d.History, p.server.reuses))
	}
	return wrong
}

func drain(procs []*gated) {
	for _, g := range procs {
		for !g.gone {
			g.leave <- storetest.NothingDone
			g.wait()
		}
	}
}

// soundness returns what must not be, at any moment.
func (p *twoStores) soundness(step int) (wrong []string) {
	s, d := p.in(), p.dest.in()
	if usable(s) && usable(d) {
		wrong = append(wrong, fmt.Sprintf("step %d: two usable copies: %+v and %+v", step, s.History, d.History))
	}
	holds := func(r Record) bool { return !r.IsTombstone() && r.Tokens.Refresh.Reveal() == p.server.newest }
	if !holds(s) && !holds(d) {
		wrong = append(wrong, fmt.Sprintf("step %d: nobody has the newest token: %+v and %+v", step, s.History, d.History))
	}
	return wrong
}
