package credential

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

// scripted answers every request alike, and keeps them.
type scripted struct {
	status int
	body   string
	fail   bool // the answer is lost
	seen   []seenRequest
}

type seenRequest struct {
	url, basic string
	form       url.Values
}

func (s *scripted) RoundTrip(r *http.Request) (*http.Response, error) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return nil, err
	}
	id, password, _ := r.BasicAuth()
	s.seen = append(s.seen, seenRequest{r.URL.String(), id + ":" + password, form})
	if s.fail {
		return nil, errReset
	}
	return answer(s.status, s.body, ""), nil
}

const pairReply = `{"access_token":"a2","refresh_token":"r2"}`

// platformed makes a world in which the record names a platform, and nothing of it.
func platformed(t *testing.T, p Preset, change ...func(*Client)) (*world, *scripted, *Manager) {
	t.Helper()
	w, s := newWorld(t), &scripted{status: 200, body: pairReply}
	w.authorized(func(r *Record) {
		r.Client = Client{Platform: "acme", PlatformParameters: map[string]string{"tenant": "t1"}, ClientID: fakeClientID, ClientSecret: secret.New(fakeSecret)}
		for _, f := range change {
			f(&r.Client)
		}
	})
	w.clock.pass(2 * clockSlack)
	m := w.start(func(o *Options) {
		caller, err := oauth.NewCaller(oauth.CallerOptions{Transport: s})
		if err != nil {
			t.Fatal(err)
		}
		o.Caller = caller
		o.Presets = func(platform string, parameters map[string]string, _ string) (Preset, error) {
			if platform != "acme" || parameters["tenant"] != "t1" {
				return Preset{}, errors.New("no such platform")
			}
			return p, nil
		}
	})
	return w, s, m
}

func TestPresetStandsInForTheConfiguration(t *testing.T) {
	t.Parallel()
	preset := Preset{
		TokenEndpoint: "https://acme.example/token", RevocationEndpoint: "https://acme.example/revoke",
		TokenEndpointAuthMethod: oauth.ClientSecretPost, RevocationEndpointAuthMethod: oauth.ClientSecretBasic,
		RefreshParameters: map[string]string{"audience": "api"}, Lifetime: 2 * time.Hour,
	}
	w, s, m := platformed(t, preset)
	res := w.mustToken(m)
	if len(s.seen) != 1 {
		t.Fatalf("%d requests", len(s.seen))
	}
	got := s.seen[0]
	if got.url != "https://acme.example/token" || got.basic != ":" || got.form.Get("client_secret") != fakeSecret || got.form.Get("audience") != "api" {
		t.Errorf("request to %s, basic %q, %v", got.url, got.basic, got.form)
	}
	if want := w.clock.Now().Add(2 * time.Hour); !res.Record.Tokens.Expiry().Equal(want) || !res.Record.Tokens.ExpiresAt.IsZero() {
		t.Errorf("expires at %s, %s; want %s by what is known of the platform", res.Record.Tokens.Expiry(), res.Record.Tokens.ExpiresAt, want)
	}
	e, err := w.plain.Get(t.Context(), theKey)
	if err != nil || strings.Contains(string(e.Value), "acme.example") || !strings.Contains(string(e.Value), `"platform":"acme"`) {
		t.Errorf("the record must keep the client as configured: %s, %v", e.Value, err)
	}
	if _, err := m.Delete(t.Context(), theName, "f1", true); err != nil {
		t.Fatal(err)
	}
	if got := s.seen[1]; got.url != "https://acme.example/revoke" || got.basic != fakeClientID+":"+fakeSecret || got.form.Has("client_secret") {
		t.Errorf("revocation at %s, basic %q, %v", got.url, got.basic, got.form)
	}
}

