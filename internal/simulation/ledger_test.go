package simulation

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// verdict is why a credential needs a person.
type verdict struct {
	family int // that was given up
	cause  string
}

// Why a credential may be lost. Nothing else may be a cause.
const (
	causeNetwork   = "the reply was lost between server and process"
	causeCrash     = "the process died after the server had acted and before the reply was kept"
	causeMachine   = "the machine with the rescue file was destroyed"
	causeNowhere   = "neither the store nor the rescue folder took the reply before the process ended"
	causeElsewhere = "the reply lies in a rescue file on a machine that is away"
	causeHand      = "the reply is in the hand of a process that stands still, or cannot keep it"
	causeCrossed   = "the reply came home while the resend was on its way"
	causeNobody    = "the server has never used the token, but nobody can know that, and the semantics forbid to send it again"
	causeOperator  = "the server's operator revoked it"
	causeIdle      = "the refresh token was not used for too long"
	causeResend    = "a resend that the semantics allow killed the family, after: "
)

// judge says by the server's truth why a has come to need a person. It notes a fault if that must not be.
func (w *world) judge(a *account, r credential.Record) verdict {
	v := verdict{family: a.current}
	if a.current == 0 {
		w.fail(a.key, "given up without ever having been authorized")
		return v
	}
	f := a.families[a.current-1]
	switch f.dead {
	case "operator":
		v.cause = causeOperator
	case "expired":
		v.cause = causeIdle
	case "reuse":
		v.cause = causeResend + f.lost
	default:
		v.cause = w.whereIs(a, f, r)
	}
	w.explained(a, r)
	return v
}

// whereIs says where the token is that f's server still honours.
func (w *world) whereIs(a *account, f *family, r credential.Record) string {
	for _, t := range slices.Backward(f.tokens) {
		switch {
		case !w.server.honours(t):
		case !t.stored:
			return w.fateOf(a, t.by)
		case w.nobodyKnows(a, r) && w.lateClaims[r.Unknown.Attempt]:
			w.fail(a.key, "lost for good, because a claim landed late, and nothing was sent; history %v", r.History)
			return "FAULT"
		case w.nobodyKnows(a, r):
			return causeNobody
		default:
			w.fail(a.key, "given up, and the server honours %s, which has been in the store; %s, %v", t.value, r.Status, r.History)
			return "FAULT"
		}
	}
	w.fail(a.key, "given up, and the server honours no token of an authorization that is alive; %s, %v", r.Status, r.History)
	return "FAULT"
}

// nobodyKnows tells whether the record says that an outcome is unknown for good.
func (w *world) nobodyKnows(a *account, r credential.Record) bool {
	u := r.Unknown
	return u != nil && a.semantics.told.SingleUse() && (a.semantics.told.OnReuse == credential.ReuseRevokeClientUser || u.Resends > 0)
}

// beforeResend says what has become of the reply to the first use of the token that x sends again.
func (w *world) beforeResend(a *account, x *exchange) string {
	first := x.presented.uses[0].by
	if first.next != nil && first.next.stored {
		return causeCrossed
	}
	return w.fateOf(a, first)
}

// fateOf says what became of the reply to x.
func (w *world) fateOf(a *account, x *exchange) string {
	switch {
	case x == nil:
		w.fail(a.key, "the tokens of a login are lost")
		return "FAULT"
	case x.kept && x.machine.lost:
		return causeMachine
	case x.kept && x.inFolder():
		return causeElsewhere
	case x.kept:
		w.fail(a.key, "a reply was kept, and is gone")
		return "FAULT"
	case x.arrived && x.bold:
		w.fail(a.key, "a reply was never kept, although its process had the time")
		return "FAULT"
	case x.arrived && x.process.crashed:
		return causeCrash
	case x.arrived && x.process.dead && x.failed:
		return causeNowhere
	case x.fate == replyLost:
		return causeNetwork
	case x.process.crashed:
		return causeCrash
	case x.process.dead:
		w.fail(a.key, "a reply was lost by %s, which ended in peace", x.process.name)
		return "FAULT"
	case x.arrived, x.process.stoppedUntil > w.now, x.process.machine.asleepUntil > w.now:
		return causeHand
	case x.fate == requestLost:
		return "nothing: its request was lost"
	}
	return causeHand // on its way
}

func (x *exchange) inFolder() bool {
	for _, file := range x.machine.rescue {
		if file.of == x {
			return true
		}
	}
	return false
}

