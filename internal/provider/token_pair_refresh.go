package provider

import (
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

func probeAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		MarkdownDescription: "What `on_rejection` asks. Needed with that strategy, and with no other.", Optional: true,
		Attributes: map[string]schema.Attribute{
			"url": schema.StringAttribute{
				MarkdownDescription: "An address of the API that everybody with a good token may read, such as the one that tells who you are. " +
					"It is called with `GET` and the access token in the header; redirects are not followed, and nothing but the status of the answer is looked at.",
				Required: true, Validators: []validator.String{endpointURL()},
			},
		},
	}
}

func probeType() types.ObjectType {
	return types.ObjectType{AttrTypes: map[string]attr.Type{"url": types.StringType}}
}

func pathProbe() path.Path { return path.Root("refresh").AtName("probe") }

// probeOf reads the probe of a refresh object; null where there is none.
func probeOf(refresh types.Object) types.Object {
	if refresh.IsUnknown() {
		return types.ObjectUnknown(probeType().AttrTypes)
	}
	if o, ok := refresh.Attributes()["probe"].(types.Object); ok {
		return o
	}
	return types.ObjectNull(probeType().AttrTypes)
}

// validateRefresh checks that what is to be asked is given exactly where somebody asks it.
func (m *tokenPairModel) validateRefresh(diags *diag.Diagnostics) {
	strategy, probe := member(m.Refresh, "strategy"), probeOf(m.Refresh)
	asks := strategy.ValueString() == string(credential.StrategyOnRejection)
	switch {
	case strategy.IsUnknown() || probe.IsUnknown():
	case asks && probe.IsNull():
		diags.AddAttributeError(pathProbe(), "Missing Attribute",
			"refresh.probe is needed: the strategy on_rejection calls refresh.probe.url to learn whether the access token still works.")
	case !asks && !probe.IsNull():
		diags.AddAttributeError(pathProbe(), "Contradicting Attributes",
			`refresh.probe is for strategy = "on_rejection"; no other strategy calls an API. Remove it, or choose that strategy.`)
	}
}

// checkProbe keeps the access token from going in clear text to another machine.
func (m *tokenPairModel) checkProbe(insecure bool, diags *diag.Diagnostics) {
	url, at := member(probeOf(m.Refresh), "url"), pathProbe().AtName("url")
	if !isGiven(url) || insecure || oauth.CheckEndpoint(url.ValueString(), false) == nil {
		return
	}
	diags.AddAttributeError(at, "Insecure Endpoint",
		fmt.Sprintf("%s uses http:// to another machine, which would send the access token in clear text. Use https://, or set allow_insecure_http = true in the provider. Nothing was sent.", at))
}

func (m *tokenPairModel) refreshSettings() credential.RefreshSettings {
	return credential.RefreshSettings{
		Strategy:     credential.Strategy(member(m.Refresh, "strategy").ValueString()),
		BeforeExpiry: durationOf(member(m.Refresh, "before_expiry")),
		Earliest:     durationOf(member(m.Refresh, "earliest")),
		ProbeURL:     member(probeOf(m.Refresh), "url").ValueString(),
	}
}

func refreshObjectFrom(r credential.RefreshSettings) types.Object {
	t := map[string]attr.Type{"strategy": types.StringType, "before_expiry": types.StringType, "earliest": types.StringType, "probe": probeType()}
	if r == (credential.RefreshSettings{}) {
		return types.ObjectNull(t)
	}
	probe := types.ObjectNull(probeType().AttrTypes)
	if r.ProbeURL != "" {
		probe = types.ObjectValueMust(probeType().AttrTypes, map[string]attr.Value{"url": types.StringValue(r.ProbeURL)})
	}
	return types.ObjectValueMust(t, map[string]attr.Value{
		"strategy": optionalString(string(r.Strategy)), "before_expiry": optionalDuration(r.BeforeExpiry), "earliest": optionalDuration(r.Earliest),
		"probe": probe,
	})
}

// warnUnprobed tells that a token is served of which nobody knows whether the API takes it.
func warnUnprobed(about subject, n credential.Notice, diags *diag.Diagnostics) {
	const used = "The token is used as it is."
	if budget := (*credential.BudgetError)(nil); errors.As(n.Err, &budget) {
		diags.AddWarning("Access Token Not Probed", fmt.Sprintf("refresh.probe.url is not called for %s before %s: one more refusal would make the server lock the client out. %s\n\n%s",
			about, moment(n.Until), used, capital(budget.Error())))
		return
	}
	if failed := (*oauth.DiscoveryError)(nil); errors.As(n.Err, &failed) {
		diags.AddWarning("Access Token Not Probed", fmt.Sprintf("refresh.probe.url is not called for %s: its refusals count in the error budget of the token endpoint, which is not known. %s\n\n%s",
			about, used, triedPlaces(failed)))
		return
	}
	why := "no usable answer came."
	if n.Err != nil {
		why = clause(n.Err)
	}
	diags.AddWarning("Access Token Not Probed", fmt.Sprintf("refresh.probe.url did not tell whether the access token of %s works: %s Only a 2xx or a 401 does. %s", about, why, used))
}

// explainRefused says that another refresh would not help.
func explainRefused(about subject) []string {
	return []string{
		fmt.Sprintf("The API refuses the access token of %s, although it has just been refreshed: refresh.probe.url answered 401 before and after.", about),
		"The authorization server accepts the stored credential, and it was not used up.",
		"Check that refresh.probe.url belongs to this platform and account, and that the granted scopes allow to read it. Every run that meets this refreshes once.",
	}
}
