package credential

import (
	"errors"
	"slices"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// TestMintedTokenGoesWithItsMaking: another scope, parameter, client or endpoint means another token. Nothing else does.
func TestMintedTokenGoesWithItsMaking(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*Setup)
		drops  bool
	}{
		"scopes":            {func(s *Setup) { s.Grant.Scopes = []string{"write"} }, true},
		"parameters":        {func(s *Setup) { s.Grant.Parameters = map[string]string{"tenant_id": "t2"} }, true},
		"client_id":         {func(s *Setup) { s.Client.ClientID = "b" }, true},
		"token endpoint":    {func(s *Setup) { s.Client.TokenEndpoint = fakeHost + "/v2/token" }, true},
		"secret":            {func(s *Setup) { s.Client.ClientSecret = secret.New("renewed") }, false},
		"strategy":          {func(s *Setup) { s.Refresh.Strategy = StrategyAtApply }, false},
		"nothing":           {func(*Setup) {}, false},
		"revocation":        {func(s *Setup) { s.Client.RevocationEndpoint = "" }, false},
		"no scopes, either": {func(s *Setup) { s.Grant.Scopes = []string{} }, true},
	} {
		w := newWorld(t)
		before := w.minted()
		s := w.mintSetup()
		tt.change(&s)
		r := w.configure(w.start(), s)
		dropped := r.Tokens.Access.IsEmpty()
		if dropped != tt.drops || r.Family != before.Family && s.Client.ClientID == before.Client.ClientID || r.Status != StatusActive || len(r.Aside) > 0 || r.Family == "" {
			t.Errorf("%s: dropped %v, family %q, status %s, %d aside", name, dropped, r.Family, r.Status, len(r.Aside))
		}
		if len(w.server.minting.asked) != 1 {
			t.Errorf("%s: something was sent", name)
		}
	}
}

// TestMintUnderWayIsTooLate: a token that was asked for with the former scopes is not kept as one with the new ones.
func TestMintUnderWayIsTooLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.minted()
	b := w.start()
	w.server.behind = []func(){func() {
		s := w.mintSetup()
		s.Grant.Scopes = []string{"write"}
		w.configure(b, s)
	}}
	res := w.mustToken(w.start())
	mustServe(t, w, res)
	last := w.server.minting.asked[len(w.server.minting.asked)-1]
	if last.Get("scope") != "write" || w.record().Claim != nil {
		t.Errorf("the token in use was asked for with scope %q", last.Get("scope"))
	}
	w.wantMints(3)
}

// TestGrantThereAndBack: the tokens of an authorization wait, unrevoked, while the client gets its own, whatever happens to
// those, and are in use again when the grant returns. A token of the client's own is not kept.
func TestGrantThereAndBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.authorized()
	m := w.start()
	for range 2 {
		r := w.configure(m, w.mintSetup())
		if r.Status != StatusActive || r.Family == old.Family || r.Family == "" || r.Generation != 0 || !r.Tokens.Refresh.IsEmpty() || len(r.Aside) != 1 {
			t.Fatalf("there: %+v", r)
		}
		for range 2 {
			mustServe(t, w, w.mustApply(m))
			w.clock.pass(fakeLifetime)
		}
		s := w.mintSetup()
		s.Grant.Scopes = nil
		w.configure(m, s)
		mustServe(t, w, w.mustApply(m))
		if r = w.record(); len(r.Aside) != 1 || !slices.Equal(r.AsideClients(), []string{fakeClientID}) {
			t.Fatalf("%d set aside", len(r.Aside))
		}

		r = w.configure(m, theSetup(w))
		if r.Family != old.Family || r.Mints() || !r.Tokens.Refresh.Equal(old.Tokens.Refresh) || r.HasConsumed(old.Tokens.Refresh) || len(r.Aside) > 0 {
			t.Fatalf("back: %+v", r)
		}
	}
	w.mustToken(m)
	w.wantServer(7, 1, 0)
	if last := w.record().History; last[len(last)-2].Verdict != "grant changed: active" {
		t.Errorf("history: %+v", last)
	}

	// Without an authorization there is nothing to come back to.
	w = newWorld(t)
	w.minted()
	if r := w.configure(w.start(), theSetup(w)); r.Status != StatusAuthorizationRequired || r.Mints() || !r.Tokens.Access.IsEmpty() || r.Generation != 0 {
		t.Errorf("back to nothing: %+v", r)
	}
}

