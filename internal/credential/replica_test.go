package credential

import (
	"fmt"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

func TestHeal(t *testing.T) {
	t.Parallel()
	tokens := Tokens{Access: secret.New("sa"), Refresh: secret.New("sr"), ExpiresAt: epoch.Add(3 * time.Hour)}
	for _, tt := range []struct {
		name       string
		change     func(*Record)
		state      Replica
		status     Status
		generation int64
		refresh    string // empty: the store's own
	}{
		{"not ahead", nil, Replica{Family: "f1", Generation: 1, Tokens: tokens}, StatusActive, 1, ""},
		{"another family, however far", nil, Replica{Family: "f2", Generation: 99, Tokens: tokens}, StatusActive, 1, ""},
		{"no family", nil, Replica{Family: "", Generation: 99, Tokens: tokens}, StatusActive, 1, ""},
		{"deleted", func(r *Record) { *r = r.tombstone(epoch) }, Replica{Family: "f1", Generation: 5, Tokens: tokens}, StatusRevoked, 1, ""},
		{"ahead", nil, Replica{Family: "f1", Generation: 5, Tokens: tokens}, StatusActive, 5, "sr"},
		{"ahead of an unknown outcome", func(r *Record) {
			r.Status, r.Unknown = StatusOutcomeUnknown, &Unknown{Attempt: "x"}
		}, Replica{Family: "f1", Generation: 5, Tokens: tokens}, StatusActive, 5, "sr"},
		{"ahead, claimed on an old generation", func(r *Record) {
			r.Claim = &Claim{Attempt: "x", Purpose: PurposeRefresh, Base: 1, TTL: 1}
		}, Replica{Family: "f1", Generation: 5, Tokens: tokens}, StatusActive, 5, "sr"},
		{"ahead, a dead access token alone", nil, Replica{Family: "f1", Generation: 5, Tokens: Tokens{Access: secret.New("sa"), ExpiresAt: epoch}}, StatusAuthorizationRequired, 5, "none"},
		{"ahead, a living access token alone", nil, Replica{Family: "f1", Generation: 5, Tokens: Tokens{Access: secret.New("sa"), ExpiresAt: epoch.Add(5 * time.Hour)}}, StatusActive, 5, "none"},
		{"ahead without tokens", nil, Replica{Family: "f1", Generation: 5, Tokens: Tokens{}}, StatusOutcomeUnknown, 5, ""},
	} {
		w := newWorld(t)
		old := w.authorized()
		if tt.change != nil {
			changed := old.clone()
			tt.change(&changed)
			w.put(changed)
		}
		got, err := w.start().Heal(t.Context(), theName, tt.state)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		r := w.record()
		if r.Status != tt.status || r.Generation != tt.generation || got.Generation != tt.generation {
			t.Errorf("%s: status %s, generation %d", tt.name, r.Status, r.Generation)
		}
		want := map[string]string{"": old.Tokens.Refresh.Reveal(), "none": "", "sr": "sr"}[tt.refresh]
		if tt.status != StatusRevoked && r.Tokens.Refresh.Reveal() != want {
			t.Errorf("%s: refresh token %q, want %q", tt.name, r.Tokens.Refresh.Reveal(), want)
		}
		if healed := tt.refresh != ""; healed != r.HasConsumed(old.Tokens.Refresh) || healed && r.Claim != nil {
			t.Errorf("%s: consumed %v, claim %v", tt.name, r.HasConsumed(old.Tokens.Refresh), r.Claim)
		}
		w.wantServer(0, 0, 0)
	}
}

// TestHealWithoutTokensSpendsNothingYet: the store's token is known to be spent, so not even a grace lets it go at once.
func TestHealWithoutTokensSpendsNothingYet(t *testing.T) {
	t.Parallel()
	w := newWorld(t).semantics(RotationSingleUseGrace, ReuseReject, time.Hour)
	w.authorized()
	m := w.start()
	if _, err := m.Heal(t.Context(), theName, Replica{Family: "f1", Generation: 3}); err != nil {
		t.Fatal(err)
	}
	_, err := w.token(m)
	if e := w.wantKind(err, KindUnknown); e.Reason != ReasonUnknownWaiting || !e.Until.Equal(w.clock.Now().Add(2*time.Minute)) {
		t.Errorf("reason %s until %s", e.Reason, e.Until)
	}
	w.wantServer(0, 0, 0)
	w.clock.pass(2 * time.Minute)
	// The token was not spent after all: its successor is newer than everything that was seen.
	if res := w.mustToken(m); res.Record.Generation != 4 {
		t.Errorf("generation %d, want 4", res.Record.Generation)
	}
}

func TestSeed(t *testing.T) {
	t.Parallel()
	state := Replica{Family: "f1", Generation: 4, Tokens: Tokens{Access: secret.New("sa"), Refresh: secret.New("sr"), ExpiresAt: epoch.Add(time.Hour)}}
	setup := Setup{Client: Client{ClientID: "c"}, Refresh: RefreshSettings{Strategy: StrategyNever}}
	w := newWorld(t)
	m := w.start()
	r, err := m.Seed(t.Context(), theName, "a1", setup, state)
	if err != nil || r.Status != StatusActive || r.Client.ClientID != "c" || r.Refresh.Strategy != StrategyNever || !r.Attachment.Attached {
		t.Errorf("seeded %+v, %v", r, err)
	}
	state.Generation = 9
	if r, err = m.Seed(t.Context(), theName, "a2", setup, state); err != nil || r.Generation != 4 || r.Attachment.ID != "a1" {
		t.Errorf("a record of the same family: generation %d, %v; want the one that is there", r.Generation, err)
	}
	state.Family = "f2"
	_, err = m.Seed(t.Context(), theName, "a2", setup, state)
	w.wantKind(err, KindForeignFamily)
	w.put(w.record().tombstone(epoch))
	if r, err = m.Seed(t.Context(), theName, "a2", setup, state); err != nil || r.IsTombstone() || r.Family != "f2" || len(r.History) < 2 {
		t.Errorf("over the tombstone of another credential: %+v, %v", r, err)
	}
	spent := w.record()
	spent.consume(secret.New("sr"), false)
	w.put(spent.tombstone(epoch))
	if r, err = m.Seed(t.Context(), theName, "a2", setup, state); err != nil || !r.IsTombstone() {
		t.Errorf("a tombstone that knows the token as spent: %v, %v", r.Status, err)
	}
	w = newWorld(t)
	if r, err = w.start().Seed(t.Context(), theName, "a1", setup, Replica{Family: "f1", Generation: 4}); err != nil || r.Status != StatusAuthorizationRequired {
		t.Errorf("a state without tokens: %s, %v", r.Status, err)
	}
	w.wantServer(0, 0, 0)
}

// TestSeedRemembersWhatTheConfigurationHolds: a store that has never seen an input must not take it for a new one.
func TestSeedRemembersWhatTheConfigurationHolds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.start()
	code, spent, current := secret.New("code"), secret.New("spent"), secret.New("sr")
	state := Replica{Family: "f1", Generation: 4, Tokens: Tokens{Refresh: current}, Used: []secret.String{code, spent, {}}}
	r, err := m.Seed(t.Context(), theName, "a1", theSetup(w), state)
	if err != nil || !r.HasConsumed(code) || !r.HasConsumed(spent) || len(r.Consumed) != 2 || r.Input != "" {
		t.Errorf("consumed %v, input %q, %v", r.Consumed, r.Input, err)
	}
	if _, err := w.exchange(m, Exchange{Code: code}); !IsKind(err, KindConsumed) {
		t.Errorf("the code again: %v", err)
	}
	if _, used, err := m.Adopt(t.Context(), theName, Brought{Refresh: spent}); err != nil || !used {
		t.Errorf("the spent token again: used %v, %v", used, err)
	}
	w = newWorld(t)
	state.Used = []secret.String{current}
	if r, err = w.start().Seed(t.Context(), theName, "a1", theSetup(w), state); err != nil || len(r.Consumed) != 0 || r.Input != current.SHA256() {
		t.Errorf("the token in use: consumed %v, input %q, %v", r.Consumed, r.Input, err)
	}
}

