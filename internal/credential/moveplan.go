package credential

import "time"

// end is one of the two stores of a move.
type end struct{ id, location string }

// is tells whether a record means this store. A store that was never written to has no id yet.
func (e end) is(id, location string) bool {
	if e.id != "" && id != "" {
		return e.id == id
	}
	return e.location == location
}

// role is what a record is in a move between its store and a peer.
type role int

const (
	roleAbsent    role = iota
	roleFree           // a credential that nothing holds
	roleBusy           // one that somebody refreshes, exchanges or revokes
	roleLeaving        // one claimed for a move to the peer; it is the one that counts
	roleParked         // a copy from the peer, of no use until the peer has given up its own
	roleElsewhere      // in a move to or from a third store
	roleGone           // the tombstone of one that the peer has now
	roleDeleted        // any other tombstone
)

// roleIn returns the role of r in a move to or from peer. The zero record stands for none.
func (r Record) roleIn(peer end) role {
	switch {
	case r.Status == "":
		return roleAbsent
	case r.IsTombstone() && r.IsMoved() && peer.is(r.MovedTo.StoreID, r.MovedTo.Location):
		return roleGone
	case r.IsTombstone():
		return roleDeleted
	case r.Claim == nil:
		return roleFree
	case r.Claim.Purpose != PurposeMove:
		return roleBusy
	case !peer.is(r.Claim.PeerID, r.Claim.Peer):
		return roleElsewhere
	case r.Claim.Parked:
		return roleParked
	default:
		return roleLeaving
	}
}

// knowsPeer tells whether r, under a move, means the very store that peer is now: not another one in its place.
func (r Record) knowsPeer(peer end) bool {
	return r.Claim != nil && peer.id != "" && r.Claim.PeerID == peer.id
}

// moveAct is the next thing that a move does.
type moveAct int

const (
	actDone         moveAct = iota
	actWaitSource           // for the end of somebody's claim
	actWaitTarget           // likewise
	actClaim                // the source, for leaving
	actPark                 // the source's record in the target
	actBury                 // the source: it becomes a tombstone that tells where to
	actRelease              // the target's parked copy: it becomes the credential
	actWithdraw             // the source's claim, because the move is refused
	actFree                 // the target from a move the other way round that has not come so far
	actFinish               // a move the other way round that has come too far to be taken back: the source's copy becomes the credential
	actDropSource           // the source's copy of a credential that has not left the target
	actDropTarget           // a copy left in the target by a move that was given up
	actCopyDeletion         // what is remembered of a deleted credential
	actRefuse
)

// refusal of a move.
type moveRefusal int

const (
	refuseNone       moveRefusal = iota
	refuseNotFound               // the source has no such credential
	refuseForeign                // the target has another credential of that name
	refuseUsed                   // the target has used the source's token, and its own credential is gone
	refuseUnfinished             // another move is not finished: of the source's record
	refuseOccupied               // … of the target's record
	refuseElsewhere              // the source's credential is in a third store
	refuseLost                   // moved to the target before, which does not have it any more
)

// sight is both records as of one moment, and what this run has done about them.
type sight struct {
	source, target     Record
	sourceEnd, destEnd end

	parked bool // this run has written the source's record, as it still is, into the target
	buried bool // this run has written the source's tombstone, and the store has confirmed it
	undone bool // this run has taken back a move the other way round
	now    time.Time
}

// plan says what comes next. It is pure, and each act brings the two records one step nearer to actDone, from wherever an
// earlier run has left them.
//
// What keeps a credential from being lost, whoever else moves it meanwhile: both records were read as of one moment, and each
// act is a compare-and-swap of one of them. A record is given up only where the other one was good at that moment; and whoever
// takes that other one away has to claim it first, and then to write this one.
func (s sight) plan() (moveAct, moveRefusal) {
	source, target := s.source.roleIn(s.destEnd), s.target.roleIn(s.sourceEnd)
	if source == roleBusy {
		return actWaitSource, refuseNone
	}
	switch source {
	case roleAbsent, roleDeleted, roleGone:
		return s.planGone(source, target)
	case roleElsewhere:
		return actRefuse, refuseUnfinished
	case roleParked:
		return s.planParked(target)
	default:
		act, why := s.planLive(target)
		if act == actRefuse && source == roleLeaving {
			return actWithdraw, refuseNone
		}
		if act == actPark {
			switch {
			case source == roleFree:
				return actClaim, refuseNone
			case s.parked && target == roleParked:
				return actBury, refuseNone
			}
		}
		return act, why
	}
}

