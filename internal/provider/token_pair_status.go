package provider

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

const (
	describeStoreID       = "The random id of the token store."
	describeStoreLocation = "Where that store is: its URL without user, password and query. Schema and table of a PostgreSQL store stand behind its database, where the URL names them: `postgres://host/database/schema.table`."
)

// tokenPairStatus is what can be told of a token pair without its secrets.
type tokenPairStatus struct {
	Status                    types.String `tfsdk:"status"`
	AuthorizationURL          types.String `tfsdk:"authorization_url"`
	AuthorizationURLExpiresAt types.String `tfsdk:"authorization_url_expires_at"`
	UserCode                  types.String `tfsdk:"user_code"`
	VerificationURI           types.String `tfsdk:"verification_uri"`
	VerificationComplete      types.String `tfsdk:"verification_uri_complete"`
	Scopes                    types.Set    `tfsdk:"scopes"`
	Generation                types.Int64  `tfsdk:"generation"`
	IssuedAt                  types.String `tfsdk:"issued_at"`
	ExpiresAt                 types.String `tfsdk:"expires_at"`
	RefreshTokenExpiresAt     types.String `tfsdk:"refresh_token_expires_at"`
	ReauthorizeBy             types.String `tfsdk:"reauthorize_by"`
	LastRotatedAt             types.String `tfsdk:"last_rotated_at"`
	NextAttemptAt             types.String `tfsdk:"next_attempt_at"`
	ClaimedBy                 types.String `tfsdk:"claimed_by"`
	ClaimedAt                 types.String `tfsdk:"claimed_at"`
	ClaimedFor                types.String `tfsdk:"claimed_for"`
	ClaimStale                types.Bool   `tfsdk:"claim_stale"`
	History                   types.List   `tfsdk:"history"`
}

func computedText(description string) schema.StringAttribute {
	return schema.StringAttribute{MarkdownDescription: description, Computed: true}
}

// statusAttributes is the schema of a tokenPairStatus.
func statusAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"status":                       computedText(describeStatus),
		"authorization_url":            computedText("What a person opens to authorize, or to authorize again. Null if the pair offers none, or if it has expired."),
		"authorization_url_expires_at": computedText(describeURLExpiresAt),
		"user_code":                    computedText("The device code that a person enters at `verification_uri`. Null unless one waits for that."),
		"verification_uri":             computedText("Where a person enters `user_code`. Null unless a code waits for that."),
		"verification_uri_complete":    computedText("The same with the code in it. Null unless the server gives one."),
		"generation":                   schema.Int64Attribute{MarkdownDescription: describeGeneration, Computed: true},
		"scopes":                       schema.SetAttribute{MarkdownDescription: describeScopes, ElementType: types.StringType, Computed: true},
		"issued_at":                    computedText(describeIssuedAt),
		"expires_at":                   computedText("When the access token expires. Null if the server did not say."),
		"refresh_token_expires_at":     computedText("When the refresh token dies unless it is used. Null if not known."),
		"reauthorize_by":               computedText("When a person must authorize again. Null if not known."),
		"last_rotated_at":              computedText("When the pair was last refreshed. Null if never."),
		"next_attempt_at":              computedText("With status `outcome_unknown`: from when on the refresh token may be sent once more. Null if it is not sent again."),
		"claimed_by":                   computedText("The host that has claimed the pair: it works on it now, or has died doing so. Null if none."),
		"claimed_at":                   computedText("Since when it does that."),
		"claimed_for":                  computedText("What it does: `refresh`, `exchange`, `device_code` (one poll), `revoke`, or `move` to another token store. Nobody takes a move over: run it again to finish it, or to take it back."),
		"claim_stale": schema.BoolAttribute{
			MarkdownDescription: "Whether that takes longer than any request does (2 minutes with the default `request_timeout`): the host has died, or stands still. But for a `move`, the next run that needs a token takes over. False if there is no claim.",
			Computed:            true,
		},
		"history": schema.ListNestedAttribute{
			MarkdownDescription: "What happened to the credential, oldest first; the last 50 events.", Computed: true,
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"at":         computedText("When (RFC 3339, UTC): by the store's clock, or that of the host where the store has none."),
				"host":       computedText("The host name of the machine that did it."),
				"attempt":    computedText("The random id of the attempt. Null for what was no attempt to refresh or authorize."),
				"generation": schema.Int64Attribute{MarkdownDescription: "The generation after the event.", Computed: true},
				"verdict":    computedText("What happened, in words."),
			}},
		},
	}
}

func statusOf(r credential.Record, host string, now time.Time) tokenPairStatus {
	m := tokenPairStatus{
		Status: types.StringValue(string(r.StatusAt(now))), Generation: types.Int64Value(r.Generation), Scopes: types.SetNull(types.StringType),
		IssuedAt: timeValue(r.Tokens.IssuedAt), ExpiresAt: timeValue(r.Tokens.ExpiresAt),
		RefreshTokenExpiresAt: timeValue(r.IdleDeadline()), ReauthorizeBy: timeValue(r.AbsoluteDeadline()),
		LastRotatedAt: timeValue(r.LastRotatedAt), ClaimStale: types.BoolValue(false), History: historyOf(r),
	}
	if r.Device.Waits(now) {
		m.UserCode, m.VerificationURI = types.StringValue(r.Device.UserCode), types.StringValue(r.Device.VerificationURI)
		m.VerificationComplete = optionalString(r.Device.VerificationURIComplete)
	}
	if p, ok := r.NewestPending(); ok && r.OffersURL() && p.Usable(now) {
		m.AuthorizationURL, m.AuthorizationURLExpiresAt = types.StringValue(p.URL), timeValue(p.ExpiresAt)
	}
	if r.Tokens.Scopes != nil {
		m.Scopes = setOf(r.Tokens.Scopes)
	}
	if at, may, known := credential.NextResend(r, host, now); known && may {
		m.NextAttemptAt = timeValue(at)
	}
	if c := r.Claim; c != nil {
		m.ClaimedFor = types.StringValue(string(c.Purpose))
		m.ClaimedBy, m.ClaimedAt = optionalString(c.Owner), timeValue(c.ClaimedAt)
		m.ClaimStale = types.BoolValue(now.After(c.ClaimedAt.Add(c.TTL)))
	}
	return m
}

func historyOf(r credential.Record) types.List {
	eventType := types.ObjectType{AttrTypes: map[string]attr.Type{
		"at": types.StringType, "host": types.StringType, "attempt": types.StringType, "generation": types.Int64Type, "verdict": types.StringType,
	}}
	events := make([]attr.Value, 0, len(r.History))
	for _, e := range r.History {
		events = append(events, types.ObjectValueMust(eventType.AttrTypes, map[string]attr.Value{
			"at": timeValue(e.At), "host": optionalString(e.Host), "attempt": optionalString(e.Attempt),
			"generation": types.Int64Value(e.Generation), "verdict": types.StringValue(e.Verdict),
		}))
	}
	return types.ListValueMust(eventType, events)
}
