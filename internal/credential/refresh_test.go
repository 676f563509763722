package credential

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

func TestTokenRefreshes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.authorized()
	res := w.mustToken(w.start())

	r := w.wantStatus(StatusActive)
	if r.Family != "f1" || r.Generation != 2 || r.Claim != nil || r.Unknown != nil || !r.LastRotatedAt.Equal(epoch.Add(time.Hour)) {
		t.Errorf("record = family %s, generation %d, claim %v, unknown %v, rotated %s", r.Family, r.Generation, r.Claim, r.Unknown, r.LastRotatedAt)
	}
	if got := r.Tokens.Refresh.Reveal(); got != w.server.newest || !res.Record.Tokens.Refresh.Equal(r.Tokens.Refresh) {
		t.Errorf("the store holds %q and the result %q, want the server's %q", got, res.Record.Tokens.Refresh.Reveal(), w.server.newest)
	}
	if !res.Rotated || !w.server.opens(res.Record.Tokens.Access.Reveal()) || !r.Tokens.ExpiresAt.Equal(epoch.Add(2*time.Hour)) {
		t.Errorf("rotated = %v, expires %s", res.Rotated, r.Tokens.ExpiresAt)
	}
	if !r.HasConsumed(old.Tokens.Refresh) || r.HasConsumed(r.Tokens.Refresh) {
		t.Error("the old refresh token must be consumed, and the new one not")
	}
	w.wantServer(1, 1, 0)
	w.wantNotices(res.Notices)
	if len(r.History) != 1 || r.History[0].Verdict != "refreshed" || r.History[0].Host != "host1" || r.History[0].Generation != 2 {
		t.Errorf("history = %+v", r.History)
	}
}

func TestFreshCostsNoNetworkAndNoWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized(func(r *Record) { r.Tokens.ExpiresAt = w.clock.Now().Add(31 * time.Second) })
	f := w.faulty(storetest.Hooks{})
	res := w.mustToken(w.start())
	if res.Rotated {
		t.Error("a fresh token was rotated")
	}
	for _, c := range f.Calls() {
		if c.Op != storetest.OpGet {
			t.Errorf("a fresh token cost a %s", c.Op)
		}
	}
	w.wantServer(0, 0, 0)
}

func TestTokenOfNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.token(w.start())
	w.wantKind(err, KindNotFound)
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("error = %v, want it to wrap store.ErrNotFound", err)
	}
}

// TestRefusals says for each answer without a token what the asker is told and what the record says then.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		plan      []callPlan
		kind      Kind
		reason    Reason
		status    Status
		calls     int
		until     time.Duration // from now; 0: none
		notBefore time.Duration // from now; 0: none
	}{
		{"not reached", []callPlan{callNotSent, callNotSent, callNotSent}, KindNotSent, ReasonNone, StatusActive, 0, 0, 0},
		{"too many", []callPlan{callTooMany}, KindLater, ReasonNotBefore, StatusActive, 1, 90 * time.Second, 90 * time.Second},
		{"too early", []callPlan{callTooEarly}, KindLater, ReasonNotBefore, StatusActive, 1, time.Minute, time.Minute},
		{"bad client", []callPlan{callBadClient}, KindBadClient, ReasonNone, StatusActive, 1, 0, 0},
		{"no endpoint there", []callPlan{callNoPath}, KindConfiguration, ReasonNone, StatusActive, 1, 0, 0},
		{"reply lost", []callPlan{callLostDone}, KindUnknown, ReasonUnknownWaiting, StatusOutcomeUnknown, 1, 2 * time.Minute, 0},
		{"503", []callPlan{callBusyUndone}, KindUnknown, ReasonUnknownWaiting, StatusOutcomeUnknown, 1, 2 * time.Minute, 0},
		{"successor cut off", []callPlan{callCutEarly}, KindUnknown, ReasonUnknownWaiting, StatusOutcomeUnknown, 1, 2 * time.Minute, 0},
	} {
		w := newWorld(t)
		w.authorized()
		w.clock.pass(2 * clockSlack)
		w.server.plan = tt.plan
		_, err := w.token(w.start())
		e := w.wantKind(err, tt.kind)
		now := w.clock.Now()
		if e.Reason != tt.reason || (tt.until != 0) == e.Until.IsZero() {
			t.Errorf("%s: reason %q until %s", tt.name, e.Reason, e.Until)
		}
		if tt.until != 0 && !e.Until.Equal(now.Add(tt.until)) {
			t.Errorf("%s: until %s, want %s", tt.name, e.Until, now.Add(tt.until))
		}
		r := w.wantStatus(tt.status)
		if tt.notBefore != 0 && !r.NotBefore.Equal(now.Add(tt.notBefore)) || tt.notBefore == 0 && !r.NotBefore.IsZero() {
			t.Errorf("%s: not before %s", tt.name, r.NotBefore)
		}
		if r.Claim != nil || r.Generation != 1 || w.server.calls != tt.calls {
			t.Errorf("%s: claim %v, generation %d, %d calls", tt.name, r.Claim, r.Generation, w.server.calls)
		}
	}
}

