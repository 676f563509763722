package credential

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

func TestDelete(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		change   func(*world, *Record)
		revoke   bool
		notices  []NoticeCode
		cause    error
		calls    int
		revoked  bool
		consumed bool
	}{
		{"revoked", nil, true, nil, nil, 1, true, true},
		{"not wanted", nil, false, nil, nil, 0, false, false},
		{"no endpoint", func(_ *world, r *Record) { r.Client.RevocationEndpoint = "" }, true, []NoticeCode{NoticeNotRevoked}, ErrNoRevocation, 0, false, false},
		{"client unusable", func(_ *world, r *Record) { r.Client.ClientID = "" }, true, []NoticeCode{NoticeNotRevoked}, ErrNoClientID, 0, false, false},
		{"refused", func(w *world, _ *Record) { w.server.plan = []callPlan{callBadClient} }, true, []NoticeCode{NoticeNotRevoked}, nil, 1, false, false},
		{"no tokens", func(_ *world, r *Record) { r.Tokens = Tokens{} }, true, nil, nil, 0, false, false},
		{"a dead access token alone", func(_ *world, r *Record) { r.Tokens.Refresh = secret.String{} }, true, nil, nil, 0, false, false},
		{"a living access token alone", func(w *world, r *Record) {
			r.Tokens.Refresh, r.Tokens.ExpiresAt = secret.String{}, w.clock.Now().Add(time.Hour)
		}, true, nil, nil, 1, false, false},
		{"outcome unknown", func(_ *world, r *Record) {
			r.Status, r.Unknown = StatusOutcomeUnknown, &Unknown{Attempt: "x"}
		}, false, nil, nil, 0, false, true},
		{"lost, then revoked", func(w *world, _ *Record) { w.server.plan = []callPlan{callLostDone} }, true, nil, nil, 2, true, true},
		{"not reached, then revoked", func(w *world, _ *Record) { w.server.plan = []callPlan{callNotSent, callNotSent} }, true, nil, nil, 1, true, true},
	} {
		w := newWorld(t)
		old := w.authorized(func(r *Record) {
			if tt.change != nil {
				tt.change(w, r)
			}
		})
		notices, err := w.start().Delete(t.Context(), theName, "f1", tt.revoke)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		w.wantNotices(notices, tt.notices...)
		if tt.cause != nil && !errors.Is(notices[0].Err, tt.cause) {
			t.Errorf("%s: cause %v", tt.name, notices[0].Err)
		}
		r := w.record()
		if !r.IsTombstone() || r.Status != StatusRevoked || w.server.calls != tt.calls || w.server.dead["grant1"] != tt.revoked {
			t.Errorf("%s: tombstone %v, %d calls, revoked %v", tt.name, r.IsTombstone(), w.server.calls, w.server.dead["grant1"])
		}
		if tt.name != "no tokens" && r.HasConsumed(old.Tokens.Refresh) != tt.consumed {
			t.Errorf("%s: consumed %v, want %v", tt.name, !tt.consumed, tt.consumed)
		}
		wantNoSecret(t, w)
	}
}

func TestDeleteRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.start()
	if _, err := m.Delete(t.Context(), theName, "f1", true); err != nil {
		t.Errorf("nothing there: %v", err)
	}
	w.authorized()
	_, err := m.Delete(t.Context(), theName, "f2", true)
	w.wantKind(err, KindForeignFamily)
	w.server.down = true
	_, err = m.Delete(t.Context(), theName, "f1", true)
	w.wantKind(err, KindNotSent)
	w.server.down, w.server.plan = false, []callPlan{callBusyUndone, callBusyUndone, callBusyUndone}
	_, err = m.Delete(t.Context(), theName, "f1", true)
	w.wantKind(err, KindLater) // 503: the token still exists (RFC 7009 §2.2.1)
	w.server.plan = []callPlan{callTooMany}
	_, err = m.Delete(t.Context(), theName, "f1", true)
	if e := w.wantKind(err, KindLater); !e.Until.Equal(w.clock.Now().Add(90 * time.Second)) {
		t.Errorf("until %s", e.Until)
	}
	if r := w.wantStatus(StatusActive); r.Claim != nil || r.IsTombstone() {
		t.Error("a failed deletion left something behind")
	}
	if _, err := m.Delete(t.Context(), theName, "f1", true); err != nil {
		t.Error(err)
	}
	if _, err := m.Delete(t.Context(), theName, "anything", true); err != nil {
		t.Errorf("deleted before: %v", err)
	}
}

