package credential

import (
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

func TestExchange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.offered()
	res, err := w.exchange(w.start(), x)
	if err != nil {
		t.Fatal(err)
	}
	r := w.wantStatus(StatusActive)
	if r.Generation != 1 || r.Family == "" || r.Tokens.Refresh.Reveal() != w.server.newest || len(r.Pending) != 0 || !r.HasConsumed(x.Code) {
		t.Errorf("generation %d, family %q, %d pending", r.Generation, r.Family, len(r.Pending))
	}
	if !r.Consumed[0].Input || !w.server.opens(res.Record.Tokens.Access.Reveal()) {
		t.Error("the code must count as an input, and the access token work")
	}
	w.wantServer(1, 0, 0)
	_, err = w.exchange(w.start(), x)
	if w.wantKind(err, KindConsumed); !errors.Is(err, ErrConsumed) {
		t.Errorf("error = %v", err)
	}
	w.wantServer(1, 0, 0)
}

// TestExchangeRefusals says what is refused before anything is sent.
func TestExchangeRefusals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*world, *Exchange)
		kind   Kind
		err    error
	}{
		{"state is not pending", func(_ *world, x *Exchange) { x.State = "another" }, KindState, ErrStateNotPending},
		{"no state", func(_ *world, x *Exchange) { x.State = "" }, KindState, ErrStateNotPending},
		{"another issuer", func(w *world, x *Exchange) {
			r := w.record()
			r.Client.Issuer = fakeHost
			w.put(r)
			x.Issuer = "https://attacker.example"
		}, KindState, ErrIssuerMismatch},
		{"no code", func(_ *world, x *Exchange) { x.Code = secret.String{} }, KindConfiguration, nil},
		{"no token endpoint", func(w *world, _ *Exchange) { r := w.record(); r.Client.TokenEndpoint = ""; w.put(r) }, KindConfiguration, ErrNoTokenEndpoint},
		{"no client id", func(w *world, _ *Exchange) { r := w.record(); r.Client.ClientID = ""; w.put(r) }, KindConfiguration, ErrNoClientID},
		{"method without a secret", func(w *world, _ *Exchange) {
			r := w.record()
			r.Client.ClientSecret, r.Client.TokenEndpointAuthMethod = secret.String{}, "client_secret_post"
			w.put(r)
		}, KindConfiguration, nil},
		{"endpoint in the clear", func(w *world, _ *Exchange) {
			r := w.record()
			r.Client.TokenEndpoint = "http://as.example/token"
			w.put(r)
		}, KindConfiguration, nil},
		{"deleted", func(w *world, _ *Exchange) { w.put(w.record().tombstone(w.clock.Now())) }, KindNotFound, nil},
		{"store cannot be written", func(w *world, _ *Exchange) { w.store = readOnly{w.plain} }, KindStore, nil},
	} {
		w := newWorld(t)
		x := w.offered()
		tt.change(w, &x)
		_, err := w.exchange(w.start(), x)
		w.wantKind(err, tt.kind)
		if tt.err != nil && !errors.Is(err, tt.err) {
			t.Errorf("%s: error %v, want %v", tt.name, err, tt.err)
		}
		w.wantServer(0, 0, 0)
		if w.record().HasConsumed(x.Code) {
			t.Errorf("%s: the code counts as used", tt.name)
		}
	}
}

// TestExchangeFailures: the code and its pending authorization are spent, and the tokens in use stay.
func TestExchangeFailures(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		plan  callPlan
		kind  Kind
		until time.Duration
	}{
		"refused":    {callGood, KindAuthorize, 0},
		"bad client": {callBadClient, KindBadClient, 0},
		"no path":    {callNoPath, KindConfiguration, 0},
		"too many":   {callTooMany, KindLater, 90 * time.Second},
		"too early":  {callTooEarly, KindLater, time.Minute},
		"lost":       {callLostDone, KindUnknown, 0},
	} {
		w := newWorld(t)
		w.authorized(func(r *Record) { r.Attachment.Attached = false })
		x := w.offered()
		if name == "refused" {
			w.server.codes[x.Code.Reveal()].used = true
			w.server.reuses--
		}
		w.server.plan = []callPlan{tt.plan}
		_, err := w.exchange(w.start(), x)
		e := w.wantKind(err, tt.kind)
		if tt.until != 0 && !e.Until.Equal(w.clock.Now().Add(tt.until)) || tt.until == 0 && !e.Until.IsZero() {
			t.Errorf("%s: until %s", name, e.Until)
		}
		r := w.wantStatus(StatusActive)
		if r.Family != "f1" || r.Claim != nil || len(r.Pending) != 0 || !r.HasConsumed(x.Code) || !w.server.accepts(r.Tokens.Refresh.Reveal()) {
			t.Errorf("%s: family %s, claim %v, %d pending", name, r.Family, r.Claim, len(r.Pending))
		}
		if e.Record.Family != "f1" || len(e.Record.Pending) != 0 {
			t.Errorf("%s: the error holds the record before", name)
		}
		w.wantServer(1, 0, 0)
	}
}

