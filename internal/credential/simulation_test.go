package credential

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

// TestSimulation lets a few processes ask at random moments, each in the middle of what another one does, with failing
// stores, failing requests and pauses of every length. Whatever happened: a successor that reached a process ends up in
// the store.
func TestSimulation(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		for _, text := range simulate(t, seed) {
			t.Errorf("seed %d: %s", seed, text)
		}
	}
}

// simulation is one run. All its chance comes from the seed.
type simulation struct {
	*world
	dice  *rand.Rand
	procs []*Manager
	depth int
	calm  bool
}

func simulate(t testing.TB, seed uint64) (wrong []string) {
	dice := rand.New(rand.NewPCG(seed, 1))
	sems := []semantics{
		{RotationNone, ReuseReject, 0, 0}, {RotationSingleUse, ReuseReject, 0, 0}, {RotationSingleUseGrace, ReuseReject, 1000 * time.Hour, 0},
	}
	sem := sems[dice.IntN(len(sems))]
	sh := []shape{shapes[0], shapes[2], shapes[4]}[dice.IntN(3)]
	s := &simulation{world: sh.world(t).semantics(sem.rotation, sem.reuse, sem.grace), dice: dice}
	s.authorized()
	sound := s.store
	s.faulty(storetest.Hooks{
		Fault:  func(storetest.Op, string, int) storetest.Fault { return s.fault() },
		Before: func(storetest.Call) { s.meddle() },
		After:  func(storetest.Call) { s.meddle() },
	})
	for range 3 {
		s.procs = append(s.procs, s.start())
	}
	for range 8 {
		s.clock.pass(s.pause())
		s.ask()
	}

	s.calm, s.server.plan, s.server.during, s.server.behind = true, nil, nil, nil
	s.store = sound
	for range 8 {
		s.clock.pass(2 * time.Hour)
		s.procs = []*Manager{s.start()}
		s.ask()
	}
	r := s.record()
	refresh := r.Tokens.Refresh.Reveal()
	switch {
	case r.Claim != nil:
		wrong = append(wrong, "a claim stands for ever")
	case r.Status == StatusActive && !s.server.accepts(refresh):
		wrong = append(wrong, "active with a dead token")
	case r.Status != StatusActive && sem.rotation != RotationSingleUse:
		wrong = append(wrong, fmt.Sprintf("%s ends as %s", sem.rotation, r.Status))
	case r.Status != StatusActive && s.server.arrived[s.server.newest]:
		wrong = append(wrong, fmt.Sprintf("ends as %s, and the last successor had reached its process; history %v", r.Status, r.History))
	}
	if len(s.rescue.paths()) > 0 {
		wrong = append(wrong, "a rescue file is left behind")
	}
	return wrong
}

// ask lets one process ask, with as much patience as it happens to have.
func (s *simulation) ask() {
	s.depth++
	defer func() { s.depth-- }()
	for s.dice.IntN(3) == 0 && !s.calm {
		s.server.plan = append(s.server.plan, callPlan(s.dice.IntN(int(callNoPath)+1)))
	}
	if s.dice.IntN(3) == 0 && !s.calm {
		s.server.during = append(s.server.during, s.meddle)
		s.server.behind = append(s.server.behind, s.meddle)
	}
	patience := []time.Duration{time.Second, 20 * time.Second, 10 * time.Minute}[s.dice.IntN(3)]
	ctx, cancel := s.clock.timeout(context.Background(), patience)
	defer cancel()
	res, err := s.procs[s.dice.IntN(len(s.procs))].Token(ctx, theName, Ask{DefaultMargin: 30 * time.Second})
	if err == nil && !s.server.opens(res.Record.Tokens.Access.Reveal()) && s.calm {
		s.t.Errorf("a dead access token was served")
	}
}

// meddle is what happens in the middle of something: time passes, or another process asks.
func (s *simulation) meddle() {
	if s.calm || s.depth > 3 {
		return
	}
	switch s.dice.IntN(20) {
	case 0:
		s.clock.pass(s.pause())
	case 1:
		s.ask()
	}
}

func (s *simulation) fault() storetest.Fault {
	if s.calm {
		return storetest.None
	}
	switch s.dice.IntN(20) {
	case 0:
		return storetest.NothingDone
	case 1:
		return storetest.Done
	}
	return storetest.None
}

func (s *simulation) pause() time.Duration {
	return []time.Duration{time.Second, 15 * time.Second, 3 * time.Minute, 2 * time.Hour}[s.dice.IntN(4)]
}