func TestInvalidGrantEndsTheCredential(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.authorized()
	w.server.dead["grant1"] = true
	_, err := w.token(w.start())
	if e := w.wantKind(err, KindAuthorize); e.Reason != ReasonNotAuthorized || e.Verdict.Code != "invalid_grant" {
		t.Errorf("reason %q, code %q", e.Reason, e.Verdict.Code)
	}
	r := w.wantStatus(StatusAuthorizationRequired)
	if !r.Tokens.Refresh.IsEmpty() || !r.HasConsumed(old.Tokens.Refresh) {
		t.Error("the dead refresh token must go, and its hash stay")
	}
}

// TestTokenThatStillWorksIsServed covers each way a refresh can fail while the access token has some seconds left.
func TestTokenThatStillWorksIsServed(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(*world){
		"reply lost":     func(w *world) { w.server.plan = []callPlan{callLostDone} },
		"not reached":    func(w *world) { w.server.down = true },
		"invalid grant":  func(w *world) { w.server.refreshes[w.server.newest].family = "another" },
		"bad client":     func(w *world) { w.server.plan = []callPlan{callBadClient} },
		"store readonly": func(w *world) { w.faulty(storetest.Hooks{Fault: failWrites}) },
		"store gone after the first look": func(w *world) {
			w.faulty(storetest.Hooks{Fault: func(_ storetest.Op, _ string, n int) storetest.Fault {
				if n > 1 {
					return storetest.NothingDone
				}
				return storetest.None
			}})
		},
		"no endpoint":   func(w *world) { r := w.record(); r.Client.TokenEndpoint = ""; w.put(r) },
		"shutting down": func(*world) {},
	} {
		w := newWorld(t)
		old := w.authorized(func(r *Record) { r.Tokens.ExpiresAt = w.clock.Now().Add(20 * time.Second) })
		w.server.dead["another"] = true
		prepare(w)
		m := w.start()
		if name == "shutting down" {
			if err := m.sections.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		res, err := w.token(m)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !res.Record.Tokens.Access.Equal(old.Tokens.Access) || res.Rotated {
			t.Errorf("%s: another access token is served", name)
		}
		if len(res.Notices) != 1 || res.Notices[0].Code != NoticeFailed || res.Notices[0].Err == nil {
			t.Errorf("%s: notices = %v, want the failure", name, res.Notices)
		}
	}
}

func failWrites(op storetest.Op, _ string, _ int) storetest.Fault {
	if op == storetest.OpReplace || op == storetest.OpCreate {
		return storetest.NothingDone
	}
	return storetest.None
}

func TestUnwritableStoreSpendsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized()
	w.faulty(storetest.Hooks{Fault: failWrites})
	_, err := w.token(w.start())
	w.wantKind(err, KindStore)
	w.wantServer(0, 0, 0)
}

func TestNotSentIsTriedAgainUnderNewClaims(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized()
	w.server.plan = []callPlan{callNotSent, callNotSent}
	w.mustToken(w.start())
	w.wantServer(1, 1, 0)
	r := w.record()
	attempts := map[string]bool{}
	for _, e := range r.History {
		attempts[e.Attempt] = true
	}
	if len(r.History) != 3 || len(attempts) != 3 {
		t.Errorf("history = %+v, want two withdrawn claims and a refresh, each with an id of its own", r.History)
	}
	// 0.5 s and 1 s, each with up to a quarter of jitter.
	if waited := w.clock.Now().Sub(epoch.Add(fakeLifetime)); waited < 1500*time.Millisecond || waited > 1875*time.Millisecond {
		t.Errorf("the pauses took %s", waited)
	}
}

