package credential

import (
	"slices"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

// A record that was authorized before there was a resource is adopted by the first one of its app, with its tokens and without another
// authorization, and by no second one.
func TestReservedIsAdopted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.start()
	reserved, err := m.Reserve(t.Context(), theName, Setup{Client: w.client(), Source: "authorization_code"})
	if err != nil || !reserved.Reserved() || reserved.Status != StatusAuthorizationRequired {
		t.Fatalf("%v, %s", err, reserved.Status)
	}
	if _, err := w.exchange(m, w.consented(w.offers(m))); err != nil {
		t.Fatal(err)
	}
	authorized := w.record()
	if !authorized.Reserved() || authorized.Generation != 1 {
		t.Fatalf("generation %d, attachment %+v", authorized.Generation, authorized.Attachment)
	}

	other := w.client()
	other.ClientID = "another-app"
	_, err = m.Attach(t.Context(), theName, "b1", Setup{Client: other})
	w.wantKind(err, KindAttached)
	adopted, err := m.Attach(t.Context(), theName, "a1", Setup{Client: w.client(), Source: "authorization_code"})
	if err != nil || adopted.Family != authorized.Family || adopted.Attachment != (Attachment{ID: "a1"}) || !adopted.Tokens.Refresh.Equal(authorized.Tokens.Refresh) {
		t.Fatalf("%v, %+v", err, adopted.Attachment)
	}
	_, err = m.Attach(t.Context(), theName, "a2", Setup{Client: w.client(), Source: "authorization_code"})
	w.wantKind(err, KindAttached)
	w.wantServer(1, 0, 0)
}

// offers makes sure that a person can authorize, and returns the record.
func (w *world) offers(m *Manager) Record {
	w.t.Helper()
	r, err := m.OfferAuthorization(w.t.Context(), theName, Authorization{RedirectURI: fakeRedirect, Anew: true})
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func TestReserve(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, c := range map[string]struct {
		cur   func(*world, *Record) // nil: there is none
		other bool                  // the setup is of another app
		want  Kind                  // empty: none
		keeps bool                  // the record is as it was
	}{
		"none":                          {},
		"destroyed":                     {cur: func(_ *world, r *Record) { *r = r.tombstone(at) }},
		"moved to another store":        {cur: func(_ *world, r *Record) { *r = r.tombstone(at); r.MovedTo = MovedTo{StoreID: "s2"} }, want: KindMoved, keeps: true},
		"between two stores":            {cur: func(_ *world, r *Record) { r.Claim = &Claim{Attempt: "m", Purpose: PurposeMove, TTL: time.Minute} }, want: KindMoving, keeps: true},
		"managed":                       {cur: func(*world, *Record) {}, keeps: true},
		"managed, of another app":       {cur: func(*world, *Record) {}, other: true, want: KindAttached, keeps: true},
		"of an apply not yet seen":      {cur: func(_ *world, r *Record) { r.Attachment.Attached = false }, keeps: true},
		"of such a one, of another app": {cur: func(_ *world, r *Record) { r.Attachment.Attached = false }, other: true, want: KindAttached, keeps: true},
		"reserved":                      {cur: func(_ *world, r *Record) { r.Attachment, r.Source = Attachment{}, "authorization_code" }, keeps: true},
		"reserved for another app":      {cur: func(_ *world, r *Record) { r.Attachment = Attachment{} }, other: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if c.cur != nil {
				w.authorized(func(r *Record) { c.cur(w, r) })
			}
			s := Setup{Client: w.client(), Source: "authorization_code"}
			if c.other {
				s.Client.ClientID = "another-app"
			}
			before, _ := w.plain.Get(t.Context(), theKey)
			got, err := w.start().Reserve(t.Context(), theName, s)
			if c.want != "" {
				w.wantKind(err, c.want)
			} else if err != nil {
				t.Fatal(err)
			}
			after, _ := w.plain.Get(t.Context(), theKey)
			if kept := slices.Equal(before.Value, after.Value); kept != c.keeps {
				t.Errorf("the record is as before: %v", kept)
			}
			if c.want == "" && !c.keeps && (!got.Reserved() || got.Client.ClientID != s.Client.ClientID || got.Status != StatusAuthorizationRequired) {
				t.Errorf("%s, %+v", got.Status, got.Attachment)
			}
			w.wantServer(0, 0, 0)
		})
	}
}