// TestSeedBringsWhatWasLeftBehind: the store was lost while a successor waited in a rescue file. The state's own token is
// spent by then; a file that cannot be read may hold the newer one, and nothing may be made without it.
func TestSeedBringsWhatWasLeftBehind(t *testing.T) {
	t.Parallel()
	u, _, res := stranded(t, shapes[0])
	u.fault = fault{}
	u.over()
	old := u.record()
	state := Replica{Family: "f1", Generation: 1, Tokens: old.Tokens, StoreID: "the former store"}
	e, err := u.plain.Get(t.Context(), theKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := u.plain.Delete(t.Context(), theKey, e.Revision); err != nil {
		t.Fatal(err)
	}
	u.rescue.files["/rescue/unreadable"] = []byte("{")
	_, err = u.start().Seed(t.Context(), theName, "a1", theSetup(u.world), state)
	u.wantKind(err, KindStore)
	if keys, err := u.plain.List(t.Context(), "pair"); err != nil || len(keys) != 0 {
		t.Fatalf("made beside a rescue file that cannot be read: %v, %v", keys, err)
	}
	delete(u.rescue.files, "/rescue/unreadable")
	r, err := u.start().Seed(t.Context(), theName, "a1", theSetup(u.world), state)
	if err != nil || r.Generation != 2 || !r.Tokens.Refresh.Equal(res.Record.Tokens.Refresh) || len(u.rescue.paths()) != 0 {
		t.Errorf("generation %d, rescue files %v, %v", r.Generation, u.rescue.paths(), err)
	}
	u.wantServer(1, 1, 0)
}

func TestAdopt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.authorized()
	m := w.start()
	adopt := func(b Brought) (Record, bool) {
		t.Helper()
		r, used, err := m.Adopt(t.Context(), theName, b)
		if err != nil {
			t.Fatal(err)
		}
		return r, used
	}
	access, refresh := w.server.begin()
	brought := Brought{Access: secret.New(access), Refresh: secret.New(refresh), Scopes: []string{"read"}}
	r, used := adopt(brought)
	if used || r.Family == "f1" || r.Generation != 1 || !r.HasConsumed(old.Tokens.Refresh) {
		t.Errorf("adopted: used %v, family %s, generation %d", used, r.Family, r.Generation)
	}
	if r.Tokens.Alive(w.clock.Now(), 0) {
		t.Error("an access token of unknown age is trusted, beside a refresh token")
	}
	if again, used := adopt(brought); used || again.Family != r.Family {
		t.Errorf("the same tokens again: used %v, family %s", used, again.Family)
	}
	w.mustToken(m)
	if further, used := adopt(brought); !used || further.Generation != 2 {
		t.Errorf("the same tokens after a rotation: used %v, generation %d; want the store to win", used, further.Generation)
	}
	if current, used := adopt(Brought{Refresh: w.record().Tokens.Refresh}); used || current.Generation != 2 {
		t.Errorf("the token in use: used %v, generation %d", used, current.Generation)
	}
	if _, used := adopt(Brought{Refresh: old.Tokens.Refresh}); !used {
		t.Error("the token of an earlier family was adopted again")
	}
	alone, used := adopt(Brought{Access: secret.New("static"), ExpiresAt: w.clock.Now().Add(time.Hour)})
	if used || !alone.Tokens.Alive(w.clock.Now(), 0) || !alone.Tokens.Refresh.IsEmpty() {
		t.Errorf("an access token alone: used %v, %+v", used, alone.Tokens.ExpiresAt)
	}
	if _, used := adopt(Brought{Access: secret.New("static")}); used {
		t.Error("the same access token again counts as used")
	}
	if young, _ := adopt(Brought{Access: secret.New("static2")}); !young.Tokens.Alive(w.clock.Now(), 59*time.Minute) {
		t.Error("an access token alone, of unknown age, is not given its hour")
	}
	w.put(w.record().tombstone(w.clock.Now()))
	if r, _ := adopt(Brought{Access: secret.New("static3")}); !r.IsTombstone() {
		t.Error("a deleted credential came back")
	}
	w.wantServer(1, 1, 0)
}

