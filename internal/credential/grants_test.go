package credential

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// A grant that brings a refresh token: that is used first; where it is dead the grant is asked again, in the same run.
func TestGrantWithARefreshToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.minted(byPassword)
	r := w.record()
	if r.Tokens.Refresh.IsEmpty() || r.AuthorizedAt.IsZero() || !r.AbsoluteDeadline().IsZero() {
		t.Errorf("after the first request: refresh token %v, authorized at %s, ends at %s", !r.Tokens.Refresh.IsEmpty(), r.AuthorizedAt, r.AbsoluteDeadline())
	}
	if got := w.server.granting.asked[0].Encode(); got != "grant_type=password&password=the-passw0rd&resource=https%3A%2F%2Fr.example%2F&scope=read&username=u" {
		t.Errorf("asked for with %s", got)
	}
	w.mustToken(w.start())
	w.wantServer(2, 1, 0)
	w.clock.pass(fakeLifetime)
	for family := range w.server.refreshes {
		w.server.dead[w.server.refreshes[family].family] = true
	}
	res := w.mustToken(w.start())
	if !w.server.opens(res.Record.Tokens.Access.Reveal()) || len(w.server.granting.asked) != 2 {
		t.Errorf("%d requests by the grant", len(w.server.granting.asked))
	}
	if r := w.wantStatus(StatusActive); r.Unknown != nil || r.Tokens.Refresh.IsEmpty() {
		t.Errorf("unknown %v", r.Unknown)
	}
}

// TestGrantLosesNothing: whatever becomes of a refresh, in either form, and of the request by the grant that follows it, one run serves
// a token that works, and no refresh token is ever sent twice.
func TestGrantLosesNothing(t *testing.T) {
	t.Parallel()
	faults := map[string]callPlan{
		"not sent": callNotSent, "lost, done": callLostDone, "lost, not done": callLostUndone, "502": callBrokenDone, "503": callBusyUndone,
		"cut behind the token": callCutLate, "cut before a refresh token": callCutEarly,
	}
	for first, one := range faults {
		for second, two := range faults {
			t.Run(first+", then "+second, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.minted(byPassword)
				w.server.plan = []callPlan{one, two}
				res := w.mustToken(w.start())
				if !w.server.opens(res.Record.Tokens.Access.Reveal()) {
					t.Error("what was served does not open the API")
				}
				if r := w.wantStatus(StatusActive); r.Unknown != nil || r.Claim != nil {
					t.Errorf("unknown %v, claim %v", r.Unknown, r.Claim)
				}
				if w.server.reuses != 0 {
					t.Error("a refresh token was sent twice")
				}
			})
		}
	}
}

// A process that dies in a refresh leaves a claim: whoever takes it over asks by the grant.
func TestGrantTakenOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.minted(byPassword)
	r := w.record()
	spent := r.Tokens.Refresh.Reveal()
	r.Claim = &Claim{Attempt: "x", Purpose: PurposeRefresh, Base: r.Generation, TTL: time.Minute, ClaimedAt: w.clock.Now()}
	w.put(r)
	w.server.refreshes[spent].spentAt = w.clock.Now() // it was sent, and its reply died with the process
	m := w.start()
	res := w.mustToken(m)
	if !w.server.opens(res.Record.Tokens.Access.Reveal()) || w.server.reuses != 0 {
		t.Errorf("%d reuses", w.server.reuses)
	}
	if r := w.wantStatus(StatusActive); !r.HasConsumed(secret.New(spent)) || r.Unknown != nil {
		t.Errorf("the spent token is forgotten: %v; unknown %v", !r.HasConsumed(secret.New(spent)), r.Unknown)
	}
}

