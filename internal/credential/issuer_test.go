package credential

import (
	"errors"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

func TestSameAppByIssuer(t *testing.T) {
	t.Parallel()
	is := func(issuer, endpoint string) Client {
		return Client{ClientID: "c", Issuer: issuer, TokenEndpoint: endpoint}
	}
	preset := is("", "")
	preset.preset = &Preset{Issuer: "https://a.example", Policy: RefreshTokenPolicy{Rotation: RotationNone}}
	for name, tt := range map[string]struct {
		a, b Client
		want bool
	}{
		"same issuer":                      {is("https://a.example", ""), is("https://a.example", ""), true},
		"another issuer":                   {is("https://a.example", ""), is("https://b.example", ""), false},
		"a slash more":                     {is("https://a.example", ""), is("https://a.example/", ""), false},
		"same endpoint, issuer added":      {is("", "https://a.example/t"), is("https://a.example", "https://a.example/t"), true},
		"another endpoint, same issuer":    {is("https://a.example", "https://a.example/t"), is("https://a.example", "https://a.example/u"), false},
		"endpoint written out":             {is("https://a.example", ""), is("https://a.example", "https://a.example/t"), false},
		"endpoint instead of issuer":       {is("https://a.example", ""), is("", "https://a.example/t"), false},
		"the issuer is that of the preset": {is("https://a.example", ""), preset, true},
		"no longer":                        {is("https://b.example", ""), preset, false},
	} {
		if tt.a.SameApp(tt.b) != tt.want || tt.b.SameApp(tt.a) != tt.want {
			t.Errorf("%s: want %v", name, tt.want)
		}
	}
}

// TestTokenEndpointWrittenOut: where only an issuer was configured and now a token endpoint is, nobody knows whether it is the
// one that the issuer names. The tokens go along, and a copy waits until the server has taken them.
func TestTokenEndpointWrittenOut(t *testing.T) {
	t.Parallel()
	for name, endpoint := range map[string]string{"right": fakeHost + "/token", "mistyped": "https://wrong.example/token"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, says := discovered(t)
			m := w.start(says.options)
			old := w.record()
			before := Setup{Client: old.Client}
			after := before
			after.Client.TokenEndpoint = endpoint
			if _, err := m.Configure(t.Context(), theName, after); err != nil {
				t.Fatal(err)
			}
			r := w.wantStatus(StatusActive)
			if !r.Tokens.Refresh.Equal(old.Tokens.Refresh) || len(r.Aside) != 1 {
				t.Fatalf("set aside: %d", len(r.Aside))
			}
			if name == "right" {
				if res := w.mustToken(m); len(res.Record.Aside) != 0 || res.Record.Generation != 2 {
					t.Errorf("a copy of a spent token is left: %+v", res.Record.Aside)
				}
				w.wantServer(1, 1, 0)
				says.wantAsked(t, 0)
				return
			}
			w.server.mu.Lock()
			delete(w.server.refreshes, old.Tokens.Refresh.Reveal()) // another server knows nothing of it
			w.server.mu.Unlock()
			_, err := w.token(m)
			w.wantKind(err, KindAuthorize)
			w.server.mu.Lock()
			w.server.refreshes[old.Tokens.Refresh.Reveal()] = &fakeRefresh{family: "grant1"}
			w.server.mu.Unlock()
			if _, err := m.Configure(t.Context(), theName, before); err != nil {
				t.Fatal(err)
			}
			if res := w.mustToken(m); res.Record.Generation != 2 || len(res.Record.Aside) != 0 {
				t.Errorf("back: generation %d, set aside: %d", res.Record.Generation, len(res.Record.Aside))
			}
		})
	}
}

// TestBudgetOfAnIssuer: a client has one error budget, whether its token endpoint is configured or discovered, and a move takes
// it along without asking the server.
func TestBudgetOfAnIssuer(t *testing.T) {
	t.Parallel()
	p := newTwoStores(t)
	p.policy.ErrorBudget = threeAnHour
	p.dest.policy = p.policy
	p.authorized(func(r *Record) { r.Client = p.issuerOnly() })
	_, says := discovered(t)
	says.w = p.world
	p.server.plan = []callPlan{callBadClient}
	_, err := p.token(p.start(says.options))
	p.wantKind(err, KindBadClient)
	if l := p.budget(); len(l.Refusals) != 1 || l.TokenEndpoint != fakeHost+"/token" {
		t.Errorf("%+v", l)
	}
	if got := p.move(false); got.Outcome != OutcomeMoved {
		t.Fatalf("moved: %+v", got)
	}
	if l := p.dest.budget(); len(l.Refusals) != 1 {
		t.Errorf("in the destination: %+v", l)
	}
	says.wantAsked(t, 1)
}

