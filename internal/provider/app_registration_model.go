package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// appRegistrationModel mirrors the schema; its plain client members are those of clientFields.
type appRegistrationModel struct {
	ID           types.String `tfsdk:"id"`
	Name         types.String `tfsdk:"name"`
	Client       types.Object `tfsdk:"client"`
	RedirectURIs types.List   `tfsdk:"redirect_uris"`

	Platform                           types.String `tfsdk:"platform"`
	PlatformParameters                 types.Map    `tfsdk:"platform_parameters"`
	PlatformOverrides                  types.String `tfsdk:"platform_overrides"`
	Issuer                             types.String `tfsdk:"issuer"`
	ClientID                           types.String `tfsdk:"client_id"`
	ClientSecret                       types.String `tfsdk:"client_secret"`
	ClientSecretWO                     types.String `tfsdk:"client_secret_wo"`
	ClientSecretWOVersion              types.Int64  `tfsdk:"client_secret_wo_version"`
	TokenEndpointAuthMethod            types.String `tfsdk:"token_endpoint_auth_method"`
	TokenEndpointAuthSigningAlg        types.String `tfsdk:"token_endpoint_auth_signing_alg"`
	PrivateKey                         types.String `tfsdk:"private_key"`
	PrivateKeyWO                       types.String `tfsdk:"private_key_wo"`
	PrivateKeyWOVersion                types.Int64  `tfsdk:"private_key_wo_version"`
	PrivateKeyID                       types.String `tfsdk:"private_key_id"`
	TLSClientCertificate               types.String `tfsdk:"tls_client_certificate"`
	TLSClientPrivateKey                types.String `tfsdk:"tls_client_private_key"`
	TLSClientPrivateKeyWO              types.String `tfsdk:"tls_client_private_key_wo"`
	TLSClientPrivateKeyWOVersion       types.Int64  `tfsdk:"tls_client_private_key_wo_version"`
	RequirePushedAuthorizationRequests types.Bool   `tfsdk:"require_pushed_authorization_requests"`
	DPoPBoundAccessTokens              types.Bool   `tfsdk:"dpop_bound_access_tokens"`
	AuthorizationEndpoint              types.String `tfsdk:"authorization_endpoint"`
	TokenEndpoint                      types.String `tfsdk:"token_endpoint"`
	RevocationEndpoint                 types.String `tfsdk:"revocation_endpoint"`
	IntrospectionEndpoint              types.String `tfsdk:"introspection_endpoint"`
	RegistrationEndpoint               types.String `tfsdk:"registration_endpoint"`
	DeviceAuthorizationEndpoint        types.String `tfsdk:"device_authorization_endpoint"`
	PushedAuthorizationRequestEndpoint types.String `tfsdk:"pushed_authorization_request_endpoint"`
	RefreshTokenPolicy                 types.Object `tfsdk:"refresh_token_policy"`

	GrantTypes                 types.Set    `tfsdk:"grant_types"`
	ResponseTypes              types.Set    `tfsdk:"response_types"`
	Contacts                   types.Set    `tfsdk:"contacts"`
	ClientName                 types.String `tfsdk:"client_name"`
	ClientURI                  types.String `tfsdk:"client_uri"`
	LogoURI                    types.String `tfsdk:"logo_uri"`
	Scope                      types.String `tfsdk:"scope"`
	TOSURI                     types.String `tfsdk:"tos_uri"`
	PolicyURI                  types.String `tfsdk:"policy_uri"`
	JWKSURI                    types.String `tfsdk:"jwks_uri"`
	JWKS                       types.String `tfsdk:"jwks"`
	SoftwareID                 types.String `tfsdk:"software_id"`
	SoftwareVersion            types.String `tfsdk:"software_version"`
	SoftwareStatement          types.String `tfsdk:"software_statement"`
	SoftwareStatementWO        types.String `tfsdk:"software_statement_wo"`
	SoftwareStatementWOVersion types.Int64  `tfsdk:"software_statement_wo_version"`
	ExtraMetadata              types.String `tfsdk:"extra_metadata"`

	InitialAccessToken          types.String `tfsdk:"initial_access_token"`
	InitialAccessTokenWO        types.String `tfsdk:"initial_access_token_wo"`
	InitialAccessTokenWOVersion types.Int64  `tfsdk:"initial_access_token_wo_version"`
	RotateWhenChanged           types.Map    `tfsdk:"rotate_when_changed"`
	RotateBefore                types.String `tfsdk:"rotate_before"`
	DeregisterOnDestroy         types.Bool   `tfsdk:"deregister_on_destroy"`

	RegistrationClientURI   types.String `tfsdk:"registration_client_uri"`
	RegistrationAccessToken types.String `tfsdk:"registration_access_token"`
	ClientIDIssuedAt        types.String `tfsdk:"client_id_issued_at"`
	ClientSecretExpiresAt   types.String `tfsdk:"client_secret_expires_at"`
	RegisteredMetadata      types.String `tfsdk:"registered_metadata"`
}

// registers tells whether a configuration wants the client to be registered. As long as client_id is not known it does not.
func (m appRegistrationModel) registers() bool { return m.ClientID.IsNull() }

