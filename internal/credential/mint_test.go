package credential

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

func TestDecideMint(t *testing.T) {
	t.Parallel()
	mints := func(r Record, change func(*Record)) Record {
		r.Tokens.Refresh, r.Grant = secret.String{}, &Grant{Type: oauth.GrantClientCredentials}
		if change != nil {
			change(&r)
		}
		return r
	}
	none := mints(active(func(r *Record) { r.Tokens, r.Generation = Tokens{}, 0 }), nil)
	soon := mints(active(func(r *Record) { r.Tokens.ExpiresAt = now.Add(time.Second) }), nil)
	claim := &Claim{Attempt: "x", Purpose: PurposeRefresh, TTL: time.Minute}
	margin := Policy{Margin: 30 * time.Second}
	under := func(s Strategy, a Asker) Policy { return Policy{Margin: 30 * time.Second, Strategy: s, Asker: a} }
	cautious := Policy{Margin: 30 * time.Second, Earliest: 24 * time.Hour, Token: RefreshTokenPolicy{
		Rotation: RotationSingleUse, OnReuse: ReuseRevokeClientUser, IdleLifetime: time.Minute, AbsoluteLifetime: time.Minute,
	}}
	busy := Policy{Token: RefreshTokenPolicy{TokenCalls: CallLimit{Limit: 1, Window: time.Hour}}}
	fresh, rotate := Decision{Action: ActionFresh}, Decision{Action: ActionRotate, Anew: true}
	for _, tt := range []struct {
		name   string
		record Record
		policy Policy
		want   Decision
	}{
		{"no token yet", none, margin, rotate},
		{"alive", mints(active(nil), nil), margin, fresh},
		{"exactly the margin", mints(active(func(r *Record) { r.Tokens.ExpiresAt = now.Add(30 * time.Second) }), nil), margin, rotate},
		{"expired", mints(expired(nil), nil), margin, rotate},
		{"every read", mints(active(nil), nil), Policy{Force: true}, rotate},
		{"what is known of refresh tokens", mints(expired(nil), nil), cautious, rotate},
		{"alive, and an idle deadline would be over", mints(active(nil), nil), cautious, fresh},
		{"no expiry told, an hour assumed", mints(active(func(r *Record) { r.Tokens.ExpiresAt = time.Time{} }), nil), margin, rotate},
		{"tombstone", mints(active(func(r *Record) { r.Status, r.DeletedAt = StatusRevoked, issued }), nil), margin, Decision{Action: ActionAuthorize, Reason: ReasonDeleted}},

		{"never", mints(expired(nil), nil), under(StrategyNever, AskerApply), Decision{Action: ActionGiveUp, Reason: ReasonNever}},
		{"never, within the margin", soon, under(StrategyNever, AskerRead), Decision{Action: ActionFresh, Reason: ReasonNever}},
		{"never, the first one, in a plan", none, under(StrategyNever, AskerRead), Decision{Action: ActionGiveUp, Reason: ReasonNever}},
		{"never, the first one, in an apply", none, under(StrategyNever, AskerApply), rotate},
		{"at apply, read", mints(expired(nil), nil), under(StrategyAtApply, AskerRead), Decision{Action: ActionGiveUp, Reason: ReasonAtApply}},
		{"at apply, consumer, within the margin", soon, under(StrategyAtApply, AskerConsumer), Decision{Action: ActionFresh, Reason: ReasonAtApply}},
		{"at apply, apply", mints(expired(nil), nil), under(StrategyAtApply, AskerApply), rotate},
		{"on rejection, not asked", mints(active(nil), nil), under(StrategyOnRejection, AskerRead), Decision{Action: ActionProbe}},
		{"on rejection, rejected", mints(active(nil), nil), Policy{Strategy: StrategyOnRejection, Probed: ProbedRejected}, rotate},
		{"on rejection, no token yet", none, under(StrategyOnRejection, AskerRead), rotate},

		{"claimed", mints(expired(nil), func(r *Record) { r.Claim = claim }), margin, Decision{Action: ActionWait, Reason: ReasonClaimed}},
		{"claimed, within the margin", mints(soon, func(r *Record) { r.Claim = claim }), margin, Decision{Action: ActionWait, Reason: ReasonClaimed}},
		{"moving", mints(expired(nil), func(r *Record) { r.Claim = &Claim{Purpose: PurposeMove} }), margin, Decision{Action: ActionGiveUp, Reason: ReasonMoving}},
		{"too many", mints(expired(nil), func(r *Record) { r.NotBefore = now.Add(1) }), margin, Decision{Action: ActionGiveUp, Reason: ReasonNotBefore, Until: now.Add(1)}},
		{"too many, and over", mints(expired(nil), func(r *Record) { r.NotBefore = now }), margin, rotate},
		{"calls of the endpoint", mints(expired(nil), func(r *Record) { r.Calls = []time.Time{now.Add(-time.Minute)} }), busy, Decision{Action: ActionGiveUp, Reason: ReasonTokenCalls, Until: now.Add(59 * time.Minute)}},
		{"earliest, as configured", mints(expired(nil), func(r *Record) { r.Refresh.Earliest = 2 * time.Hour }), margin, Decision{Action: ActionGiveUp, Reason: ReasonEarliest, Until: issued.Add(2 * time.Hour)}},
		{"earliest, over", mints(expired(nil), func(r *Record) { r.Refresh.Earliest = time.Hour }), margin, rotate},
	} {
		if got := Decide(tt.record, tt.policy, now); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// TestMint: the first apply brings a token, each expiry another one, and nothing else is ever sent.
func TestMint(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if r := w.attached(); r.Status != StatusActive || r.Family == "" || r.Generation != 0 {
		t.Errorf("attached: status %s, family %q, generation %d", r.Status, r.Family, r.Generation)
	}
	m := w.start()
	res := w.mustApply(m)
	mustServe(t, w, res)
	if got := w.server.minting.asked[0]; got.Encode() != "grant_type=client_credentials&scope=read&tenant_id=t1" {
		t.Errorf("sent %s", got.Encode())
	}
	if r := w.record(); r.Generation != 1 || !r.LastRotatedAt.IsZero() || !slices.Equal(r.Tokens.Scopes, []string{"read", "write"}) {
		t.Errorf("generation %d, rotated at %s, scopes %v", r.Generation, r.LastRotatedAt, r.Tokens.Scopes)
	}
	w.mustToken(m)
	w.wantMints(1)
	w.clock.pass(fakeLifetime)
	mustServe(t, w, w.mustToken(w.start()))
	w.wantMints(2)
	if r := w.record(); r.Generation != 2 || r.LastRotatedAt.IsZero() || len(r.Consumed) != 0 {
		t.Errorf("generation %d, rotated at %s, %d hashes", r.Generation, r.LastRotatedAt, len(r.Consumed))
	}
}

// TestMintedLifetime: a server that does not tell it does not mean that the token lives for ever, as it may where a person
// has authorized and no refresh token came.
func TestMintedLifetime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.lifetime, w.server.minting.generous = 0, true
	w.attached()
	res := w.mustApply(w.start())
	if r := res.Record.Tokens; !r.ExpiresAt.IsZero() || !r.Expiry().Equal(r.IssuedAt.Add(time.Hour)) {
		t.Errorf("expiry %s of a token issued at %s", r.Expiry(), r.IssuedAt)
	}
	mustServe(t, w, res)
	w.clock.pass(59 * time.Minute)
	w.mustToken(w.start())
	w.wantMints(1)
	w.clock.pass(time.Minute)
	w.mustToken(w.start())
	w.wantMints(2)
}

// TestMintIsAskedForAgain: whatever becomes of a reply, the next request is sent at once, and no outcome is unknown.
func TestMintIsAskedForAgain(t *testing.T) {
	t.Parallel()
	for name, plan := range map[string]callPlan{
		"not sent": callNotSent, "lost, done": callLostDone, "lost, not done": callLostUndone, "502": callBrokenDone, "503": callBusyUndone,
		"cut behind the token": callCutLate, "cut before a refresh token": callCutEarly,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.server.minting.generous = true // else there is nothing to cut
			w.minted()
			w.server.plan = []callPlan{plan}
			before := w.clock.Now()
			mustServe(t, w, w.mustToken(w.start()))
			if passed := w.clock.Now().Sub(before); passed > 5*time.Second {
				t.Errorf("it took %s", passed)
			}

			w.clock.pass(fakeLifetime)
			w.server.plan = []callPlan{plan, plan, plan}
			_, err := w.token(w.start())
			kind := KindUnknown
			if plan == callNotSent {
				kind = KindNotSent
			}
			if e := w.wantKind(err, kind); e.Reason != ReasonNone || !e.Record.Mints() {
				t.Errorf("reason %q of %+v", e.Reason, e.Record)
			}
			if r := w.wantStatus(StatusActive); r.Unknown != nil || r.Claim != nil {
				t.Errorf("left behind: %+v, %+v", r.Unknown, r.Claim)
			}
			mustServe(t, w, w.mustToken(w.start()))
		})
	}
}

