package credential

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// TestMoveCarriesEverything: the credential in the destination is the one of the source, but for a line of history.
func TestMoveCarriesEverything(t *testing.T) {
	t.Parallel()
	p := newTwoStores(t)
	full := fullRecord(t)
	full.Status, full.Claim, full.DeletedAt, full.MovedTo = StatusOutcomeUnknown, nil, time.Time{}, MovedTo{}
	p.put(full)
	got := p.move(false)
	if got.Outcome != OutcomeMoved || got.Err != nil || got.Generation != full.Generation || got.Name != theName {
		t.Fatalf("moved: %+v", got)
	}
	r := p.dest.in()
	last := r.History[len(r.History)-1]
	if last.Verdict != "moved from memory:source" || last.Generation != full.Generation || last.Host != "host1" {
		t.Errorf("last line of history: %+v", last)
	}
	r.History = r.History[:len(r.History)-1]
	for i, u := range []*Unknown{r.Unknown, r.Aside[0].Unknown} {
		was := []*Unknown{full.Unknown, full.Aside[0].Unknown}[i]
		if u.Timed || !u.Apart || u.Host != "" {
			t.Errorf("times by the clock of the source count as the destination's: %+v", u)
		}
		u.Timed, u.Host, u.Apart = was.Timed, was.Host, was.Apart
	}
	if path := same(reflect.ValueOf(full), reflect.ValueOf(r), "record"); path != "" {
		t.Errorf("%s is another one than in the source", path)
	}

	s := p.in()
	if !s.IsTombstone() || s.MovedTo != (MovedTo{StoreID: "id-dest", Location: "memory:dest"}) || s.Family != full.Family || s.Claim != nil {
		t.Errorf("the source: %+v", s)
	}
	if !s.Tokens.Refresh.IsEmpty() || !s.Tokens.Access.IsEmpty() || len(s.Aside) > 0 || !s.Client.ClientSecret.IsEmpty() || len(s.Pending) > 0 {
		t.Error("the source still holds secrets")
	}
	if !s.HasConsumed(full.Tokens.Refresh) || !slices.ContainsFunc(s.Consumed, func(c Consumed) bool { return c.Input && c.SHA256 == full.Input }) {
		t.Error("the source would take the tokens that it gave away as an input")
	}
	if last := s.History[len(s.History)-1]; last.Verdict != "moved to memory:dest" {
		t.Errorf("last line of history: %+v", last)
	}
}

// TestMoveThereAndBack ends with what it began with, and each run again changes nothing.
func TestMoveThereAndBack(t *testing.T) {
	t.Parallel()
	p := newTwoStores(t)
	r := p.authorized()
	for i, step := range []struct {
		back bool
		want Outcome
	}{{false, OutcomeMoved}, {false, OutcomeAlready}, {true, OutcomeMoved}, {true, OutcomeAlready}, {false, OutcomeMoved}} {
		here, there := p.dest, p.world
		if step.back {
			here, there = p.world, p.dest
		}
		before := here.in()
		if got := p.move(step.back); got.Outcome != step.want || got.Generation != 1 {
			t.Fatalf("step %d: %+v", i, got)
		}
		p.wantIn(here, there, 1)
		if step.want == OutcomeAlready && !reflect.DeepEqual(before.History, here.in().History) {
			t.Errorf("step %d changed the record", i)
		}
		if here.in().HasConsumed(r.Tokens.Refresh) {
			t.Errorf("step %d: the token in use counts as used", i)
		}
	}
	if res := p.dest.mustToken(p.dest.start()); res.Record.Generation != 2 {
		t.Errorf("generation %d", res.Record.Generation)
	}
	e := p.wantKind(func() error { _, err := p.token(p.start()); return err }(), KindMoved)
	if e.Error() != "moved (moved): it was moved to memory:dest" || e.Record.MovedTo.Location != "memory:dest" {
		t.Errorf("error %q", e)
	}
	if err := deleteIt(p.world); !IsKind(err, KindMoved) {
		t.Errorf("deleted where it is not any more: %v", err)
	}
	if _, err := p.start().ExchangeCode(t.Context(), theName, Exchange{Code: secret.New("c")}); !IsKind(err, KindMoved) {
		t.Errorf("exchanged where it is not any more: %v", err)
	}
	seeded, err := p.start().Seed(t.Context(), theName, "a1", Setup{Client: p.client()}, Replica{Family: "f1", Generation: 1, Tokens: r.Tokens})
	if err != nil || !seeded.IsTombstone() || !p.in().IsTombstone() {
		t.Errorf("a state has brought it to life again: %+v, %v", seeded, err)
	}
	p.wantServer(1, 1, 0)
}