// TestGrantRefused: what a person has to correct is sent by an apply alone; what mends itself by everybody.
func TestGrantRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		grant  *Grant
		code   string
		stops  bool
		status Status
	}{
		"password":                     {passwordGrant(), "invalid_grant", true, StatusAuthorizationRequired},
		"password, another refusal":    {passwordGrant(), "invalid_scope", false, StatusActive},
		"extension":                    {&Grant{Type: "urn:x", Secrets: map[string]secret.String{"pin": secret.New("1")}}, "invalid_grant", true, StatusAuthorizationRequired},
		"client credentials":           {&Grant{Type: oauth.GrantClientCredentials}, "invalid_grant", false, StatusActive},
		"a subject that was brought":   {&Grant{Type: oauth.GrantTokenExchange, Secrets: map[string]secret.String{"subject_token": secret.New("t")}}, "invalid_grant", true, StatusAuthorizationRequired},
		"… and an invalid_request":     {&Grant{Type: oauth.GrantTokenExchange, Secrets: map[string]secret.String{"subject_token": secret.New("t")}}, "invalid_request", false, StatusActive},
		"a subject of another refusal": {&Grant{Type: oauth.GrantTokenExchange, Secrets: map[string]secret.String{"subject_token": secret.New("t")}}, "invalid_target", false, StatusActive},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.server.granting.austere = true
			w.minted(func(s *Setup) { s.Grant = c.grant })
			w.server.granting.refusal, w.server.minting.refusal = c.code, c.code
			before := w.server.calls
			m := w.start()
			_, err := w.token(m)
			want := KindConfiguration
			if c.stops {
				want = KindAuthorize
			}
			e := w.wantKind(err, want)
			if text := e.Error() + e.Verdict.Words(); strings.Contains(text, "the-passw0rd") {
				t.Errorf("the error shows the password: %s", text)
			}
			w.wantStatus(c.status)
			_, err = w.token(w.start())
			w.wantKind(err, want)
			asked := 2
			if c.stops {
				asked = 1
			}
			if got := w.server.calls - before; got != asked {
				t.Errorf("two runs sent %d requests, want %d", got, asked)
			}
			// An apply asks in any case, and once; another grant is asked for by anybody.
			_, err = m.Token(t.Context(), theName, Ask{DefaultMargin: time.Second, Asker: AskerApply})
			w.wantKind(err, want)
			if got := w.server.calls - before; got != asked+1 {
				t.Errorf("an apply sent %d requests", got-asked)
			}
			w.server.granting.refusal, w.server.minting.refusal = "", ""
			if c.stops {
				s := w.mintSetup()
				s.Grant = c.grant.clone()
				s.Grant.Scopes = []string{"other"}
				if r := w.configure(w.start(), s); r.Status != StatusActive {
					t.Errorf("another grant, and the status is %s", r.Status)
				}
			}
			w.mustToken(w.start())
		})
	}
}

// A token that still works is served whatever the grant comes to.
func TestGrantRefusedWhileAlive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.granting.austere = true
	w.attached(byPassword)
	w.mustApply(w.start())
	w.clock.pass(fakeLifetime - 10*time.Second)
	w.server.granting.refusal = "invalid_grant"
	res := w.mustToken(w.start())
	w.wantNotices(res.Notices, NoticeFailed)
	res = w.mustToken(w.start())
	w.wantNotices(res.Notices, NoticePutOff)
	if res.Notices[0].Reason != ReasonGrantRefused {
		t.Errorf("put off: %s", res.Notices[0].Reason)
	}
}

// A state that is ahead of a restored store: the store's refresh token is spent, and is not sent.
func TestGrantHeals(t *testing.T) {
	t.Parallel()
	for name, withTokens := range map[string]bool{"from its tokens": true, "by the grant": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.minted(byPassword)
			old := w.record()
			res := w.mustToken(w.start())
			p := Replica{Family: res.Record.Family, Generation: res.Record.Generation, Minted: true}
			if withTokens {
				p.Tokens = res.Record.Tokens
			}
			w.put(old)
			w.clock.pass(fakeLifetime)
			m := w.start()
			if _, err := m.Heal(t.Context(), theName, p); err != nil {
				t.Fatal(err)
			}
			w.mustToken(m)
			if w.server.reuses != 0 {
				t.Error("a spent refresh token was sent")
			}
			w.wantStatus(StatusActive)
		})
	}
}

