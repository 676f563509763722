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

// stage is where process A stands while process B runs.
type stage string

const (
	beforeRead  stage = "before A reads"
	beforeClaim stage = "between A's read and its claim"
	beforeSend  stage = "between A's claim and its request"
	inFlight    stage = "A's request at the server, not processed yet"
	replying    stage = "A's request processed, its reply on the way"
	beforeKeep  stage = "A's reply in hand, before its commit reads"
	inCommit    stage = "between the read and the write of A's commit"
	afterCommit stage = "after A's commit"
)

// How long B has: a plan that somebody interrupts soon, and one that outlasts every claim.
const (
	impatient = 2 * time.Second
	patient   = 10 * time.Minute
)

// outcome is how two processes must end, written down beforehand.
type outcome struct {
	rotations, reuses int
	a, b              Kind   // what each is told; empty: a token
	final             Status // when all is over and somebody asks for a token again
}

const gaveUp Kind = "its caller gave up"

// fine is the usual end: one rotation, no reuse.
var fine = outcome{1, 0, "", "", StatusActive}

// expected is the table: patience → stage → semantics. Where the stage has an empty row, all semantics end alike.
var expected = map[time.Duration]map[stage]map[string]outcome{
	impatient: {
		beforeRead:  {"": fine},
		beforeClaim: {"": fine},
		beforeSend:  {"": {1, 0, "", gaveUp, StatusActive}},
		inFlight:    {"": {1, 0, "", gaveUp, StatusActive}},
		replying:    {"": {1, 0, "", gaveUp, StatusActive}},
		beforeKeep:  {"": {1, 0, "", gaveUp, StatusActive}},
		inCommit:    {"": {1, 0, "", gaveUp, StatusActive}},
		afterCommit: {"": fine},
	},
	patient: {
		beforeRead:  {"": fine},
		beforeClaim: {"": fine},
		beforeSend:  {"": fine}, // A is late and sends nothing
		inFlight: {
			"none": {2, 0, "", "", StatusActive}, "grace": {2, 0, "", "", StatusActive},
			"reject": {1, 1, "", "", StatusActive}, // A's refusal is not believed: the store has B's successor
			"family": {1, 1, "", "", StatusAuthorizationRequired},
		},
		replying:    lateReply,
		beforeKeep:  lateReply,
		inCommit:    lateReply,
		afterCommit: {"": fine},
	},
}

// lateReply: B has sent the spent token again, as the semantics allow, and A comes with the successor all the same.
var lateReply = map[string]outcome{
	"none": {2, 0, "", "", StatusActive}, "grace": {2, 0, "", "", StatusActive},
	"reject": {1, 1, "", KindUnknown, StatusActive},
	"family": {1, 1, "", KindUnknown, StatusAuthorizationRequired},
}

var namedSemantics = map[string]semantics{
	"none": allSemantics[0], "grace": allSemantics[1], "reject": allSemantics[2], "family": allSemantics[3],
}

// expectedOutcome looks into the table, and knows what is particular to a kind of store.
func expectedOutcome(sh shape, sem string, at stage, patience time.Duration) outcome {
	switch {
	case sh.remote && (at == beforeKeep || at == inCommit):
		return fine // B, on the same machine, finds A's rescue file and brings the successor home
	case sh.holder && sem == "family" && patience == patient && (at == beforeSend || at == inFlight || at == replying || at == beforeKeep || at == inCommit):
		return outcome{1, 0, "", KindUnknown, StatusActive} // A has the lock, so it lives, and B sends nothing
	case sh.holder && at == beforeClaim && patience == impatient:
		return outcome{1, 0, "", gaveUp, StatusActive} // A has the lock already
	}
	row := expected[patience][at]
	if o, ok := row[""]; ok {
		return o
	}
	return row[sem]
}

// breakage makes a broken engine of the two processes; the zero value is the sound one.
type breakage struct {
	a, b func(*Options)
}