// TestMoveRefused says what is not moved; nothing is changed then.
func TestMoveRefused(t *testing.T) {
	t.Parallel()
	moving := func(peer, id string, parked bool) *Claim {
		return &Claim{Attempt: "m", Purpose: PurposeMove, TTL: 1, Peer: peer, PeerID: id, Parked: parked}
	}
	for _, tt := range []struct {
		name    string
		prepare func(p *twoStores, r Record)
		kind    Kind
		cause   error
	}{
		{"another family", func(p *twoStores, r Record) { r.Family = "f2"; p.dest.put(r) }, KindForeignFamily, ErrOtherInTarget},
		{"another family, unfinished", func(p *twoStores, r Record) {
			other := r
			other.Family = "f2"
			p.dest.put(other)
			r.Claim = moving("memory:dest", "id-dest", false)
			p.put(r)
		}, KindForeignFamily, ErrOtherInTarget},
		{"deleted after use in the destination", func(p *twoStores, r Record) {
			r.consume(r.Tokens.Refresh, false)
			p.dest.put(r.tombstone(epoch))
		}, KindConsumed, ErrUsedInTarget},
		{"on its way to a third store", func(p *twoStores, r Record) {
			r.Claim = moving("memory:third", "id-third", false)
			p.put(r)
		}, KindMoving, nil},
		{"a third store's copy in the way", func(p *twoStores, r Record) {
			r.Claim = moving("memory:third", "id-third", true)
			p.dest.put(r)
		}, KindMoving, nil},
		{"in a third store", func(p *twoStores, r Record) {
			p.put(r.gone(end{"id-third", "memory:third"}, epoch, Event{}))
		}, KindMoved, nil},
		{"lost in the destination", func(p *twoStores, r Record) {
			p.put(r.gone(end{"id-dest", "memory:dest"}, epoch, Event{}))
		}, KindNotFound, ErrLostInTarget},
		{"parked here by a store that is another one now", func(p *twoStores, r Record) {
			r.Claim = moving("memory:dest", "", true)
			p.put(r)
		}, KindMoving, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newTwoStores(t)
			tt.prepare(p, p.authorized())
			source, dest := p.in(), p.dest.in()
			preview := p.mover(false).Preview(t.Context(), theName)
			got := p.move(false)
			e := p.wantKind(got.Err, tt.kind)
			if got.Outcome != OutcomeFailed || tt.cause != nil && !errors.Is(e, tt.cause) {
				t.Errorf("moved: %+v", got)
			}
			if !IsKind(preview.Err, tt.kind) {
				t.Errorf("foretold: %+v", preview)
			}
			source.Claim, source.History = p.in().Claim, p.in().History
			if !reflect.DeepEqual(source, p.in()) || !reflect.DeepEqual(dest, p.dest.in()) {
				t.Error("something was changed")
			}
			if tt.name == "another family, unfinished" && p.in().Moving() {
				t.Error("the claim stands")
			}
		})
	}
}

// TestMoveNothing: names that are not there, and deleted ones.
func TestMoveNothing(t *testing.T) {
	t.Parallel()
	p := newTwoStores(t)
	if got := p.move(false); !IsKind(got.Err, KindNotFound) || !errors.Is(got.Err, ErrNotInSource) {
		t.Errorf("moved: %+v", got)
	}
	r := p.authorized()
	r.consume(r.Tokens.Refresh, false)
	p.put(r.tombstone(p.clock.Now()))
	if got := p.move(false); got.Outcome != OutcomeDeleted || got.Err != nil {
		t.Errorf("moved: %+v", got)
	}
	if d := p.dest.in(); !d.IsTombstone() || !d.HasConsumed(r.Tokens.Refresh) || d.MovedTo != (MovedTo{}) {
		t.Errorf("the destination: %+v", d)
	}

	old := newTwoStores(t)
	old.put(r.tombstone(old.clock.Now().Add(-TombstoneFor)))
	if got := old.move(false); got.Outcome != OutcomeDeleted || old.dest.in().Status != "" {
		t.Errorf("moved: %+v", got)
	}
}