// TestTokenThatComesBackAfterDeletion: the configuration still holds what was consumed, and nothing of it is sent.
func TestTokenThatComesBackAfterDeletion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.authorized()
	m := w.start()
	w.mustToken(m)
	if _, err := m.Delete(t.Context(), theName, "f1", false); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		after time.Duration
		used  bool
	}{{89 * 24 * time.Hour, true}, {24 * time.Hour, false}} {
		w.clock.pass(tt.after)
		tombstone := w.record()
		if _, err := m.Attach(t.Context(), theName, "a2", theSetup(w)); err != nil {
			t.Fatal(err)
		}
		_, used, err := m.Adopt(t.Context(), theName, Brought{Refresh: old.Tokens.Refresh})
		if err != nil || used != tt.used {
			t.Errorf("after %s: used %v, %v", tt.after, used, err)
		}
		w.put(tombstone)
	}
}

func TestConfigure(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized(func(r *Record) { r.Pending = []Pending{{State: "s"}} })
	m := w.start()
	before, err := w.plain.Get(t.Context(), theKey)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Configure(t.Context(), theName, theSetup(w)); err != nil {
		t.Fatal(err)
	}
	if after, err := w.plain.Get(t.Context(), theKey); err != nil || after.Revision != before.Revision {
		t.Error("the same configuration was written again")
	}
	c := w.client()
	c.ClientSecret = secret.New("rotated-secret")
	if r, err := m.Configure(t.Context(), theName, Setup{Client: c}); err != nil || !r.Client.ClientSecret.Equal(c.ClientSecret) || len(r.Pending) != 1 || r.Generation != 1 {
		t.Errorf("a new secret: generation %d, %d pending, %v", r.Generation, len(r.Pending), err)
	}
	c.ClientID = "another"
	r, err := m.Configure(t.Context(), theName, Setup{Client: c})
	if err != nil || r.Status != StatusAuthorizationRequired || r.Family != "" || r.Generation != 0 || len(r.Pending) != 0 {
		t.Errorf("another client: status %s, family %q, generation %d, %v", r.Status, r.Family, r.Generation, err)
	}
	w.put(w.record().tombstone(w.clock.Now()))
	if r, err := m.Configure(t.Context(), theName, theSetup(w)); err != nil || !r.IsTombstone() {
		t.Errorf("a tombstone: %v", err)
	}
}

