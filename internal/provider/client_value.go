package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// policyOf reads the refresh_token_policy of a client; null where there is none.
func policyOf(client types.Object) types.Object {
	if v, ok := client.Attributes()["refresh_token_policy"].(types.Object); ok {
		return v
	}
	return types.ObjectNull(nil)
}

// presence is how much is known of whether something is configured.
type presence int

const (
	absent presence = iota
	undecided
	given
)

// either tells whether a secret is configured, plain or write-only.
func either(o types.Object, name string) presence {
	plain, hidden := member(o, name), member(o, name+"_wo")
	switch {
	case isGiven(plain) || isGiven(hidden):
		return given
	case plain.IsUnknown() || hidden.IsUnknown():
		return undecided
	}
	return absent
}

// clientFrom reads a known client. Write-only members are there only if o comes from the configuration.
func clientFrom(o types.Object) credential.Client {
	var c credential.Client
	for _, f := range clientFields() {
		*f.of(&c) = member(o, f.name).ValueString()
	}
	c.Registration = member(o, "registration").ValueString()
	for _, s := range clientSecrets() {
		*s.of(&c) = secret.New(cmp.Or(member(o, s.name+"_wo").ValueString(), member(o, s.name).ValueString()))
	}
	for _, f := range clientFlags() {
		*f.of(&c) = memberBool(o, f.name).ValueBool()
	}
	c.PlatformParameters = knownStrings(o, "platform_parameters")
	c.Policy = policyFrom(policyOf(o))
	return c
}

// keepSecrets completes c with the secrets that the store holds, where the configuration o has them write-only and does not
// bring them along in this run.
func keepSecrets(c *credential.Client, o types.Object, stored credential.Client) {
	for _, s := range clientSecrets() {
		if own := s.of(c); own.IsEmpty() && isGiven(memberInt(o, s.name+"_wo_version")) && c.ClientID == stored.ClientID {
			*own = *s.of(&stored)
		}
	}
}

func policyFrom(o types.Object) credential.RefreshTokenPolicy {
	budget, _ := parseErrorBudget(member(o, "error_budget").ValueString()) // validated; null stands for none
	calls, _ := parseTokenCalls(member(o, "token_calls").ValueString())    // likewise
	return credential.RefreshTokenPolicy{
		Rotation:         credential.Rotation(member(o, "rotation").ValueString()),
		OnReuse:          credential.Reuse(member(o, "on_reuse").ValueString()),
		GracePeriod:      durationOf(member(o, "grace_period")),
		IdleLifetime:     durationOf(member(o, "idle_lifetime")),
		AbsoluteLifetime: durationOf(member(o, "absolute_lifetime")),
		ErrorBudget:      budget,
		TokenCalls:       calls,
	}
}

// parseErrorBudget reads "10/1h": ten refusals within an hour.
func parseErrorBudget(text string) (credential.ErrorBudget, error) {
	limit, window, err := parseRate(text, 2) // one refusal that locks out would leave none to spend
	return credential.ErrorBudget{Limit: limit, Window: window}, err
}

// parseTokenCalls reads "200/24h": two hundred calls within a day.
func parseTokenCalls(text string) (credential.CallLimit, error) {
	limit, window, err := parseRate(text, 1)
	return credential.CallLimit{Limit: limit, Window: window}, err
}

// parseRate reads a number from least to 1000 and the time within which it counts.
func parseRate(text string, least int) (int, time.Duration, error) {
	count, window, ok := strings.Cut(text, "/")
	limit, err := strconv.Atoi(count)
	if !ok || err != nil || strings.HasPrefix(count, "+") {
		return 0, 0, errors.New("it is not of that form")
	}
	d, err := time.ParseDuration(window)
	switch {
	case err != nil:
		return 0, 0, errors.New("what stands behind the slash is not a duration")
	case limit < least || limit > 1000:
		return 0, 0, fmt.Errorf("its number is %d", limit)
	case d < time.Minute || d > 24*time.Hour:
		return 0, 0, fmt.Errorf("its time is %s", credential.ShortDuration(d))
	}
	return limit, d, nil
}

func optionalRate(limit int, window time.Duration) types.String {
	if limit == 0 {
		return types.StringNull()
	}
	return types.StringValue(fmt.Sprintf("%d/%s", limit, credential.ShortDuration(window)))
}

// clientObjectFrom is the client as a record has it, for a state that has none yet (import). The secret stays out: the
// configuration may give it write-only.
func clientObjectFrom(c credential.Client) types.Object {
	values := map[string]attr.Value{
		"registration":        optionalString(c.Registration),
		"platform_parameters": types.MapNull(types.StringType), "refresh_token_policy": policyObject(c.Policy),
	}
	if len(c.PlatformParameters) > 0 {
		values["platform_parameters"] = mapFrom(c.PlatformParameters)
	}
	for _, f := range clientFields() {
		values[f.name] = optionalString(*f.of(&c))
	}
	for _, s := range clientSecrets() {
		values[s.name], values[s.name+"_wo"], values[s.name+"_wo_version"] = types.StringNull(), types.StringNull(), types.Int64Null()
	}
	for _, f := range clientFlags() {
		values[f.name] = types.BoolNull()
		if *f.of(&c) {
			values[f.name] = types.BoolValue(true)
		}
	}
	return types.ObjectValueMust(clientOfPairType(), values)
}