func TestExchangeThatIsNotReachedGivesTheCodeBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.offered()
	w.server.down = true
	m := w.start()
	_, err := w.exchange(m, x)
	w.wantKind(err, KindNotSent)
	if r := w.record(); r.HasConsumed(x.Code) || r.Claim != nil || len(r.Pending) != 1 || len(r.History) != 3 {
		t.Errorf("consumed %v, claim %v, %d pending, history %v", r.HasConsumed(x.Code), r.Claim, len(r.Pending), r.History)
	}
	w.server.down = false
	if _, err := w.exchange(m, x); err != nil {
		t.Fatal(err)
	}
}

func TestBareCode(t *testing.T) {
	t.Parallel()
	// The pair of RFC 7636, appendix B.
	verifier, challenge := secret.New("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	const elsewhere = "https://elsewhere.example/"
	w := newWorld(t)
	w.offered()
	x := Exchange{Code: secret.New("pre1"), RedirectURI: elsewhere, CodeVerifier: verifier, Scopes: []string{"read"}}
	// The newest pending authorization knows redirect URI and verifier better.
	p, _ := w.record().NewestPending()
	w.server.codes["pre1"] = &fakeCode{redirectURI: fakeRedirect, challenge: challengeOf(p.URL)}
	if _, err := w.exchange(w.start(), x); err != nil {
		t.Errorf("with a pending authorization: %v", err)
	}
	x.Code = secret.New("pre2")
	w.server.codes["pre2"] = &fakeCode{redirectURI: elsewhere, challenge: challenge}
	if _, err := w.exchange(w.start(), x); err != nil {
		t.Errorf("with the code's own verifier: %v", err)
	}
	x.Code, x.CodeVerifier = secret.New("pre3"), secret.String{}
	w.server.codes["pre3"] = &fakeCode{redirectURI: elsewhere}
	if _, err := w.exchange(w.start(), x); err != nil {
		t.Errorf("without a verifier: %v", err)
	}
}

func challengeOf(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Query().Get("code_challenge")
}

// TestExchangeWaitsForARefresh: the claim of a refresh keeps an exchange away, and the other way round.
func TestExchangeWaitsForARefresh(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized(func(r *Record) { r.Attachment.Attached = false })
	x := w.offered()
	other := w.start()
	var during error
	w.server.behind = []func(){func() { _, during = w.exchange(other, x) }}
	w.mustToken(w.start())
	if told(during) != gaveUp {
		t.Errorf("an exchange during a refresh: %v, want it to wait", during)
	}
	w.wantServer(1, 1, 0)
	if _, err := w.exchange(other, x); err != nil {
		t.Fatal(err)
	}
	if r := w.record(); r.Generation != 1 || r.Family == "f1" {
		t.Errorf("family %s, generation %d", r.Family, r.Generation)
	}
}

func TestAuthorizationURLIsStableUntilUsedOrChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.offered()
	m := w.start()
	offer := func(a Authorization) Record {
		t.Helper()
		r, err := m.OfferAuthorization(t.Context(), theName, a)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	first := offer(Authorization{RedirectURI: fakeRedirect, Scopes: []string{"read"}})
	again := offer(Authorization{RedirectURI: fakeRedirect, Scopes: []string{"read"}})
	if len(first.Pending) != 1 || again.Pending[0].URL != first.Pending[0].URL {
		t.Error("the same inputs made another URL")
	}
	u, err := url.Parse(first.Pending[0].URL)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if q.Get("state") != first.Pending[0].State || q.Get("code_challenge_method") != "S256" || q.Get("client_id") != fakeClientID || q.Get("scope") != "read" {
		t.Errorf("URL = %s", first.Pending[0].URL)
	}
	states := []string{first.Pending[0].State}
	for _, scope := range []string{"a", "b", "c"} {
		r := offer(Authorization{RedirectURI: fakeRedirect, Scopes: []string{scope}, Extra: map[string]string{"prompt": "login"}})
		p, _ := r.NewestPending()
		states = append(states, p.State)
	}
	r := w.record()
	if len(r.Pending) != 3 || r.Pending[0].State != states[1] || r.Pending[2].State != states[3] {
		t.Errorf("%d pending; want the last three", len(r.Pending))
	}
	if _, ok := (Record{}).NewestPending(); ok {
		t.Error("an empty record has a pending authorization")
	}
}

func TestOfferThatCannotBeMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.start()
	_, err := m.OfferAuthorization(t.Context(), theName, Authorization{})
	w.wantKind(err, KindNotFound)
	w.authorized(func(r *Record) { r.Client.AuthorizationEndpoint = "" })
	_, err = m.OfferAuthorization(t.Context(), theName, Authorization{RedirectURI: fakeRedirect})
	w.wantKind(err, KindConfiguration)
	w.authorized()
	_, err = m.OfferAuthorization(t.Context(), theName, Authorization{Extra: map[string]string{"state": "mine"}})
	w.wantKind(err, KindConfiguration)
	w.put(w.record().tombstone(w.clock.Now()))
	_, err = m.OfferAuthorization(t.Context(), theName, Authorization{RedirectURI: fakeRedirect})
	w.wantKind(err, KindConfiguration)
	w.wantStatus(StatusRevoked)
}