// What was there for another app waits aside, and nothing of it is lost.
func TestReserveForAnotherApp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.authorized(func(r *Record) { r.Attachment = Attachment{} })
	s := Setup{Client: w.client()}
	s.Client.ClientID = "another-app"
	if _, err := w.start().Reserve(t.Context(), theName, s); err != nil {
		t.Fatal(err)
	}
	s.Client = w.client()
	again, err := w.start().Reserve(t.Context(), theName, s)
	if err != nil || !again.Tokens.Refresh.Equal(before.Tokens.Refresh) || again.Family != before.Family {
		t.Errorf("%v, the tokens are back: %v", err, again.Tokens.Refresh.Equal(before.Tokens.Refresh))
	}
}

// A destroy that leaves a later authorization leaves it to the next resource, and never takes it from another one.
func TestRelease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.authorized()
	m := w.start()
	if err := m.Release(t.Context(), theName, "another"); err != nil || w.record().Attachment != before.Attachment {
		t.Errorf("%v, %+v", err, w.record().Attachment)
	}
	if err := m.Release(t.Context(), theName, before.Attachment.ID); err != nil || !w.record().Reserved() {
		t.Errorf("%v, %+v", err, w.record().Attachment)
	}
	other := Setup{Client: w.client()}
	other.Client.ClientID = "another-app"
	_, err := m.Attach(t.Context(), theName, "a9", other)
	w.wantKind(err, KindAttached)
	r, err := m.Attach(t.Context(), theName, "a9", Setup{Client: w.client()})
	if err != nil || r.Attachment.ID != "a9" || !r.Tokens.Refresh.Equal(before.Tokens.Refresh) {
		t.Errorf("%v, %+v", err, r.Attachment)
	}
	if err := m.Release(t.Context(), theName, before.Attachment.ID); err != nil || w.record().Attachment.ID != "a9" {
		t.Errorf("%v, %+v", err, w.record().Attachment)
	}
}

// A write that fails once, done or not, still ends in one record that is reserved, and one that fails for good in an error.
func TestReserveThroughFaults(t *testing.T) {
	t.Parallel()
	for _, fault := range []storetest.Fault{storetest.NothingDone, storetest.Done} {
		for _, always := range []bool{false, true} {
			w := newWorld(t)
			writes := 0
			w.faulty(storetest.Hooks{Fault: func(op storetest.Op, _ string, _ int) storetest.Fault {
				if op != storetest.OpCreate {
					return storetest.None
				}
				if writes++; writes > 1 && !always {
					return storetest.None
				}
				return fault
			}})
			r, err := w.start().Reserve(t.Context(), theName, Setup{Client: w.client()})
			if always && fault == storetest.NothingDone {
				w.wantKind(err, KindStore)
				continue
			}
			if err != nil || !r.Reserved() || !w.record().Reserved() {
				t.Errorf("fault %d, always %v: %v, %+v", fault, always, err, r.Attachment)
			}
		}
	}
}

// A person who wants to authorize anew gets a device code though the pair works; its tokens stay until the code is confirmed.
func TestDeviceAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deviceOffered()
	first := w.mustPoll(w.start())
	if first.Answer != oauth.PollToken {
		t.Fatalf("answer %s", first.Answer)
	}
	m := w.start()
	same, err := m.OfferDevice(t.Context(), theName, aDevice)
	if err != nil || same.Device.Waits(w.clock.Now()) {
		t.Fatalf("%v, a code was offered: %v", err, same.Device.Waits(w.clock.Now()))
	}
	anew := aDevice
	anew.Anew = true
	offered, err := m.OfferDevice(t.Context(), theName, anew)
	if err != nil || !offered.Device.Waits(w.clock.Now()) || !offered.Tokens.Refresh.Equal(first.Record.Tokens.Refresh) || offered.Status != StatusActive {
		t.Fatalf("%v, %s", err, offered.Status)
	}
	again, err := m.OfferDevice(t.Context(), theName, anew)
	if err != nil || !again.Device.Code.Equal(offered.Device.Code) {
		t.Errorf("%v, another code was offered", err)
	}
	second := w.mustPoll(m)
	if second.Answer != oauth.PollToken || second.Record.Family == first.Record.Family {
		t.Errorf("answer %s", second.Answer)
	}
}
