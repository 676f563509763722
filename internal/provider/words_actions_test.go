package provider

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// What the server has refused in so many words is not told as an answer that says nothing.
func TestWordsOfARejectedResend(t *testing.T) {
	t.Parallel()
	e := &credential.Error{
		Kind: credential.KindUnknown, Reason: credential.ReasonRejected, Until: day(2), Record: aRecord(nil),
		Verdict: oauth.Verdict{Class: oauth.ReuseDetected, Status: 400, Code: "invalid_grant"},
	}
	if got := explainUnknown(aPair, e)[0]; !strings.HasSuffix(got, "and its reply never came. The refresh token may be used up.") {
		t.Error(got)
	}
}

// What is wrong with the pair whose access token is exchanged is told in its own terms, whatever is done with the one that asks.
func TestWordsOfASubjectAreItsOwn(t *testing.T) {
	t.Parallel()
	source := aRecord(func(r *credential.Record) { r.Refresh.Strategy = credential.StrategyAtApply })
	err := &credential.Error{Kind: credential.KindSubject, Err: &credential.SubjectError{Name: "source", Err: &credential.Error{
		Kind: credential.KindStrategy, Reason: credential.ReasonAtApply, Record: source,
	}}}
	const want = "Token pair \"exact\" gets its token in exchange for the access token of token pair \"source\", which gives none.\n\n" +
		"The access token of token pair \"source\" has expired, and its refresh.strategy is at_apply: only an apply of the resource refreshes it.\n\n" +
		"The stored refresh token still works.\n\nApply the configuration that holds the oauth_token_pair."
	rotating, revoking, introspecting := aPair, aPair, aPair
	rotating.rotating, revoking.revoking, introspecting.introspects = true, true, true
	for name, about := range map[string]subject{"asked": aPair, "rotated": rotating, "revoked": revoking, "introspected": introspecting} {
		if got := engineDetail(about, err); got != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
	}
}

// A lifetime that nobody has said is not told as one.
func TestWordsOfAnUnknownLifetime(t *testing.T) {
	t.Parallel()
	rotating := aPair
	rotating.rotating = true
	for name, said := range map[string][]string{
		"unknown": explainUnknown(aPair, &credential.Error{Kind: credential.KindUnknown, Record: aRecord(endless)}),
		"dead":    explainAuthorize(aPair, &credential.Error{Kind: credential.KindAuthorize, Record: aRecord(endless)}),
		"never":   explainRotation(rotating, &credential.Error{Kind: credential.KindStrategy, Record: aRecord(endless)}),
	} {
		if !strings.Contains(said[1], "access token works, as far as is known.") {
			t.Errorf("%s: %s", name, said[1])
		}
	}
}

func endless(r *credential.Record) {
	r.Tokens.ExpiresAt, r.Tokens.Lifetime = time.Time{}, credential.Endless
}

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