// TestProbeOfAnIssuer: a probe is booked with the requests to the discovered token endpoint, and where that is not known the API is
// not asked.
func TestProbeOfAnIssuer(t *testing.T) {
	t.Parallel()
	w, api := rejecting(t)
	r := w.record()
	r.Client = w.issuerOnly()
	w.put(r)
	_, says := discovered(t)
	says.w, says.fail = w, errUnreachable
	res := w.mustToken(w.start(api.options, says.options))
	if w.wantNotices(res.Notices, NoticeUnprobed); !errors.Is(res.Notices[0].Err, errUnreachable) {
		t.Errorf("told %v", res.Notices[0].Err)
	}
	api.wantProbes(t, "endpoint not known", 0)
	says.fail = nil
	w.mustToken(w.start(api.options, says.options))
	api.wantProbes(t, "endpoint discovered", 2)
	if l := w.budget(); len(l.Refusals) != 1 || l.Refusals[0].Code != probeCode {
		t.Errorf("%+v", l)
	}
}

// TestRevocationByIssuer: a destroy that cannot find the revocation endpoint fails and can be repeated. A client whose token
// endpoint is configured needs no metadata: where its server has none, a person revokes, as without an issuer.
func TestRevocationByIssuer(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		configured, preset bool
		fail               error
		kind               Kind // empty: it goes well
		notices            []NoticeCode
		asked              int
	}{
		"unreachable":                  {false, false, errUnreachable, KindNotSent, nil, 3},
		"no metadata":                  {false, false, errUnknownHere, KindConfiguration, nil, 1},
		"configured, unreachable":      {true, false, errUnreachable, KindNotSent, nil, 3},
		"configured, without metadata": {true, false, errUnknownHere, "", []NoticeCode{NoticeNotRevoked}, 1},
		"configured":                   {true, false, nil, "", nil, 1},
		"the preset knows of none":     {true, true, nil, "", []NoticeCode{NoticeNotRevoked}, 0},
	} {
		w, says := discovered(t, func(r *Record) {
			if tt.configured {
				r.Client.TokenEndpoint = fakeHost + "/token"
			}
			if tt.preset {
				r.Client.Platform = "acme"
			}
		})
		says.fail = tt.fail
		m := w.start(says.options, func(o *Options) {
			o.Presets = func(string, map[string]string, string) (Preset, error) {
				return Preset{TokenEndpoint: fakeHost + "/token"}, nil
			}
		})
		notices, err := m.Delete(t.Context(), theName, "f1", true)
		says.wantAsked(t, tt.asked)
		if w.wantNotices(notices, tt.notices...); tt.kind == "" {
			if err != nil || !w.record().IsTombstone() || w.server.dead["grant1"] != (len(tt.notices) == 0) {
				t.Errorf("%s: %v, tombstone %v", name, err, w.record().IsTombstone())
			}
			if len(notices) > 0 && !errors.Is(notices[0].Err, ErrNoRevocation) {
				t.Errorf("%s: %v", name, notices[0].Err)
			}
			continue
		}
		w.wantKind(err, tt.kind)
		if r := w.wantStatus(StatusActive); r.Claim != nil || len(r.History) != 0 {
			t.Errorf("%s: %+v", name, r)
		}
		w.wantServer(0, 0, 0)
		says.fail = nil
		if notices, err := m.Delete(t.Context(), theName, "f1", true); err != nil || len(notices) != 0 || !w.server.dead["grant1"] {
			t.Errorf("%s, again: %v, %v", name, notices, err)
		}
	}
}

// TestLookUpOfAnIssuer: a look-up is booked by the discovered token endpoint.
func TestLookUpOfAnIssuer(t *testing.T) {
	t.Parallel()
	w, says := discovered(t, func(r *Record) {
		r.Client.Platform, r.Client.Policy.ErrorBudget = "acme", threeAnHour
		r.Tokens.ExpiresAt = r.Tokens.ExpiresAt.Add(2 * fakeLifetime)
	})
	api := &fakeLooker{replies: map[string]oauth.Reply{"https://api.example/tenant": found(403, `{}`)}}
	preset := Preset{LookUps: []LookUp{{Name: "tenant", URL: "https://api.example/tenant", Pick: "$.id"}}}
	start := func() *Manager {
		return w.start(says.options, func(o *Options) {
			o.Looker = api
			o.Presets = func(string, map[string]string, string) (Preset, error) { return preset, nil }
		})
	}
	m := start()
	says.fail = errUnknownHere
	_, notices := m.LookUp(t.Context(), theName, m.withPresets(w.record()))
	if w.wantNotices(notices, NoticeNotLookedUp); !errors.Is(notices[0].Err, errUnknownHere) || len(api.asked) != 0 {
		t.Errorf("told %v, asked %v", notices[0].Err, api.asked)
	}
	m = start()
	says.fail = nil
	_, notices = m.LookUp(t.Context(), theName, m.withPresets(w.record()))
	w.wantNotices(notices, NoticeNotLookedUp)
	if l := w.budget(); len(l.Refusals) != 1 || l.Refusals[0].Code != lookUpCode {
		t.Errorf("%+v", l)
	}
	says.wantAsked(t, 2)
}
