package credential

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// TestRevoke by table: what is sent, what becomes of the record, and what is told.
func TestRevoke(t *testing.T) {
	t.Parallel()
	const unsupported = `{"error":"unsupported_token_type"}`
	both, access := []string{"refresh_token", "access_token"}, []string{"access_token"}
	ok := reply{status: 200}
	alive := func(w *world, r *Record) { r.Tokens.ExpiresAt = w.clock.Now().Add(time.Hour) }
	for name, tt := range map[string]struct {
		change  func(*world, *Record)
		only    bool
		script  []reply
		sent    []string
		notices []NoticeCode
		kind    Kind
		status  Status
		works   bool // the access token, afterwards
	}{
		"both":                      {alive, false, nil, both, nil, "", StatusRevoked, false},
		"the access token is dead":  {nil, false, nil, both[:1], nil, "", StatusRevoked, false},
		"the second fails":          {alive, false, []reply{ok, {400, unsupported, ""}}, both, []NoticeCode{NoticeAccessLeft}, "", StatusRevoked, false},
		"no refresh tokens":         {alive, false, []reply{{400, unsupported, ""}}, both, nil, KindConfiguration, StatusActive, false},
		"neither":                   {alive, false, []reply{{400, unsupported, ""}, {400, unsupported, ""}}, both, nil, KindConfiguration, StatusActive, true},
		"client refused":            {alive, false, []reply{{401, `{"error":"invalid_client"}`, ""}}, both[:1], nil, KindConfiguration, StatusActive, true},
		"busy for a moment":         {alive, false, []reply{{503, "", "2"}}, []string{"refresh_token", "refresh_token", "access_token"}, nil, "", StatusRevoked, false},
		"busy for long":             {alive, false, []reply{{503, "", "60"}}, both[:1], nil, KindLater, StatusActive, true},
		"no endpoint":               {func(w *world, r *Record) { alive(w, r); r.Client.RevocationEndpoint = "" }, false, nil, nil, nil, KindConfiguration, StatusActive, true},
		"nobody knows its lifetime": {func(w *world, r *Record) { r.Tokens.ExpiresAt = time.Time{} }, false, nil, both, nil, "", StatusRevoked, false},
		"likewise, alone":           {func(w *world, r *Record) { r.Tokens.ExpiresAt = time.Time{} }, true, nil, access, nil, "", StatusActive, false},
		"access token alone":        {alive, true, nil, access, nil, "", StatusActive, false},
		"likewise, refused":         {alive, true, []reply{{400, unsupported, ""}}, access, nil, KindConfiguration, StatusActive, true},
		"likewise, dead already":    {nil, true, nil, nil, nil, "", StatusActive, false},
		"likewise, all there is": {func(w *world, r *Record) { alive(w, r); r.Tokens.Refresh = secret.String{} }, true, nil, access, nil, "",
			StatusRevoked, false},
		"never authorized": {func(_ *world, r *Record) { r.Tokens, r.Status, r.Generation = Tokens{}, StatusAuthorizationRequired, 0 }, false, nil, nil, nil, "",
			StatusAuthorizationRequired, false},
		"outcome unknown": {func(_ *world, r *Record) {
			r.Status, r.Unknown = StatusOutcomeUnknown, &Unknown{Attempt: "x"}
		}, false, nil, both[:1], nil, "", StatusRevoked, false},
		"kept aside": {func(w *world, r *Record) {
			alive(w, r)
			aside := Record{Family: "f0", Generation: 1, Status: StatusActive, Client: r.Client}
			aside.Client.ClientID = "former"
			r.Aside = []Record{aside}
		}, false, nil, both, []NoticeCode{NoticeNotRevoked}, "", StatusRevoked, false},
	} {
		w := newWorld(t)
		s := &revoking{fakeServer: w.server, script: tt.script}
		old := w.authorized(func(r *Record) {
			if tt.change != nil {
				tt.change(w, r)
			}
		})
		m := w.start(func(o *Options) {
			var err error
			if o.Caller, err = oauth.NewCaller(oauth.CallerOptions{Transport: s}); err != nil {
				t.Fatal(err)
			}
		})
		done, err := m.Revoke(t.Context(), theName, tt.only)
		if tt.kind == "" && err != nil || tt.kind != "" && !IsKind(err, tt.kind) {
			t.Errorf("%s: %v", name, err)
		}
		var codes []NoticeCode
		for _, n := range done.Notices {
			codes = append(codes, n.Code)
		}
		if !slices.Equal(s.revoked, tt.sent) || !slices.Equal(codes, tt.notices) {
			t.Errorf("%s: sent %v, notices %v; want %v, %v", name, s.revoked, codes, tt.sent, tt.notices)
		}
		if done.Revoked != (tt.kind == "" && tt.sent != nil) {
			t.Errorf("%s: revoked %v", name, done.Revoked)
		}
		r := w.record()
		if r.Status != tt.status || r.Claim != nil || r.Tokens.Alive(w.clock.Now(), 0) != tt.works || r.IsTombstone() {
			t.Errorf("%s: status %s, claim %v, works %v; want %s, none, %v", name, r.Status, r.Claim, !tt.works, tt.status, tt.works)
		}
		if at, host := r.RevokedAt(); (tt.status == StatusRevoked) == at.IsZero() || (host == "host1") == at.IsZero() {
			t.Errorf("%s: revoked at %s by %s", name, at, host)
		}
		if tt.status == StatusRevoked && (!r.Tokens.Refresh.IsEmpty() || !r.Tokens.Access.IsEmpty() || r.Unknown != nil ||
			!old.Tokens.Refresh.IsEmpty() && !r.HasConsumed(old.Tokens.Refresh)) {
			t.Errorf("%s: what is left: %+v", name, r)
		}
	}
}