// TestMoveToWhoIsFurtherOn: a state has put a newer generation into the destination. It stays.
func TestMoveToWhoIsFurtherOn(t *testing.T) {
	t.Parallel()
	p := newTwoStores(t)
	r := p.authorized()
	r.Generation, r.Tokens.Refresh = 2, secret.New("newer")
	p.dest.put(r)
	if got := p.move(false); got.Outcome != OutcomeKept || got.Generation != 2 {
		t.Fatalf("moved: %+v", got)
	}
	p.wantIn(p.dest, p.world, 2)
	if p.dest.in().Tokens.Refresh.Reveal() != "newer" {
		t.Error("the newer token is lost")
	}

	// A generation without its tokens is worth less than the tokens.
	behind := newTwoStores(t)
	r = behind.authorized(func(r *Record) { r.Generation = 2 })
	r.Status, r.Unknown = StatusOutcomeUnknown, &Unknown{Attempt: "state", TTL: 1, Behind: true}
	behind.dest.put(r)
	if got := behind.move(false); got.Outcome != OutcomeMoved || behind.dest.in().Status != StatusActive {
		t.Errorf("moved: %+v", got)
	}
}

// TestMoveTakenBack: a move that was begun is run the other way round, after every number of writes.
func TestMoveTakenBack(t *testing.T) {
	t.Parallel()
	for writes, want := range map[int]Outcome{0: OutcomeFailed, 1: OutcomeUndone, 2: OutcomeUndone, 3: OutcomeMoved, 4: OutcomeMoved} {
		p := newTwoStores(t)
		p.authorized()
		p.stopAfter(writes)
		p.move(false)
		p.sound()
		preview := p.mover(true).Preview(t.Context(), theName)
		got := p.move(true)
		if got.Outcome != want || preview.Outcome != want {
			t.Errorf("after %d writes: %+v, foretold %s", writes, got, preview.Outcome)
		}
		p.wantIn(p.world, p.dest, 1)
		p.mustToken(p.start())
	}
}

// TestMoveWithRescueFiles: what an earlier run could not store comes along, and what nobody can use stops the move.
func TestMoveWithRescueFiles(t *testing.T) {
	t.Parallel()
	p := newTwoStores(t)
	p.authorized()
	p.stopAfter(1)
	p.wantNotices(p.mustToken(p.start()).Notices, NoticeNotStored)
	p.sound()
	token := p.server.newest
	if got := p.move(false); got.Outcome != OutcomeMoved || got.Generation != 2 || p.dest.in().Tokens.Refresh.Reveal() != token {
		t.Fatalf("moved: %+v", got)
	}
	if left := p.rescue.paths(); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}

	broken := newTwoStores(t)
	broken.authorized()
	broken.rescue.files["/rescue/x"] = []byte("no rescue file")
	got := broken.move(false)
	if e := broken.wantKind(got.Err, KindStore); !strings.Contains(e.Error(), "/rescue/x") || broken.in().Moving() || broken.dest.in().Status != "" {
		t.Errorf("moved: %+v", got)
	}
}

// TestStraggler: the reply comes when its claim was taken over and the credential has moved. It is kept, whoever asks in
// the meantime, and the next move brings it along.
func TestStraggler(t *testing.T) {
	t.Parallel()
	p := newTwoStores(t)
	p.authorized()
	slow := p.start()
	p.server.behind = append(p.server.behind, func() {
		m := p.mover(false)
		m.Preview(t.Context(), theName)
		_ = m.from.standing(theKey, "claim "+p.in().Claim.Attempt)
		p.clock.jump(121*time.Second, 121*time.Second)
		if got := m.Move(t.Context(), theName); got.Outcome != OutcomeMoved || p.dest.in().Status != StatusOutcomeUnknown {
			t.Errorf("moved: %+v", got)
		}
	})
	res, err := p.token(slow)
	if err != nil || !p.server.opens(res.Record.Tokens.Access.Reveal()) {
		t.Fatalf("the late token was not served: %v", err)
	}
	p.wantNotices(res.Notices, NoticeNotStored)
	if !IsKind(res.Notices[0].Err, KindMoved) {
		t.Errorf("notice: %v", res.Notices[0].Err)
	}
	if _, err := p.start().Heal(t.Context(), theName, Replica{Family: "f1", Generation: 1, StoreID: "id-source"}); err != nil {
		t.Errorf("healed: %v", err)
	}
	if _, err := p.token(p.start()); !IsKind(err, KindMoved) {
		t.Errorf("asked: %v", err)
	}
	if !p.rescue.holds(p.server.newest) {
		t.Fatal("the successor is lost")
	}
	if got := p.move(false); got.Outcome != OutcomeMoved || got.Generation != 2 || got.Err != nil {
		t.Fatalf("moved again: %+v", got)
	}
	if d := p.dest.in(); d.Tokens.Refresh.Reveal() != p.server.newest || d.Status != StatusActive || len(p.rescue.paths()) > 0 {
		t.Errorf("the destination: status %s, rescue files %v", d.Status, p.rescue.paths())
	}
	p.wantServer(1, 1, 0)
}