// TestDeleteIsNotOverrun: a late commit clears the deletion's claim. Deleting must see that and begin anew, with the new
// tokens.
func TestDeleteIsNotOverrun(t *testing.T) {
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
	if _, err := w.start().Delete(t.Context(), theName, "f1", true); err != nil {
		t.Fatal(err)
	}
	if r := w.record(); !r.IsTombstone() || !r.HasConsumed(fullReply.RefreshToken) {
		t.Errorf("status %s; want the new tokens revoked and buried too", r.Status)
	}
	w.wantServer(3, 0, 0) // of the later pair both tokens are alive
}

// revoking is a teller whose revocation endpoint answers by a script; what it does not hold is for the fake server.
type revoking struct {
	*fakeServer
	script  []reply
	revoked []string // hints, in order
}

type reply struct {
	status           int
	body, retryAfter string
}

func (s *revoking) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path != "/revoke" {
		return s.fakeServer.RoundTrip(r)
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return nil, err
	}
	s.revoked = append(s.revoked, form.Get("token_type_hint"))
	if len(s.script) == 0 {
		return answer(200, "", ""), nil
	}
	next := s.script[0]
	s.script = s.script[1:]
	if next.status == 0 {
		return nil, errReset
	}
	return answer(next.status, next.body, next.retryAfter), nil
}

