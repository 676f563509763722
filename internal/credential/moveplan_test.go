package credential

import (
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// TestMovePlan writes down, for each pair of records that a move can find, what comes next.
func TestMovePlan(t *testing.T) {
	t.Parallel()
	here, there := end{"id-s", "s"}, end{"id-d", "d"}
	in := func(peer end, parked bool) *Claim {
		return &Claim{Attempt: "m", Purpose: PurposeMove, TTL: 1, Peer: peer.location, PeerID: peer.id, Parked: parked}
	}
	record := func(claim *Claim) Record {
		return Record{Family: "f", Generation: 2, Status: StatusActive, Tokens: Tokens{Refresh: secret.New("t")}, Claim: claim}
	}
	third := end{"id-t", "t"}
	// The records of one store, by name, as seen against its peer.
	records := func(peer end) map[string]Record {
		return map[string]Record{
			"-": {}, "free": record(nil), "busy": record(&Claim{Attempt: "r", Purpose: PurposeRefresh, TTL: 1}),
			"leaving": record(in(peer, false)), "parked": record(in(peer, true)),
			"leaving to a third": record(in(third, false)), "parked by a third": record(in(third, true)),
			"gone": record(nil).gone(peer, now, Event{}), "gone to a third": record(nil).gone(third, now, Event{}),
			"deleted": Record{Family: "old", Generation: 9}.tombstone(now),
		}
	}
	sources, targets := records(there), records(here)
	type row struct {
		act moveAct
		why moveRefusal
	}
	refuse := func(why moveRefusal) row { return row{actRefuse, why} }
	live := map[string]row{ // of a source that is free
		"-": {act: actClaim}, "free": {act: actClaim}, "busy": {act: actWaitTarget}, "leaving": {act: actFree}, "parked": {act: actClaim},
		"leaving to a third": refuse(refuseOccupied), "parked by a third": refuse(refuseOccupied),
		"gone": {act: actClaim}, "gone to a third": refuse(refuseUsed), "deleted": {act: actClaim},
	}
	leaving := map[string]row{
		"-": {act: actPark}, "free": {act: actPark}, "busy": {act: actWaitTarget}, "leaving": {act: actFree}, "parked": {act: actPark},
		"leaving to a third": {act: actWithdraw}, "parked by a third": {act: actWithdraw},
		"gone": {act: actPark}, "gone to a third": {act: actWithdraw}, "deleted": {act: actPark},
	}
	all := func(r row) map[string]row {
		m := map[string]row{}
		for name := range targets {
			m[name] = r
		}
		return m
	}
	for source, rows := range map[string]map[string]row{
		"free": live, "leaving": leaving, "busy": all(row{act: actWaitSource}),
		"leaving to a third": all(refuse(refuseUnfinished)), "parked by a third": all(refuse(refuseUnfinished)),
		"-": {
			"-": refuse(refuseNotFound), "free": refuse(refuseNotFound), "busy": refuse(refuseNotFound), "leaving": {act: actFree},
			"parked": {act: actRelease}, "leaving to a third": refuse(refuseNotFound), "parked by a third": refuse(refuseNotFound),
			"gone": refuse(refuseNotFound), "gone to a third": refuse(refuseNotFound), "deleted": refuse(refuseNotFound),
		},
		"gone": {
			"-": refuse(refuseLost), "free": {act: actDone}, "busy": {act: actDone}, "leaving": {act: actFree},
			"parked":             {act: actBury}, // once more, before the copy is used
			"leaving to a third": {act: actDone}, "parked by a third": {act: actDone},
			"gone": refuse(refuseLost), "gone to a third": refuse(refuseLost), "deleted": refuse(refuseLost),
		},
		"gone to a third": {
			"-": refuse(refuseElsewhere), "free": refuse(refuseElsewhere), "busy": refuse(refuseElsewhere), "leaving": {act: actFree},
			"parked": {act: actDropTarget}, "leaving to a third": refuse(refuseElsewhere), "parked by a third": refuse(refuseElsewhere),
			"gone": refuse(refuseElsewhere), "gone to a third": refuse(refuseElsewhere), "deleted": refuse(refuseElsewhere),
		},
		"deleted": {
			"-": {act: actCopyDeletion}, "free": {act: actDone}, "busy": {act: actDone}, "leaving": {act: actFree},
			"parked": {act: actDropTarget}, "leaving to a third": {act: actDone}, "parked by a third": {act: actDone},
			"gone": {act: actDone}, "gone to a third": {act: actDone}, "deleted": {act: actDone},
		},
		"parked": {
			"-": {act: actFinish}, "free": {act: actDropSource}, "busy": {act: actDropSource},
			"leaving": {act: actFree}, // first: else whoever finishes that move would lose both
			"parked":  refuse(refuseUnfinished), "leaving to a third": refuse(refuseUnfinished), "parked by a third": refuse(refuseUnfinished),
			"gone": {act: actFinish}, "gone to a third": {act: actDropSource}, "deleted": {act: actDropSource},
		},
	} {
		for target := range targets {
			s := sight{source: sources[source], target: targets[target], sourceEnd: here, destEnd: there, now: now}
			act, why := s.plan()
			if want, ok := rows[target]; !ok || act != want.act || why != want.why {
				t.Errorf("source %s, target %s: act %d, refusal %d; want %+v", source, target, act, why, want)
			}
		}
	}

	// What this run has done counts.
	s := sight{source: sources["leaving"], target: targets["parked"], sourceEnd: here, destEnd: there, parked: true}
	if act, _ := s.plan(); act != actBury {
		t.Errorf("parked by this run: act %d", act)
	}
	s.target = targets["gone"] // taken back meanwhile
	if act, _ := s.plan(); act != actPark {
		t.Errorf("parked by this run, and gone: act %d", act)
	}
	s = sight{source: sources["gone"], target: targets["parked"], sourceEnd: here, destEnd: there, buried: true}
	if act, _ := s.plan(); act != actRelease {
		t.Errorf("buried by this run: act %d", act)
	}
	// Another store in the place of the peer, or none that is known.
	s = sight{target: targets["parked"], sourceEnd: end{"", "s"}, destEnd: there}
	if act, why := s.plan(); act != actRefuse || why != refuseOccupied {
		t.Errorf("an empty store in the place of the source: act %d, %d", act, why)
	}
}
