package credential

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

func presetOf(p Preset) func(*Options) {
	return func(o *Options) {
		o.Presets = func(string, map[string]string, string) (Preset, error) { return p, nil }
	}
}

// TestEndlessTokensBlockNoResend: after a lost reply, the access token of a platform whose tokens do not expire counts for an
// hour, be it unknown here, lost with the store, or refused by the API.
func TestEndlessTokensBlockNoResend(t *testing.T) {
	t.Parallel()
	single := RefreshTokenPolicy{Rotation: RotationSingleUse}
	endless := presetOf(Preset{Lifetime: Endless})

	w := newWorld(t)
	w.authorized(func(r *Record) {
		r.Client.Platform, r.Client.Policy = "acme", single
		r.Tokens.Access, r.Tokens.ExpiresAt = secret.String{}, time.Time{}
	})
	w.server.plan = []callPlan{callLostUndone}
	if _, err := w.token(w.start(endless)); err == nil {
		t.Error("a lost reply, and no error")
	}
	w.clock.pass(2 * time.Hour)
	w.mustToken(w.start(endless))

	w = newWorld(t)
	w.authorized(func(r *Record) {
		r.Client.Platform, r.Client.Policy = "acme", single
		r.Status, r.Unknown = StatusOutcomeUnknown, &Unknown{Attempt: "state", ClaimedAt: w.clock.Now(), TTL: time.Minute, Behind: true, Host: "host1"}
	})
	w.clock.pass(2 * time.Hour)
	if _, err := w.token(w.start(endless)); err != nil {
		t.Errorf("behind: %v", err)
	}

	w, api := rejecting(t)
	r := w.record()
	r.Client.Platform, r.Client.Policy = "acme", RefreshTokenPolicy{}
	r.Tokens.ExpiresAt, r.Tokens.Lifetime = time.Time{}, Endless
	w.put(r)
	w.server.plan = []callPlan{callLostUndone}
	if _, err := w.token(w.start(endless, api.options)); err == nil {
		t.Error("a lost reply after a rejection, and no error")
	}
	w.clock.pass(2 * time.Hour)
	var e *Error
	if _, err := w.token(w.start(endless, api.options)); errors.As(err, &e) && e.Reason == ReasonUnknownWaiting {
		t.Errorf("rejected: %s until %s", e.Reason, e.Until)
	}
}

// TestEndlessTokensOfAState: a state does not say that a token has no end, and is believed to have a working one all the same,
// unless it says that a person must authorize.
func TestEndlessTokensOfAState(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		unauthorized bool
		want         Status
	}{"working": {false, StatusActive}, "dead": {true, StatusAuthorizationRequired}} {
		w := newWorld(t)
		tokens := Tokens{Access: secret.New("endless"), IssuedAt: w.clock.Now()}
		w.clock.pass(24 * time.Hour)
		seeded, err := w.start().Seed(t.Context(), theName, "a1", Setup{Client: w.client()},
			Replica{Family: "f9", Generation: 1, Tokens: tokens, Unauthorized: tt.unauthorized})
		if err != nil || seeded.Status != tt.want {
			t.Errorf("%s, seeded: %s, %v", name, seeded.Status, err)
		}

		w = newWorld(t)
		end := w.clock.Now().Add(1000 * time.Hour)
		w.authorized(func(r *Record) {
			r.Tokens = Tokens{Access: secret.New("old"), IssuedAt: w.clock.Now(), Lifetime: Endless, AuthorizationEndsAt: end}
		})
		w.clock.pass(24 * time.Hour)
		healed, err := w.start().Heal(t.Context(), theName, Replica{Family: "f1", Generation: 2, Tokens: tokens, Unauthorized: tt.unauthorized})
		if err != nil || healed.Status != tt.want || !healed.Tokens.AuthorizationEndsAt.Equal(end) {
			t.Errorf("%s, healed: %s, ends at %s, %v", name, healed.Status, healed.Tokens.AuthorizationEndsAt, err)
		}
	}
}