// TestRevocationOfEitherToken by table: which tokens are sent, in which order, and what is told when one is not taken.
func TestRevocationOfEitherToken(t *testing.T) {
	t.Parallel()
	const unsupported = `{"error":"unsupported_token_type"}`
	both := []string{"refresh_token", "access_token"}
	ok := reply{status: 200}
	for name, tt := range map[string]struct {
		script  []reply
		sent    []string
		notices []NoticeCode
		kind    Kind          // of the error; empty: the record is buried
		waited  time.Duration // at least
	}{
		"both":                              {nil, both, nil, "", 0},
		"the second is dead already":        {[]reply{ok, {400, `{"error":"invalid_token"}`, ""}}, both, nil, "", 0},
		"no access tokens":                  {[]reply{ok, {400, unsupported, ""}}, both, []NoticeCode{NoticeAccessLeft}, "", 0},
		"no refresh tokens":                 {[]reply{{400, unsupported, ""}}, both, []NoticeCode{NoticeNotRevoked}, "", 0},
		"neither":                           {[]reply{{400, unsupported, ""}, {400, unsupported, ""}}, both, []NoticeCode{NoticeAccessLeft, NoticeNotRevoked}, "", 0},
		"client refused: asked once":        {[]reply{{401, `{"error":"invalid_client"}`, ""}}, both[:1], []NoticeCode{NoticeNotRevoked}, "", 0},
		"busy for a moment":                 {[]reply{{503, "", "7"}}, []string{"refresh_token", "refresh_token", "access_token"}, nil, "", 7 * time.Second},
		"busy, without saying for how long": {[]reply{{503, "", ""}, {503, "", ""}}, []string{"refresh_token", "refresh_token", "refresh_token", "access_token"}, nil, "", 0},
		"busy for long":                     {[]reply{{503, "", "60"}}, both[:1], nil, KindLater, 0},
		"busy all the time":                 {[]reply{{503, "", ""}, {503, "", ""}, {503, "", ""}}, []string{"refresh_token", "refresh_token", "refresh_token"}, nil, KindLater, 0},
		"too many, for a moment":            {[]reply{{429, "", "2"}}, []string{"refresh_token", "refresh_token", "access_token"}, nil, "", 2 * time.Second},
		"busy for the second, a moment":     {[]reply{ok, {503, "", "3"}}, []string{"refresh_token", "access_token", "access_token"}, nil, "", 3 * time.Second},
		"busy for the second, for long":     {[]reply{ok, {503, "", "60"}}, both, []NoticeCode{NoticeAccessLeft}, "", 0},
		"the second is lost":                {[]reply{ok, {}}, both, []NoticeCode{NoticeAccessLeft}, "", 0},
		"the second breaks":                 {[]reply{ok, {500, "", ""}}, both, []NoticeCode{NoticeAccessLeft}, "", 0},
	} {
		w := newWorld(t)
		s := &revoking{fakeServer: w.server, script: tt.script}
		w.authorized(func(r *Record) { r.Tokens.ExpiresAt = w.clock.Now().Add(time.Hour) })
		m := w.start(func(o *Options) {
			var err error
			if o.Caller, err = oauth.NewCaller(oauth.CallerOptions{Transport: s}); err != nil {
				t.Fatal(err)
			}
		})
		began := w.clock.Now()
		notices, err := m.Delete(t.Context(), theName, "f1", true)
		if tt.kind == "" && err != nil || tt.kind != "" && !IsKind(err, tt.kind) {
			t.Errorf("%s: %v", name, err)
		}
		var codes []NoticeCode
		for _, n := range notices {
			codes = append(codes, n.Code)
			if n.Code == NoticeAccessLeft && !n.Until.Equal(began.Add(time.Hour)) {
				t.Errorf("%s: until %s", name, n.Until)
			}
		}
		if !slices.Equal(s.revoked, tt.sent) || !slices.Equal(codes, tt.notices) {
			t.Errorf("%s: sent %v, notices %v; want %v, %v", name, s.revoked, codes, tt.sent, tt.notices)
		}
		if r := w.record(); r.IsTombstone() != (tt.kind == "") || r.Claim != nil {
			t.Errorf("%s: tombstone %v, claim %v", name, r.IsTombstone(), r.Claim)
		}
		if waited := w.clock.Now().Sub(began); waited < tt.waited || waited > tt.waited+10*time.Second {
			t.Errorf("%s: waited %s", name, waited)
		}
		if tt.kind == "" {
			wantNoSecret(t, w)
		}
	}
}

func TestRegistrations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.start()
	_, err := m.Registration(t.Context(), "app")
	w.wantKind(err, KindNotFound)
	mine := Registration{Client: Client{ClientID: "c1", ClientSecret: secret.New("s")}, RedirectURIs: []string{fakeRedirect}, Attachment: Attachment{ID: "a1"}}
	refuse := errors.New("not mine")
	accept := func(cur *Registration) error {
		if cur != nil && cur.Attachment.ID != "a1" {
			return refuse
		}
		return nil
	}
	if err := m.PutRegistration(t.Context(), "app", mine, accept); err != nil {
		t.Fatal(err)
	}
	mine.Client.ClientID = "c2"
	if err := m.PutRegistration(t.Context(), "app", mine, accept); err != nil {
		t.Fatal(err)
	}
	got, err := m.Registration(t.Context(), "app")
	if err != nil || got.Client.ClientID != "c2" || got.Client.ClientSecret.Reveal() != "s" || len(got.RedirectURIs) != 1 {
		t.Errorf("read back %+v, %v", got.Client.ClientID, err)
	}
	if err := m.PutRegistration(t.Context(), "app", mine, func(*Registration) error { return refuse }); !errors.Is(err, refuse) {
		t.Errorf("error = %v, want the refusal", err)
	}
	if err := m.DeleteRegistration(t.Context(), "app", "another"); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Registration(t.Context(), "app"); err != nil {
		t.Errorf("deleted by somebody else's attachment: %v", err)
	}
	for range 2 {
		if err := m.DeleteRegistration(t.Context(), "app", "a1"); err != nil {
			t.Fatal(err)
		}
	}
	_, err = m.Registration(t.Context(), "app")
	w.wantKind(err, KindNotFound)

	if _, err := w.plain.Create(t.Context(), RegistrationKey("bad"), []byte("{")); err != nil {
		t.Fatal(err)
	}
	_, err = m.Registration(t.Context(), "bad")
	w.wantKind(err, KindStore)
}