func TestConfigurationWinsOverThePreset(t *testing.T) {
	t.Parallel()
	preset := Preset{TokenEndpoint: "https://acme.example/token", TokenEndpointAuthMethod: oauth.ClientSecretPost, Policy: RefreshTokenPolicy{
		Rotation: RotationNone, OnReuse: ReuseReject, IdleLifetime: time.Hour, ErrorBudget: ErrorBudget{10, time.Hour},
	}}
	w, s, m := platformed(t, preset, func(c *Client) {
		c.TokenEndpoint, c.TokenEndpointAuthMethod = fakeHost+"/token", oauth.ClientSecretBasic
		c.Policy = RefreshTokenPolicy{OnReuse: ReuseRevokeFamily, ErrorBudget: ErrorBudget{3, time.Minute}}
	})
	r := w.mustToken(m).Record
	if got := s.seen[0]; got.url != fakeHost+"/token" || got.basic != fakeClientID+":"+fakeSecret {
		t.Errorf("request to %s, basic %q", got.url, got.basic)
	}
	want := RefreshTokenPolicy{
		Rotation: RotationNone, OnReuse: ReuseRevokeFamily, IdleLifetime: time.Hour, ErrorBudget: ErrorBudget{3, time.Minute},
		idlePresumed: true, absolutePresumed: true,
	}
	if got := r.Client.EffectivePolicy(); got != want {
		t.Errorf("policy %+v, want %+v", got, want)
	}
}

func TestUnknownPlatformSendsNothing(t *testing.T) {
	t.Parallel()
	w, s, m := platformed(t, Preset{}, func(c *Client) { c.Platform = "other" })
	_, err := w.token(m)
	if e := w.wantKind(err, KindConfiguration); e.Err == nil || e.Err.Error() != "no such platform" {
		t.Errorf("error %v", e.Err)
	}
	if len(s.seen) != 0 {
		t.Errorf("%d requests", len(s.seen))
	}
	w.wantStatus(StatusActive)
}

// TestPresetDecidesAfterALostReply: what may be sent again follows from what is known of the platform.
func TestPresetDecidesAfterALostReply(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		policy RefreshTokenPolicy
		sent   int
		reason Reason
	}{
		{RefreshTokenPolicy{Rotation: RotationNewOldValid}, 3, ReasonNone}, // at once, and again
		{RefreshTokenPolicy{Rotation: RotationSingleUse, OnReuse: ReuseReject}, 1, ReasonUnknownWaiting},
		{RefreshTokenPolicy{Rotation: RotationSingleUse, OnReuse: ReuseRevokeClientUser}, 1, ReasonUnknownFinal},
		{RefreshTokenPolicy{}, 1, ReasonUnknownWaiting},
	} {
		w, s, m := platformed(t, Preset{TokenEndpoint: "https://acme.example/token", Policy: tt.policy})
		s.fail = true
		_, err := w.token(m)
		if e := w.wantKind(err, KindUnknown); e.Reason != tt.reason || len(s.seen) != tt.sent {
			t.Errorf("%+v: %d sent, reason %q; want %d, %q", tt.policy, len(s.seen), e.Reason, tt.sent, tt.reason)
		}
	}
}

