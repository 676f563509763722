package provider

import (
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// marginText tells that a margin is no shorter than an access token lives: none is ever good enough, so each run refreshes. It is
// empty if the margin is shorter, or nobody knows.
func marginText(about subject, record credential.Record, margin time.Duration, attribute string) string {
	lifetime := toldLifetime(record)
	if lifetime <= 0 || margin < lifetime {
		return ""
	}
	often := "every plan and apply refreshes it, and spends its refresh token"
	if record.Mints() || !record.Client.EffectivePolicy().SingleUse() {
		often = "every plan and apply refreshes it"
	}
	return fmt.Sprintf(
		"The access tokens of %s live %s, and %s = %q wants as much left, or more: %s as soon as the server allows. Set it below %[2]s, unless you mean that.",
		about, credential.ShortDuration(lifetime), attribute, credential.ShortDuration(margin), often)
}

// toldLifetime is how long the server has let the access token live; 0: nobody knows.
func toldLifetime(record credential.Record) time.Duration {
	t := record.Tokens
	brought := record.Input != "" && record.Generation == 1 // nobody knows how old it was then
	if t.ExpiresAt.IsZero() || t.IssuedAt.IsZero() || brought || record.Status != credential.StatusActive {
		return 0
	}
	return t.ExpiresAt.Sub(t.IssuedAt)
}

// warnEarliest tells of a setting that leaves a gap between two access tokens.
func warnEarliest(about subject, record credential.Record, diags *diag.Diagnostics) {
	lifetime, earliest := toldLifetime(record), record.Refresh.Earliest
	if lifetime <= 0 || earliest <= lifetime || record.Refresh.Strategy == credential.StrategyNever {
		return
	}
	diags.AddAttributeWarning(path.Root("refresh").AtName("earliest"), "Refresh Too Late", fmt.Sprintf(
		"The access tokens of %s live %s, and refresh.earliest = %q allows no refresh before that: in between there is no token that works. Set it to %[2]s at most.",
		about, credential.ShortDuration(lifetime), credential.ShortDuration(earliest)))
}

// warnPairMargin tells it of a resource, whose strategy may make the margin of no effect.
func warnPairMargin(about subject, record credential.Record, diags *diag.Diagnostics) {
	if s := record.Refresh.Strategy; s != "" && s != credential.StrategyBeforeExpiry {
		return
	}
	margin, attribute := record.Refresh.BeforeExpiry, "refresh.before_expiry"
	if margin == 0 {
		margin, attribute = about.session.margin, "the provider's refresh_before_expiry"
	}
	if text := marginText(about, record, margin, attribute); text != "" {
		diags.AddWarning("Refresh on Every Read", text)
	}
}

// warnMinValidity tells the same of somebody who asks for a token.
func warnMinValidity(about subject, record credential.Record, least time.Duration, diags *diag.Diagnostics) {
	if s := record.Refresh.Strategy; least == 0 || s == credential.StrategyNever || s == credential.StrategyAtApply {
		return
	}
	if text := marginText(about, record, least, "min_validity"); text != "" { // in words of its own: Terraform shows one of a kind
		diags.AddAttributeWarning(path.Root("min_validity"), "No Access Token Lives That Long", text)
	}
}