// planGone is for a source that has no credential.
func (s sight) planGone(source, target role) (moveAct, moveRefusal) {
	switch target {
	case roleLeaving:
		return actFree, refuseNone
	case roleParked:
		switch {
		case source == roleDeleted:
			return actDropTarget, refuseNone
		case source == roleAbsent && !s.target.knowsPeer(s.sourceEnd):
			return actRefuse, refuseOccupied // another store has come into the place of the source
		case source == roleGone && !s.buried:
			return actBury, refuseNone // once more: an earlier run may have died before it was durable
		}
		return actRelease, refuseNone
	case roleFree, roleBusy, roleElsewhere:
		if source == roleGone {
			return actDone, refuseNone
		}
	case roleAbsent, roleDeleted, roleGone:
		if source == roleGone {
			return actRefuse, refuseLost
		}
	}
	switch {
	case source == roleAbsent && s.undone:
		return actDone, refuseNone
	case source == roleAbsent:
		return actRefuse, refuseNotFound
	case s.source.IsMoved():
		return actRefuse, refuseElsewhere
	case target == roleAbsent && s.now.Sub(s.source.DeletedAt) < TombstoneFor:
		return actCopyDeletion, refuseNone
	}
	return actDone, refuseNone
}

// planParked is for a source that holds a copy from an unfinished move the other way round.
func (s sight) planParked(target role) (moveAct, moveRefusal) {
	switch target {
	case roleLeaving:
		return actFree, refuseNone
	case roleFree, roleBusy, roleDeleted:
		return actDropSource, refuseNone
	case roleGone:
		return actFinish, refuseNone
	case roleAbsent:
		if s.source.knowsPeer(s.destEnd) {
			return actFinish, refuseNone
		}
	}
	return actRefuse, refuseUnfinished
}

// planLive is for a source with a credential. actPark stands for whatever of claiming, parking and burying comes next.
func (s sight) planLive(target role) (moveAct, moveRefusal) {
	switch target {
	case roleLeaving:
		return actFree, refuseNone
	case roleElsewhere:
		return actRefuse, refuseOccupied
	case roleDeleted:
		if s.target.HasConsumed(s.source.Tokens.Refresh) {
			return actRefuse, refuseUsed
		}
	case roleFree, roleBusy:
		switch {
		case !sameCredential(s.source, s.target):
			return actRefuse, refuseForeign
		case target == roleBusy:
			return actWaitTarget, refuseNone
		case furtherOn(s.target, s.source):
			return actBury, refuseNone
		}
	}
	return actPark, refuseNone
}

func sameCredential(a, b Record) bool {
	return a.Family == b.Family && (a.Family != "" || a.Attachment.ID == b.Attachment.ID)
}

// furtherOn tells whether a has a newer token than b, of the same family. Of a generation that the store has lost the
// tokens of, whoever has them is further on.
func furtherOn(a, b Record) bool {
	behind := func(r Record) bool { return r.Unknown != nil && r.Unknown.Behind }
	return a.Generation > b.Generation || a.Generation == b.Generation && behind(b) && !behind(a)
}

// parkedFrom returns the source's record as the target keeps it for now. What the target remembers of the name stays
// remembered.
func (r Record) parkedFrom(source end, target Record) Record {
	p := r.clone()
	p.Claim.Peer, p.Claim.PeerID, p.Claim.Parked, p.Claim.Held = source.location, source.id, true, false
	p.recall(target)
	p.Unknown.elsewhere()
	for i := range p.Aside {
		p.Aside[i].Unknown.elsewhere()
	}
	p.unconsume(p.Tokens.Refresh)
	return p
}

// elsewhere notes that the times are by the clock of another store, or of a host that went by it.
func (u *Unknown) elsewhere() {
	if u != nil {
		u.Host, u.Apart, u.Timed = "", true, false
	}
}

// gone returns the tombstone of a credential that another store has. Its tokens are no input for anybody here.
func (r Record) gone(to end, at time.Time, e Event) Record {
	r = r.clone()
	r.consume(r.Tokens.Refresh, false)
	if r.Input != "" {
		r.consumeInput(r.Input)
	}
	r.note(e)
	t := r.tombstone(at)
	t.MovedTo = MovedTo{StoreID: to.id, Location: to.location}
	return t
}
