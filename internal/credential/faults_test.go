package credential

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

// faultMode is how the store fails from the at-th call on.
type faultMode int

const (
	faultNothing faultMode = iota // that call fails and does nothing
	faultDone                     // that call does its work and fails
	faultDown                     // the store is gone from there on
	faultBlind                    // from there on every call does its work and fails
	faultCrash                    // the process is dead from there on: nothing of it reaches anything
)

var faultModes = map[faultMode]string{
	faultNothing: "failed, nothing done", faultDone: "failed, but done", faultDown: "gone", faultBlind: "blind", faultCrash: "crash",
}

// fault is the fault of one run; at 0 is none.
type fault struct {
	mode faultMode
	at   int
}

func (f fault) String() string { return fmt.Sprintf("%s at call %d", faultModes[f.mode], f.at) }

func (f fault) of(n int) storetest.Fault {
	switch {
	case f.at == 0 || n < f.at:
	case f.mode == faultDone && n == f.at, f.mode == faultBlind:
		return storetest.Done
	case f.mode == faultNothing && n == f.at, f.mode == faultDown, f.mode == faultCrash:
		return storetest.NothingDone
	}
	return storetest.None
}

// lasting tells whether the store stays away.
func (f fault) lasting() bool { return f.at > 0 && f.mode >= faultDown }

var errCrashed = errors.New("the process is dead")

// shape is a kind of store and what else a run varies.
type shape struct {
	name           string
	remote, holder bool
	rescue         bool
}

var shapes = []shape{
	{"plain store, rescue folder", false, false, true},
	{"plain store, no rescue folder", false, false, false},
	{"remote store, rescue folder", true, false, true},
	{"remote store, no rescue folder", true, false, false},
	{"store with locks, rescue folder", false, true, true},
}

// shaped makes a world of this shape and returns the store that processes would see without faults.
func (sh shape) world(t testing.TB) *world {
	w := newWorld(t)
	if !sh.rescue {
		w.rescue = nil
	}
	switch {
	case sh.remote:
		w.store = remoteStore{w.plain}
	case sh.holder:
		w.store = newHeldStore(w.plain)
	}
	return w
}

// run is one process under faults, and what is left behind.
type run struct {
	*world
	fault fault
	sound store.Store // without the faults
	calls *storetest.Faulty
}

// under puts the fault between the store and the processes started from now on.
func (w *world) under(f fault) *run {
	r := &run{world: w, fault: f, sound: w.store}
	r.calls = w.faulty(storetest.Hooks{
		Fault: func(_ storetest.Op, _ string, n int) storetest.Fault { return r.fault.of(n) },
		Before: func(c storetest.Call) {
			if r.fault.mode == faultCrash && r.fault.at > 0 && c.N >= r.fault.at {
				r.server.mu.Lock()
				r.server.down = true
				r.server.mu.Unlock()
				if r.rescue != nil {
					r.rescue.mu.Lock()
					r.rescue.err = errCrashed
					r.rescue.mu.Unlock()
				}
			}
		},
	})
	return r
}

// count returns how many calls of the store the run has made.
func (r *run) count() int {
	n := 0
	for _, c := range r.calls.Calls() {
		n = max(n, c.N)
	}
	return n
}

// over ends the faults and whatever died of them.
func (r *run) over() {
	r.fault = fault{}
	r.store = r.sound
	r.server.down = false
	r.server.plan = nil
	if r.rescue != nil {
		r.rescue.err = nil
	}
}

// has tells where the refresh token issued last can be found: the store, a rescue file, or the given record.
func (r *run) has(token string, inHand Record) bool {
	return r.record().Tokens.Refresh.Reveal() == token || r.rescue.holds(token) || inHand.Tokens.Refresh.Reveal() == token
}

// everyFault calls try for the faults that a run can meet, stride calls apart. try returns the number of store calls.
func everyFault(try func(fault) int) { everyNthFault(stride, try) }

func everyNthFault(n int, try func(fault) int) {
	for mode := faultNothing; mode <= faultCrash; mode++ {
		// A fault makes a run longer; it ends where the fault lies behind the last call.
		for at := 1; ; at += n {
			if calls := try(fault{mode, at}); calls < at {
				break
			}
		}
	}
}

// mustBeSound fails the test for whatever try finds wrong under a fault.
func mustBeSound(t *testing.T, try func(fault) (calls int, wrong []string)) {
	t.Helper()
	everyFault(func(f fault) int {
		calls, wrong := try(f)
		for _, text := range wrong {
			t.Errorf("%s: %s", f, text)
		}
		return calls
	})
}