func TestClientAuthentication(t *testing.T) {
	t.Parallel()
	s := secret.New("s")
	for _, tt := range []struct {
		client Client
		method string
		secret string
	}{
		{Client{ClientID: "c", ClientSecret: s}, "client_secret_basic", "s"},
		{Client{ClientID: "c"}, "none", ""},
		{Client{ClientID: "c", ClientSecret: s, TokenEndpointAuthMethod: "client_secret_post"}, "client_secret_post", "s"},
		{Client{ClientID: "c", ClientSecret: s, TokenEndpointAuthMethod: "none"}, "none", ""},
	} {
		a := tt.client.auth()
		if a.Method != tt.method || a.ClientID != "c" || a.ClientSecret.Reveal() != tt.secret {
			t.Errorf("%+v: %s, secret %q", tt.client, a.Method, a.ClientSecret.Reveal())
		}
	}
	c := Client{ClientID: "c", TokenEndpoint: "t"}
	if !c.SameApp(Client{ClientID: "c", TokenEndpoint: "t", ClientSecret: s}) || c.SameApp(Client{ClientID: "d", TokenEndpoint: "t"}) || c.SameApp(Client{ClientID: "c", TokenEndpoint: "u"}) {
		t.Error("an app is its client_id at its token_endpoint")
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	e := &Error{Kind: KindLater, Reason: ReasonNotBefore, Err: cause}
	if e.Error() != "later (not_before): cause" || !errors.Is(e, cause) || !IsKind(e, KindLater) || IsKind(cause, KindLater) {
		t.Errorf("error = %q", e.Error())
	}
	if got := AsError(cause); got.Kind != KindStore || !errors.Is(got, cause) {
		t.Errorf("AsError = %v", got)
	}
	if got := AsError(e); got != e {
		t.Errorf("AsError = %v", got)
	}
}

func TestNewNeedsStoreAndCaller(t *testing.T) {
	t.Parallel()
	if _, err := New(Options{}); err == nil {
		t.Error("a manager of nothing was made")
	}
	w := newWorld(t)
	m, err := New(Options{Store: w.plain, Caller: deafPoster{}})
	if err != nil {
		t.Fatal(err)
	}
	if m.timings != DefaultTimings() || m.clock == nil || m.random == nil || m.log == nil || m.sections == nil {
		t.Error("a default is missing")
	}
	id, err := m.newID()
	if err != nil || len(id) != 32 {
		t.Errorf("id %q, %v", id, err)
	}
}

func TestWithoutRandomnessNothingIsSpent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized(func(r *Record) { r.Attachment.Attached = false })
	x := w.offered()
	m := w.start(func(o *Options) { o.Random = noRandom{} })
	_, err := w.token(m)
	w.wantKind(err, KindStore)
	_, err = w.exchange(m, x)
	w.wantKind(err, KindStore)
	_, _, err = m.Adopt(t.Context(), theName, Brought{Refresh: secret.New("r")})
	w.wantKind(err, KindStore)
	_, err = m.OfferAuthorization(t.Context(), theName, Authorization{RedirectURI: "https://other.example/"})
	w.wantKind(err, KindConfiguration)
	w.wantServer(0, 0, 0)
}

type noRandom struct{}

func (noRandom) Read([]byte) (int, error) { return 0, errors.New("no randomness") }