func policyObject(p credential.RefreshTokenPolicy) types.Object {
	if p == (credential.RefreshTokenPolicy{}) {
		return types.ObjectNull(policyType())
	}
	return types.ObjectValueMust(policyType(), map[string]attr.Value{
		"rotation": optionalString(string(p.Rotation)), "on_reuse": optionalString(string(p.OnReuse)),
		"grace_period": optionalDuration(p.GracePeriod), "idle_lifetime": optionalDuration(p.IdleLifetime),
		"absolute_lifetime": optionalDuration(p.AbsoluteLifetime), "error_budget": optionalRate(p.ErrorBudget.Limit, p.ErrorBudget.Window),
		"token_calls": optionalRate(p.TokenCalls.Limit, p.TokenCalls.Window),
	})
}

// checkClient reports what is wrong with a client beyond its single attributes. at is where it stands in the
// configuration; get reads a member, which may be unknown.
func checkClient(
	at path.Path, get func(string) types.String, parameters types.Map, policy types.Object, insecure bool, diags *diag.Diagnostics,
) {
	preset, settled := checkPlatform(at, presetNames{get("platform"), get("platform_overrides"), parameters}, diags)
	missing := func(name, why string) {
		diags.AddAttributeError(at.AtName(name), "Missing Attribute", fmt.Sprintf("%s is needed. %s", at.AtName(name), why))
	}
	known := func(name, ofPreset string) bool {
		return !settled || ofPreset != "" || !get(name).IsNull() || preset.Issuer != "" || !get("issuer").IsNull()
	}
	switch ofRegistration := len(at.Steps()) == 0; {
	case !get("client_id").IsNull():
	case !ofRegistration:
		missing("client_id", "Write it, or use the client of an oauth_app_registration, which can register one (RFC 7591).")
	case !known("registration_endpoint", preset.RegistrationEndpoint):
		missing("client_id", "Write that of a client that exists already. To have one registered instead (RFC 7591), leave it out and write "+
			"registration_endpoint, or set issuer to have that discovered.")
	}
	if !known("token_endpoint", preset.TokenEndpoint) {
		missing("token_endpoint", "Write it, or set issuer to have it discovered, or set platform to one that the provider knows.")
	}
	for _, f := range clientFields() {
		v := get(f.name)
		if v.IsNull() || v.IsUnknown() || insecure || (f.name != "issuer" && !isEndpoint(f.name)) {
			continue
		}
		if err := oauth.CheckEndpoint(v.ValueString(), false); err != nil && oauth.CheckEndpoint(v.ValueString(), true) == nil {
			diags.AddAttributeError(at.AtName(f.name), "Insecure Endpoint",
				fmt.Sprintf("%s uses http:// to another machine, which would send tokens in clear text. Use https://, or set allow_insecure_http = true in the provider. Nothing was sent.", at.AtName(f.name)))
		}
	}
	checkProof(at, get, diags)
	if settled {
		checkPolicy(at.AtName("refresh_token_policy"), policy, preset.Policy, diags)
	}
}

func isEndpoint(name string) bool { return strings.HasSuffix(name, "_endpoint") }

// checkPolicy compares rotation and grace_period, be they configured or known of the platform.
func checkPolicy(at path.Path, o types.Object, known credential.RefreshTokenPolicy, diags *diag.Diagnostics) {
	if o.IsNull() || o.IsUnknown() {
		return
	}
	rotation, grace := member(o, "rotation"), member(o, "grace_period")
	if rotation.IsUnknown() || grace.IsUnknown() {
		return
	}
	at = at.AtName("grace_period")
	isGrace := cmp.Or(rotation.ValueString(), string(known.Rotation)) == string(credential.RotationSingleUseGrace)
	if isGrace && !rotation.IsNull() && grace.IsNull() && known.GracePeriod == 0 {
		diags.AddAttributeError(at, "Missing Attribute", fmt.Sprintf(`%s is needed: rotation is "single_use_grace".`, at))
	}
	if !isGrace && !grace.IsNull() {
		diags.AddAttributeError(at, "Contradicting Attributes", fmt.Sprintf(`%s goes with rotation = "single_use_grace" only.`, at))
	}
}

// rejectPlainSecret reports a plain secret in a configuration whose secrets must stay out of state and plan.
func (s *session) rejectPlainSecret(
	ctx context.Context, get func(context.Context, path.Path, any) diag.Diagnostics, at path.Path, diags *diag.Diagnostics,
) {
	var v types.String
	diags.Append(get(ctx, at, &v)...)
	if !isGiven(v) {
		return // one that is not known yet is judged when the apply plans again
	}
	s.rejectPlain(at, diags)
}

func (s *session) rejectPlain(at path.Path, diags *diag.Diagnostics) {
	steps := at.Steps()
	last := steps[len(steps)-1].String()
	instead := fmt.Sprintf("Use %s_wo and %s_wo_version instead.", last, last)
	if lacksWriteOnly(s.cli) {
		instead = fmt.Sprintf("%s_wo would keep it out, and needs Terraform or OpenTofu 1.11; this is %s. Use a newer version, or remove secrets_in_state.", last, s.cli)
	}
	diags.AddAttributeError(at, "Secret Would Enter the State",
		fmt.Sprintf("The provider has secrets_in_state = false, and %s is kept in state and plan. %s Nothing was read or sent.", at, instead))
}

// lacksWriteOnly tells whether that version of Terraform or OpenTofu has no write-only arguments. Of one that cannot be read nothing is said.
func lacksWriteOnly(cli string) bool {
	var minor int
	_, err := fmt.Sscanf(cli, "1.%d.", &minor)
	return err == nil && minor < 11
}
