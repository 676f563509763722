package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
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
		Attributes:          dataAttributes(accessTokenAttributes("", clientTokenInputs(describeSecretOfData, inputsOfState))),
	}
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
