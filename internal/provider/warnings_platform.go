package provider

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/platform"
)

// warnDoubts tells what is not certain of a platform and matters for keeping a credential of client, how it is kept all the
// same, and where to say better.
func warnDoubts(about subject, e platform.Entry, client credential.Client, refresh credential.RefreshSettings, diags *diag.Diagnostics) {
	var lines []string
	for _, name := range e.Doubtful(client.Policy, refresh.Earliest) {
		lines = append(lines, "- "+doubtWords(e.Facts, name, client.Policy))
	}
	if lines == nil {
		return
	}
	diags.AddWarning("Platform Facts to Confirm: "+e.Name, fmt.Sprintf("Not everything is certain of how %s treats refresh tokens. This is how %s is kept to be safe:\n\n%s\n\n"+
		"What is said there counts, also where it only repeats what is used now, and ends this warning. "+
		"refresh_token_policy stands in the client, or in the oauth_app_registration that the client comes from.",
		e.Name, about, strings.Join(lines, "\n")))
}

// doubtWords says of one such fact what is known, what is done to be safe, and where the user says better.
func doubtWords(f platform.Facts, name string, said credential.RefreshTokenPolicy) string {
	attribute, known := "refresh_token_policy."+name, f.Policy()
	again := afterLostReply(cmp.Or(said.Rotation, known.Rotation), cmp.Or(said.OnReuse, known.OnReuse), cmp.Or(said.GracePeriod, known.GracePeriod))
	var what, safe string
	switch name {
	case "rotation":
		what, safe = rotationWords(f.Rotation), "It counts as single_use: "+again
	case "on_reuse":
		what, safe = unconfirmed(string(f.OnReuse.Or(""))), fmt.Sprintf("It counts as %s: %s", cmp.Or(known.OnReuse, credential.ReuseRevokeFamily), again)
	case "grace_period":
		what, safe = unconfirmedTime(f.GracePeriod), "It is not counted on: "+again
	case "idle_lifetime":
		what, safe = unconfirmedTime(f.IdleLifetime), "It is used: the first run after two thirds of it refreshes. If it is shorter, the refresh token may die unused."
	case "absolute_lifetime":
		what, safe = unconfirmedTime(f.AbsoluteLifetime), "It is used: plans warn from 30 days before its end on. If it is shorter, a person must authorize without such a warning."
	case "error_budget":
		what = unconfirmed(optionalRate(known.ErrorBudget.Limit, known.ErrorBudget.Window).ValueString())
		safe = "It is used: nothing is sent when one more refusal would reach it. If it is less, the server locks the client out before that."
	case "earliest_refresh":
		what, safe = unconfirmedTime(f.EarliestRefresh), "It is used: until then the access token at hand is used as it is. If it is longer, a refresh is refused."
		attribute = "refresh.earliest"
	}
	return fmt.Sprintf("%s: %s %s Say it in %s.", name, what, safe, attribute)
}

func unconfirmed(value string) string { return value + ", which is not confirmed." }

func unconfirmedTime(f platform.Fact[platform.Duration]) string {
	return unconfirmed(credential.ShortDuration(time.Duration(f.Or(0))))
}

func rotationWords(f platform.Fact[credential.Rotation]) string {
	switch r, known := f.Get(); {
	case !known:
		return "nothing is known."
	case r == credential.RotationAppSetting:
		return "each app there has a setting of its own, and the configuration does not say which."
	default:
		return unconfirmed(string(r))
	}
}

// afterLostReply says what becomes of a refresh token whose successor may be lost.
func afterLostReply(rotation credential.Rotation, reuse credential.Reuse, grace time.Duration) string {
	when := "after a lost reply"
	if rotation == credential.RotationSingleUseGrace && grace > 0 {
		when += ", and after the grace,"
	}
	switch reuse {
	case credential.ReuseReject:
		return when + " the refresh token is sent once more, some minutes later."
	case credential.ReuseRevokeClientUser:
		return when + " the refresh token is not sent again, and a person must authorize."
	default:
		return when + " the refresh token is sent once more, and only when its access token has expired."
	}
}