// everyCallAndProcess runs a part of the test for each kind of store × every fate of the request × who goes on afterwards: another
// process or the same one.
func everyCallAndProcess(t *testing.T, try func(sh shape, plan callPlan, f fault, again bool) (calls int, wrong []string)) {
	t.Helper()
	for _, sh := range shapes {
		for callName, plan := range allCalls {
			for _, again := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, %s, again %v", sh.name, callName, again), func(t *testing.T) {
					t.Parallel()
					mustBeSound(t, func(f fault) (int, []string) { return try(sh, plan, f, again) })
				})
			}
		}
	}
}

// errorIsTold fails the test unless err is what the engine promises.
func errorIsTold(t *testing.T, err error) {
	t.Helper()
	var e *Error
	if err != nil && !errors.As(err, &e) && !errors.Is(err, context.Canceled) {
		t.Errorf("error %v is neither an *Error nor the context's", err)
	}
}

// semantics under test, with what they allow.
type semantics struct {
	rotation Rotation
	reuse    Reuse
	grace    time.Duration
	calls    int // requests that one Token may cause
}

var allSemantics = []semantics{
	{RotationNone, ReuseReject, 0, 3},
	{RotationSingleUseGrace, ReuseRevokeFamily, 10 * time.Minute, 3},
	{RotationSingleUse, ReuseReject, 0, 1},
	{RotationSingleUse, ReuseRevokeFamily, 0, 1},
}

var allCalls = map[string]callPlan{
	"good": callGood, "not sent": callNotSent, "lost, done": callLostDone, "lost, not done": callLostUndone,
	"502, done": callBrokenDone, "503, not done": callBusyUndone, "cut behind the successor": callCutLate, "cut before it": callCutEarly,
}

// TestTokenUnderFaults runs one refresh for every call of the store × every way to fail × every fate of the request ×
// every rotation semantics, and then lets the faults end and time pass.
func TestTokenUnderFaults(t *testing.T) {
	t.Parallel()
	for _, sh := range shapes {
		for _, sem := range allSemantics {
			for name, plan := range allCalls {
				for _, again := range []bool{false, true} {
					if !worthwhile(sh, sem, plan, again) {
						continue
					}
					then := map[bool]string{false: "another process", true: "the same process"}[again]
					t.Run(fmt.Sprintf("%s, %s, %s, %s, then %s", sh.name, sem.rotation, sem.reuse, name, then), func(t *testing.T) {
						t.Parallel()
						mustBeSound(t, func(f fault) (int, []string) {
							r := refreshRun{sem: sem, plan: plan, again: again}
							return r.try(t, sh, f, nil)
						})
					})
				}
			}
		}
	}
}

// worthwhile leaves out what can show nothing new: the plain store sees all of it, and the others what concerns them.
func worthwhile(sh shape, sem semantics, plan callPlan, again bool) bool {
	successor := plan == callGood || plan == callCutLate
	if again && !successor {
		return false // the process has nothing in hand that another one has not
	}
	if sh == shapes[0] {
		return true
	}
	return sem.reuse == ReuseRevokeFamily && (successor || plan == callLostDone || plan == callNotSent)
}

// refreshRun is one Token call under faults and all that follows.
type refreshRun struct {
	sem    semantics
	plan   callPlan
	again  bool // the process lives on
	found  []string
	broken func(*world, *Options) // makes the engine or its store a broken one
}

func (r *refreshRun) wrong(format string, args ...any) {
	r.found = append(r.found, fmt.Sprintf(format, args...))
}

// try returns the number of store calls of the first Token and everything that was wrong.
func (r *refreshRun) try(t testing.TB, sh shape, f fault, change func(*world)) (calls int, found []string) {
	w := sh.world(t).semantics(r.sem.rotation, r.sem.reuse, r.sem.grace)
	if change != nil {
		change(w)
	}
	w.authorized()
	w.server.plan = []callPlan{r.plan}
	u := w.under(f)
	m := w.start(func(o *Options) {
		if r.broken != nil {
			r.broken(w, o)
		}
	})
	res, err := w.token(m)
	calls = u.count()
	r.afterTheCall(u, res, err)
	if f.mode == faultCrash {
		m, r.again, res = nil, false, Result{}
	}
	reached := w.server.delivered
	newest := w.server.newest
	u.over()
	r.keptWhatReached(u, f, res.Record, reached, newest)
	r.afterTheFaults(u, m, newest)
	return calls, r.found
}

