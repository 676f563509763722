package credential

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

// good puts a credential into the store whose access token is good for a while.
func (w *world) good(change ...func(*Record)) Record {
	w.t.Helper()
	return w.authorized(append([]func(*Record){func(r *Record) {
		r.Tokens.IssuedAt, r.Tokens.ExpiresAt = w.clock.Now(), w.clock.Now().Add(fakeLifetime)
	}}, change...)...)
}

func (w *world) rotate(m *Manager) (Result, error) {
	ctx, cancel := w.clock.timeout(context.Background(), 10*time.Minute)
	defer cancel()
	return m.Rotate(ctx, theName, Ask{DefaultMargin: 30 * time.Second})
}

// TestDecideToRenew by table: a token that is good is not served instead of a refresh that somebody asks for.
func TestDecideToRenew(t *testing.T) {
	t.Parallel()
	renew := func(change func(*Policy)) Policy {
		p := Policy{Margin: 30 * time.Second, Asker: AskerApply, Renew: true}
		if change != nil {
			change(&p)
		}
		return p
	}
	grant := func(r *Record) { r.Grant = &Grant{Type: "client_credentials"} }
	for name, tt := range map[string]struct {
		r    func(*Record)
		p    Policy
		want Decision
	}{
		"good":          {nil, renew(nil), Decision{Action: ActionRotate}},
		"at_apply":      {nil, renew(func(p *Policy) { p.Strategy = StrategyAtApply }), Decision{Action: ActionRotate}},
		"on_rejection":  {nil, renew(func(p *Policy) { p.Strategy = StrategyOnRejection }), Decision{Action: ActionRotate}},
		"never":         {nil, renew(func(p *Policy) { p.Strategy = StrategyNever }), Decision{Action: ActionGiveUp, Reason: ReasonNever}},
		"too early":     {nil, renew(func(p *Policy) { p.Earliest = 24 * time.Hour }), Decision{Action: ActionGiveUp, Reason: ReasonEarliest, Until: now.Add(24 * time.Hour)}},
		"told to wait":  {func(r *Record) { r.NotBefore = now.Add(time.Minute) }, renew(nil), Decision{Action: ActionGiveUp, Reason: ReasonNotBefore, Until: now.Add(time.Minute)}},
		"dead":          {func(r *Record) { r.Status = StatusAuthorizationRequired }, renew(nil), Decision{Action: ActionAuthorize, Reason: ReasonNotAuthorized}},
		"revoked":       {func(r *Record) { r.Status = StatusRevoked }, renew(nil), Decision{Action: ActionAuthorize, Reason: ReasonRevoked}},
		"no refresh":    {func(r *Record) { r.Tokens.Refresh = secret.String{} }, renew(nil), Decision{Action: ActionAuthorize, Reason: ReasonNoRefreshToken}},
		"claimed":       {func(r *Record) { r.Claim = &Claim{Attempt: "x"} }, renew(nil), Decision{Action: ActionWait, Reason: ReasonClaimed}},
		"moving":        {func(r *Record) { r.Claim = &Claim{Purpose: PurposeMove} }, renew(nil), Decision{Action: ActionGiveUp, Reason: ReasonMoving}},
		"client's own":  {grant, renew(nil), Decision{Action: ActionRotate}},
		"likewise, new": {func(r *Record) { grant(r); r.Tokens.Refresh = secret.String{} }, renew(nil), Decision{Action: ActionRotate, Anew: true}},
		"likewise, revoked": {func(r *Record) { grant(r); *r = r.revoked() }, renew(nil),
			Decision{Action: ActionRotate, Anew: true}},
		"likewise, revoked, in a plan": {func(r *Record) { grant(r); *r = r.revoked() }, Policy{Margin: 30 * time.Second},
			Decision{Action: ActionAuthorize, Reason: ReasonRevoked}},
	} {
		r := active(func(r *Record) { r.Tokens.IssuedAt, r.Tokens.ExpiresAt = now, now.Add(time.Hour) })
		if tt.r != nil {
			tt.r(&r)
		}
		if got := Decide(r, tt.p, now); got != tt.want {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
}

func TestRotate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.rotate(w.start())
	w.wantKind(err, KindNotFound)
	w.good()
	m := w.start()
	for want := int64(2); want < 5; want++ { // each time, also in one process
		res, err := w.rotate(m)
		if err != nil || !res.Rotated || res.Record.Generation != want || w.record().Generation != want {
			t.Fatalf("generation %d, rotated %v: %v; want %d", res.Record.Generation, res.Rotated, err, want)
		}
	}
	if res := w.mustToken(m); res.Rotated {
		t.Error("a rotation lets the next one who asks refresh again")
	}
	w.wantServer(3, 3, 0)

	// What does not work is an error although the token at hand does.
	w.server.plan = []callPlan{callTooEarly}
	_, err = w.rotate(m)
	w.wantKind(err, KindLater)
	w.clock.pass(fakeRetryAfter)
	w.server.down = true
	_, err = w.rotate(m)
	w.wantKind(err, KindNotSent)
	w.server.down = false
	w.server.plan = []callPlan{callBadClient}
	_, err = w.rotate(m)
	w.wantKind(err, KindBadClient)
	w.wantStatus(StatusActive)
	w.server.plan = []callPlan{callLostDone}
	_, err = w.rotate(m)
	w.wantKind(err, KindUnknown)
	w.wantStatus(StatusOutcomeUnknown)
	calls := w.server.calls
	_, err = w.rotate(m) // the family would die with a second use
	if e := w.wantKind(err, KindUnknown); e.Reason != ReasonUnknownWaiting || w.server.calls != calls {
		t.Errorf("%s, %d calls", e.Reason, w.server.calls-calls)
	}
}

// TestRotateWithinTheBudget: one more refusal would lock the client out, so nothing is sent, and the good token does not hide that.
func TestRotateWithinTheBudget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy.ErrorBudget = ErrorBudget{Limit: 2, Window: time.Hour}
	w.good()
	m := w.start()
	w.server.plan = []callPlan{callBadClient}
	_, err := w.rotate(m)
	w.wantKind(err, KindBadClient)
	_, err = w.rotate(m)
	var full *BudgetError
	if e := w.wantKind(err, KindLater); e.Reason != ReasonBudget || !errors.As(err, &full) || w.server.calls != 1 {
		t.Errorf("%s after %d calls: %v", e.Reason, w.server.calls, err)
	}
	if res := w.mustToken(m); len(res.Notices) > 0 {
		t.Errorf("whoever asks for a token is told %v", res.Notices)
	}
}

