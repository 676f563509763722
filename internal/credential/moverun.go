package credential

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// moveRun is the move of one credential, from the first look to the end.
type moveRun struct {
	*Mover
	sight

	name, key  string
	sourceSnap snapshot
	targetSnap snapshot
	parkedRev  store.Revision // of the source's record that was parked by this run
	prepared   bool           // all that has to come before the credential is done
	claimed    *claimed       // by this run
	doubtful   bool           // whether this run has claimed it is not known
	release    func()         // of the source's lock; nil: not taken
	result     Moved
}

// toTheEnd looks, plans and acts until nothing is left to do.
func (r *moveRun) toTheEnd(ctx context.Context) error {
	r.from.prepareQuietly(ctx) // what an earlier run has left behind may end the claim that would be waited for
	pause, enough := r.from.pauses(), enough(aFew)
	for failures := 0; ; {
		act := actDone
		err := r.look(ctx)
		if err == nil {
			act, err = r.next(ctx)
		}
		switch {
		case err == nil && act == actDone:
			return r.conclude(ctx)
		case err == nil:
			if act == actClaim || act == actPark { // nothing of the caller's stops it from here on
				ctx = context.WithoutCancel(ctx)
			}
			if act == actPark {
				enough = r.from.forCommit()
			}
			continue
		case errors.Is(err, errBusy), errors.Is(err, errClaimLost), errors.Is(err, store.ErrConflict):
		default:
			if failures++; definite(err) || enough(failures) || ctx.Err() != nil {
				return r.giveUp(ctx, err)
			}
			r.from.log.Warn("a step of a move failed; trying again", "key", r.key, "error", err)
		}
		if err := pause(ctx); err != nil {
			return r.giveUp(ctx, err)
		}
	}
}

// look reads both records as they were at one moment: the target's is the same before and after the source's was read. Who
// acted on two moments could give up a copy for another one that is being given up for the first.
func (r *moveRun) look(ctx context.Context) (err error) {
	if r.sourceEnd, r.destEnd, err = r.ends(ctx); err != nil {
		return err
	}
	if r.targetSnap, err = r.to.sighted(ctx, r.key); err != nil {
		return r.to.told(err)
	}
	if r.sourceSnap, err = r.from.sighted(ctx, r.key); err != nil {
		return r.from.told(err)
	}
	again, err := r.to.sighted(ctx, r.key)
	switch {
	case err != nil:
		return r.to.told(err)
	case again.revision != r.targetSnap.revision:
		return errClaimLost
	}
	r.source, r.target = r.sourceSnap.record, r.targetSnap.record
	r.parked = r.parkedRev != "" && r.parkedRev == r.sourceSnap.revision
	r.doubtful = false
	return nil
}

// sighted is load, with the zero snapshot for a record that is not there.
func (m *Manager) sighted(ctx context.Context, key string) (snapshot, error) {
	snap, err := m.load(ctx, key)
	if IsKind(err, KindNotFound) {
		return snapshot{}, nil
	}
	return snap, err
}

// next does the next thing. Its error leaves open whether that was done, unless it is definite.
func (r *moveRun) next(ctx context.Context) (moveAct, error) {
	act, why := r.plan()
	switch act {
	case actDone:
		return act, nil
	case actRefuse:
		return act, r.refused(why)
	case actWaitSource:
		return act, r.from.settleClaim(ctx, r.key, r.sourceSnap)
	case actWaitTarget:
		return act, r.to.settleClaim(ctx, r.key, r.targetSnap)
	case actClaim, actPark, actBury:
		if err := r.prepare(ctx); err != nil {
			return act, err
		}
		if act == actClaim {
			return act, r.claim(ctx)
		}
		if err := r.lock(ctx); err != nil {
			return act, err
		}
		if act == actPark {
			return act, r.park(ctx)
		}
		return act, r.bury(ctx)
	default:
		return act, r.repair(ctx, act)
	}
}

// prepare brings home what an earlier refresh has left behind, and copies what the credential needs in the destination.
func (r *moveRun) prepare(ctx context.Context) error {
	if r.prepared || r.source.IsTombstone() {
		return nil
	}
	if _, err := r.from.nothingLeftBehind(ctx, r.key); err != nil {
		return err
	}
	notes, err := r.companions(ctx, r.source)
	if err != nil {
		return err
	}
	r.result.Notes = append(r.result.Notes, notes...)
	r.prepared = true
	return nil
}

func (r *moveRun) claim(ctx context.Context) error {
	r.unlock()
	c, err := r.from.claim(ctx, r.key, r.sourceSnap, Attempt{Purpose: PurposeMove}, extra{exclusive: r.source.Unknown != nil, do: func(s *Record) {
		s.Claim.Peer, s.Claim.PeerID = r.destEnd.location, r.destEnd.id
	}})
	if err != nil {
		r.doubtful = !errors.Is(err, errClaimLost) && !errors.Is(err, errBusy) && !errors.Is(err, store.ErrNotDone)
		return err
	}
	r.claimed, r.release = c, c.close
	return nil
}

// lock takes the source's lock where another run has begun the move: that one may be at work.
func (r *moveRun) lock(ctx context.Context) error {
	if r.release != nil || !r.source.Moving() {
		return nil
	}
	release, _, err := r.from.hold(ctx, r.key, r.sourceSnap, r.source.Unknown != nil)
	if err != nil {
		return err
	}
	r.release = release
	return nil
}

func (r *moveRun) unlock() {
	if r.release != nil {
		r.release()
		r.release = nil
	}
}

