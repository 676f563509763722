package provider

import (
	"context"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
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
		Attributes: map[string]schema.Attribute{
			"token_pair":         schema.StringAttribute{MarkdownDescription: describeTokenPair, Optional: true, Validators: nameValidators()},
			"min_validity":       schema.StringAttribute{MarkdownDescription: describeMinValidity + " Choose it longer than the run needs the token for.", Optional: true, Validators: []validator.String{durationBetween(minValidityLeast, minValidityMost)}},
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
	maps.Copy(resp.Schema.Attributes, ephemeralAttributes(clientTokenInputs(describeSecretOfEphemeral, "")))
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