// TestUnclearLifetimes: an expires_in that tells nothing is not the same as none, and "no end" of a refresh token that did not
// come says nothing of the one at hand.
func TestUnclearLifetimes(t *testing.T) {
	t.Parallel()
	w, s, m := platformed(t, Preset{TokenEndpoint: "https://acme.example/token"})
	s.body = `{"access_token":"a2","refresh_token":"r2","expires_in":60,"refresh_expires_in":86400}`
	first := w.mustToken(m).Record
	w.clock.pass(time.Minute)
	s.body = `{"access_token":"a3","expires_in":60,"refresh_expires_in":0}`
	if got := w.mustToken(m).Record; !got.IdleDeadline().Equal(first.IdleDeadline()) || first.IdleDeadline().IsZero() {
		t.Errorf("the refresh token dies at %s, and was to at %s", got.IdleDeadline(), first.IdleDeadline())
	}
	tokens := newTokens(Attempt{SentAt: epoch}, oauth.Token{AccessToken: secret.New("a"), ExpiryUnusable: true})
	tokens.endlessAlone(true)
	if tokens.endless() {
		t.Error("an expires_in that cannot be read counts as none")
	}
	told := Tokens{Refresh: secret.New("r"), RefreshTokenExpiresAt: epoch.Add(time.Hour)}
	if told.idleDeadline(RefreshTokenPolicy{idlePresumed: true}).IsZero() {
		t.Error("a told deadline counts as none where the issue is not known")
	}
}

// TestLookUpsWaitForNobodyElse: neither for a clock that was ahead, nor for what another client or server refused.
func TestLookUpsWaitForNobodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized(func(r *Record) {
		r.Client.Platform = "acme"
		r.Tokens.ExpiresAt = w.clock.Now().Add(1000 * time.Hour)
		r.LookUpAfter = w.clock.Now().Add(10 * 365 * 24 * time.Hour)
	})
	api := &fakeLooker{replies: map[string]oauth.Reply{"https://as.example/x": found(200, `{"id":"1"}`)}}
	m := w.start(presetOf(Preset{LookUps: []LookUp{{Name: "n", URL: "https://as.example/x", Pick: "$.id"}}}), func(o *Options) { o.Looker = api })
	if r, notices := m.LookUp(t.Context(), theName, w.mustToken(m).Record); len(api.asked) != 1 || r.Tokens.Connection["n"] != "1" {
		t.Errorf("%v, %v", r.Tokens.Connection, notices)
	}
	r := Record{Status: StatusActive, Family: "f", Generation: 1, Client: Client{ClientID: "a", TokenEndpoint: "https://a.example/"}, LookUpAfter: epoch}
	if !r.switchClient("b").LookUpAfter.IsZero() || !r.switchEndpoint(Client{ClientID: "a", TokenEndpoint: "https://b.example/"}).LookUpAfter.IsZero() {
		t.Error("another client waits")
	}
}

// TestCorrectedLookUps: a look-up that was corrected is made at once, also after a refusal; what a former one has found goes.
func TestCorrectedLookUps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized(func(r *Record) {
		r.Client.Platform = "acme"
		r.Tokens.ExpiresAt = w.clock.Now().Add(1000 * time.Hour)
		r.Tokens.Connection = map[string]string{"realm": "by the callback"}
	})
	api := &fakeLooker{replies: map[string]oauth.Reply{"https://as.example/x": found(200, `{"id":"1","no":"2"}`), "https://as.example/y": found(404, ``)}}
	look := func(want string, asked int, notices int, all ...LookUp) {
		t.Helper()
		m := w.start(presetOf(Preset{LookUps: all}), func(o *Options) { o.Looker = api })
		r, got := m.LookUp(t.Context(), theName, w.mustToken(m).Record)
		if fmt.Sprint(w.record().Tokens.Connection) != want || fmt.Sprint(r.Tokens.Connection) != want || len(api.asked) != asked || len(got) != notices {
			t.Errorf("%v, in the store %v, after %d questions, %v; want %s after %d", r.Tokens.Connection, w.record().Tokens.Connection, len(api.asked), got, want, asked)
		}
	}
	look("map[realm:by the callback]", 1, 1, LookUp{"n", "https://as.example/y", "$.id"})
	look("map[realm:by the callback]", 1, 1, LookUp{"n", "https://as.example/y", "$.id"})
	look("map[n:1 realm:by the callback]", 2, 0, LookUp{"n", "https://as.example/x", "$.id"})
	look("map[n:1 realm:by the callback]", 2, 0, LookUp{"n", "https://as.example/x", "$.id"})
	look("map[n:2 realm:by the callback]", 3, 0, LookUp{"n", "https://as.example/x", "$.no"})
	look("map[m:2 realm:by the callback]", 4, 0, LookUp{"m", "https://as.example/x", "$.no"})
	look("map[realm:by the callback]", 4, 0)
}

