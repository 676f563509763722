package credential

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

// TestNoRiskWhileTheTokenWorks: what may end the family is not sent while the API takes the access token, not even for a
// refresh token that lies idle.
func TestNoRiskWhileTheTokenWorks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy.IdleLifetime = 12 * time.Hour
	w.authorized(func(r *Record) {
		r.Tokens.IssuedAt, r.Tokens.ExpiresAt = w.clock.Now().Add(-10*time.Hour), time.Time{}
		r.Refresh = RefreshSettings{Strategy: StrategyOnRejection, ProbeURL: fakeAPI}
		r.Status = StatusOutcomeUnknown
		r.Unknown = &Unknown{Attempt: "lost", Host: "host1", ClaimedAt: w.clock.Now().Add(-61 * time.Minute), TTL: 2 * time.Minute}
	})
	r := w.record()
	for said, want := range map[Probed]Decision{
		ProbedGood:     {Action: ActionFresh, Reason: ReasonUnknownWaiting},
		ProbedSilent:   {Action: ActionFresh, Reason: ReasonUnknownWaiting},
		ProbedRejected: {Action: ActionRotate, Resend: true, AtRisk: true},
	} {
		got := Decide(r, Policy{Strategy: StrategyOnRejection, Probed: said, Token: r.Client.EffectivePolicy()}, w.clock.Now())
		if got.Action != want.Action || got.Reason != want.Reason || got.Resend != want.Resend || got.AtRisk != want.AtRisk {
			t.Errorf("%s: %+v, want %+v", said, got, want)
		}
	}
}

// refusesEarly are the rules of a server that refuses a refresh while the access token lives.
func refusesEarly() []oauth.Rule {
	return []oauth.Rule{{Description: regexp.MustCompile("not expired"), Class: oauth.TooEarly, Wait: 25 * time.Second}}
}

// TestSuccessorAloneIsKeptAlive: a server that gives a successor without an access token, in plain words or as a refusal, has
// been asked for this idle lifetime.
func TestSuccessorAloneIsKeptAlive(t *testing.T) {
	t.Parallel()
	for name, refused := range map[string]bool{"given": false, "as a refusal": true} {
		preset := Preset{TokenEndpoint: "https://acme.example/token", Policy: RefreshTokenPolicy{IdleLifetime: 3 * time.Hour}, Dialect: oauth.Dialect{Rules: refusesEarly()}}
		w, s, m := platformed(t, preset)
		r := w.record()
		r.Tokens.IssuedAt, r.Tokens.ExpiresAt = w.clock.Now().Add(-150*time.Minute), w.clock.Now().Add(24*time.Hour)
		r.Tokens.Extra = map[string]secret.String{"kept": secret.New("x")}
		w.put(r)
		for i := range 5 {
			s.status, s.body = 200, fmt.Sprintf(`{"refresh_token":"next%d"}`, i)
			if refused {
				s.status, s.body = 400, fmt.Sprintf(`{"error":"x","error_description":"not expired","refresh_token":"next%d"}`, i)
			}
			if _, err := m.Token(t.Context(), theName, Ask{}); err != nil {
				t.Fatal(err)
			}
			w.clock.pass(20 * time.Minute)
		}
		got := w.record()
		if len(s.seen) != 1 || got.Tokens.Refresh.Reveal() != "next0" || got.Tokens.Extra["kept"].Reveal() != "x" {
			t.Errorf("%s: %d requests, holds %+v", name, len(s.seen), got.Tokens)
		}
	}
}

// TestWaitIsRescued: how long a server wants not to be asked survives with the successor that it gave.
func TestWaitIsRescued(t *testing.T) {
	t.Parallel()
	preset := Preset{TokenEndpoint: "https://acme.example/token", Dialect: oauth.Dialect{Rules: refusesEarly()}}
	w, s, m := platformed(t, preset)
	r := w.record()
	r.Tokens.ExpiresAt = w.clock.Now().Add(20 * time.Second)
	w.put(r)
	s.status, s.body = 400, `{"error":"x","error_description":"not expired","refresh_token":"next"}`
	replaces := 0
	m.store = storetest.NewFaulty(w.plain, storetest.Hooks{Fault: func(op storetest.Op, _ string, _ int) storetest.Fault {
		if op == storetest.OpReplace {
			replaces++
		}
		if replaces > 1 {
			return storetest.NothingDone
		}
		return storetest.None
	}}).Store()
	if _, err := m.Token(t.Context(), theName, Ask{DefaultMargin: 30 * time.Second}); err == nil || len(w.rescue.paths()) != 1 {
		t.Fatalf("%v, rescue files %v", err, w.rescue.paths())
	}
	w.start().prepareQuietly(t.Context())
	got := w.record()
	if left := got.NotBefore.Sub(got.LastRotatedAt); got.Tokens.Refresh.Reveal() != "next" || left < 25*time.Second || left > 30*time.Second {
		t.Errorf("not before %s after the rotation; holds %s", left, got.Tokens.Refresh.Reveal())
	}
}

