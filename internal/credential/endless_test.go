package credential

import (
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// TestEndlessTokens: an access token that the platform is known not to end is not refreshed by the clock; neither is one that
// came without a refresh token, where nobody says how long it lives.
func TestEndlessTokens(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		reply    string
		lifetime time.Duration // of the preset
		after    time.Duration
		alive    bool
	}{
		"known to be endless":                      {`{"access_token":"a2","refresh_token":"r2"}`, Endless, 5 * 365 * 24 * time.Hour, true},
		"endless, but the reply knows better":      {`{"access_token":"a2","refresh_token":"r2","expires_in":3600}`, Endless, time.Hour, false},
		"without a refresh token":                  {`{"access_token":"a2"}`, 0, 5 * 365 * 24 * time.Hour, true},
		"without a refresh token, and it is told":  {`{"access_token":"a2","expires_in":3600}`, 0, time.Hour, false},
		"without a refresh token, and it is known": {`{"access_token":"a2"}`, 2 * time.Hour, 2 * time.Hour, false},
		"with a refresh token that is unreadable":  {`{"access_token":"a2","refresh_token":["r2"]}`, 0, time.Hour, false},
		"with a refresh token, and nothing known":  {`{"access_token":"a2","refresh_token":"r2"}`, 0, time.Hour, false},
	} {
		preset := Preset{TokenEndpoint: "https://acme.example/token", Lifetime: tt.lifetime}
		w, s, m := platformed(t, preset)
		s.body = tt.reply
		r := w.record()
		r.Pending = []Pending{{State: "s"}}
		w.put(r)
		if _, err := m.ExchangeCode(t.Context(), theName, Exchange{Code: secret.New("c"), State: "s", FromCallback: true}); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		w.clock.pass(tt.after)
		if got := m.works(theKey, w.record()); got != tt.alive {
			t.Errorf("%s: after %s it works: %t", name, tt.after, got)
		}
	}
}

// TestEndlessBroughtTokens: an access token that somebody brings alone lives as long as the platform's do, or without end.
func TestEndlessBroughtTokens(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		brought  Brought
		lifetime time.Duration
		want     time.Duration // from now on
	}{
		"alone":                             {Brought{Access: secret.New("x")}, 0, Endless},
		"alone, of a known platform":        {Brought{Access: secret.New("x")}, 2 * time.Hour, 2 * time.Hour},
		"alone, and its end is told":        {Brought{Access: secret.New("x"), ExpiresAt: epoch.Add(time.Minute)}, 2 * time.Hour, 0},
		"with a refresh token: age unknown": {Brought{Access: secret.New("x"), Refresh: secret.New("y")}, 2 * time.Hour, 0},
	} {
		w, _, m := platformed(t, Preset{TokenEndpoint: "https://acme.example/token", Lifetime: tt.lifetime})
		now := w.clock.Now()
		r, _, err := m.Adopt(t.Context(), theName, tt.brought)
		if err != nil {
			t.Fatal(err)
		}
		if got := max(0, r.Tokens.Expiry().Sub(now)); got.Round(time.Second) != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}
