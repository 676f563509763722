package credential

import (
	"fmt"
	"slices"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

func setupOf(w *world, clientID string) Setup {
	s := theSetup(w)
	s.Client.ClientID = clientID
	return s
}

// TestClientsTakeTurns: each client_id finds its own tokens again, for the last few that were left.
func TestClientsTakeTurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized()
	m := w.start()
	for _, id := range []string{"b", "c", "d", "e"} {
		r, err := m.Configure(t.Context(), theName, setupOf(w, id))
		if err != nil || r.Generation != 0 || r.Status != StatusAuthorizationRequired {
			t.Fatalf("%s: generation %d, status %s, %v", id, r.Generation, r.Status, err)
		}
		if _, _, err := m.Adopt(t.Context(), theName, Brought{Refresh: secret.New("token-of-" + id)}); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, id := range []string{"b", "d", "c", "e", fakeClientID} {
		r, err := m.Configure(t.Context(), theName, setupOf(w, id))
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %s %d", r.Tokens.Refresh.Reveal(), r.Status, len(r.Aside)))
		if r.HasConsumed(r.Tokens.Refresh) {
			t.Errorf("%s: the token in use counts as consumed", id)
		}
	}
	want := []string{
		"token-of-b active 3", "token-of-d active 3", "token-of-c active 3", "token-of-e active 3", " authorization_required 3",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	w.wantServer(0, 0, 0)
}

// TestInputOfAnotherClient: what the old client was given is no input of the new one, which would send it in vain.
func TestInputOfAnotherClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized()
	m := w.start()
	input := Brought{Refresh: secret.New("brought")}
	if _, used, err := m.Adopt(t.Context(), theName, input); err != nil || used {
		t.Fatal(used, err)
	}
	if _, err := m.Configure(t.Context(), theName, setupOf(w, "b")); err != nil {
		t.Fatal(err)
	}
	if r, used, err := m.Adopt(t.Context(), theName, input); err != nil || !used || r.Generation != 0 {
		t.Errorf("another client took it: used %v, generation %d, %v", used, r.Generation, err)
	}
	if r, err := m.Configure(t.Context(), theName, theSetup(w)); err != nil || r.Tokens.Refresh.Reveal() != "brought" {
		t.Errorf("the first client has %v back, %v", r.Status, err)
	}
}

// TestRefusalForAnotherClient: what the server says of the old client's token changes nothing for the new one.
func TestRefusalForAnotherClient(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		plan callPlan
		want Status // of what was set aside
	}{
		"bad client": {callBadClient, StatusActive}, "refused": {callGood, StatusAuthorizationRequired},
		"no reply": {callLostDone, StatusOutcomeUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.authorized()
			other := w.start()
			w.server.plan = []callPlan{tt.plan}
			w.server.during = []func(){func() {
				if name == "refused" {
					w.server.mu.Lock()
					w.server.dead["grant1"] = true
					w.server.mu.Unlock()
				}
				if _, err := other.Configure(t.Context(), theName, setupOf(w, "b")); err != nil {
					t.Error(err)
				}
			}}
			_, _ = w.token(w.start())
			r := w.wantStatus(StatusAuthorizationRequired)
			if len(r.Aside) != 1 || r.Aside[0].Status != tt.want || r.Aside[0].Claim != nil || r.Client.ClientID != "b" {
				t.Errorf("client %s, set aside: %+v", r.Client.ClientID, r.Aside)
			}
		})
	}
}

// TestDeleteTellsOfTokensSetAside: they are somebody's good credential, and nobody revokes them here.
func TestDeleteTellsOfTokensSetAside(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized()
	m := w.start()
	if _, err := m.Configure(t.Context(), theName, setupOf(w, "b")); err != nil {
		t.Fatal(err)
	}
	notices, err := m.Delete(t.Context(), theName, "", true)
	if err != nil {
		t.Fatal(err)
	}
	w.wantNotices(notices, NoticeNotRevoked)
	if r := w.record(); !r.IsTombstone() || len(r.Aside) != 0 {
		t.Errorf("left behind: %+v", r)
	}
}

// TestFirstTokensOfTheFormerClient: the client_id changes while its first code is exchanged. The tokens in hand are kept
// for it.
func TestFirstTokensOfTheFormerClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m, other := w.start(), w.start()
	if _, err := m.Attach(t.Context(), theName, "a1", theSetup(w)); err != nil {
		t.Fatal(err)
	}
	offered, err := m.OfferAuthorization(t.Context(), theName, Authorization{RedirectURI: fakeRedirect})
	if err != nil {
		t.Fatal(err)
	}
	p, _ := offered.NewestPending()
	w.server.during = []func(){func() {
		if _, err := other.Configure(t.Context(), theName, setupOf(w, "b")); err != nil {
			t.Error(err)
		}
	}}
	if _, err := w.exchange(m, Exchange{Code: secret.New(w.server.code(p.URL))}); err != nil {
		t.Fatal(err)
	}
	if r := w.wantStatus(StatusAuthorizationRequired); r.Client.ClientID != "b" || !slices.Equal(r.AsideClients(), []string{fakeClientID}) {
		t.Errorf("client %s, set aside %v", r.Client.ClientID, r.AsideClients())
	}
	r, err := m.Configure(t.Context(), theName, theSetup(w))
	if err != nil || r.Generation != 1 || r.Status != StatusActive {
		t.Errorf("back: generation %d, %s, %v", r.Generation, r.Status, err)
	}
}

// TestMistypedTokens: what a configuration brings replaces a good credential only once the server has taken it.
func TestMistypedTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized()
	m := w.start()
	good := w.mustToken(m).Record.Tokens.Refresh
	typo := Brought{Refresh: secret.New("mistyped")}
	if _, _, err := m.Adopt(t.Context(), theName, typo); err != nil {
		t.Fatal(err)
	}
	res := w.mustToken(m)
	w.wantNotices(res.Notices, NoticeInputRefused)
	r := w.wantStatus(StatusActive)
	if !r.Tokens.Refresh.Equal(good) || r.Generation != 2 || len(r.Aside) != 0 || r.HasConsumed(good) {
		t.Errorf("generation %d, %d set aside; the good token is back: %v", r.Generation, len(r.Aside), r.Tokens.Refresh.Equal(good))
	}
	if _, used, err := m.Adopt(t.Context(), theName, typo); err != nil || !used {
		t.Errorf("the mistyped token is tried again: used %v, %v", used, err)
	}
	w.clock.pass(fakeLifetime)
	w.mustToken(m)
	w.wantServer(3, 2, 0)
}

// TestBroughtTokensThatWork: the former ones are forgotten once the brought ones have proved good, and whatever comes of
// these then is final.
func TestBroughtTokensThatWork(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized()
	m := w.start()
	_, other := w.server.begin()
	if r, _, err := m.Adopt(t.Context(), theName, Brought{Refresh: secret.New(other)}); err != nil || len(r.Aside) != 1 {
		t.Fatalf("%d set aside, %v", len(r.Aside), err)
	}
	if res := w.mustToken(m); len(res.Record.Aside) != 0 || res.Record.Generation != 2 {
		t.Errorf("%d set aside, generation %d", len(res.Record.Aside), res.Record.Generation)
	}
	w.server.mu.Lock()
	w.server.dead[w.server.refreshes[other].family] = true
	w.server.mu.Unlock()
	w.clock.pass(fakeLifetime)
	_, err := w.token(m)
	w.wantKind(err, KindAuthorize)
	w.wantStatus(StatusAuthorizationRequired)
}
