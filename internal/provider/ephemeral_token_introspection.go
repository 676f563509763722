package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
)

var (
	_ ephemeral.EphemeralResourceWithConfigure      = (*tokenIntrospectionEphemeral)(nil)
	_ ephemeral.EphemeralResourceWithValidateConfig = (*tokenIntrospectionEphemeral)(nil)
)

type tokenIntrospectionEphemeral struct{ configuredEphemeral }

func newTokenIntrospectionEphemeral() ephemeral.EphemeralResource {
	return &tokenIntrospectionEphemeral{}
}

func (*tokenIntrospectionEphemeral) Metadata(_ context.Context, req ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_token_introspection"
}

func (*tokenIntrospectionEphemeral) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: describeIntrospection + " As an ephemeral resource it takes a token that must enter neither state nor plan. Terraform 1.10 or newer, OpenTofu 1.11 or newer.",
		Attributes:          ephemeralAttributes(tokenIntrospectionAttributes(describeSecretOfEphemeral, "")),
	}
}

func (*tokenIntrospectionEphemeral) ValidateConfig(ctx context.Context, req ephemeral.ValidateConfigRequest, resp *ephemeral.ValidateConfigResponse) {
	var model tokenIntrospectionModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &model)...); !resp.Diagnostics.HasError() {
		model.validate(true, &resp.Diagnostics)
	}
}

func (e *tokenIntrospectionEphemeral) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var model tokenIntrospectionModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	e.session.introspect(ctx, &model, "ephemeral.oauth_token_introspection", &resp.Diagnostics)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.Result.Set(ctx, model)...)
	}
}