// TestMoveCompanions: the registrations and used inputs of a credential come along; nothing in the destination is overwritten.
func TestMoveCompanions(t *testing.T) {
	t.Parallel()
	p := newTwoStores(t)
	p.authorized(func(r *Record) {
		r.Client.Registration = "app"
		r.Aside = []Record{{Family: "f0", Generation: 1, Status: StatusActive, Client: Client{ClientID: "b", Registration: "former"}}}
	})
	reg := func(w *world, name, redirect string) {
		err := w.start().PutRegistration(t.Context(), name, Registration{Client: p.client(), RedirectURIs: []string{redirect}}, func(*Registration) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	reg(p.world, "app", "one")
	reg(p.world, "former", "one")
	reg(p.world, "other", "one")
	reg(p.dest, "former", "two")
	used, others := secret.New("code1"), secret.New("code2")
	for name, input := range map[string]secret.String{theName: used, "another": others} {
		if ours, err := p.start().reserve(t.Context(), name, input); err != nil || !ours {
			t.Fatal(ours, err)
		}
	}
	got := p.move(false)
	if got.Outcome != OutcomeMoved || !slices.Equal(got.Notes, []string{"the destination has another registration former, which stays as it is"}) {
		t.Fatalf("moved: %+v", got)
	}
	has := func(key string) bool {
		_, err := p.dest.plain.Get(t.Context(), key)
		return err == nil
	}
	if !has("registration/app") || has("registration/other") || !has(inputKey(used)) || has(inputKey(others)) {
		t.Error("the wrong things came along")
	}
	if r, err := p.dest.start().Registration(t.Context(), "former"); err != nil || r.RedirectURIs[0] != "two" {
		t.Errorf("overwritten: %v, %v", r.RedirectURIs, err)
	}

	m := p.mover(false)
	names, err := m.Registrations(t.Context())
	if err != nil || !slices.Equal(names, []string{"app", "former", "other"}) {
		t.Fatalf("registrations %v, %v", names, err)
	}
	for name, want := range map[string]Outcome{"app": OutcomeSame, "former": OutcomeDifferent, "other": OutcomeCopied, "none": OutcomeFailed} {
		preview := m.CopyRegistration(t.Context(), name, true)
		if got := m.CopyRegistration(t.Context(), name, false); got.Outcome != want || preview.Outcome != want {
			t.Errorf("%s: %+v, foretold %+v, want %s", name, got, preview, want)
		}
	}
	if n, err := m.CopyInputs(t.Context()); n != 2 || err != nil || !has(inputKey(others)) {
		t.Errorf("%d inputs, %v", n, err)
	}
}

// TestNames: those of the source, and those that an unfinished move has left in the destination.
func TestNames(t *testing.T) {
	t.Parallel()
	p := newTwoStores(t)
	p.authorized()
	p.stopAfter(1)
	p.move(false)
	p.sound()
	if err := p.dest.start().PutRegistration(t.Context(), "x", Registration{Client: p.client()}, func(*Registration) error { return nil }); err != nil {
		t.Fatal(err)
	}
	for _, back := range []bool{false, true} {
		if names, err := p.mover(back).Names(t.Context()); err != nil || !slices.Equal(names, []string{theName}) {
			t.Errorf("back %v: %v, %v", back, names, err)
		}
	}
	if err := p.mover(false).Check(t.Context()); err != nil {
		t.Error(err)
	}
	if err := NewMover(p.start(), p.start()).Check(context.Background()); !errors.Is(err, ErrSameStore) {
		t.Errorf("error %v, want ErrSameStore", err)
	}
}