// TestRevokedIsOver: whoever asks is told, a second revocation sends nothing, and another authorization begins anew.
func TestRevokedIsOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.start()
	_, err := m.Revoke(t.Context(), theName, false)
	w.wantKind(err, KindNotFound)
	w.good()
	if done, err := m.Revoke(t.Context(), theName, false); err != nil || !done.Revoked {
		t.Fatal(err)
	}
	calls := w.server.calls
	_, err = w.token(m)
	if e := w.wantKind(err, KindAuthorize); e.Reason != ReasonRevoked {
		t.Errorf("reason %s", e.Reason)
	}
	_, err = w.rotate(m)
	w.wantKind(err, KindAuthorize)
	if done, err := m.Revoke(t.Context(), theName, false); err != nil || done.Revoked || done.Record.Status != StatusRevoked {
		t.Errorf("again: %v, %+v", err, done)
	}
	if w.server.calls != calls {
		t.Errorf("%d further calls", w.server.calls-calls)
	}
	r, err := m.OfferAuthorization(t.Context(), theName, Authorization{RedirectURI: fakeRedirect, Scopes: []string{"read"}})
	if err != nil {
		t.Fatal(err)
	}
	if res, err := w.exchange(m, w.consented(r)); err != nil || res.Record.Status != StatusActive || res.Record.Family == "f1" {
		t.Errorf("authorizing again: %v, status %s", err, res.Record.Status)
	}
	w.wantStatus(StatusActive)
	if _, err := m.Delete(t.Context(), theName, w.record().Family, true); err != nil {
		t.Fatal(err)
	}
	_, err = m.Revoke(t.Context(), theName, false)
	w.wantKind(err, KindNotFound)
}

// TestRevokeIsNotOverrun: a late commit clears the claim. What it has brought is revoked as well.
func TestRevokeIsNotOverrun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized()
	late := successor{attempt: refreshAttempt(func(a *Attempt) { a.Base, a.ID = 1, "late" }), token: fullReply}
	other := w.start()
	w.server.behind = []func(){func() {
		if _, err := other.commit(t.Context(), late, once); err != nil {
			t.Error(err)
		}
	}}
	if _, err := w.start().Revoke(t.Context(), theName, false); err != nil {
		t.Fatal(err)
	}
	if r := w.wantStatus(StatusRevoked); !r.HasConsumed(fullReply.RefreshToken) || r.Generation != 2 {
		t.Errorf("generation %d; want the new tokens revoked too", r.Generation)
	}
	w.wantServer(3, 0, 0)
}