// TestMintRefused: no answer of the server is about anything but the request. The record stays as it is.
func TestMintRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		code, body string
		kind       Kind
		says       string
	}{
		{"invalid_client", "", KindBadClient, "invalid_client: not you"},
		{"invalid_grant", "", KindConfiguration, "invalid_grant: not you"},
		{"unauthorized_client", "", KindConfiguration, "unauthorized_client: not you"},
		{"invalid_scope", "", KindConfiguration, "invalid_scope: not you"},
		{"refresh_token_reused", "", KindConfiguration, "refresh_token_reused"},
		{"slow_down", "", KindLater, "not_before"},
		{"", `{"refresh_token":"r"}`, KindConfiguration, "the server returned no access token"},
	} {
		w := newWorld(t)
		w.minted()
		before := w.server.calls
		w.server.minting.refusal, w.server.minting.body = tt.code, tt.body
		_, err := w.token(w.start())
		if e := w.wantKind(err, tt.kind); !strings.Contains(err.Error(), tt.says) || !e.Record.Mints() {
			t.Errorf("%s: %v", tt.code, err)
		}
		if r := w.wantStatus(StatusActive); r.Generation != 1 || r.Claim != nil || r.Tokens.Access.IsEmpty() || w.server.calls != before+1 {
			t.Errorf("%s: generation %d, claim %v, %d calls", tt.code, r.Generation, r.Claim, w.server.calls-before)
		}
		w.server.minting.refusal, w.server.minting.body = "", ""
		w.clock.pass(time.Minute)
		mustServe(t, w, w.mustToken(w.start()))
	}
}