// TestGrantAndClientChangeTogether: each client_id finds what it left, also when the grant changes with it.
func TestGrantAndClientChangeTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.authorized()
	m := w.start()
	b := w.mintSetup()
	b.Client.ClientID = "b"
	if r := w.configure(m, b); !r.Mints() || r.Status != StatusActive || len(r.Aside) != 1 || r.Aside[0].Client.ClientID != fakeClientID {
		t.Fatalf("b mints: %+v", r)
	}
	if r := w.configure(m, theSetup(w)); r.Mints() || r.Family != old.Family || len(r.Aside) > 0 {
		t.Fatalf("a is back: %+v", r)
	}
	if r := w.configure(m, setupOf(w, "b")); r.Status != StatusAuthorizationRequired || len(r.Aside) != 1 {
		t.Fatalf("b authorizes: %+v", r)
	}
	if r := w.configure(m, w.mintSetup()); !r.Mints() || r.Client.ClientID != fakeClientID || len(r.Aside) != 1 || r.Aside[0].Family != old.Family {
		t.Fatalf("a mints: %+v", r)
	}
	moved := theSetup(w) // the endpoint has changed meanwhile: the tokens go along, and a copy waits with the former one
	moved.Client.TokenEndpoint = fakeHost + "/v2/token"
	if r := w.configure(m, moved); !r.Tokens.Refresh.Equal(old.Tokens.Refresh) || len(r.Aside) != 1 || r.Aside[0].Client.TokenEndpoint != fakeHost+"/token" {
		t.Fatalf("a authorizes at its new endpoint: %+v", r)
	}
	w.wantServer(0, 0, 0)
}

// TestSuccessorOfAnotherGrant: what was under way for an authorization when the grant changed is kept with it.
func TestSuccessorOfAnotherGrant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.authorized()
	b := w.start()
	w.server.behind = []func(){func() {
		w.configure(b, w.mintSetup())
		mustServe(t, w, w.mustApply(b))
	}}
	res := w.mustToken(w.start())
	if !w.server.opens(res.Record.Tokens.Access.Reveal()) {
		t.Error("a dead token was served")
	}
	r := w.record()
	if !r.Mints() || r.Claim != nil || len(r.Aside) != 1 || r.Aside[0].Family != old.Family || r.Aside[0].Generation != 2 || !w.server.accepts(r.Aside[0].Tokens.Refresh.Reveal()) {
		t.Fatalf("the successor was not set aside: %+v", r.Aside)
	}
	if r := w.configure(b, theSetup(w)); r.Generation != 2 || len(r.Aside) > 0 {
		t.Errorf("back: generation %d", r.Generation)
	}

	// The same for the first tokens ever.
	w = newWorld(t)
	x := w.offered()
	c := w.start()
	w.server.behind = []func(){func() {
		w.configure(c, w.mintSetup())
		mustServe(t, w, w.mustApply(c))
	}}
	if _, err := w.exchange(w.start(), x); err != nil {
		t.Fatal(err)
	}
	if r := w.record(); !r.Mints() || len(r.Aside) != 1 || !w.server.accepts(r.Aside[0].Tokens.Refresh.Reveal()) {
		t.Fatalf("the first tokens were not set aside: %+v", r.Aside)
	}
	if r := w.configure(c, theSetup(w)); r.Generation != 1 || r.Status != StatusActive || len(r.Aside) > 0 || !w.server.accepts(r.Tokens.Refresh.Reveal()) {
		t.Errorf("back: %+v", r)
	}
}