// TestRefreshForAnotherClient: the client_id is changed while a refresh for the old one is under way. Its successor is kept
// for the old client_id, and comes back with it.
func TestRefreshForAnotherClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized()
	other := w.start()
	w.server.behind = []func(){func() {
		c := w.client()
		c.ClientID = "another"
		if _, err := other.Configure(t.Context(), theName, Setup{Client: c}); err != nil {
			t.Error(err)
		}
	}}
	_, _ = w.token(w.start())
	if r := w.wantStatus(StatusAuthorizationRequired); !r.Tokens.Access.IsEmpty() || !r.Tokens.Refresh.IsEmpty() || r.Claim != nil {
		t.Errorf("claim %v, and tokens of the old client are back", r.Claim)
	}
	if _, err := other.Configure(t.Context(), theName, theSetup(w)); err != nil {
		t.Fatal(err)
	}
	r := w.wantStatus(StatusActive)
	if got := r.Tokens.Refresh.Reveal(); got != w.server.newest || r.Generation != 2 || r.Claim != nil || len(r.Aside) != 0 {
		t.Errorf("back with generation %d, claim %v, %d set aside; the newest token: %v", r.Generation, r.Claim, len(r.Aside), got == w.server.newest)
	}
	w.wantServer(1, 1, 0)
}

func TestMarkAttached(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, attachment string
		want             bool
	}{{"its own", "a1", true}, {"of another resource", "a2", false}, {"an import", "", true}} {
		w := newWorld(t)
		w.authorized(func(r *Record) { r.Attachment = Attachment{ID: "a1"} })
		r, err := w.start().MarkAttached(t.Context(), theName, tt.attachment)
		if err != nil || r.Attachment.Attached != tt.want || w.record().Attachment.Attached != tt.want {
			t.Errorf("%s: attached %v, %v", tt.name, r.Attachment.Attached, err)
		}
	}
}

func TestAttachRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized()
	_, err := w.start().Attach(t.Context(), theName, "a2", theSetup(w))
	if e := w.wantKind(err, KindAttached); e.Record.Attachment.ID != "a1" {
		t.Errorf("record of %v", e.Record.Attachment)
	}
	if r := w.record(); r.Attachment.ID != "a1" {
		t.Error("the record was changed")
	}
}

// TestSeedOverATombstoneAgain: a write that fails and is made again remembers nothing twice, and no more than a record may.
func TestSeedOverATombstoneAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := Record{Family: "f0", Status: StatusActive}
	old.consume(secret.New("spent"), true)
	for n := range maxHistory {
		old.note(Event{At: epoch, Verdict: fmt.Sprint(n)})
	}
	w.put(old.tombstone(epoch))
	failed := false
	w.faulty(storetest.Hooks{Fault: func(op storetest.Op, _ string, _ int) storetest.Fault {
		if op != storetest.OpReplace || failed {
			return storetest.None
		}
		failed = true
		return storetest.NothingDone
	}})
	state := Replica{Family: "f1", Generation: 4, Tokens: Tokens{Access: secret.New("sa"), Refresh: secret.New("sr"), ExpiresAt: epoch.Add(time.Hour)}}
	if _, err := w.start().Seed(t.Context(), theName, "a1", theSetup(w), state); err != nil || !failed {
		t.Fatalf("failed once %t: %v", failed, err)
	}
	r := w.record()
	if len(r.Consumed) != 1 || !r.HasConsumed(secret.New("spent")) {
		t.Errorf("consumed %v", r.Consumed)
	}
	if last := len(r.History) - 1; len(r.History) != maxHistory || r.History[0].Verdict != "1" || r.History[last].Verdict != "written into this store from the state" {
		t.Errorf("%d lines of history, from %q to %q", len(r.History), r.History[0].Verdict, r.History[last].Verdict)
	}
}
