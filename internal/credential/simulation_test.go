package credential

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

// TestSimulation lets a few processes ask at random moments, each in the middle of what another one does, with failing
// stores, failing requests and pauses of every length. Whatever happened: a successor that reached a process ends up in
// the store.
func TestSimulation(t *testing.T) {
	t.Parallel()
	for seed := uint64(0); seed < 100; seed += stride {
		for _, text := range simulate(t, seed, nil) {
			t.Errorf("seed %d: %s", seed, text)
		}
	}
}

// TestSimulationCatchesBrokenEngines proves that chance alone finds these faults.
func TestSimulationCatchesBrokenEngines(t *testing.T) {
	t.Parallel()
	for name, br := range map[string]func(*Options){
		"compare-and-swap skipped": func(o *Options) { o.Store = carelessStore{o.Store} },
		"a write lost":             func(o *Options) { o.Store = &forgetfulStore{Store: o.Store, forget: 2} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(300) {
				if len(simulate(t, seed, br)) > 0 {
					return
				}
			}
			t.Error("300 runs with this fault look sound")
		})
	}
}

// simulation is one run. All its chance comes from the seed.
type simulation struct {
	*world
	dice  *rand.Rand
	idle  []*Manager // not in the middle of something
	calm  bool
	back  time.Duration // when the store can be reached again
	state Replica       // of the last successful Read
	wrong []string

	broken func(*Options)
}

// simulate returns what is wrong in the end. br makes broken processes; nil: sound ones.
func simulate(t testing.TB, seed uint64, br func(*Options)) []string {
	dice := rand.New(rand.NewPCG(seed, 1))
	sems := []semantics{
		{RotationNone, ReuseReject, 0, 0}, {RotationSingleUse, ReuseReject, 0, 0}, {RotationSingleUseGrace, ReuseReject, 1000 * time.Hour, 0},
	}
	sem := sems[dice.IntN(len(sems))]
	sh := []shape{shapes[0], shapes[2], shapes[4]}[dice.IntN(3)]
	s := &simulation{world: sh.world(t).semantics(sem.rotation, sem.reuse, sem.grace), dice: dice, broken: pick(br)}
	s.authorized()
	sound := s.store
	s.faulty(storetest.Hooks{
		Fault:  func(storetest.Op, string, int) storetest.Fault { return s.fault() },
		Before: func(storetest.Call) { s.meddle() },
		After:  func(storetest.Call) { s.meddle() },
	})
	for range 4 {
		s.idle = append(s.idle, s.start(s.broken))
	}
	for range 12 {
		s.clock.pass(s.pause())
		s.ask()
		s.lookRound()
	}

	s.calm, s.server.plan, s.server.during, s.server.behind = true, nil, nil, nil
	s.store = sound
	for range 8 {
		s.clock.pass(2 * time.Hour)
		s.idle = []*Manager{s.start()}
		s.ask()
	}
	r, wrong := s.record(), s.wrong
	refresh := r.Tokens.Refresh.Reveal()
	switch {
	case r.Claim != nil:
		wrong = append(wrong, "a claim stands for ever")
	case r.Status == StatusActive && !s.server.accepts(refresh):
		wrong = append(wrong, "active with a dead token")
	case r.Status != StatusActive && sem.rotation != RotationSingleUse:
		wrong = append(wrong, fmt.Sprintf("%s ends as %s", sem.rotation, r.Status))
	case r.Status == StatusOutcomeUnknown && r.Unknown.Resends == 1 && s.server.accepts(refresh):
		// Lost twice on the way there. Nobody may know that the token is still good.
	case r.Status != StatusActive && s.server.arrived[s.server.newest]:
		wrong = append(wrong, fmt.Sprintf("ends as %s, and the last successor had reached its process; history %v", r.Status, r.History))
	}
	if len(s.rescue.paths()) > 0 {
		wrong = append(wrong, "a rescue file is left behind")
	}
	return wrong
}

// lookRound checks, while nothing is under way, that the newest successor to have reached a process is somewhere. Then a
// person authorizes anew, if need be.
func (s *simulation) lookRound() {
	s.wrong = append(s.wrong, s.lost()...)
	if r := s.record(); r.Status == StatusAuthorizationRequired && r.Claim == nil {
		_, refresh := s.server.begin()
		r.Family, r.Generation, r.Status, r.Tokens.Refresh = "f-"+refresh, 1, StatusActive, secret.New(refresh)
		s.put(r)
	}
}

