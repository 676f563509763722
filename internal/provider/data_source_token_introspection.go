package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var (
	_ datasource.DataSourceWithConfigure      = (*tokenIntrospectionDataSource)(nil)
	_ datasource.DataSourceWithValidateConfig = (*tokenIntrospectionDataSource)(nil)
)

type tokenIntrospectionDataSource struct{ configuredDataSource }

func newTokenIntrospectionDataSource() datasource.DataSource { return &tokenIntrospectionDataSource{} }

func (*tokenIntrospectionDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_token_introspection"
}

func (*tokenIntrospectionDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: describeIntrospection,
		Attributes: dataAttributes(tokenIntrospectionAttributes(describeSecretOfData,
			" A data source keeps it in state and plan; the ephemeral resource of the same name does not. Refused with `secrets_in_state = false`.")),
	}
}

func (*tokenIntrospectionDataSource) ValidateConfig(
	ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse,
) {
	var model tokenIntrospectionModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &model)...); !resp.Diagnostics.HasError() {
		model.validate(true, &resp.Diagnostics)
	}
}

func (d *tokenIntrospectionDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model tokenIntrospectionModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if !resp.Diagnostics.HasError() && !d.session.isUnknown() && !d.session.secretsInState {
		model.rejectPlain(&resp.Diagnostics)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	d.session.introspect(ctx, &model, "data.oauth_token_introspection", &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if !d.session.secretsInState {
		model.Extra = types.MapNull(types.StringType)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}