// TestMintUnderFaults: with every call of the store failing in every way, and every fate of the request, a token that has
// reached the process is served, the record stays good, and the next run has a token.
func TestMintUnderFaults(t *testing.T) {
	t.Parallel()
	for _, sh := range shapes {
		for name, plan := range allCalls {
			t.Run(sh.name+", "+name, func(t *testing.T) {
				t.Parallel()
				everyFault(func(f fault) int {
					w := sh.world(t)
					w.server.minting.generous = true
					w.minted()
					w.server.plan = []callPlan{plan}
					w.server.delivered = false
					u := w.under(f)
					m := w.start()
					res, err := w.token(m)
					errorIsTold(t, err)
					calls := u.count()
					if err == nil && !w.server.opens(res.Record.Tokens.Access.Reveal()) {
						t.Errorf("%s: a dead token was served", f)
					}
					if err != nil && f.mode != faultCrash && w.server.delivered && plan != callCutLate && plan != callCutEarly {
						t.Errorf("%s: a token reached the process, and it gives %v", f, err)
					}
					w.server.mu.Lock()
					if n := w.server.calls - 1; n > maxSends {
						t.Errorf("%s: %d requests for one token", f, n)
					}
					w.server.mu.Unlock()
					u.over()
					// A claim whose owner is dead is waited for, and no longer.
					next, err := w.start().Token(t.Context(), theName, Ask{Asker: AskerConsumer})
					if err != nil {
						t.Fatalf("%s: the next run: %v", f, err)
					}
					mustServe(t, w, next)
					if r := w.record(); r.Claim != nil || len(w.rescue.leftovers()) > 0 {
						t.Errorf("%s: left behind: %+v, %v", f, r.Claim, w.rescue.leftovers())
					}
					return calls
				})
			})
		}
	}
}

func (r *fakeRescue) leftovers() []string {
	if r == nil {
		return nil
	}
	return r.paths()
}

// TestMintedTokenIsKeptWithoutAStore: the store fails behind the request. The token is served, kept in a rescue file, and
// stored by the next run, without a refresh token that the server gave with it.
func TestMintedTokenIsKeptWithoutAStore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.minting.generous = true
	w.minted()
	u := w.under(fault{})
	w.server.behind = []func(){func() { u.fault = fault{faultDown, 1} }}
	res := w.mustToken(w.start())
	w.wantNotices(res.Notices, NoticeNotStored)
	if !res.Notices[0].Minted {
		t.Error("the notice does not say what it is about")
	}
	u.over()
	next := w.mustToken(w.start())
	w.wantNotices(next.Notices, NoticeRescued)
	if !next.Notices[0].Minted || !next.Record.Tokens.Access.Equal(res.Record.Tokens.Access) {
		t.Errorf("the next run has another token: %+v", next.Notices)
	}
	mustServe(t, w, next)
	w.wantMints(2)
}

