package provider

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// Who gets another access token after one was revoked depends on the strategy.
func TestWordsOfARevokedAccessToken(t *testing.T) {
	t.Parallel()
	for strategy, want := range map[credential.Strategy]string{
		"":                           "The next run that needs one refreshes the pair.",
		credential.StrategyAtApply:   `The next apply of the oauth_token_pair refreshes it, as refresh.strategy = "at_apply" says; until then what depends on it fails.`,
		credential.StrategyNever:     "Its refresh.strategy is never, so nobody gets another until that is changed, and what depends on it fails.",
		credential.StrategyEveryRead: "The next run that needs one refreshes the pair.",
	} {
		r := aRecord(func(r *credential.Record) { r.Refresh.Strategy = strategy })
		got := revoked(aPair, "the access token", credential.Revocation{Record: r, Revoked: true})
		if got != `The server has revoked the access token of token pair "exact". `+want {
			t.Errorf("%q: %s", strategy, got)
		}
	}
}

// With a wrong key nothing can be read, and that is told on one screen.
func TestManyUnreadable(t *testing.T) {
	t.Parallel()
	var why []string
	for n := range 1000 {
		why = append(why, fmt.Sprintf("pair%d: no key fits", n))
	}
	var diags diag.Diagnostics
	warnUnreadable(aPair.session, why, &diags)
	lines := strings.Split(diags[0].Detail(), "\n")
	if len(lines) != 23 || lines[21] != "pair19: no key fits" || lines[22] != "… and 980 more." {
		t.Errorf("%d lines, ending in %q", len(lines), lines[len(lines)-2:])
	}
	diags = nil
	warnUnreadable(aPair.session, why[:20], &diags)
	if text := diags[0].Detail(); !strings.HasSuffix(text, "pair19: no key fits") {
		t.Error(text)
	}
}
