package simulation

import (
	"cmp"
	"container/heap"
	"context"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// epoch is when every world begins, by its true time.
var epoch = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// scheduler owns the time of a world, and says who runs. Everything in the world that is not inside a task belongs to
// the goroutine of the scheduler, and changes only while all tasks wait.
type scheduler struct {
	dice   *rand.Rand
	now    time.Duration // since epoch; what no machine knows
	events eventHeap
	seq    uint64
	tasks  int
	steps  uint64
	woke   bool // somebody may run

	mu      sync.Mutex
	arrived []*call // what tasks wait for since the last look
	gone    []*task // that have ended since the last look
}

func newScheduler(seed uint64) *scheduler {
	return &scheduler{dice: rand.New(rand.NewPCG(seed, 0x5eed))}
}

type event struct {
	at  time.Duration
	seq uint64
	run func()
}

type eventHeap []event

func (h eventHeap) Len() int { return len(h) }
func (h eventHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].seq < h[j].seq
}
func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *eventHeap) Push(x any)   { *h = append(*h, x.(event)) }
func (h *eventHeap) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = event{}
	*h = (*h)[:last]
	return e
}

// at has f run at a time; events of one time run in the order in which they were made.
func (s *scheduler) at(at time.Duration, f func()) {
	s.seq++
	heap.Push(&s.events, event{at: max(at, s.now), seq: s.seq, run: f})
}

func (s *scheduler) after(d time.Duration, f func()) { s.at(s.now+d, f) }

// runUntil lets the world go on until the given time.
func (s *scheduler) runUntil(end time.Duration) {
	for len(s.events) > 0 && s.events[0].at <= end {
		e := heap.Pop(&s.events).(event)
		s.now = e.at
		s.steps++
		e.run()
		s.settle()
	}
	s.now = max(s.now, end)
}

// settle waits until every task waits, and then begins what they wait for.
func (s *scheduler) settle() {
	for s.woke {
		s.woke = false
		synctest.Wait()
		s.mu.Lock()
		calls, gone := s.arrived, s.gone
		s.arrived, s.gone = nil, nil
		s.mu.Unlock()
		// Several may have come at once, in an order that is not the seed's.
		slices.SortFunc(calls, func(a, b *call) int { return cmp.Compare(a.task.id, b.task.id) })
		slices.SortFunc(gone, func(a, b *task) int { return cmp.Compare(a.id, b.id) })
		for _, t := range gone {
			t.process.left(t)
		}
		for _, c := range calls {
			switch t := c.task; {
			case c.left, t.process.dead:
			case t.cancel != nil && c.stoppable:
				t.cancelNow()
				s.woke = true
			default:
				t.waits = c
				c.begin(c)
			}
		}
	}
}

// task is one goroutine of a simulated process.
type task struct {
	id      int
	process *process
	wake    chan struct{}
	waits   *call     // the call it waits for, or has left last
	sent    *exchange // the last request it sent
	over    bool
	cancel  func() // its caller has given up, and it could not listen
}

// giveUp cancels what t was asked to do: as soon as it waits for something that can be stopped. Were its context to end
// elsewhere, a select in the engine might find two cases ready, and would choose by a chance that is not the seed's.
func (t *task) giveUp(cancel func()) {
	t.cancel = cancel
	if t.waits == nil || t.waits.left || t.waits.stoppable {
		t.cancelNow()
	}
}

func (t *task) cancelNow() {
	cancel := t.cancel
	t.cancel = nil // before the task can run
	cancel()
}

// stoppable is the context of an ask. All contexts made from it bear its mark, but for those that do not end with it.
type stoppable struct{ context.Context }

var mark = time.Unix(1, 0)

// Deadline is long over, which nobody looks at but context.WithTimeout: it starts no timer.
func (stoppable) Deadline() (time.Time, bool) { return mark, true }

func isStoppable(ctx context.Context) bool {
	at, ok := ctx.Deadline()
	return ok && at.Equal(mark)
}

// call is what a task waits for.
type call struct {
	task      *task
	begin     func(*call) // in the goroutine of the scheduler
	left      bool        // the task waits no more
	stoppable bool        // … or will not, when its caller gives up
}

type taskKey struct{}

func taskOf(ctx context.Context) *task { return ctx.Value(taskKey{}).(*task) }

// wait is what every fake does: it hands a call to the scheduler and waits until somebody finishes it. It returns the
// error of a context that ends first, and does not return in a process that has died.
func (s *scheduler) wait(ctx context.Context, begin func(*call)) error {
	return s.waitFor(ctx, &call{begin: begin, stoppable: isStoppable(ctx)})
}

func (s *scheduler) waitFor(ctx context.Context, c *call) error {
	t := taskOf(ctx)
	c.task = t
	if t.process.dead {
		runtime.Goexit()
	}
	s.mu.Lock()
	s.arrived = append(s.arrived, c)
	s.mu.Unlock()
	var err error
	select {
	case <-t.wake:
	case <-ctx.Done():
		c.left = true
		err = ctx.Err()
	}
	if t.process.dead {
		runtime.Goexit()
	}
	return err
}

// finish lets the task of c go on, as soon as its process runs.
func (s *scheduler) finish(c *call) {
	s.whenRunning(c.task.process, func() {
		if c.left {
			return
		}
		c.left = true
		c.task.wake <- struct{}{}
		s.woke = true
	})
}

// whenRunning runs f in the name of p: later, if p is stopped or its machine asleep, and never if p is dead.
func (s *scheduler) whenRunning(p *process, f func()) {
	switch until := max(p.stoppedUntil, p.machine.asleepUntil); {
	case p.dead:
	case until > s.now:
		s.at(until, func() { s.whenRunning(p, f) })
	default:
		f()
	}
}

// start runs f as a task of p.
func (s *scheduler) start(p *process, f func(ctx context.Context, t *task)) {
	s.tasks++
	t := &task{id: s.tasks, process: p, wake: make(chan struct{})}
	p.tasks = append(p.tasks, t)
	ctx := context.WithValue(context.Background(), taskKey{}, t)
	go func() {
		defer func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.gone = append(s.gone, t)
		}()
		f(ctx, t)
	}()
	s.woke = true
}

// chance is true with probability p.
func (s *scheduler) chance(p float64) bool { return p > 0 && s.dice.Float64() < p }

// between is a duration of at least low and less than high; short ones are likelier than long ones.
func (s *scheduler) between(low, high time.Duration) time.Duration {
	if high <= low {
		return low
	}
	x := s.dice.Float64()
	return low + time.Duration(x*x*float64(high-low))
}

func pick[T any](s *scheduler, from ...T) T { return from[s.dice.IntN(len(from))] }

// inBubble runs f where the scheduler can tell that everybody waits.
func inBubble(t *testing.T, f func()) { synctest.Test(t, func(*testing.T) { f() }) }
