package credential

import (
	"errors"
	"fmt"
)

// Causes of a refused move. Nothing was changed.
var (
	ErrNotInSource   = errors.New("the source has no such credential")
	ErrOtherInTarget = errors.New("the destination has another credential of that name: of another authorization")
	ErrUsedInTarget  = errors.New("the destination has used or deleted this very credential; the source's copy of it is spent")
	ErrLostInTarget  = errors.New("it was moved to the destination before, and the destination does not have it any more")
)

// refused is the error for a move that is not done.
func (r *moveRun) refused(why moveRefusal) error {
	switch why {
	case refuseForeign:
		return &Error{Kind: KindForeignFamily, Record: r.target, Err: ErrOtherInTarget}
	case refuseUsed:
		return &Error{Kind: KindConsumed, Record: r.target, Err: ErrUsedInTarget}
	case refuseUnfinished:
		return r.from.unfinished(r.source)
	case refuseOccupied:
		return r.to.unfinished(r.target)
	case refuseElsewhere:
		return MovedAway(r.source)
	case refuseLost:
		return &Error{Kind: KindNotFound, Record: r.target, Err: ErrLostInTarget}
	default:
		return &Error{Kind: KindNotFound, Err: ErrNotInSource}
	}
}

// foretell fills the result with what the plan comes to.
func (r *moveRun) foretell() error {
	act, why := r.plan()
	r.result.Generation = max(r.source.Generation, r.target.Generation)
	switch act {
	case actRefuse:
		return r.refused(why)
	case actWithdraw:
		_, why = r.planLive(r.target.roleIn(r.sourceEnd))
		return r.refused(why)
	case actDone, actCopyDeletion, actDropTarget:
		r.tell()
	case actFree, actDropSource:
		r.result.Outcome = OutcomeUndone
		if role := r.source.roleIn(r.destEnd); act == actFree && (role == roleFree || role == roleLeaving) {
			r.result.Outcome = OutcomeMoved
		}
	case actBury:
		r.result.Outcome = OutcomeMoved
		if !r.source.IsTombstone() {
			r.result.Outcome = OutcomeKept
		}
	case actWaitSource, actWaitTarget:
		r.result.Outcome = OutcomeMoved
		r.result.Notes = append(r.result.Notes, fmt.Sprintf("it is in use now, and would be waited for (%s)", r.holder(act)))
	default:
		r.result.Outcome = OutcomeMoved
	}
	return nil
}

func (r *moveRun) holder(act moveAct) string {
	c := r.source.Claim
	if act == actWaitTarget {
		c = r.target.Claim
	}
	return string(c.Purpose) + " by " + c.Owner
}
