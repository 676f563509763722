package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

var _ datasource.DataSourceWithConfigure = (*authorizationServerDataSource)(nil)

// authorizationServerDataSource asks a server, and needs no token store.
type authorizationServerDataSource struct{ configuredDataSource }

type authorizationServerModel struct {
	endpointsModel
	JWKSURI types.String `tfsdk:"jwks_uri"`

	GrantTypes                    []string `tfsdk:"grant_types_supported"`
	ResponseTypes                 []string `tfsdk:"response_types_supported"`
	Scopes                        []string `tfsdk:"scopes_supported"`
	TokenEndpointAuthMethods      []string `tfsdk:"token_endpoint_auth_methods_supported"`
	RevocationEndpointAuthMethods []string `tfsdk:"revocation_endpoint_auth_methods_supported"`
	CodeChallengeMethods          []string `tfsdk:"code_challenge_methods_supported"`
	TokenEndpointAuthSigningAlgs  []string `tfsdk:"token_endpoint_auth_signing_alg_values_supported"`
	DPoPSigningAlgs               []string `tfsdk:"dpop_signing_alg_values_supported"`

	IssuerInResponses   types.Bool        `tfsdk:"authorization_response_iss_parameter_supported"`
	RequiresPushing     types.Bool        `tfsdk:"require_pushed_authorization_requests"`
	MTLSEndpointAliases map[string]string `tfsdk:"mtls_endpoint_aliases"`
}

func newAuthorizationServerDataSource() datasource.DataSource {
	return &authorizationServerDataSource{}
}

func (*authorizationServerDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_authorization_server"
}

func (*authorizationServerDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	endpoint := func(what string) schema.StringAttribute {
		return computedText(what + " Null if the server names none.")
	}
	list := func(what string) schema.ListAttribute {
		return schema.ListAttribute{MarkdownDescription: what + " Null if the server does not say.", ElementType: types.StringType, Computed: true}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "What an authorization server says of itself: its metadata by RFC 8414, or by OpenID Connect Discovery. A client that names only its `issuer` uses just this. " +
			"Each run asks the server; no token store is needed, and no token or secret is sent.",
		Attributes: map[string]schema.Attribute{
			"issuer": schema.StringAttribute{
				MarkdownDescription: "The issuer of the authorization server, a URL, just as the server names itself: to the letter, the slash at the end included.",
				Required:            true, Validators: []validator.String{issuerURL()},
			},
			"authorization_endpoint":                           endpoint("Where a person gives consent."),
			"token_endpoint":                                   endpoint("Where codes and refresh tokens are exchanged for tokens."),
			"revocation_endpoint":                              endpoint("Where tokens are revoked (RFC 7009)."),
			"introspection_endpoint":                           endpoint("Where tokens are asked about (RFC 7662)."),
			"registration_endpoint":                            endpoint("Where clients register themselves (RFC 7591)."),
			"device_authorization_endpoint":                    endpoint("Where devices begin an authorization (RFC 8628)."),
			"pushed_authorization_request_endpoint":            endpoint("Where authorization requests are left beforehand (RFC 9126)."),
			"userinfo_endpoint":                                endpoint("Where claims about the user are had (OpenID Connect)."),
			"jwks_uri":                                         endpoint("Where the keys of the server's signatures are."),
			"grant_types_supported":                            list("The grants. RFC 8414 takes silence for `authorization_code` and `implicit`."),
			"response_types_supported":                         list("What the authorization endpoint answers with, such as `code`."),
			"scopes_supported":                                 list("The scopes, or some of them."),
			"token_endpoint_auth_methods_supported":            list("How clients may authenticate at the token endpoint. RFC 8414 takes silence for `client_secret_basic`."),
			"revocation_endpoint_auth_methods_supported":       list("How clients may authenticate at the revocation endpoint."),
			"code_challenge_methods_supported":                 list("The methods of PKCE (RFC 7636)."),
			"token_endpoint_auth_signing_alg_values_supported": list("The algorithms that may sign a client's assertions (`private_key_jwt`, `client_secret_jwt`)."),
			"dpop_signing_alg_values_supported":                list("The algorithms that may sign DPoP proofs (RFC 9449)."),
			"require_pushed_authorization_requests": schema.BoolAttribute{
				MarkdownDescription: "Whether the server takes pushed authorization requests alone (RFC 9126).", Computed: true,
			},
			"authorization_response_iss_parameter_supported": schema.BoolAttribute{
				MarkdownDescription: "Whether every callback names the issuer in `iss` (RFC 9207).", Computed: true,
			},
			"mtls_endpoint_aliases": schema.MapAttribute{
				MarkdownDescription: "Endpoints for clients with a certificate (RFC 8705), by their names. Null if there are none.", ElementType: types.StringType, Computed: true,
			},
		},
	}
}

func (d *authorizationServerDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var issuer types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("issuer"), &issuer)...)
	if resp.Diagnostics.HasError() || !d.session.needNetwork("data.oauth_authorization_server", &resp.Diagnostics) {
		return
	}
	m, err := d.session.servers.Find(ctx, issuer.ValueString())
	if err != nil {
		resp.Diagnostics.AddAttributeError(path.Root("issuer"), "Unable to Read Authorization Server Metadata", undiscovered(ctx, err))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, modelOfMetadata(m))...)
}

// undiscovered says why there are no metadata, and what to do.
func undiscovered(ctx context.Context, err error) string {
	var failed *oauth.DiscoveryError
	switch {
	case ctx.Err() != nil:
		return "The run was stopped while asking the server. Run it again."
	case errors.As(err, &failed):
		return fmt.Sprintf("%s\n\nNothing else was sent.\n\n%s", triedPlaces(failed), whatToDoAboutDiscovery(failed))
	}
	return fmt.Sprintf("issuer cannot be used: %s Nothing was sent.", clause(err))
}

func modelOfMetadata(m oauth.Metadata) authorizationServerModel {
	return authorizationServerModel{
		endpointsModel: endpointsModel{
			Issuer: types.StringValue(m.Issuer), AuthorizationEndpoint: optionalString(m.AuthorizationEndpoint),
			TokenEndpoint: optionalString(m.TokenEndpoint), RevocationEndpoint: optionalString(m.RevocationEndpoint),
			IntrospectionEndpoint: optionalString(m.IntrospectionEndpoint), RegistrationEndpoint: optionalString(m.RegistrationEndpoint),
			DeviceAuthorizationEndpoint:        optionalString(m.DeviceAuthorizationEndpoint),
			PushedAuthorizationRequestEndpoint: optionalString(m.PushedAuthorizationRequestEndpoint),
			UserinfoEndpoint:                   optionalString(m.UserinfoEndpoint),
		},
		JWKSURI:    optionalString(m.JWKSURI),
		GrantTypes: m.GrantTypes, ResponseTypes: m.ResponseTypes, Scopes: m.Scopes, TokenEndpointAuthMethods: m.TokenEndpointAuthMethods,
		RevocationEndpointAuthMethods: m.RevocationEndpointAuthMethods, CodeChallengeMethods: m.CodeChallengeMethods,
		TokenEndpointAuthSigningAlgs: m.TokenEndpointAuthSigningAlgs, DPoPSigningAlgs: m.DPoPSigningAlgs,
		RequiresPushing:   types.BoolValue(m.RequiresPushing),
		IssuerInResponses: types.BoolValue(m.IssuerInResponses), MTLSEndpointAliases: m.MTLSEndpointAliases,
	}
}