func TestGraceIsUsedAtOnceUnderANewClaim(t *testing.T) {
	t.Parallel()
	w := newWorld(t).semantics(RotationSingleUseGrace, ReuseRevokeFamily, time.Minute)
	w.authorized()
	w.server.plan = []callPlan{callLostDone}
	res := w.mustToken(w.start())
	w.wantServer(2, 2, 0)
	if waited := w.clock.Now().Sub(epoch.Add(fakeLifetime)); waited > time.Second {
		t.Errorf("the second request came after %s, want at once", waited)
	}
	r := w.wantStatus(StatusActive)
	if r.Generation != 2 || r.LastAttempt == r.History[0].Attempt || r.Unknown != nil {
		t.Errorf("generation %d, last attempt %s, history %+v", r.Generation, r.LastAttempt, r.History)
	}
	if !w.server.accepts(res.Record.Tokens.Refresh.Reveal()) {
		t.Error("the result holds a dead refresh token")
	}
}

// TestGraceEndsBeforeALateRequest: the decision to send again is taken within the grace, and the request would leave
// after it.
func TestGraceEndsBeforeALateRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t).semantics(RotationSingleUseGrace, ReuseRevokeFamily, 10*time.Second)
	w.authorized()
	w.server.plan = []callPlan{callLostDone}
	replaces := 0
	w.faulty(storetest.Hooks{After: func(c storetest.Call) {
		if c.Op != storetest.OpReplace {
			return
		}
		if replaces++; replaces == 3 { // claim, outcome, second claim
			w.clock.pass(9 * time.Second)
		}
	}})
	_, err := w.token(w.start())
	e := w.wantKind(err, KindUnknown)
	if e.Reason != ReasonUnknownWaiting {
		t.Errorf("reason = %s", e.Reason)
	}
	w.wantServer(1, 1, 0)
}

func TestSuccessorWithoutAccessTokenIsUsedAgainAndNotForEver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized()
	m := w.start(func(o *Options) { o.Caller = stingyCaller{o.Caller} })
	_, err := w.token(m)
	w.wantKind(err, KindConfiguration)
	if !errors.Is(err, errNoAccessToken) {
		t.Errorf("error = %v", err)
	}
	w.wantServer(3, 3, 0)
	if r := w.wantStatus(StatusActive); r.Generation != 4 || r.Tokens.Refresh.Reveal() != w.server.newest {
		t.Errorf("generation %d", r.Generation)
	}
}

func TestEveryReadRotatesOncePerProcess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized(func(r *Record) {
		r.Refresh.Strategy = StrategyEveryRead
		r.Tokens.ExpiresAt = w.clock.Now().Add(time.Hour)
	})
	m := w.start()
	for range 3 {
		w.mustToken(m)
	}
	w.wantServer(1, 1, 0)
	w.mustToken(w.start())
	w.wantServer(2, 2, 0)
}

func TestSecretOfTheRegistration(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized(func(r *Record) { r.Client.ClientSecret, r.Client.Registration = secret.String{}, "app" })
	m := w.start()

	_, err := w.token(m)
	if w.wantKind(err, KindConfiguration); !errors.Is(err, ErrNoRegistration) {
		t.Errorf("error = %v", err)
	}
	put := func(id string) {
		t.Helper()
		reg := Registration{Client: Client{ClientID: id, ClientSecret: secret.New(fakeSecret)}}
		if err := m.PutRegistration(t.Context(), "app", reg, func(*Registration) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	put("another")
	_, err = w.token(m)
	if w.wantKind(err, KindConfiguration); !errors.Is(err, ErrOtherClientID) {
		t.Errorf("error = %v", err)
	}
	w.wantServer(0, 0, 0)
	put(fakeClientID)
	w.mustToken(m)
	w.wantServer(1, 1, 0)
}

func TestCallerThatGaveUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := w.start().Token(ctx, theName, Ask{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want the context's", err)
	}
	w.wantServer(0, 0, 0)
	if r := w.record(); r.Claim != nil || len(r.History) != 0 {
		t.Error("a cancelled call left something in the record")
	}
}