// explained checks that the record says what has happened, to those who look.
func (w *world) explained(a *account, r credential.Record) {
	if r.Status == credential.StatusActive {
		w.fail(a.key, "given up, and the record says active; history %v", r.History)
	}
	for _, e := range slices.Backward(r.History) {
		if strings.HasPrefix(e.Verdict, "refused") || strings.Contains(e.Verdict, "authorization required") || strings.Contains(e.Verdict, "outcome") {
			return
		}
		if strings.HasPrefix(e.Verdict, "refreshed") || strings.HasPrefix(e.Verdict, "adopted") || strings.HasPrefix(e.Verdict, "authorized") {
			break
		}
	}
	w.fail(a.key, "given up, and the history does not say why: %v", r.History)
}

// record reads a's record past everybody.
func (w *world) record(a *account) (credential.Record, bool) {
	e, err := a.site.plain.Get(context.Background(), a.key)
	if err != nil {
		w.fail(a.key, "the record is gone: %v", err)
		return credential.Record{}, false
	}
	r, err := credential.DecodeRecord(e.Value)
	if err != nil {
		w.fail(a.key, "the record is broken: %v", err)
	}
	return r, err == nil
}

// comesAgain judges a refresh token that was used before and comes again.
func (w *world) comesAgain(a *account, t *refresh, x *exchange) {
	why, forbidden := a.mayComeAgain(t, x, w.now, w.bend(a.site, t, x))
	if forbidden != "" {
		w.fail(a.key, "%s sends %s again, which is forbidden (%s): %s; first sent by %s %s ago",
			x.process.name, t.value, a.semantics.name, forbidden, t.uses[0].by.process.name, w.now-t.uses[0].at)
		return
	}
	w.note(a.key, "  server: %s comes %s", t.value, why)
	w.figures.put(&w.figures.again, why, 1)
}

// bend is how far clocks may bend the rules for x, which sends t again. The clock of a store is heard through reads that take
// a while. Where there is none, a machine goes by its own clock for what it sent itself, and somebody may set that.
func (w *world) bend(s *site, t *refresh, x *exchange) time.Duration {
	own := s.kind == local || s.kind == shared && t.uses[0].by.process == x.process
	if own {
		return 2 * w.config.skewOfFiles
	}
	return 5 * time.Second
}

// lost counts a credential that needed a person.
func (w *world) lost(a *account, v verdict) {
	w.note(a.key, "lost: %s", v.cause)
	w.figures.put(&w.figures.lost, v.cause, 1)
}

// lookAtAll checks every credential when all is calm and everybody has had time to come home.
func (w *world) lookAtAll() {
	for _, a := range w.server.accounts {
		r, ok := w.record(a)
		if !ok {
			continue
		}
		// The claim of an exchange that never ended bothers nobody but the next exchange, which takes it over.
		if r.Claim != nil && (r.Claim.Purpose == credential.PurposeRefresh || r.Status == credential.StatusActive) {
			w.fail(a.key, "a claim stands for ever: %+v", *r.Claim)
		}
		if w.config.calm && a.counts() && a.refreshes != a.expiries {
			w.fail(a.key, "%d calls for %d expiries (%s, %s)", a.refreshes, a.expiries, a.semantics.name, a.site.kind)
		}
		t := w.server.tokens[r.Tokens.Refresh.Reveal()]
		if t == nil || !w.server.honours(t) {
			w.silentLoss(a, r)
		}
		switch {
		case a.gaveUp != nil && a.current > a.gaveUp.family:
			w.lost(a, *a.gaveUp)
		case a.refresh.Strategy == credential.StrategyNever:
		case r.Status != credential.StatusActive:
			w.lost(a, w.judge(a, r))
		case a.gaveUp != nil:
			w.figures.put(&w.figures.healed, a.gaveUp.cause, 1)
		}
	}
	for _, s := range w.sites {
		for _, m := range s.machines {
			if len(m.rescue) > 0 {
				w.fail("", "%d rescue files are left behind on %s", len(m.rescue), m.name)
			}
		}
	}
}

// silentLoss looks for a token that the server honours, that somebody had in hand and kept, and that is not in the store.
func (w *world) silentLoss(a *account, r credential.Record) {
	if a.current == 0 {
		return
	}
	if r.Status == credential.StatusActive && a.families[a.current-1].dead == "" && a.refresh.Strategy != credential.StrategyNever {
		w.fail(a.key, "active with a dead token; history %v", r.History)
	}
	for _, f := range a.families[a.current-1:] {
		for _, t := range f.tokens {
			kept := t.stored || t.by != nil && t.by.kept && !t.by.machine.lost
			if kept && w.server.honours(t) && (!t.stored || !w.nobodyKnows(a, r)) {
				w.fail(a.key, "silent loss: %s was kept and is good, and the store has %q; %s, history %v",
					t.value, r.Tokens.Refresh.Reveal(), r.Status, r.History)
				return
			}
		}
	}
}