func TestPresetShapesTheAuthorizationURL(t *testing.T) {
	t.Parallel()
	preset := Preset{
		AuthorizationEndpoint: "https://acme.example/authorize", TokenEndpoint: "https://acme.example/token",
		AuthorizationParameters: map[string]string{"nonce": "{state}", "prompt": "consent", "audience": "api"},
		TokenParameters:         map[string]string{"resource": "x"},
		Scopes:                  []string{"b", "a"}, NoPKCE: true, Dialect: oauth.Dialect{ScopeSeparator: ","},
	}
	w, s, m := platformed(t, preset)
	offer := func(a Authorization) url.Values {
		t.Helper()
		r, err := m.OfferAuthorization(t.Context(), theName, a)
		if err != nil {
			t.Fatal(err)
		}
		p, _ := r.NewestPending()
		u, err := url.Parse(p.URL)
		if err != nil || u.Host != "acme.example" {
			t.Fatalf("%s, %v", p.URL, err)
		}
		return u.Query()
	}
	a := Authorization{RedirectURI: fakeRedirect, Extra: map[string]string{"prompt": "login"}}
	q := offer(a)
	if q.Get("scope") != "a,b" || q.Get("nonce") == "" || q.Get("nonce") != q.Get("state") || q.Get("prompt") != "login" || q.Get("audience") != "api" || q.Has("code_challenge") {
		t.Errorf("query %v", q)
	}
	if again := offer(a); again.Get("state") != q.Get("state") {
		t.Error("the same inputs gave another URL")
	}
	a.Scopes = []string{}
	if q := offer(a); q.Has("scope") {
		t.Errorf("no scopes wanted, and asked for %q", q.Get("scope"))
	}
	pending, _ := w.record().NewestPending()
	_, err := m.ExchangeCode(t.Context(), theName, Exchange{Code: secret.New("c"), FromCallback: true, State: pending.State})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.seen[0].form; got.Get("resource") != "x" || got.Has("code_verifier") {
		t.Errorf("exchange %v", got)
	}
}

// TestPresetReadsTheReplies: rules for refusals, tokens below a member; also by the finder of a rescue file, who has no preset.
func TestPresetReadsTheReplies(t *testing.T) {
	t.Parallel()
	preset := Preset{
		TokenEndpoint: "https://acme.example/token", Lifetime: 10 * time.Minute,
		Dialect: oauth.Dialect{
			TokenPath: "user",
			Rules:     refusesEarly(),
		},
	}
	w, s, m := platformed(t, preset)
	s.status, s.body = 401, `{"error":"access_denied","error_description":"Token not expired"}`
	_, err := w.token(m)
	if e := w.wantKind(err, KindLater); !e.Until.Equal(w.clock.Now().Add(25 * time.Second)) {
		t.Errorf("until %s", e.Until)
	}
	w.wantStatus(StatusActive)

	w, s, m = platformed(t, preset)
	s.body = `{"ok":true,"user":{"access_token":"a2","refresh_token":"r2"}}`
	replaces, full := 0, true
	m.store = storetest.NewFaulty(w.plain, storetest.Hooks{Fault: func(op storetest.Op, _ string, _ int) storetest.Fault {
		if op == storetest.OpReplace {
			replaces++
		}
		if full && replaces > 1 { // behind the claim
			return storetest.NothingDone
		}
		return storetest.None
	}}).Store()
	res := w.mustToken(m)
	w.wantNotices(res.Notices, NoticeNotStored)
	full = false
	r, err := w.start().Token(t.Context(), theName, Ask{})
	if err != nil {
		t.Fatal(err)
	}
	got := r.Record.Tokens
	if got.Refresh.Reveal() != "r2" || !got.Expiry().Equal(res.Record.Tokens.Expiry()) || got.Lifetime != 10*time.Minute {
		t.Errorf("%s, expires at %s", got.Refresh.Reveal(), got.Expiry())
	}
}

