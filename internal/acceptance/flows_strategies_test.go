//go:build unix

package acceptance_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// consumers use the pair "this" of the same configuration by its id.
const consumers = `
data "oauth_access_token" "x" {
  token_pair = oauth_token_pair.this.id
}
ephemeral "oauth_access_token" "x" {
  token_pair = oauth_token_pair.this.id
}
resource "terraform_data" "consumer" {
  input = oauth_token_pair.this.id
}
`

func strategy(name string) string { return fmt.Sprintf("refresh = { strategy = %q }", name) }

// every_read refreshes once in every run, however many read.
func TestStrategyEveryRead(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.pair("eager", s.issue().RefreshToken, strict, strategy("every_read")) + consumers)
	w.apply()
	s.expect(1, 0)
	for n := 2; n <= 3; n++ {
		w.plan("-detailed-exitcode").mustSay(t, "No changes.") // one process reads resource, data source and ephemeral
		s.expect(n, 0)
	}
	w.apply("-refresh-only", "-target="+this)
	s.expect(4, 0)
	w.expectLive(s, 5)
}

// at_apply: a plan spends nothing and shows the update, consumers by .id wait for the apply, which rotates. The next
// plan is quiet. The due update does not get lost by plans that are thrown away.
func TestStrategyAtApply(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.pair("patient", s.issue().RefreshToken, strict, strategy("at_apply")) + consumers)
	w.apply()
	s.expect(1, 0)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")

	s.later(time.Hour, w)
	for range 3 {
		r := w.plan()
		r.mustSay(t, "oauth_token_pair.this will be updated in-place", `id = "patient" -> (known after apply)`, "data.oauth_access_token.x will be read during apply")
		r.mustNotSay(t, "Warning: Token", "Warning: Refresh")
		s.expect(1, 0)
	}
	w.apply().mustSay(t, "oauth_token_pair.this: Modifications complete")
	s.expect(2, 0)
	w.expectLive(s, 3)
	if got, want := w.attributes("data.oauth_access_token.x")["access_token"], w.string(this, "access_token"); got != want {
		t.Errorf("the data source gives %v, want %s", got, want)
	}
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.expect(2, 0)

	// A saved plan does it too, and one that comes too late does it once more only if it is due.
	s.later(time.Hour, w)
	w.plan("-out=first")
	w.plan("-out=second")
	w.applySaved("first")
	s.expect(3, 0)
	w.expectLive(s, 4)

	// Who asks by name does not rotate.
	s.later(time.Hour, w)
	other := w.sibling()
	other.write(reader("patient", ""))
	other.fails([]string{"The access token of token pair \"patient\" has expired, and its refresh.strategy is at_apply", "Apply the configuration that holds the oauth_token_pair."},
		"plan", "-no-color", "-input=false")
	s.expect(3, 0)
}

// never: nothing is ever refreshed; who asks gets the token while it works.
func TestStrategyNever(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	issued := s.issue()
	config := strings.Replace(s.pair("fixed", issued.RefreshToken, strict, strategy("never")), "refresh_token =",
		fmt.Sprintf("access_token = %q, expires_at = %q, refresh_token =", issued.AccessToken, issued.ExpiresAt.UTC().Format(time.RFC3339)), 1)
	w.write(config + consumers)
	w.apply()
	w.plan("-detailed-exitcode").mustNotSay(t, "Warning: Token", "Warning: Refresh")
	w.write(config)
	w.apply()
	s.later(time.Hour, w)
	w.plan().mustSay(t, "No changes.", "Warning: Token Pair Not Refreshed", "has expired, and its refresh.strategy is never", "Choose another refresh.strategy")
	other := w.sibling()
	other.write(reader("fixed", ""))
	other.fails([]string{"has expired, and its refresh.strategy is never"}, "plan", "-no-color", "-input=false")
	s.expectCalls(calls{})

	// The token that was kept all the time is good when the strategy changes.
	w.replace(`strategy = "never"`, `strategy = "before_expiry"`)
	w.apply().mustSay(t, "1 changed")
	s.expect(1, 0)
	w.expectLive(s, 2)
}

// earliest wins over the margin: the token is served with a warning, and a refresh comes as soon as the server takes it.
func TestEarliest(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, func(s *sandbox.Settings) { s.EarliestRefresh = 570 * time.Second }), newWorkspace(t)
	issued := s.issue()
	s.later(time.Hour, w)
	w.write(s.pair("early", issued.RefreshToken, strict, `refresh = { before_expiry = "60s", earliest = "570s" }`))
	w.apply()
	s.expect(1, 0)
	s.later(550*time.Second, w)
	w.plan().mustSay(t, "No changes.", "Warning: Refresh Put Off", "cannot be refreshed before", "the server refuses an earlier refresh, by refresh.earliest", "It is used as it is.")
	other := w.sibling()
	other.write(reader("early", `min_validity = "5m"`))
	other.apply().mustSay(t, "Refresh Put Off")
	s.expectCalls(calls{refreshes: 1})
	s.later(25*time.Second, w)
	w.apply().mustNotSay(t, "Refresh Put Off")
	s.expectCalls(calls{refreshes: 2})
	w.expectLive(s, 3)

	// An expired token that may not be refreshed yet: a plan warns, and who asks gets an error.
	w.replace(`earliest = "570s"`, `earliest = "20m"`)
	w.apply()
	s.later(11*time.Minute, w)
	w.plan().mustSay(t, "No changes.", "Warning: Token Pair Not Refreshed", "cannot be refreshed before")
	other.env[envClock] = w.env[envClock]
	other.fails([]string{"cannot be refreshed before", "Run again after that time."}, "plan", "-no-color", "-input=false")
	s.expectCalls(calls{refreshes: 2})
}

// The margin is the pair's, else the provider's, else 30 seconds.
func TestMargin(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t) // access tokens live for ten minutes
	config := s.pair("margin", s.issue().RefreshToken, strict, "")
	w.write(config)
	w.apply()
	s.later(9*time.Minute+20*time.Second, w)
	w.plan()
	s.expect(1, 0)
	const wide = "provider \"oauth\" {\n  refresh_before_expiry = \"5m\"\n}\n"
	w.write(wide + config)
	w.plan()
	s.expect(2, 0)
	s.later(4*time.Minute, w)
	w.plan()
	s.expect(2, 0)
	s.later(2*time.Minute, w)
	w.write(wide + strings.Replace(config, "preauthenticated", "refresh = { before_expiry = \"10s\" }\n  preauthenticated", 1))
	w.apply("-refresh=false").mustSay(t, "1 changed")
	w.plan()
	s.expect(2, 0)
	s.later(4*time.Minute-5*time.Second, w)
	w.apply()
	s.expect(3, 0)
	w.expectLive(s, 4)
}

// A margin that no token outlives refreshes in every run, and each run says so, naming what sets it.
func TestMarginBeyondTheLifetime(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	config := s.pair("wide", s.issue().RefreshToken, strict, `refresh = { before_expiry = "10m" }`)
	w.write(config)
	w.apply()
	for n := 2; n <= 3; n++ {
		w.plan().mustSay(t, "Warning: Refresh on Every Read", `live 10m, and refresh.before_expiry = "10m" wants as much left, or more: every plan and apply refreshes it, and spends its refresh token`)
		s.expect(n, 0)
	}
	w.write(strings.Replace(config, `"10m"`, `"1m"`, 1) + `data "oauth_access_token" "x" {
  token_pair   = oauth_token_pair.this.id
  min_validity = "1h"
}
`)
	w.apply().mustSay(t, "Warning: No Access Token Lives That Long", `min_validity = "1h" wants as much left, or more`)
}