// TestRevokedStaysRevoked: a refresh that was under way comes home when the pair is revoked: its owner stood still for longer than its
// claim. Nobody is given what it brings, which may work, and another revocation ends it.
func TestRevokedStaysRevoked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized()
	late := successor{attempt: refreshAttempt(func(a *Attempt) { a.Base, a.ID = 1, "late" }), token: fullReply}
	late.attempt.SentAt = w.clock.Now()
	m := w.start()
	if _, err := m.Revoke(t.Context(), theName, false); err != nil {
		t.Fatal(err)
	}
	for range 2 { // once more, as after a write of which nobody knows how it ended
		if _, err := w.start().commit(t.Context(), late, once); err != nil {
			t.Fatal(err)
		}
	}
	r := w.wantStatus(StatusRevoked)
	if !r.Tokens.Refresh.Equal(fullReply.RefreshToken) || r.Generation != 2 {
		t.Errorf("generation %d: the successor is lost", r.Generation)
	}
	for _, asker := range []Asker{AskerRead, AskerApply, AskerConsumer} {
		_, err := m.Token(t.Context(), theName, Ask{Asker: asker})
		if e := w.wantKind(err, KindAuthorize); e.Reason != ReasonRevoked {
			t.Errorf("reason %s", e.Reason)
		}
	}
	calls := w.server.calls
	if done, err := m.Revoke(t.Context(), theName, false); err != nil || !done.Revoked || w.server.calls != calls+2 {
		t.Errorf("again: %v, %d calls", err, w.server.calls-calls)
	}
	if r := w.wantStatus(StatusRevoked); !r.HasConsumed(fullReply.RefreshToken) || !r.Tokens.Refresh.IsEmpty() {
		t.Error("the successor is still there")
	}

	// What a client gets for itself is worth nothing then.
	minted := active(func(r *Record) { r.Grant = &Grant{Type: "client_credentials"}; *r = r.revoked() })
	a := refreshAttempt(func(a *Attempt) { a.Minted = true })
	if got, outcome := applyTokens(minted.clone(), a, fullReply, Event{}); outcome != commitObsolete || got.Status != StatusRevoked {
		t.Errorf("a minted token that comes late: outcome %d, status %s", outcome, got.Status)
	}
	minted.Claim = claimedBy(a.ID)
	if got, outcome := applyTokens(minted.clone(), a, fullReply, Event{}); outcome != commitNow || got.Status != StatusActive {
		t.Errorf("a token that was asked for since: outcome %d, status %s", outcome, got.Status)
	}
}

// TestRevokedIsNotHealed: the state knows of later tokens than the store, which was put back before it was revoked.
func TestRevokedIsNotHealed(t *testing.T) {
	t.Parallel()
	ahead := Tokens{Access: secret.New("sa"), Refresh: secret.New("sr"), ExpiresAt: epoch.Add(9 * time.Hour)}
	for _, tokens := range []Tokens{{}, ahead} {
		w := newWorld(t)
		w.authorized(func(r *Record) { *r = r.revoked() })
		r, err := w.start().Heal(t.Context(), theName, Replica{Family: "f1", Generation: 5, Tokens: tokens})
		if err != nil || r.Status != StatusRevoked || !r.Tokens.Refresh.Equal(tokens.Refresh) {
			t.Errorf("%v: status %s, to be revoked %v", err, r.Status, !r.Tokens.Refresh.IsEmpty())
		}
	}
}

// TestRevokeUnderFaults: what is reported as done is done at the server and in the store, and repeating it ends well.
func TestRevokeUnderFaults(t *testing.T) {
	t.Parallel()
	for _, sh := range []shape{shapes[0], shapes[4]} {
		for _, callName := range []string{"good", "not sent", "lost, done", "lost, not done", "503, not done"} {
			t.Run(sh.name+", "+callName, func(t *testing.T) {
				t.Parallel()
				everyFault(func(f fault) int {
					w := sh.world(t)
					old := w.authorized()
					u := w.under(f)
					w.server.plan = []callPlan{allCalls[callName]}
					done, err := w.start().Revoke(t.Context(), theName, false)
					calls := u.count()
					if err == nil && (!done.Revoked || w.record().Status != StatusRevoked || !w.server.dead["grant1"]) {
						t.Errorf("%s: reported as done, status %s, dead %v", f, w.record().Status, w.server.dead["grant1"])
					}
					if errors.Is(err, ErrRevokedNotNoted) && !w.server.dead["grant1"] {
						t.Errorf("%s: reported as revoked, and the server takes the tokens", f)
					}
					if w.server.calls > 3 {
						t.Errorf("%s: %d calls", f, w.server.calls)
					}
					u.over()
					m := w.start()
					for _, pause := range []time.Duration{time.Second, 121 * time.Second, 121 * time.Second} {
						w.clock.pass(pause)
						ctx, cancel := w.clock.timeout(t.Context(), 5*time.Second)
						_, err = m.Revoke(ctx, theName, false)
						cancel()
					}
					if r := w.record(); err != nil || r.Status != StatusRevoked || !w.server.dead["grant1"] || !r.HasConsumed(old.Tokens.Refresh) || r.Claim != nil {
						t.Errorf("%s: revoking again: %v; status %s, dead %v", f, err, r.Status, w.server.dead["grant1"])
					}
					return calls
				})
			})
		}
	}
}
