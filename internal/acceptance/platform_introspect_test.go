//go:build unix

package acceptance_test

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// expectLifetime checks that expires_at is so long after issued_at.
func (w *workspace) expectLifetime(want time.Duration) {
	w.t.Helper()
	issued, expires := moment(w.t, w.string(this, "issued_at")), moment(w.t, w.string(this, "expires_at"))
	if expires.Sub(issued) != want {
		w.t.Errorf("from %s to %s are not %s", issued, expires, want)
	}
}

// quiet applies and expects no warning but terraform's own, of a provider that is being developed.
func (w *workspace) quiet() {
	w.t.Helper()
	r := w.apply()
	if n := strings.Count(r.text(), "Warning: ") - strings.Count(r.text(), "Warning: Provider development overrides"); n != 0 {
		w.t.Errorf("%d warnings:\n%s", n, r.text())
	}
}

// Salesforce does not tell with a token when it expires, and is asked about each new one, at the preset's own endpoint. What
// it says counts, and not what the preset would assume.
func TestPlatformIntrospection(t *testing.T) {
	t.Parallel()
	const lives = 45 * time.Minute
	s, w := newTenancy(t, salesforce()).server, newWorkspace(t)
	if err := s.UpdateSettings(func(to *sandbox.Settings) { to.AccessTokenLifetime = lives }); err != nil {
		t.Fatal(err)
	}
	w.env[envPresets] = s.base
	config := func(grant string) string {
		return onPlatformAlone("salesforce", "", grant) + `
data "oauth_access_token" "x" {
  token_pair         = oauth_token_pair.this.id
  allow_unauthorized = true
}
`
	}
	w.write(config(""))
	w.apply()
	w.write(config(attribute("callback_url", s.consent(w.string(this, "authorization_url")))))
	w.apply()
	expect := func(what string, asked int) {
		t.Helper()
		w.expectLifetime(lives)
		if got, want := w.string("data.oauth_access_token.x", "expires_at"), w.string(this, "expires_at"); got != want {
			t.Errorf("%s: the data source says %s, the pair %s", what, got, want)
		}
		all := s.introspections()
		if len(all) != asked {
			t.Fatalf("%s: %d introspections, want %d: %+v", what, len(all), asked, all)
		}
		e := all[len(all)-1]
		if e.Status != 200 || e.AuthMethod+" "+e.Parameters != "client_secret_post client_id client_secret token token_type_hint" || e.TokenID != sandbox.TokenID(w.string(this, "access_token")) {
			t.Errorf("%s: the introspection was %+v", what, e)
		}
	}
	expect("the exchange", 1)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.later(lives/2, w)
	w.quiet()
	expect("plain reads", 1)

	s.later(lives/2, w)
	w.quiet()
	expect("a refresh", 2)
	s.expectCalls(calls{exchanges: 1, refreshes: 1})
}

// Where the introspection endpoint tells nothing, the usual lifetime is assumed, and nobody is bothered with it.
func TestPlatformIntrospectionInVain(t *testing.T) {
	t.Parallel()
	elsewhere := salesforce() // the configuration names another server than the preset's, and nothing to ask there
	elsewhere.introspect = false
	for _, tt := range []struct {
		app
		asked int // for each token
	}{
		{salesforce().as("introspection_refused", ""), 1},
		{salesforce().as("introspection_without_exp", ""), 1},
		{elsewhere, 0},
	} {
		t.Run(tt.profile, func(t *testing.T) {
			t.Parallel()
			s := newTenancy(t, tt.app)
			s.authorize()
			s.w.expect(this, values{"status": alive, "expires_at": nil})
			s.later(s.lifetime/2, s.w)
			s.w.quiet()
			s.expectCalls(calls{exchanges: 1})
			s.later(s.lifetime/2, s.w)
			s.w.quiet()
			s.w.expect(this, values{"status": alive, "expires_at": nil})
			s.expectCalls(calls{exchanges: 1, refreshes: 1})
			if got := len(s.introspections()); got != 2*tt.asked {
				t.Errorf("%d introspections", got)
			}
		})
	}
}