// interleave lets B run while A stands at a stage, and returns what differs from the outcome.
func interleave(t testing.TB, sh shape, semName string, at stage, patience time.Duration, br breakage) []string {
	sem := namedSemantics[semName]
	w := sh.world(t).semantics(sem.rotation, sem.reuse, sem.grace)
	w.authorized()
	w.clock.pass(2 * clockSlack) // nobody's clock says that the access token is alive
	want := expectedOutcome(sh, semName, at, patience)

	b := w.start(pick(br.b))
	var bErr error
	ran := false
	runB := func() {
		ran = true
		ctx, cancel := w.clock.timeout(context.Background(), patience)
		defer cancel()
		_, bErr = b.Token(ctx, theName, Ask{DefaultMargin: 30 * time.Second})
	}
	a := w.start(func(o *Options) { o.Store = stoppedAt(w, at, runB) }, pick(br.a))
	ctx, cancel := w.clock.timeout(context.Background(), time.Hour) // a broken engine may go round for ever
	_, aErr := a.Token(ctx, theName, Ask{DefaultMargin: 30 * time.Second})
	cancel()
	if at == afterCommit {
		runB()
	}

	var wrong []string
	if !ran {
		wrong = append(wrong, "the stage was not reached")
	}
	if w.server.rotations != want.rotations || w.server.reuses != want.reuses {
		wrong = append(wrong, fmt.Sprintf("%d rotations and %d reuses, want %d and %d", w.server.rotations, w.server.reuses, want.rotations, want.reuses))
	}
	if got := told(aErr); got != want.a {
		wrong = append(wrong, fmt.Sprintf("A is told %q (%v), want %q", got, aErr, want.a))
	}
	if got := told(bErr); got != want.b {
		wrong = append(wrong, fmt.Sprintf("B is told %q (%v), want %q", got, bErr, want.b))
	}
	// Everybody is dead. What comes later finds the final state.
	for range 4 {
		w.clock.pass(2 * time.Hour)
		_, _ = w.token(w.start())
	}
	r := w.record()
	if r.Status != want.final || r.Claim != nil {
		wrong = append(wrong, fmt.Sprintf("ends as %s, want %s", r.Status, want.final))
	}
	if want.final == StatusActive && !w.server.accepts(r.Tokens.Refresh.Reveal()) {
		wrong = append(wrong, "ends as active with a dead token")
	}
	if w.server.reuses != want.reuses {
		wrong = append(wrong, fmt.Sprintf("%d reuses in the end, want %d", w.server.reuses, want.reuses))
	}
	return wrong
}

func pick(f func(*Options)) func(*Options) {
	if f == nil {
		return func(*Options) {}
	}
	return f
}

func told(err error) Kind {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Kind
	case errors.Is(err, context.Canceled):
		return gaveUp
	}
	return "something else"
}

// stoppedAt returns A's view of the store, which runs f once at the stage; the stages at the server are set up there.
func stoppedAt(w *world, at stage, f func()) store.Store {
	switch at {
	case inFlight:
		w.server.during = []func(){f}
		return w.store
	case replying:
		w.server.behind = []func(){f}
		return w.store
	}
	gets, replaces, done := 0, 0, false
	once := func(now bool) {
		if now && !done {
			done = true
			f()
		}
	}
	return storetest.NewFaulty(w.store, storetest.Hooks{
		Before: func(c storetest.Call) {
			switch c.Op {
			case storetest.OpGet:
				gets++
				once(at == beforeRead && gets == 1)
				once(at == beforeKeep && replaces == 1)
			case storetest.OpReplace:
				replaces++
				once(at == beforeClaim && replaces == 1)
				once(at == inCommit && replaces == 2)
			}
		},
		After: func(c storetest.Call) {
			once(at == beforeSend && c.Op == storetest.OpReplace && replaces == 1)
		},
	}).Store()
}

func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	for _, sh := range []shape{shapes[0], shapes[2], shapes[4]} {
		for patience, stages := range expected {
			for at := range stages {
				for sem := range namedSemantics {
					for _, text := range interleave(t, sh, sem, at, patience, breakage{}) {
						t.Errorf("%s, %s, B has %s, %s: %s", sh.name, sem, patience, at, text)
					}
				}
			}
		}
	}
}