// Pairs that are derived from others: their access token goes along, refreshed if need be, and nothing else of them.
func TestSubjectPair(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.start()
	attach := func(name string, g *Grant) {
		t.Helper()
		if _, err := m.Attach(t.Context(), name, "a-"+name, Setup{Client: w.client(), Grant: g}); err != nil {
			t.Fatal(err)
		}
	}
	of := func(name string) *Grant {
		return &Grant{Type: oauth.GrantTokenExchange, SubjectPair: name, Parameters: map[string]string{"subject_token_type": "urn:t"}}
	}
	source := w.authorized()
	attach("narrow", of(theName))
	attach("narrower", of("narrow"))
	res, err := m.Token(t.Context(), "narrower", Ask{Asker: AskerApply})
	if err != nil {
		t.Fatal(err)
	}
	if !w.server.opens(res.Record.Tokens.Access.Reveal()) {
		t.Error("the derived token does not open the API")
	}
	asked := w.server.granting.asked
	if len(asked) != 2 || asked[0].Get("subject_token") != w.record().Tokens.Access.Reveal() || len(asked[0]) != 3 {
		t.Errorf("exchanged with %v", asked)
	}
	for _, form := range asked {
		if text := form.Encode(); contains(text, source.Tokens.Refresh.Reveal()) || contains(text, w.record().Tokens.Refresh.Reveal()) {
			t.Error("a refresh token was sent along")
		}
	}
	w.wantServer(3, 1, 0)

	// Whoever gives none is named, and so are circles.
	attach("orphan", of("nobody"))
	_, err = m.Token(t.Context(), "orphan", Ask{Asker: AskerApply})
	if e := w.wantKind(err, KindSubject); !strings.Contains(e.Error(), `"nobody"`) || !IsKind(e.Err.(*SubjectError).Err, KindNotFound) {
		t.Errorf("error %v", err)
	}
	attach("left", of("right"))
	attach("right", of("left"))
	for _, name := range []string{"left", "right"} {
		_, err = m.Token(t.Context(), name, Ask{Asker: AskerApply})
		if e := w.wantKind(err, KindSubject); !strings.Contains(e.Error(), "derived") {
			t.Errorf("error %v", err)
		}
	}
	w.wantServer(3, 1, 0)
}

// What is written down comes back, and a record of a former version is read.
func TestGrantsAreKept(t *testing.T) {
	t.Parallel()
	g := likeKept()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	r := Record{Status: StatusActive, Grant: g, Resource: []string{"urn:r"}, Source: "password", Device: &Device{
		Code: secret.New("c"), UserCode: "u", VerificationURI: "https://v", VerificationURIComplete: "https://v?c", ExpiresAt: at, Interval: time.Second,
		NextPoll: at.Add(time.Second), Lost: true, Inputs: "i", Scopes: []string{"s"},
	}}
	text, err := EncodeRecord(r)
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeRecord(text)
	if err != nil {
		t.Fatal(err)
	}
	if !got.Grant.equal(g) || got.Source != "password" || got.Resource[0] != "urn:r" {
		t.Errorf("got %+v", got)
	}
	d, want := got.Device, r.Device
	if !d.Code.Equal(want.Code) || d.UserCode != "u" || d.VerificationURI != "https://v" || d.VerificationURIComplete != "https://v?c" || !d.ExpiresAt.Equal(at) ||
		d.Interval != time.Second || !d.NextPoll.Equal(want.NextPoll) || !d.Lost || d.Inputs != "i" || d.Scopes[0] != "s" {
		t.Errorf("got %+v", d)
	}
	for name, change := range map[string]func(*Grant){
		"type": func(g *Grant) { g.Type = "x" }, "resource": func(g *Grant) { g.Resource = nil }, "audience": func(g *Grant) { g.Audience = nil },
		"secret": func(g *Grant) { g.Secrets["password"] = secret.New("x") }, "pair": func(g *Grant) { g.SubjectPair = "" },
		"no assertion": func(g *Grant) { g.Assertion = nil }, "key": func(g *Grant) { g.Assertion.PrivateKey = secret.New("x") },
		"claims": func(g *Grant) { g.Assertion.Claims = "" }, "lifetime": func(g *Grant) { g.Assertion.Lifetime++ },
		"aud": func(g *Grant) { g.Assertion.Audience = nil }, "subject": func(g *Grant) { g.Assertion.Subject = "" },
	} {
		other := g.clone()
		if change(other); other.equal(g) {
			t.Errorf("another %s, and the grants are equal", name)
		}
		if !g.equal(likeKept()) {
			t.Fatalf("changing a copy's %s changed the grant", name)
		}
	}
	former, err := DecodeRecord([]byte(`{"format":1,"kind":"pair","status":"active","client_credentials":{"scopes":["a"],"parameters":{"b":"c"}}}`))
	if err != nil || !former.Grant.equal(&Grant{Type: oauth.GrantClientCredentials, Scopes: []string{"a"}, Parameters: map[string]string{"b": "c"}}) {
		t.Errorf("of a former version: %+v, %v", former.Grant, err)
	}
}

// likeKept is the grant of TestGrantsAreKept, made once more.
func likeKept() *Grant {
	g := passwordGrant()
	g.Audience, g.SubjectPair, g.Assertion = []string{"a"}, "other", &Assertion{
		PrivateKey: secret.New("k"), KeyID: "i", Algorithm: "ES256", Issuer: "me", Subject: "you", Audience: []string{"them"}, Lifetime: time.Minute, Claims: "{}",
	}
	return g
}