// TestMintClaimTakenOver: whose process is dead has left nothing to worry about. Its reply, should it come, is kept if nobody
// was faster.
func TestMintClaimTakenOver(t *testing.T) {
	t.Parallel()
	for _, slow := range []bool{false, true} {
		w := newWorld(t)
		w.minted()
		a := w.start()
		w.server.behind = []func(){func() {
			if slow {
				w.clock.pass(3 * time.Minute) // A stands still with its reply
				w.mustToken(w.start())
			}
		}}
		res := w.mustToken(a)
		mustServe(t, w, res)
		if r := w.record(); r.Generation != 2 {
			t.Errorf("slow %v: generation %d", slow, r.Generation)
		}
	}
	w := newWorld(t)
	w.minted()
	r := w.record()
	r.Claim = &Claim{Attempt: "x", Owner: "gone", Purpose: PurposeRefresh, Base: 1, TTL: 2 * time.Minute, ClaimedAt: w.clock.Now()}
	w.put(r)
	before := w.clock.Now()
	mustServe(t, w, w.mustToken(w.start()))
	if passed := w.clock.Now().Sub(before); passed < 2*time.Minute || passed > 2*time.Minute+10*time.Second {
		t.Errorf("it took %s", passed)
	}
	w.wantMints(2)
}

// TestMintCounts: error budget and limits of the token endpoint hold for it as for others.
func TestMintCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy.ErrorBudget = ErrorBudget{Limit: 3, Window: time.Hour}
	w.minted()
	w.server.minting.refusal = "invalid_client"
	for range 2 {
		_, err := w.token(w.start())
		w.wantKind(err, KindBadClient)
	}
	_, err := w.token(w.start())
	if e := w.wantKind(err, KindLater); e.Reason != ReasonBudget {
		t.Errorf("reason %s", e.Reason)
	}
	w.wantMints(3)

	w = newWorld(t)
	w.policy.TokenCalls = CallLimit{Limit: 2, Window: 24 * time.Hour}
	w.minted()
	w.mustToken(w.start())
	w.clock.pass(fakeLifetime)
	_, err = w.token(w.start())
	if e := w.wantKind(err, KindLater); e.Reason != ReasonTokenCalls {
		t.Errorf("reason %s", e.Reason)
	}
	w.wantMints(2)
}

// TestMintByPlatform: what a preset says of people's authorizations is not asked for; how scopes are written, and what a
// client must name, holds.
func TestMintByPlatform(t *testing.T) {
	t.Parallel()
	preset := Preset{
		TokenEndpoint: fakeHost + "/token", Scopes: []string{"offline_access"}, TokenParameters: map[string]string{"for": "codes"},
		RefreshParameters: map[string]string{"for": "refreshes"}, ClientCredentialsParameters: []string{"tenant_id"}, Earliest: 24 * time.Hour,
		Dialect: oauth.Dialect{ScopeSeparator: ","},
	}
	known := func(o *Options) {
		o.Presets = func(string, map[string]string, string) (Preset, error) { return preset, nil }
	}
	w := newWorld(t)
	m := w.start(known)
	s := w.mintSetup()
	s.Client = Client{Platform: "acme", ClientID: fakeClientID, ClientSecret: secret.New(fakeSecret)}
	s.Grant.Scopes = []string{"b", "a"}
	if _, err := m.Attach(t.Context(), theName, "a1", s); err != nil {
		t.Fatal(err)
	}
	w.mustApply(m)
	if got := w.server.minting.asked[0].Encode(); got != "grant_type=client_credentials&scope=a%2Cb&tenant_id=t1" {
		t.Errorf("sent %s", got)
	}
	for name, change := range map[string]func(*Setup){
		`lacks "tenant_id"`: func(s *Setup) { s.Grant = &Grant{Type: oauth.GrantClientCredentials} },
		`"scope" belongs to the protocol`: func(s *Setup) {
			s.Grant = &Grant{Type: oauth.GrantClientCredentials, Parameters: map[string]string{"tenant_id": "t", "scope": "x"}}
		},
		"clients that authenticate themselv": func(s *Setup) { s.Client.ClientSecret = secret.String{} },
	} {
		next := s
		change(&next)
		w.configure(m, next)
		w.clock.pass(fakeLifetime)
		_, err := w.token(m)
		if w.wantKind(err, KindConfiguration); !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.wantMints(1)
	s.Grant.Scopes = nil
	w.configure(m, s)
	w.mustApply(m)
	if got := w.server.minting.asked[1].Encode(); got != "grant_type=client_credentials&tenant_id=t1" {
		t.Errorf("sent %s", got)
	}
}