// TestDeadlineOfThePolicyIsNoneOfTheServer: the state shows it in the same place. It moves on with each use.
func TestDeadlineOfThePolicyIsNoneOfTheServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy = RefreshTokenPolicy{Rotation: RotationNone, IdleLifetime: 720 * time.Hour}
	w.authorized()
	r := w.record()
	p := Replica{Family: r.Family, Generation: r.Generation + 1, Tokens: r.Tokens}
	p.Tokens.RefreshTokenExpiresAt = r.IdleDeadline()
	healed, err := w.start().Heal(t.Context(), theName, p)
	if err != nil || !healed.Tokens.RefreshTokenExpiresAt.IsZero() || !healed.IdleDeadline().Equal(r.IdleDeadline()) {
		t.Errorf("healed: told %s, %v", healed.Tokens.RefreshTokenExpiresAt, err)
	}
	p.Tokens.RefreshTokenExpiresAt = r.IdleDeadline().Add(-time.Hour)
	p.Generation++
	if healed, err := w.start().Heal(t.Context(), theName, p); err != nil || healed.Tokens.RefreshTokenExpiresAt.IsZero() {
		t.Errorf("what the server told was forgotten, %v", err)
	}
}

// TestLookUpsLeaveTheBudgetToRefreshes: one that is refused in each run does not keep a refresh waiting.
func TestLookUpsLeaveTheBudgetToRefreshes(t *testing.T) {
	t.Parallel()
	preset := Preset{
		TokenEndpoint: "https://acme.example/token", Policy: RefreshTokenPolicy{ErrorBudget: ErrorBudget{Limit: 10, Window: time.Hour}},
		LookUps: []LookUp{{"division", "https://api.example/me", "$.x"}},
	}
	w, s, _ := platformed(t, preset)
	r := w.record()
	r.Tokens.ExpiresAt = w.clock.Now().Add(20 * time.Minute)
	w.put(r)
	api := &fakeLooker{replies: map[string]oauth.Reply{"https://api.example/me": {Sent: true, Err: errReset}}}
	start := func() *Manager {
		return w.start(func(o *Options) {
			o.Looker = api
			o.Presets = func(string, map[string]string, string) (Preset, error) { return preset, nil }
			o.Caller, _ = oauth.NewCaller(oauth.CallerOptions{Transport: s})
		})
	}
	var last []Notice
	for range 12 {
		m := start()
		res, err := m.Token(t.Context(), theName, Ask{})
		if err != nil {
			t.Fatal(err)
		}
		_, last = m.LookUp(t.Context(), theName, res.Record)
		w.clock.pass(time.Minute)
	}
	w.wantNotices(last, NoticeNotLookedUp)
	if len(api.asked) != 5 || !errors.Is(last[0].Err, errNotWorthIt) {
		t.Errorf("%d look-ups, the last one: %v", len(api.asked), last[0].Err)
	}
	w.clock.pass(10 * time.Minute)
	if _, err := start().Token(t.Context(), theName, Ask{}); err != nil || len(s.seen) != 1 {
		t.Errorf("refreshes: %d, %v", len(s.seen), err)
	}
}

// lookerThat does something while the answer is on its way.
type lookerThat func()

func (f lookerThat) LookUp(context.Context, string, oauth.Access) oauth.Reply {
	f()
	return found(200, `{"x":"old"}`)
}

// TestLookUpOfTokensThatHaveGone: who holds a token that works keeps it, and gets no details of another authorization.
func TestLookUpOfTokensThatHaveGone(t *testing.T) {
	t.Parallel()
	preset := Preset{TokenEndpoint: "https://acme.example/token", LookUps: []LookUp{{"division", "https://api.example/me", "$.x"}}}
	for name, change := range map[string]func(w *world, r Record) Record{
		"deleted": func(w *world, r Record) Record { return r.tombstone(w.clock.Now()) },
		"authorized again": func(_ *world, r Record) Record {
			r.Family, r.Tokens.Access, r.Tokens.Connection = "f2", secret.New("other-access"), map[string]string{"division": "new"}
			return r
		},
	} {
		w, _, _ := platformed(t, preset)
		r := w.record()
		r.Tokens.ExpiresAt = w.clock.Now().Add(20 * time.Minute)
		w.put(r)
		m := w.start(func(o *Options) {
			o.Presets = func(string, map[string]string, string) (Preset, error) { return preset, nil }
			o.Looker = lookerThat(func() { w.put(change(w, w.record())) })
		})
		res, err := m.Token(t.Context(), theName, Ask{})
		if err != nil {
			t.Fatal(err)
		}
		stored := res.Record
		got, _ := m.LookUp(t.Context(), theName, res.Record)
		if !got.Tokens.Access.Equal(stored.Tokens.Access) || len(got.Tokens.Connection) != 0 {
			t.Errorf("%s: another token, or details %v", name, got.Tokens.Connection)
		}
		if now := w.record(); maps.Equal(now.Tokens.Connection, map[string]string{"division": "old"}) {
			t.Errorf("%s: details of the old authorization were stored", name)
		}
	}
}
