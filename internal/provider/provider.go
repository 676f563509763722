// Package provider is the Terraform side: schemas, plans, conversions and diagnostics. It holds no protocol and no
// rotation logic; what happens to a token is decided in package credential.
package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/wiring"
)

var (
	_ provider.Provider                       = (*oauthProvider)(nil)
	_ provider.ProviderWithEphemeralResources = (*oauthProvider)(nil)
	_ provider.ProviderWithFunctions          = (*oauthProvider)(nil)
)

type oauthProvider struct {
	version string
	deps    Deps
}

type providerModel struct {
	TokenStore          types.String `tfsdk:"token_store"`
	TokenStoreKey       types.String `tfsdk:"token_store_key"`
	RefreshBeforeExpiry types.String `tfsdk:"refresh_before_expiry"`
	SecretsInState      types.Bool   `tfsdk:"secrets_in_state"`
	RequestTimeout      types.String `tfsdk:"request_timeout"`
	CACertificatePEM    types.String `tfsdk:"ca_certificate_pem"`
	AllowInsecureHTTP   types.Bool   `tfsdk:"allow_insecure_http"`
}

// New returns the constructor of the provider. version is shown to authorization servers; deps are what main wires and
// tests replace.
func New(version string, deps Deps) func() provider.Provider {
	return func() provider.Provider { return &oauthProvider{version: version, deps: deps} }
}

func (p *oauthProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "oauth"
	resp.Version = p.version
}

func (p *oauthProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Keeps OAuth 2.0 token pairs alive in Terraform and OpenTofu: it refreshes single-use refresh tokens without losing one, and hands out fresh access tokens.",
		Attributes: map[string]schema.Attribute{
			"token_store": schema.StringAttribute{
				MarkdownDescription: "Where tokens are kept: the URL of a folder (`file:///var/lib/oauth`) or of a PostgreSQL database (`postgres://user@host/database`, with the parameters of libpq, and `schema` and `table`), " +
					"or `state` to keep them in the Terraform state alone. " +
					"May also be set by the environment variable `OAUTH_TOKEN_STORE`: with a password in the URL do that, or use an ephemeral variable, since Terraform writes others into saved plans. Default: the folder `terraform-provider-oauth` in `$XDG_STATE_HOME`, " +
					"else in `~/.local/state` (`%LocalAppData%` on Windows). Everyone who plans or applies must use the same store.",
				Optional:   true,
				Validators: []validator.String{tokenStoreURL(p.deps)},
			},
			"token_store_key": schema.StringAttribute{
				MarkdownDescription: "The age key (`AGE-SECRET-KEY-1…`, made by `age-keygen`) that seals what the store holds. Several are separated by commas: " +
					"the first one seals, all of them open; that is how a key is changed. May also be set by the environment variable `OAUTH_TOKEN_STORE_KEY`. " +
					"Needed with PostgreSQL. Without a key the files of a folder are plain text of mode 0600. Not used with `token_store = \"state\"`.",
				Optional:   true,
				Sensitive:  true,
				Validators: []validator.String{ageKeys{}},
			},
			"refresh_before_expiry": schema.StringAttribute{
				MarkdownDescription: "An access token that has less than this left to live is refreshed. A duration like `30s` or `5m`, from `5s` to `1h`. Default: `30s`. A token pair's `refresh.before_expiry` wins over it.",
				Optional:            true,
				Validators:          []validator.String{durationBetween(wiring.MinMargin, wiring.MaxMargin)},
			},
			"secrets_in_state": schema.BoolAttribute{
				MarkdownDescription: "Whether tokens and secrets may enter the Terraform state and plans. Default: `true`. With `false`, secrets are given through " +
					"write-only arguments (`…_wo`, Terraform or OpenTofu 1.11 or newer), consumers use the ephemeral resource `oauth_access_token`, and the token attributes are null. " +
					"Cannot be `false` with `token_store = \"state\"`.",
				Optional: true,
			},
			"request_timeout": schema.StringAttribute{
				MarkdownDescription: "How long one request to an authorization server may take, from connecting to the last byte. From `5s` to `2m`. Default: `30s`.",
				Optional:            true,
				Validators:          []validator.String{durationBetween(wiring.MinRequestTimeout, wiring.MaxRequestTimeout)},
			},
			"ca_certificate_pem": schema.StringAttribute{
				MarkdownDescription: "One or more PEM certificates of authorities that are trusted in addition to the system's.",
				Optional:            true,
				Validators:          []validator.String{pemCertificates{}},
			},
			"allow_insecure_http": schema.BoolAttribute{
				MarkdownDescription: "Whether endpoints may be `http://` on other machines than this one. Tokens and secrets then travel in clear text. Default: `false`.",
				Optional:            true,
			},
		},
	}
}

func (p *oauthProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var config providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	s := p.newSession(ctx, config, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	s.cli = req.TerraformVersion
	resp.ResourceData, resp.DataSourceData, resp.EphemeralResourceData = s, s, s
	resp.ActionData, resp.ListResourceData = s, s
}

func (p *oauthProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{newAppRegistrationResource, newTokenPairResource}
}

func (p *oauthProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		newAccessTokenDataSource, newAuthorizationServerDataSource, newPlatformDataSource,
		newTokenIntrospectionDataSource, newTokenPairDataSource, newTokenPairsDataSource,
	}
}

func (p *oauthProvider) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{newAccessTokenEphemeral, newAPIProxyEphemeral, newTokenIntrospectionEphemeral}
}

// Functions need Terraform 1.8 or OpenTofu 1.7.
func (p *oauthProvider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{newBasicAuthFunction, newDecodeJWTFunction, newParseCallbackFunction}
}

// configured is embedded by everything that needs the session. Its Configure methods exist once.
type configured struct{ session *session }

func (c *configured) take(data any, fail func(summary, detail string)) {
	if data == nil {
		return // validate runs without a configured provider
	}
	s, ok := data.(*session)
	if !ok {
		fail("Unexpected Provider Data", fmt.Sprintf("The provider handed over a %T. This is a defect of the provider; please report it.", data))
		return
	}
	c.session = s
}

type configuredResource struct{ configured }

func (c *configuredResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	c.take(req.ProviderData, resp.Diagnostics.AddError)
}

type configuredDataSource struct{ configured }

func (c *configuredDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	c.take(req.ProviderData, resp.Diagnostics.AddError)
}

type configuredEphemeral struct{ configured }

func (c *configuredEphemeral) Configure(_ context.Context, req ephemeral.ConfigureRequest, resp *ephemeral.ConfigureResponse) {
	c.take(req.ProviderData, resp.Diagnostics.AddError)
}
