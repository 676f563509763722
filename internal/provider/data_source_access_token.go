package provider

import (
	"context"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var (
	_ datasource.DataSourceWithConfigure      = (*accessTokenDataSource)(nil)
	_ datasource.DataSourceWithValidateConfig = (*accessTokenDataSource)(nil)
)

type accessTokenDataSource struct{ configuredDataSource }

func newAccessTokenDataSource() datasource.DataSource { return &accessTokenDataSource{} }

func (*accessTokenDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_access_token"
}

func (*accessTokenDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A fresh access token: of a token pair, or one that a client gets for itself. Prefer the ephemeral resource of the same name where your Terraform or OpenTofu has it.",
		Attributes: map[string]schema.Attribute{
			"token_pair": schema.StringAttribute{MarkdownDescription: describeTokenPair, Optional: true, Validators: nameValidators()},
			"min_validity": schema.StringAttribute{
				MarkdownDescription: describeMinValidity, Optional: true,
				Validators: []validator.String{durationBetween(minValidityLeast, minValidityMost)},
			},
			"allow_unauthorized": schema.BoolAttribute{MarkdownDescription: describeAllowUnauthorized, Optional: true},
			"access_token":       schema.StringAttribute{MarkdownDescription: "The access token.", Computed: true, Sensitive: true},
			"token_type":         schema.StringAttribute{MarkdownDescription: describeTokenType, Computed: true},
			"dpop_private_key":   schema.StringAttribute{MarkdownDescription: describeProofKey, Computed: true, Sensitive: true},
			"scopes":             schema.SetAttribute{MarkdownDescription: "The scopes that were granted, as the server said, else as asked for.", ElementType: types.StringType, Computed: true},
			"issued_at":          schema.StringAttribute{MarkdownDescription: "When the access token was requested (RFC 3339, UTC).", Computed: true},
			"expires_at":         schema.StringAttribute{MarkdownDescription: describeExpiresAt, Computed: true},
			"connection_details": schema.MapAttribute{MarkdownDescription: describeConnection, ElementType: types.StringType, Computed: true},
			"extra": schema.MapAttribute{
				MarkdownDescription: "Every other member of the server's token reply: texts as they are, anything else as compact JSON.",
				ElementType:         types.StringType, Computed: true, Sensitive: true,
			},
		},
	}
	maps.Copy(resp.Schema.Attributes, dataAttributes(clientTokenInputs(describeSecretOfData, inputsOfState)))
}

func (*accessTokenDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var model accessTokenModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &model)...); !resp.Diagnostics.HasError() {
		model.validate(&resp.Diagnostics)
	}
}

func (d *accessTokenDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model accessTokenModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() || !d.session.needs(&model.tokenAsk, "data.oauth_access_token", &resp.Diagnostics) {
		return
	}
	if !d.session.secretsInState {
		resp.Diagnostics.AddError("Secret Would Enter the State",
			"The provider has secrets_in_state = false, and a data source keeps its result in state and plan. Use the ephemeral resource instead: ephemeral \"oauth_access_token\". Nothing was read or sent.")
		return
	}
	d.session.fetch(ctx, &model, &resp.Diagnostics)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
	}
}