// afterTheCall checks what must hold at once.
func (r *refreshRun) afterTheCall(u *run, res Result, err error) {
	s := u.server
	if s.calls > r.sem.calls {
		r.wrong("%d requests, allowed are %d", s.calls, r.sem.calls)
	}
	if s.reuses > 0 {
		r.wrong("a spent token was sent")
	}
	if err == nil && !s.opens(res.Record.Tokens.Access.Reveal()) {
		r.wrong("a dead access token was served")
	}
	if err == nil && res.Rotated && !s.accepts(res.Record.Tokens.Refresh.Reveal()) {
		r.wrong("the result holds a dead refresh token")
	}
	if err != nil && !u.fault.lasting() && s.delivered {
		r.wrong("one failure of the store cost the token: %v", err)
	}
	rec := u.record()
	if rec.Status == StatusActive && rec.Claim == nil && !s.accepts(rec.Tokens.Refresh.Reveal()) && !u.rescue.holds(s.newest) && err != nil {
		r.wrong("the record says active and holds a dead token")
	}
}

// keptWhatReached checks the promise: no successor that reached the process is lost.
func (r *refreshRun) keptWhatReached(u *run, f fault, inHand Record, reached bool, newest string) {
	if !reached || u.has(newest, Record{}) {
		return
	}
	if f.mode == faultCrash {
		return // it died between the reply and the first place to keep it
	}
	if f.lasting() && u.rescue == nil && inHand.Tokens.Refresh.Reveal() == newest {
		return // no store and no folder: it is in the result alone, and a notice says so
	}
	r.wrong("a successor that reached the process is lost")
}

// afterTheFaults lets time pass, asks again and again, and checks how it ends.
func (r *refreshRun) afterTheFaults(u *run, m *Manager, newest string) {
	s := u.server
	// What nobody has any more is as lost as a reply that never came.
	if m != nil && !r.again {
		m = nil
	}
	kept := s.accepts(u.record().Tokens.Refresh.Reveal()) || u.rescue.holds(newest)
	if m != nil {
		if own, ok := m.unsavedOf(theKey); ok {
			kept = kept || own.token.RefreshToken.Reveal() == newest
		}
	}
	callsBefore := s.calls
	if m == nil {
		m = u.start()
	}
	// At once; after a TTL, and once more because taking over takes a look before; when the access token has expired; and
	// a TTL later, when a refusal is believed.
	for _, pause := range []time.Duration{0, time.Second, 121 * time.Second, 121 * time.Second, 2 * time.Hour, 121 * time.Second, 121 * time.Second, 121 * time.Second} {
		u.clock.pass(pause)
		// The caller of a plan does not wait for ever.
		ctx, cancel := u.clock.timeout(context.Background(), 5*time.Second)
		res, err := m.Token(ctx, theName, Ask{DefaultMargin: 30 * time.Second})
		cancel()
		if err == nil && !s.opens(res.Record.Tokens.Access.Reveal()) {
			r.wrong("a dead access token was served afterwards")
		}
	}
	rec := u.record()
	mayDie := !kept && r.sem.rotation == RotationSingleUse
	switch {
	case rec.Claim != nil:
		r.wrong("a claim stands for ever")
	case mayDie && rec.Status == StatusAuthorizationRequired:
		if s.reuses != 1 {
			r.wrong("%d reuses, want the one that asked for certainty", s.reuses)
		}
		return
	case rec.Status != StatusActive:
		r.wrong("ends as %s (kept %v), history %v", rec.Status, kept, rec.History)
	case !s.accepts(rec.Tokens.Refresh.Reveal()):
		r.wrong("ends as active with a dead token")
	case rec.Tokens.Refresh.Reveal() != s.newest && r.sem.rotation != RotationNone:
		r.wrong("ends with another token than the newest")
	}
	if mayDie {
		r.wrong("was lost and lives")
	}
	if s.reuses > 0 {
		r.wrong("%d reuses of a token that was never lost", s.reuses)
	}
	if u.rescue != nil && len(u.rescue.paths()) > 0 {
		r.wrong("a rescue file is left behind")
	}
	if got := s.calls - callsBefore; got > 3 {
		r.wrong("%d requests afterwards", got)
	}
}
