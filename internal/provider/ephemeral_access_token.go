package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
)

var (
	_ ephemeral.EphemeralResourceWithConfigure      = (*accessTokenEphemeral)(nil)
	_ ephemeral.EphemeralResourceWithValidateConfig = (*accessTokenEphemeral)(nil)
)

// accessTokenEphemeral has no Renew: Terraform takes no new data from it. Nor a Close: the token belongs to the pair.
type accessTokenEphemeral struct{ configuredEphemeral }

func newAccessTokenEphemeral() ephemeral.EphemeralResource { return &accessTokenEphemeral{} }

func (*accessTokenEphemeral) Metadata(_ context.Context, req ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_access_token"
}

func (*accessTokenEphemeral) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A fresh access token, of a token pair or one that a client gets for itself, that enters neither state nor plan. Terraform 1.10 or newer, OpenTofu 1.11 or newer.",
		Attributes: ephemeralAttributes(accessTokenAttributes(
			" Choose it longer than the run needs the token for.", clientTokenInputs(describeSecretOfEphemeral, ""))),
	}
}

func (*accessTokenEphemeral) ValidateConfig(ctx context.Context, req ephemeral.ValidateConfigRequest, resp *ephemeral.ValidateConfigResponse) {
	var model accessTokenModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &model)...); !resp.Diagnostics.HasError() {
		model.validate(&resp.Diagnostics)
	}
}

func (e *accessTokenEphemeral) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var model accessTokenModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() || !e.session.needs(&model.tokenAsk, "ephemeral.oauth_access_token", &resp.Diagnostics) {
		return
	}
	e.session.fetch(ctx, &model, &resp.Diagnostics)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.Result.Set(ctx, model)...)
	}
}