// TestAttachToWhatMints: an apply that died is gone on with by the same configuration, and by no other.
func TestAttachToWhatMints(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*Setup)
		want   error
	}{
		"the same":           {func(*Setup) {}, nil},
		"another scope":      {func(s *Setup) { s.Grant.Scopes = nil }, &Error{}},
		"another client":     {func(s *Setup) { s.Client.ClientID = "b" }, ErrOtherApp},
		"an authorization":   {func(s *Setup) { s.Grant = nil }, &Error{}},
		"somebody's refresh": {func(s *Setup) { s.Grant, s.Inputs = nil, []secret.String{secret.New("x")} }, &Error{}},
	} {
		w := newWorld(t)
		m := w.start()
		if _, err := m.Attach(t.Context(), theName, "a1", w.mintSetup()); err != nil {
			t.Fatal(err)
		}
		first := w.mustApply(m)
		s := w.mintSetup()
		tt.change(&s)
		r, err := w.start().Attach(t.Context(), theName, "a2", s)
		if tt.want == nil {
			if err != nil || !r.Tokens.Access.Equal(first.Record.Tokens.Access) || r.Attachment.ID != "a2" {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if w.wantKind(err, KindAttached); errors.Is(tt.want, ErrOtherApp) != errors.Is(err, ErrOtherApp) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// One that has no token yet belongs to nobody, whatever it was meant to be.
	w := newWorld(t)
	m := w.start()
	for i, s := range []Setup{w.mintSetup(), theSetup(w), w.mintSetup()} {
		r, err := m.Attach(t.Context(), theName, []string{"a1", "a2", "a3"}[i], s)
		if err != nil || r.Mints() != (s.Grant != nil) || (r.Status == StatusActive) != r.Mints() {
			t.Errorf("%d: %s, %v", i, r.Status, err)
		}
	}
}

// TestStateOfWhatMints: a state that is ahead of the store heals nothing, since nothing is spent. A new store gets the
// credential without its token.
func TestStateOfWhatMints(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.minted()
	m := w.start()
	for _, tokens := range []Tokens{{}, {Access: secret.New("of the state")}} {
		r, err := m.Heal(t.Context(), theName, Replica{Family: before.Family, Generation: 9, Tokens: tokens, Minted: true})
		if err != nil || r.Status != StatusActive || r.Generation != before.Generation || !r.Tokens.Access.Equal(before.Tokens.Access) {
			t.Errorf("healed: %+v, %v", r, err)
		}
	}
	state := Replica{Family: before.Family, Generation: 3, Tokens: before.Tokens, Minted: true}
	for name, tt := range map[string]struct {
		state Replica
		setup Setup
		mints bool
		aside int
	}{
		"it mints":                        {state, w.mintSetup(), true, 0},
		"it minted":                       {state, theSetup(w), false, 0},
		"it mints, and was authorized":    {Replica{Family: "f1", Generation: 3, Tokens: Tokens{Refresh: secret.New("r")}}, w.mintSetup(), true, 1},
		"it mints, without any parameter": {state, Setup{Client: w.client(), Grant: &Grant{Type: oauth.GrantClientCredentials}}, true, 0},
	} {
		w := newWorld(t)
		m := w.start()
		r, err := m.Seed(t.Context(), theName, "a1", tt.setup, tt.state)
		if err != nil || r.Mints() != tt.mints || len(r.Aside) != tt.aside || !r.Tokens.Access.IsEmpty() || !r.Tokens.Refresh.IsEmpty() {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
		if tt.mints {
			mustServe(t, w, w.mustApply(m))
		} else if r.Status != StatusAuthorizationRequired {
			t.Errorf("%s: status %s", name, r.Status)
		}
	}
}

// TestMoveOfWhatMints: it goes on in the other store as it is.
func TestMoveOfWhatMints(t *testing.T) {
	t.Parallel()
	p := newTwoStores(t)
	was := p.minted()
	p.clock.pass(-fakeLifetime)
	if got := p.move(false); got.Outcome != OutcomeMoved {
		t.Fatalf("moved: %+v", got)
	}
	r := p.dest.record()
	if !r.Mints() || !r.Tokens.Access.Equal(was.Tokens.Access) || r.Family != was.Family {
		t.Errorf("in the destination: %+v", r)
	}
	p.clock.pass(fakeLifetime)
	mustServe(t, p.dest, p.dest.mustToken(p.dest.start()))
	if s := p.in(); !s.IsTombstone() || s.Mints() {
		t.Errorf("in the source: %+v", s)
	}
}

// TestChangeOfWhatMintsUnderAMove: a record under a move is changed by nobody, also where nothing would be lost.
func TestChangeOfWhatMintsUnderAMove(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.minted()
	r.Claim = &Claim{Attempt: "x", Purpose: PurposeMove, Base: 1, TTL: 1, Peer: "elsewhere"}
	w.put(r)
	other := w.mintSetup()
	other.Grant.Scopes = nil
	for _, s := range []Setup{other, theSetup(w)} {
		_, err := w.start().Configure(t.Context(), theName, s)
		w.wantKind(err, KindMoving)
	}
	if got := w.record(); got.Claim == nil || got.Tokens.Access.IsEmpty() {
		t.Errorf("left: %+v", got)
	}
}

// TestDeleteOfWhatMints: the access token is revoked while it works, and what is set aside is told of.
func TestDeleteOfWhatMints(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		alive, revocation, authorized bool
		calls                         int
		notices                       []NoticeCode
	}{
		"alive":                    {true, true, false, 1, nil},
		"expired":                  {false, true, false, 0, nil},
		"nowhere to revoke":        {true, false, false, 0, []NoticeCode{NoticeNotRevoked}},
		"with tokens set aside":    {true, true, true, 1, []NoticeCode{NoticeNotRevoked}},
		"expired, nowhere to send": {false, false, false, 0, nil},
	} {
		w := newWorld(t)
		m := w.start()
		s := w.mintSetup()
		if !tt.revocation {
			s.Client.RevocationEndpoint = ""
		}
		if tt.authorized {
			w.authorized()
			w.configure(m, s)
		} else if _, err := m.Attach(t.Context(), theName, "a1", s); err != nil {
			t.Fatal(err)
		}
		token := w.mustApply(m).Record.Tokens.Access.Reveal()
		before := w.server.calls
		if !tt.alive {
			w.clock.pass(fakeLifetime)
		}
		notices, err := m.Delete(t.Context(), theName, w.record().Family, true)
		if err != nil || w.server.calls-before != tt.calls {
			t.Errorf("%s: %d calls, %v", name, w.server.calls-before, err)
		}
		w.wantNotices(notices, tt.notices...)
		if len(notices) > 0 && notices[0].Minted == tt.authorized {
			t.Errorf("%s: %+v", name, notices)
		}
		if r := w.record(); !r.IsTombstone() || r.Mints() || tt.revocation && w.server.opens(token) {
			t.Errorf("%s: left: %+v", name, r)
		}
	}
}