// TestRotateOnceForAll: a refresh that somebody else makes meanwhile is as good as one's own, wherever it comes in.
func TestRotateOnceForAll(t *testing.T) {
	t.Parallel()
	for at := 2; at <= 4; at++ { // after the first look; before the claim, which it makes fail
		w := newWorld(t)
		w.good()
		other := w.start(func(o *Options) { o.Owner = "host2" })
		done := false
		w.faulty(storetest.Hooks{Before: func(c storetest.Call) {
			if c.N != at {
				return
			}
			done = true
			if res, err := w.rotate(other); err != nil || !res.Rotated {
				t.Errorf("the other one: %v", err)
			}
		}})
		res, err := w.rotate(w.start())
		if err != nil || res.Rotated || res.Record.Generation != 2 || !done {
			t.Errorf("call %d: generation %d, rotated %v: %v", at, res.Record.Generation, res.Rotated, err)
		}
		w.wantServer(1, 1, 0)
	}
}

// TestRotateUnderFaults: one rotation sends one request, whatever the store does, and no successor that came is lost.
func TestRotateUnderFaults(t *testing.T) {
	t.Parallel()
	for _, sh := range []shape{shapes[0], shapes[2], shapes[4]} {
		for _, callName := range []string{"good", "not sent", "lost, done", "lost, not done", "503, not done"} {
			t.Run(fmt.Sprintf("%s, %s", sh.name, callName), func(t *testing.T) {
				t.Parallel()
				everyFault(func(f fault) int {
					w := sh.world(t)
					w.good()
					u := w.under(f)
					w.server.plan = []callPlan{allCalls[callName]}
					m := w.start()
					res, err := w.rotate(m)
					calls := u.count()
					s := w.server
					if err == nil && (!res.Rotated || res.Record.Generation != 2 || !s.accepts(res.Record.Tokens.Refresh.Reveal())) {
						t.Errorf("%s: success, with generation %d", f, res.Record.Generation)
					}
					if s.calls > 1 && callName != "not sent" || s.rotations > 1 || s.reuses > 0 {
						t.Errorf("%s: %d requests, %d rotations, %d reuses", f, s.calls, s.rotations, s.reuses)
					}
					inHand := res.Record
					if f.mode == faultCrash {
						inHand = Record{}
					}
					reached := s.delivered
					u.over()
					if reached && f.mode != faultCrash && !u.has(s.newest, inHand) {
						t.Errorf("%s: a successor that reached the process is lost", f)
					}
					return calls
				})
			})
		}
	}
}