// member reads a configured member by its name in a client. There is no other registration that a secret could come from.
func (m appRegistrationModel) member(name string) types.String {
	switch name {
	case "registration":
		if m.registers() {
			return m.Name // the secret comes from there
		}
		return types.StringNull()
	case "client_secret_wo":
		return m.ClientSecretWO
	case "private_key_wo":
		return m.PrivateKeyWO
	case "tls_client_private_key_wo":
		return m.TLSClientPrivateKeyWO
	}
	return memberText(m.inputs(), name)
}

// inputs are the configured members as an object of the client's type, known or not.
func (m appRegistrationModel) inputs() types.Object {
	return types.ObjectValueMust(clientInputType(), map[string]attr.Value{
		"registration": m.Name, "platform": m.Platform, "platform_parameters": mapOrNull(m.PlatformParameters),
		"platform_overrides": m.PlatformOverrides, "issuer": m.Issuer, "client_id": m.ClientID,
		"client_secret": m.ClientSecret, "client_secret_wo_version": m.ClientSecretWOVersion,
		"private_key": m.PrivateKey, "private_key_wo_version": m.PrivateKeyWOVersion, "private_key_id": m.PrivateKeyID,
		"tls_client_private_key": m.TLSClientPrivateKey, "tls_client_private_key_wo_version": m.TLSClientPrivateKeyWOVersion,
		"tls_client_certificate": m.TLSClientCertificate, "token_endpoint_auth_signing_alg": m.TokenEndpointAuthSigningAlg,
		"require_pushed_authorization_requests": m.RequirePushedAuthorizationRequests,
		"dpop_bound_access_tokens":              m.DPoPBoundAccessTokens,
		"token_endpoint_auth_method":            m.TokenEndpointAuthMethod, "authorization_endpoint": m.AuthorizationEndpoint,
		"token_endpoint": m.TokenEndpoint, "revocation_endpoint": m.RevocationEndpoint,
		"introspection_endpoint": m.IntrospectionEndpoint, "registration_endpoint": m.RegistrationEndpoint,
		"device_authorization_endpoint":         m.DeviceAuthorizationEndpoint,
		"pushed_authorization_request_endpoint": m.PushedAuthorizationRequestEndpoint,
		"refresh_token_policy":                  policyOrNull(m.RefreshTokenPolicy), "redirect_uris": listOrNull(m.RedirectURIs),
	})
}

func clientInputType() map[string]attr.Type {
	t := clientType()
	for _, s := range clientSecrets() {
		t[s.name+"_wo_version"] = types.Int64Type
	}
	t["redirect_uris"] = types.ListType{ElemType: types.StringType}
	return t
}

func (m *appRegistrationModel) finish(client types.Object) {
	m.ID, m.Client = m.Name, client
	m.ClientSecretWO, m.PrivateKeyWO, m.TLSClientPrivateKeyWO = types.StringNull(), types.StringNull(), types.StringNull()
	m.SoftwareStatementWO, m.InitialAccessTokenWO = types.StringNull(), types.StringNull()
}

// fill takes over what an import finds. The secret stays out: the configuration may give it write-only.
func (m *appRegistrationModel) fill(reg credential.Registration) {
	o := clientObjectFrom(reg.Client)
	m.ID = m.Name
	m.PlatformOverrides = member(o, "platform_overrides")
	m.Platform, m.Issuer, m.ClientID = member(o, "platform"), member(o, "issuer"), member(o, "client_id")
	m.TokenEndpointAuthMethod, m.TokenEndpointAuthSigningAlg = member(o, "token_endpoint_auth_method"), member(o, "token_endpoint_auth_signing_alg")
	m.PrivateKeyID, m.TLSClientCertificate = member(o, "private_key_id"), member(o, "tls_client_certificate")
	m.RequirePushedAuthorizationRequests = memberBool(o, "require_pushed_authorization_requests")
	m.DPoPBoundAccessTokens = memberBool(o, "dpop_bound_access_tokens")
	m.AuthorizationEndpoint, m.TokenEndpoint = member(o, "authorization_endpoint"), member(o, "token_endpoint")
	m.RevocationEndpoint, m.IntrospectionEndpoint = member(o, "revocation_endpoint"), member(o, "introspection_endpoint")
	m.RegistrationEndpoint = member(o, "registration_endpoint")
	m.DeviceAuthorizationEndpoint = member(o, "device_authorization_endpoint")
	m.PushedAuthorizationRequestEndpoint = member(o, "pushed_authorization_request_endpoint")
	if v, ok := o.Attributes()["platform_parameters"].(types.Map); ok {
		m.PlatformParameters = v
	}
	m.RefreshTokenPolicy = policyOf(o)
	if reg.Dynamic != nil {
		m.imports(reg.Dynamic)
	} else if len(reg.RedirectURIs) > 0 {
		m.RedirectURIs = listFrom(reg.RedirectURIs)
	}
	values := o.Attributes()
	for _, s := range clientSecrets() {
		delete(values, s.name+"_wo")
		delete(values, s.name+"_wo_version")
	}
	values["registration"] = m.Name
	m.Client = types.ObjectValueMust(clientType(), values)
}