func (s *simulation) lost() []string {
	newest, stored := s.server.newest, s.record().Tokens.Refresh.Reveal()
	switch {
	case !s.server.arrived[newest], stored == newest, s.rescue.holds(newest):
		return nil
	case s.server.grace > 0 && s.server.accepts(stored):
		return nil // within its grace a token has several successors, and one of them is enough
	}
	for _, m := range s.idle {
		if own, ok := m.unsavedOf(theKey); ok && own.token.RefreshToken.Reveal() == newest {
			return nil
		}
	}
	return []string{"the successor that arrived last is nowhere"}
}

// ask lets one process ask, with as much patience as it happens to have.
func (s *simulation) ask() {
	if len(s.idle) == 0 {
		return
	}
	i := s.dice.IntN(len(s.idle))
	m := s.idle[i]
	s.idle = slices.Delete(s.idle, i, i+1)
	defer func() { s.idle = append(s.idle, m) }()
	if s.dice.IntN(6) == 0 && !s.calm {
		s.server.plan = append(s.server.plan, callPlan(s.dice.IntN(int(callNoPath)+1)))
	}
	if s.dice.IntN(3) == 0 && !s.calm {
		s.server.during = append(s.server.during, s.meddle)
		s.server.behind = append(s.server.behind, s.meddle)
	}
	patience := []time.Duration{time.Second, 20 * time.Second, 10 * time.Minute}[s.dice.IntN(3)]
	if s.calm {
		patience = 10 * time.Minute // longer than any claim stands
	}
	ctx, cancel := s.clock.timeout(context.Background(), patience)
	defer cancel()
	if s.dice.IntN(4) == 0 {
		s.quietly(ctx, m)
	}
	res, err := m.Token(ctx, theName, Ask{DefaultMargin: 30 * time.Second})
	if err == nil {
		s.state = Replica{Family: res.Record.Family, Generation: res.Record.Generation, Tokens: res.Record.Tokens}
	}
	if err == nil && s.calm && !s.server.opens(res.Record.Tokens.Access.Reveal()) {
		s.wrong = append(s.wrong, "a dead access token was served")
	}
}

// quietly does what an apply or a Read does besides asking for a token. A state may be ahead of the store, or behind it.
func (s *simulation) quietly(ctx context.Context, m *Manager) {
	switch s.dice.IntN(5) {
	case 0:
		_, _ = m.Heal(ctx, theName, s.state)
	case 1:
		s.state.Tokens = Tokens{} // as with secrets_in_state = false
		_, _ = m.Heal(ctx, theName, s.state)
	case 2:
		_, _ = m.MarkAttached(ctx, theName, "")
	case 3:
		_, _ = m.Configure(ctx, theName, Setup{Client: s.client(), Refresh: RefreshSettings{BeforeExpiry: time.Duration(1+s.dice.IntN(9)) * time.Second}})
	case 4:
		_, _ = m.OfferAuthorization(ctx, theName, Authorization{RedirectURI: fakeRedirect, Scopes: []string{fmt.Sprint(s.dice.IntN(9))}})
	}
}

// meddle is what happens in the middle of something: time passes, or another process asks.
func (s *simulation) meddle() {
	if s.calm {
		return
	}
	switch s.dice.IntN(12) {
	case 0:
		s.clock.pass(s.pause())
	case 1:
		s.ask()
	case 2:
		if s.dice.IntN(4) == 0 { // the store goes away for a while
			s.back = s.clock.Monotonic() + s.pause()
		}
	case 3:
		if len(s.idle) > 0 { // a process ends, and another one starts
			s.idle[0] = s.start(s.broken)
		}
	}
}

func (s *simulation) fault() storetest.Fault {
	switch {
	case s.calm:
		return storetest.None
	case s.clock.Monotonic() < s.back:
		return storetest.NothingDone
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
	return []time.Duration{time.Second, 15 * time.Second, 3 * time.Minute, 2 * time.Hour, 2 * time.Hour}[s.dice.IntN(5)]
}