func (r *moveRun) park(ctx context.Context) error {
	// Once more, now that nobody can be refused with this credential any more.
	if err := r.copyBudgets(ctx, r.source.Client.completed()); err != nil {
		return err
	}
	copied := r.source.parkedFrom(r.sourceEnd, r.target)
	if err := r.to.write(ctx, r.key, r.targetSnap.revision, copied); err != nil {
		return r.to.told(writing(err))
	}
	r.parkedRev = r.sourceSnap.revision
	return nil
}

// bury turns the source's record into a tombstone. One that is there already is written again: what can be read may not
// have reached the disk, and the copy in the destination must not be used before.
func (r *moveRun) bury(ctx context.Context) error {
	next, outcome := r.source, OutcomeMoved
	if !next.IsTombstone() {
		if r.target.roleIn(r.sourceEnd) != roleParked {
			outcome = OutcomeKept
		}
		next = r.source.gone(r.destEnd, r.from.Now().Round(0).UTC(), r.from.event(r.attempt(), r.source.Generation, "moved to "+r.destEnd.location))
	}
	if err := r.from.write(ctx, r.key, r.sourceSnap.revision, next); err != nil {
		return r.from.told(writing(err))
	}
	r.buried, r.result.Outcome = true, outcome
	return nil
}

func (r *moveRun) attempt() string {
	if r.source.Claim == nil {
		return ""
	}
	return r.source.Claim.Attempt
}

// repair does what is left to do with a record that a move has marked.
func (r *moveRun) repair(ctx context.Context, act moveAct) error {
	m, snap, peer := r.to, r.targetSnap, r.sourceEnd
	if act == actFinish || act == actDropSource || act == actWithdraw {
		m, snap, peer = r.from, r.sourceSnap, r.destEnd
	}
	now, cur := m.Now().Round(0).UTC(), snap.record
	next := cur.clone()
	next.Claim = nil
	line := func(verdict string) Event {
		e := m.event("", cur.Generation, verdict)
		if cur.Claim != nil {
			e.Attempt = cur.Claim.Attempt
		}
		return e
	}
	switch act {
	case actRelease, actFinish:
		next.note(line("moved from " + peer.location))
	case actFree, actWithdraw:
		next.note(line("not moved to " + peer.location))
	case actDropSource, actDropTarget:
		heir := peer // … of the dropped copy: whoever has the credential
		if other := r.heir(act); other.IsTombstone() {
			heir = end{id: other.MovedTo.StoreID, location: other.MovedTo.Location}
		}
		next = cur.gone(heir, now, line("the move from "+peer.location+" was taken back"))
	case actCopyDeletion:
		next = r.source.clone()
	}
	if err := m.write(ctx, r.key, snap.revision, next); err != nil {
		return m.told(writing(err))
	}
	switch act {
	case actRelease:
		r.result.Outcome = OutcomeMoved
	case actFree, actDropSource:
		r.undone = true
	}
	return nil
}

// heir is the record in the store that the dropped copy came from.
func (r *moveRun) heir(act moveAct) Record {
	if act == actDropSource {
		return r.target
	}
	return r.source
}

// conclude tells how it ended, and brings along what came too late for the source.
func (r *moveRun) conclude(ctx context.Context) error {
	r.tell()
	if r.source.roleIn(r.destEnd) != roleGone {
		return nil
	}
	brought, err := r.bringStragglers(ctx)
	if err != nil {
		return err
	}
	if brought.Generation > r.result.Generation {
		r.result.Outcome, r.result.Generation = OutcomeMoved, brought.Generation
	}
	return nil
}

// tell fills the result where nothing is left to do.
func (r *moveRun) tell() {
	r.result.Generation = r.target.Generation
	if r.result.Outcome == "" {
		switch {
		case r.undone:
			r.result.Outcome = OutcomeUndone
		case r.source.roleIn(r.destEnd) == roleGone:
			r.result.Outcome = OutcomeAlready
		default:
			r.result.Outcome, r.result.Generation = OutcomeDeleted, 0
		}
	}
}

// giveUp ends the move with err. A source that this run has claimed becomes as it was, so that it can be used.
func (r *moveRun) giveUp(ctx context.Context, err error) error {
	if r.claimed == nil || r.buried {
		return r.unfinishedBecause(ctx, err)
	}
	undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.from.timings.CommitRetry)
	defer cancel()
	given := false
	withdrawErr := r.from.insist(undo, aFew, func() error {
		snap, err := r.from.stored(undo, r.key)
		if err != nil {
			return err
		}
		next := snap.record.clone()
		if given = snap.record.IsTombstone(); given || !r.claimed.attempt.dropClaim(&next) {
			return nil
		}
		next.note(r.from.event(r.claimed.attempt.ID, next.Generation, "not moved to "+r.destEnd.location))
		return r.from.write(undo, r.key, snap.revision, next)
	})
	if withdrawErr != nil || given {
		return r.unfinishedBecause(ctx, err)
	}
	return toldBy(ctx, err)
}

// unfinishedBecause says of err whether the move is under way.
func (r *moveRun) unfinishedBecause(ctx context.Context, err error) error {
	begun := r.claimed != nil || r.doubtful || r.buried || r.source.Moving() || r.target.Moving()
	if e := AsError(err); !begun || e.Kind != KindStore {
		return toldBy(ctx, err)
	}
	return &Error{Kind: KindMoving, Reason: ReasonMoving, Record: r.source, Err: fmt.Errorf(
		"the move was begun and could not be finished; nothing is lost, and running it again goes on from here: %w", err)}
}

// toldBy makes an *Error of whatever a step returned, unless the caller gave up.
func toldBy(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return ctx.Err()
	}
	return AsError(err)
}

// writing makes an *Error of a store's, but for a lost race.
func writing(err error) error {
	var e *Error
	if errors.Is(err, store.ErrConflict) || errors.As(err, &e) {
		return err
	}
	return storeError("writing the token store", err)
}