// TestConnection: what API calls need besides the token comes from the reply and from the callback, and stays when a refresh
// does not say it again. A token is never taken for it.
func TestConnection(t *testing.T) {
	t.Parallel()
	preset := Preset{
		AuthorizationEndpoint: "https://acme.example/authorize", TokenEndpoint: "https://acme.example/token",
		ReplyMembers: []string{"instance_url", "long", "odd", "again"}, CallbackParameters: []string{"realmId"},
	}
	w, s, m := platformed(t, preset)
	r, err := m.OfferAuthorization(t.Context(), theName, Authorization{RedirectURI: fakeRedirect})
	if err != nil {
		t.Fatal(err)
	}
	pending, _ := r.NewestPending()
	s.body = `{"access_token":"a1","refresh_token":"r1","expires_in":600,"instance_url":"https://x.example","other":"no","odd":"a\u0007b","again":"r1","long":"` + strings.Repeat("x", 3000) + `"}`
	_, err = m.ExchangeCode(t.Context(), theName, Exchange{
		Code: secret.New("c"), FromCallback: true, State: pending.State, Parameters: map[string]string{"realmId": "9130", "session_state": "no"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"instance_url": "https://x.example", "realmId": "9130"}
	if got := w.record().Tokens.Connection; !maps.Equal(got, want) {
		t.Errorf("connection %v, want %v", got, want)
	}
	w.clock.pass(time.Hour)
	s.body = pairReply
	if got := w.mustToken(m).Record.Tokens.Connection; !maps.Equal(got, want) {
		t.Errorf("after a refresh: %v, want %v", got, want)
	}
	w.clock.pass(time.Hour)
	s.body = `{"access_token":"a3","refresh_token":"r3","instance_url":"https://y.example"}`
	want["instance_url"] = "https://y.example"
	if got := w.mustToken(m).Record.Tokens.Connection; !maps.Equal(got, want) {
		t.Errorf("after a refresh that says it anew: %v, want %v", got, want)
	}
}

// TestMistypedPlatformLosesNothing: another token endpoint refuses the token. With the former one, the former tokens are in use
// again; what was offered for the one server is of no use at the other.
func TestMistypedPlatformLosesNothing(t *testing.T) {
	t.Parallel()
	for _, rotates := range []bool{false, true} {
		w, s, m := platformed(t, Preset{AuthorizationEndpoint: "https://acme.example/authorize", TokenEndpoint: "https://acme.example/token"})
		right := Setup{Client: w.record().Client}
		wrong := right
		wrong.Client.TokenEndpoint = "https://other.example/token"
		if _, err := m.OfferAuthorization(t.Context(), theName, Authorization{RedirectURI: fakeRedirect}); err != nil {
			t.Fatal(err)
		}
		before := w.record()
		configure := func(to Setup) {
			t.Helper()
			if _, err := m.Configure(t.Context(), theName, to); err != nil {
				t.Fatal(err)
			}
		}
		configure(wrong)
		if r := w.record(); len(r.Pending) != 0 || r.Status != StatusActive || !r.Tokens.Refresh.Equal(before.Tokens.Refresh) {
			t.Fatalf("at the other endpoint: %d pending, %s", len(r.Pending), r.Status)
		}
		if rotates { // the server has only moved
			w.mustToken(m)
			if r := w.record(); len(r.Aside) != 0 || r.Tokens.Refresh.Reveal() != "r2" {
				t.Errorf("after a refresh: %d set aside, %s", len(r.Aside), r.Tokens.Refresh.Reveal())
			}
			continue
		}
		s.status, s.body = 400, `{"error":"invalid_grant"}`
		_, err := w.token(m)
		w.wantKind(err, KindAuthorize)
		w.wantStatus(StatusAuthorizationRequired)
		configure(right)
		r := w.wantStatus(StatusActive)
		if !r.Tokens.Refresh.Equal(before.Tokens.Refresh) || len(r.Aside) != 0 || r.HasConsumed(r.Tokens.Refresh) {
			t.Errorf("back again: %d set aside, consumed %t", len(r.Aside), r.HasConsumed(r.Tokens.Refresh))
		}
		s.status, s.body = 200, pairReply
		w.mustToken(m)
		if got := s.seen[len(s.seen)-1]; got.url != "https://acme.example/token" {
			t.Errorf("sent to %s", got.url)
		}
	}
}

// TestPresetsEndpointsAreOneServers: with a token endpoint of another server nothing goes to the preset's.
func TestPresetsEndpointsAreOneServers(t *testing.T) {
	t.Parallel()
	p := Preset{
		Issuer: "https://acme.example", AuthorizationEndpoint: "https://acme.example/authorize", TokenEndpoint: "https://acme.example/v1/token",
		RevocationEndpoint: "https://revoke.acme.example/", TokenEndpointAuthMethod: oauth.ClientSecretPost,
	}
	for own, want := range map[string]string{
		"": p.RevocationEndpoint, "https://acme.example/v2/token": p.RevocationEndpoint,
		"https://other.example/token": "", "http://acme.example/v1/token": "", "https://acme.example:8443/v1/token": "",
	} {
		c := Client{Platform: "acme", ClientSecret: secret.New("s"), TokenEndpoint: own, preset: &p}.completed()
		if c.RevocationEndpoint != want || (c.Issuer == "") != (want == "") || (c.AuthorizationEndpoint == "") != (want == "") || c.TokenEndpointAuthMethod != oauth.ClientSecretPost {
			t.Errorf("%q: %+v", own, c)
		}
	}
}

// TestConnectionShowsNoSecret, in whatever spelling.
func TestConnectionShowsNoSecret(t *testing.T) {
	t.Parallel()
	a := Attempt{ReplyMembers: []string{"x"}, Callback: map[string]string{}}
	token := oauth.Token{AccessToken: secret.New("access+1"), RefreshToken: secret.New("refresh/1")}
	for value, shown := range map[string]bool{
		"https://x.example/path": true, "00D/005": true, "42": true,
		"access+1": false, "https://x.example/access+1": false, "id-access%2B1": false, "refresh%2F1": false, "pre refresh/1 post": false, "old-token": false, "the-secret/": false,
		"https://x.example/?sid=5": false, "https://me:pw@x.example/": false, "https://x.example/#a": false, `{"a":1}`: false, `["a"]`: false, "": false,
	} {
		token.Extra = map[string]secret.String{"x": secret.New(value)}
		if got := a.connection(token, secret.New("old-token"), secret.New("the-secret")); (got["x"] != "") != shown {
			t.Errorf("%q: %v", value, got)
		}
	}
}

// TestTooEarlyWithASuccessor: some say that a platform which refuses a refresh as too early uses the token up all the same, and
// gives another one with the refusal. Then that is the one to keep, beside the access token at hand.
func TestTooEarlyWithASuccessor(t *testing.T) {
	t.Parallel()
	preset := Preset{TokenEndpoint: "https://acme.example/token", Dialect: oauth.Dialect{Rules: refusesEarly()}}
	w, s, m := platformed(t, preset)
	r := w.record()
	r.Tokens.ExpiresAt = w.clock.Now().Add(20 * time.Second)
	w.put(r)
	s.status, s.body = 400, `{"error":"x","error_description":"token not expired","refresh_token":"r2"}`
	res, err := m.Token(t.Context(), theName, Ask{DefaultMargin: 30 * time.Second})
	if err != nil || !res.Record.Tokens.Access.Equal(r.Tokens.Access) {
		t.Fatalf("%v, served %s", err, res.Record.Tokens.Access.Reveal())
	}
	got := w.record()
	if got.Tokens.Refresh.Reveal() != "r2" || !got.Tokens.Access.Equal(r.Tokens.Access) || got.Generation != 2 || got.Status != StatusActive || len(s.seen) != 1 {
		t.Errorf("%s, generation %d, %s, %d requests", got.Tokens.Refresh.Reveal(), got.Generation, got.Status, len(s.seen))
	}
	if want := w.clock.Now().Add(25 * time.Second); got.NotBefore.Before(want.Add(-time.Second)) || got.NotBefore.After(want) {
		t.Errorf("not before %s, want %s", got.NotBefore, want)
	}
	w.clock.pass(time.Minute)
	s.status, s.body = 200, `{"access_token":"a3","refresh_token":"r3"}`
	w.mustToken(m)
	if sent := s.seen[len(s.seen)-1].form.Get("refresh_token"); sent != "r2" {
		t.Errorf("sent %s", sent)
	}
}