// TestNoDialectTakesAToken: whatever a dialect calls a deadline, a token is read as one first.
func TestNoDialectTakesAToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized(func(r *Record) { r.Client.Platform = "acme" })
	swallows := presetOf(Preset{Dialect: oauth.Dialect{Expiries: []oauth.Expiry{{Member: "refresh_token"}, {Member: "access_token", Absolute: true}}}})
	w.mustToken(w.start(swallows))
	w.clock.pass(2 * time.Hour)
	w.mustToken(w.start(swallows))
	w.wantServer(2, 2, 0)
}

// TestMissingIssBesideATokenEndpoint: RFC 9207 §2.4 holds also where only the authorization endpoint was found by the issuer.
func TestMissingIssBesideATokenEndpoint(t *testing.T) {
	t.Parallel()
	w, says := discovered(t, func(r *Record) { r.Client.TokenEndpoint = fakeHost + "/token" })
	says.metadata.IssuerInResponses = true
	m := w.start(says.options)
	offered, err := m.OfferAuthorization(t.Context(), theName, Authorization{RedirectURI: fakeRedirect})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = w.exchange(m, w.consented(offered)); !errors.Is(err, ErrNoIssuer) {
		t.Errorf("a callback without iss was taken: %v", err)
	}
}

// TestMoveTakesLateRefusals: what a client was refused between the first copy of its budget and the claim comes along, whether
// its token endpoint is configured or found by its issuer.
func TestMoveTakesLateRefusals(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"configured", "issuer"} {
		p := newTwoStores(t)
		p.policy.ErrorBudget = threeAnHour
		p.dest.policy = p.policy
		p.authorized(func(r *Record) {
			r.Client = p.client()
			if kind == "issuer" {
				r.Client = p.issuerOnly()
			}
		})
		_, says := discovered(t)
		says.w = p.world
		m := p.start(says.options)
		client, err := m.Resolve(t.Context(), p.record().Client)
		if err != nil {
			t.Fatal(err)
		}
		done := false
		p.faulty(storetest.Hooks{After: func(storetest.Call) {
			if r := p.record(); done || r.Claim == nil || r.Claim.Purpose != PurposeMove {
				return
			}
			done = true
			l, err := m.ledger(t.Context(), client)
			if err != nil {
				t.Error(err)
			}
			l.Window = time.Hour
			l.Refusals = append(l.Refusals, Spent{ID: "x", At: p.clock.Now(), Key: theKey, HTTP: 400})
			if err := m.putLedger(t.Context(), client, l); err != nil {
				t.Error(err)
			}
		}})
		if got := p.move(false); got.Outcome != OutcomeMoved || !done {
			t.Fatalf("moved: %+v, %t", got, done)
		}
		l, err := p.dest.start(says.options).ledger(t.Context(), client)
		if err != nil || len(l.Refusals) != 1 {
			t.Errorf("%s: in the destination %+v, %v", kind, l.ledger, err)
		}
	}
}
