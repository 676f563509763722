package credential

import "fmt"

// What a move between stores, finished or not, means to everybody else. The move itself is in move.go.

// frozen tells whether turning r into next would change a record under a move behind its back. What a commit does goes
// past this: a successor in hand ends the move's claim, and the move begins anew with it.
func (r Record) frozen(next Record) bool {
	if !r.Moving() {
		return false
	}
	kept := next.Claim != nil && next.Claim.Attempt == r.Claim.Attempt
	return kept || next.Family != r.Family
}

// unfinished is the error for a record under a move: it tells how the move is finished.
func (m *Manager) unfinished(r Record) *Error {
	from, to := m.store.Location(), r.Claim.Peer
	if r.Claim.Parked {
		from, to = to, from
	}
	return &Error{Kind: KindMoving, Reason: ReasonMoving, Record: r, Err: fmt.Errorf(
		"a move from %s to %s was begun and not finished; finish it with: terraform-provider-oauth move --from … --to …, or take it back "+
			"with the two the other way round", from, to)}
}

// MovedAway is the error for the tombstone of a credential that another store has now.
func MovedAway(r Record) *Error {
	return &Error{Kind: KindMoved, Reason: ReasonMoved, Record: r, Err: fmt.Errorf("it was moved to %s", r.MovedTo.Location)}
}

// stranded tells whether the successor of this attempt has come after the credential went to another store. Of a family
// other than the tombstone's nothing is known here; the other store decides.
func (a Attempt) stranded(cur Record) bool {
	if !cur.IsMoved() {
		return false
	}
	older := (a.Purpose == PurposeRefresh || a.manages()) && a.Family == cur.Family && a.Base < cur.Generation
	return !older
}
