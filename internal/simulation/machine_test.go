package simulation

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// machine has a wall clock of its own, and a folder of rescue files that survives its processes.
type machine struct {
	name         string
	site         *site
	skew         time.Duration // how far its wall clock is ahead
	jump, jumped time.Duration // how far it was set last, and when
	slept        time.Duration // how far its monotonic clock has stayed behind
	asleepUntil  time.Duration
	noStore      outage
	noNetwork    outage
	rescue       map[string]rescued
	rescueBroken time.Duration // until then nothing can be written there
	lost         bool
	started      int // processes
	processes    []*process
}

// outage is a time in which something cannot be reached. In silence nobody says so: everything hangs.
type outage struct {
	until   time.Duration
	silence bool
}

// process is one run of the provider: a Manager, and the tasks that ask it.
type process struct {
	world        *world
	name         string
	machine      *machine
	manager      *credential.Manager
	began        time.Duration
	tasks        []*task
	running      int
	stoppedUntil time.Duration // SIGSTOP
	stopped      time.Duration // how long in all, sleep of the machine included
	dead         bool
	crashed      bool     // it did not end by itself
	held         []string // locks in the store
	forced       map[string]bool
}

// clock is what a process sees of the time.
type clock struct {
	world   *world
	machine *machine
}

func (c clock) Now() time.Time { return epoch.Add(c.world.now + c.machine.skew) }

func (c clock) Monotonic() time.Duration { return time.Hour + c.world.now - c.machine.slept }

func (c clock) Sleep(ctx context.Context, d time.Duration) error {
	w := c.world
	return w.wait(ctx, func(w2 *call) { w.after(d, func() { w.finish(w2) }) })
}

// noise is the randomness of one process.
type noise struct {
	mu     sync.Mutex
	source *rand.ChaCha8
}

func (n *noise) Read(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.source.Read(p)
}

func (w *world) newNoise() *noise {
	var seed [32]byte
	for i := range seed {
		seed[i] = byte(w.dice.Uint32())
	}
	return &noise{source: rand.NewChaCha8(seed)}
}

// stop freezes p: SIGSTOP, or a virtual machine that gets no time.
func (w *world) stop(p *process, d time.Duration) {
	if p.dead || p.stoppedUntil > w.now {
		return
	}
	w.note("", "%s stops for %s", p.name, d)
	w.figures.pauses++
	p.stoppedUntil = w.now + d
	p.stopped += d
}

// sleep closes the lid of a laptop: its wall clock goes on, its monotonic clock does not.
func (w *world) sleep(m *machine, d time.Duration) {
	if m.lost || m.asleepUntil > w.now {
		return
	}
	w.note("", "%s sleeps for %s", m.name, d)
	w.figures.sleeps++
	m.asleepUntil = w.now + d
	m.slept += d
	for _, p := range m.processes {
		p.stopped += d
	}
}

// done is why a process ends that has nothing left to do.
const done = "done"

// kill ends p at once: SIGKILL, or nothing left to do.
func (w *world) kill(p *process, why string) {
	if p.dead {
		return
	}
	w.note("", "%s ends: %s", p.name, why)
	p.dead, p.crashed = true, why != done
	for _, key := range p.held {
		if p.machine.site.holds[key] == p {
			delete(p.machine.site.holds, key)
		}
	}
	for i, other := range p.machine.processes {
		if other == p {
			p.machine.processes = append(p.machine.processes[:i], p.machine.processes[i+1:]...)
			break
		}
	}
	for _, t := range p.tasks {
		if t.waits != nil && !t.waits.left {
			t.waits.left = true
			t.wake <- struct{}{}
			w.woke = true
		}
	}
}

// left is called when a task has ended. A process ends with its last task.
func (p *process) left(t *task) {
	t.over = true
	if p.running--; p.running == 0 {
		p.world.kill(p, done)
	}
}

// loseMachine destroys a machine with all that lies on it. A new one takes its place.
func (w *world) loseMachine(m *machine) {
	w.note("", "%s is destroyed", m.name)
	w.figures.machinesLost++
	m.lost = true
	for len(m.processes) > 0 {
		w.kill(m.processes[0], "its machine is destroyed")
	}
	for i, other := range m.site.machines {
		if other == m {
			m.site.machines[i] = w.newMachine(m.site)
		}
	}
}

func (w *world) newMachine(s *site) *machine {
	w.machines++
	m := &machine{name: numbered("m", w.machines), site: s, rescue: map[string]rescued{}}
	m.skew = w.skew(s)
	return m
}

// maxSkew is how far clocks of this site may be off.
func (w *world) maxSkew(s *site) time.Duration {
	if s.kind == remote {
		return w.config.skew
	}
	return w.config.skewOfFiles
}

// skew is how far a clock is off.
func (w *world) skew(s *site) time.Duration {
	most := w.maxSkew(s)
	if most == 0 {
		return 0
	}
	return time.Duration(w.dice.Int64N(int64(2*most))) - most
}

// setClock has the wall clock of m jump.
func (w *world) setClock(m *machine) {
	old := m.skew
	m.skew = w.skew(m.site)
	m.jump, m.jumped = max(m.skew-old, old-m.skew), w.now
	w.note("", "%s sets its clock: %s", m.name, m.skew)
}

// times are how far the clocks are ahead that p may go by: the lowest and the highest.
func (p *process) times() (low, high time.Duration) {
	m := p.machine
	low, high = m.skew, m.skew
	if m.site.kind == remote {
		low, high = min(low, m.site.skew), max(high, m.site.skew)
	}
	if m.jumped > p.began { // it may know the difference to the store's clock from before
		low, high = low-m.jump, high+m.jump
	}
	return low, high
}
