package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

var _ datasource.DataSourceWithConfigure = (*tokenPairDataSource)(nil)

type tokenPairDataSource struct{ configuredDataSource }

type tokenPairStatusModel struct {
	Name                  types.String `tfsdk:"name"`
	ID                    types.String `tfsdk:"id"`
	StoreID               types.String `tfsdk:"store_id"`
	StoreLocation         types.String `tfsdk:"store_location"`
	Status                types.String `tfsdk:"status"`
	AuthorizationURL      types.String `tfsdk:"authorization_url"`
	Scopes                types.Set    `tfsdk:"scopes"`
	Generation            types.Int64  `tfsdk:"generation"`
	IssuedAt              types.String `tfsdk:"issued_at"`
	ExpiresAt             types.String `tfsdk:"expires_at"`
	RefreshTokenExpiresAt types.String `tfsdk:"refresh_token_expires_at"`
	ReauthorizeBy         types.String `tfsdk:"reauthorize_by"`
	LastRotatedAt         types.String `tfsdk:"last_rotated_at"`
	NextAttemptAt         types.String `tfsdk:"next_attempt_at"`
	ClaimedBy             types.String `tfsdk:"claimed_by"`
	ClaimedAt             types.String `tfsdk:"claimed_at"`
	History               types.List   `tfsdk:"history"`
}

func newTokenPairDataSource() datasource.DataSource { return &tokenPairDataSource{} }

func (*tokenPairDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_token_pair"
}

func (*tokenPairDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: description, Computed: true}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Status, deadlines and history of a token pair, without its secrets: for `check` blocks and alerts. It sends nothing and changes nothing in the token store.",
		Attributes: map[string]schema.Attribute{
			"name":                     schema.StringAttribute{MarkdownDescription: "The name of the token pair in the token store. Of a pair of this configuration give the `id`.", Required: true, Validators: nameValidators()},
			"id":                       text("The name."),
			"store_id":                 text("The random id of the token store."),
			"store_location":           text("Where that store is: its URL without user, password and query."),
			"status":                   text(describeStatus),
			"authorization_url":        text("What a person opens to authorize, or to authorize again. Null if the pair offers none."),
			"generation":               schema.Int64Attribute{MarkdownDescription: describeGeneration, Computed: true},
			"scopes":                   schema.SetAttribute{MarkdownDescription: "The scopes that were granted, as the server said, else as asked for.", ElementType: types.StringType, Computed: true},
			"issued_at":                text("When the access token was requested (RFC 3339, UTC)."),
			"expires_at":               text("When the access token expires. Null if the server did not say."),
			"refresh_token_expires_at": text("When the refresh token dies unless it is used. Null if not known."),
			"reauthorize_by":           text("When a person must authorize again. Null if not known."),
			"last_rotated_at":          text("When the pair was last refreshed. Null if never."),
			"next_attempt_at":          text("With status `outcome_unknown`: from when on the refresh token may be sent once more. Null if it is not sent again."),
			"claimed_by":               text("The host that is refreshing the pair now, or has died doing so. Null if none."),
			"claimed_at":               text("Since when it does that, by its own clock."),
			"history": schema.ListNestedAttribute{
				MarkdownDescription: "What happened to the credential, oldest first; the last 50 events.", Computed: true,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"at":         text("When (RFC 3339, UTC), by the clock of the host."),
					"host":       text("The host name of the machine that did it."),
					"attempt":    text("The random id of the attempt. Null for what was no attempt to refresh or authorize."),
					"generation": schema.Int64Attribute{MarkdownDescription: "The generation after the event.", Computed: true},
					"verdict":    text("What happened, in words."),
				}},
			},
		},
	}
}

func (d *tokenPairDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model tokenPairStatusModel
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("name"), &model.Name)...)
	if resp.Diagnostics.HasError() || !d.session.needStore("data.oauth_token_pair", orAttributes, &resp.Diagnostics) {
		return
	}
	about := subject{kind: "oauth_token_pair", name: model.Name.ValueString(), session: d.session}
	record, err := d.session.manager.Peek(ctx, about.name)
	if err == nil && record.IsTombstone() {
		err = &credential.Error{Kind: credential.KindNotFound}
	}
	if err != nil {
		addEngineError(&resp.Diagnostics, pathName(), "Unable to Read Token Pair", about, err)
		return
	}
	storeID, err := d.session.storeID(ctx)
	if err != nil {
		addEngineError(&resp.Diagnostics, pathName(), "Unable to Read Token Pair", about, err)
		return
	}
	model.fill(record, storeID, d.session.location, d.session.now())
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

func (m *tokenPairStatusModel) fill(r credential.Record, storeID, location string, now time.Time) {
	m.ID, m.StoreID, m.StoreLocation = m.Name, optionalString(storeID), optionalString(location)
	m.Status = types.StringValue(string(r.Status))
	if p, ok := r.NewestPending(); ok {
		m.AuthorizationURL = types.StringValue(p.URL)
	}
	m.Generation = types.Int64Value(r.Generation)
	m.Scopes = types.SetNull(types.StringType)
	if r.Tokens.Scopes != nil {
		m.Scopes = setOf(r.Tokens.Scopes)
	}
	m.IssuedAt, m.ExpiresAt = timeValue(r.Tokens.IssuedAt), timeValue(r.Tokens.ExpiresAt)
	m.RefreshTokenExpiresAt, m.ReauthorizeBy = timeValue(idleDeadline(r)), timeValue(absoluteDeadline(r))
	m.LastRotatedAt = timeValue(r.LastRotatedAt)
	if at, may, known := credential.NextResend(r, now); known && may {
		m.NextAttemptAt = timeValue(at)
	}
	if r.Claim != nil {
		m.ClaimedBy, m.ClaimedAt = optionalString(r.Claim.Owner), timeValue(r.Claim.ClaimedAt)
	}
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
	m.History = types.ListValueMust(eventType, events)
}
