package provider

import (
	"maps"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// Bounds of what a client may hold.
const (
	maxClientID = 2048
	maxSecret   = 16 << 10
	maxToken    = 64 << 10
	maxGrace    = 24 * time.Hour
	maxLifetime = 30 * 365 * 24 * time.Hour
)

// clientField is one plain string member of the client object.
type clientField struct {
	name        string
	description string
	validators  []validator.String
	of          func(*credential.Client) *string
}

// clientFields are the plain members in one place: schema, object type and both conversions come from here.
func clientFields() []clientField {
	endpoint := func(name, what string, of func(*credential.Client) *string) clientField {
		return clientField{name, what, []validator.String{endpointURL()}, of}
	}
	return []clientField{
		{"platform", "A platform that the provider knows, such as `exact_online`: its endpoints, parameters, deadlines and what it does to refresh tokens stand in wherever this client says nothing. The data source `oauth_platform` shows what is known, and how sure it is.", []validator.String{platformID()},
			func(c *credential.Client) *string { return &c.Platform }},
		{"platform_overrides", "What you know better of the platform than the provider does, as a JSON object: facts by the names that the platform's page lists under *Every fact*, each with its value, such as `jsonencode({ scope_separator = \",\", earliest_refresh = null })`; `null` says that there is none. The guide [Facts of platforms](../guides/facts-of-platforms.md) says of every fact what it means, how it is written and which values it takes. A fact given here counts as sure, and other settings of this client come before it. Without `platform` it describes a server that the provider does not know; the issuer of that stands in `issuer`. Not for secrets. Up to 16 KiB.",
			[]validator.String{stringvalidator.LengthBetween(1, 16<<10)}, func(c *credential.Client) *string { return &c.PlatformOverrides }},
		{"issuer", "The issuer of the authorization server, a URL. A callback URL that names another one in `iss` (RFC 9207) is refused. Endpoints that neither this client nor `platform` names are discovered from it (RFC 8414, OpenID Connect Discovery) when they are needed, at apply or with a refresh, and never written into the client; what the server names there as its issuer must be the same to the letter, the slash at the end included. Another issuer replaces the token pairs that use it.",
			[]validator.String{issuerURL()}, func(c *credential.Client) *string { return &c.Issuer }},
		{"client_id", "The client identifier, as the platform's developer page shows it. Needed. Another one replaces the token pairs that use it, because their tokens belong to the old client.", []validator.String{printable(maxClientID)},
			func(c *credential.Client) *string { return &c.ClientID }},
		{"token_endpoint_auth_method", "How the client proves who it is at the token endpoint, and at the others that ask for it. `client_secret_basic`, `client_secret_post`: it sends `client_secret`. `client_secret_jwt`: it signs with `client_secret`, which must be 32 characters or more. `private_key_jwt`: it signs with `private_key`. `tls_client_auth`: it shows `tls_client_certificate`, which is of a CA that the server trusts. `self_signed_tls_client_auth`: likewise, and the server knows the certificate itself. `none`: a public client. Default: with a secret what `platform` wants, else what the discovered metadata list, else `client_secret_basic`; with a `private_key` alone `private_key_jwt`; with neither `none`. With a certificate alone, or a secret and a key, it must be set. It is never found out by trying, which would send a single-use token twice.",
			[]validator.String{stringvalidator.OneOf(oauth.AuthMethods()...)},
			func(c *credential.Client) *string { return &c.TokenEndpointAuthMethod }},
		{"token_endpoint_auth_signing_alg", "The algorithm that signs the client's assertions (`private_key_jwt`, `client_secret_jwt`), such as `RS256`, `PS256`, `ES256`, `EdDSA` or `HS256`. Default: that of the JWK, else the first that the server is discovered to take, else `RS256` with an RSA key, the one of its curve with another, `HS256` with a secret. One that does not go with the key is an error; one that the server does not list is used all the same.",
			[]validator.String{stringvalidator.OneOf(oauth.SigningAlgorithms()...)},
			func(c *credential.Client) *string { return &c.TokenEndpointAuthSigningAlg }},
		{"private_key_id", "The `kid` by which the server finds the public key of `private_key`. Default: that of the JWK, if it is one; else none is sent.", []validator.String{printable(1024)},
			func(c *credential.Client) *string { return &c.PrivateKeyID }},
		{"tls_client_certificate", "The certificate that the client shows in the TLS handshake for `tls_client_auth` and `self_signed_tls_client_auth` (RFC 8705), as PEM, with the intermediate certificates behind it. With another method the client shows it as well, and servers bind the tokens to it. Discovered endpoints are then those of `mtls_endpoint_aliases`, where the server has them; an endpoint that is written out is used as it stands, and must be `https://`. Plans warn from 14 days before it ends.",
			[]validator.String{certificateChain()},
			func(c *credential.Client) *string { return &c.TLSClientCertificate }},
		endpoint("authorization_endpoint", "Where a person gives consent. Needed for `authorization_url`, unless `platform` knows it or it is discovered from `issuer`.", func(c *credential.Client) *string { return &c.AuthorizationEndpoint }),
		endpoint("token_endpoint", "Where codes and refresh tokens are exchanged for tokens. Needed, unless `platform` knows it or it is discovered from `issuer`.", func(c *credential.Client) *string { return &c.TokenEndpoint }),
		endpoint("revocation_endpoint", "Where tokens are revoked (RFC 7009) when a token pair is destroyed. Where neither this nor `platform` names one and none is discovered from `issuer`, a destroy warns that a person must revoke them on the platform.", func(c *credential.Client) *string { return &c.RevocationEndpoint }),
		endpoint("introspection_endpoint", "RFC 7662. Asked, once for each new access token and by a client with a secret, where the reply does not tell when that expires and `platform` is known to tell it here (`salesforce`), or `platform_overrides` says so (`access_token_lifetime_source`); without an answer the `platform`'s usual lifetime is assumed. Where neither this nor `platform` names one, it is discovered from `issuer`. A token may live longer where use extends it, and one that is rejected before is a matter of the strategy `on_rejection`. The data source `oauth_token_introspection` asks here, too.", func(c *credential.Client) *string { return &c.IntrospectionEndpoint }),
		endpoint("registration_endpoint", "Where clients are registered (RFC 7591). Used by an `oauth_app_registration` without `client_id`; where neither this nor `platform` names one, it is discovered from `issuer`.", func(c *credential.Client) *string { return &c.RegistrationEndpoint }),
		endpoint("device_authorization_endpoint", "Where devices begin an authorization (RFC 8628). Used by the grant `device_code`; where neither this nor `platform` names one, it is discovered from `issuer`.", func(c *credential.Client) *string { return &c.DeviceAuthorizationEndpoint }),
		endpoint("pushed_authorization_request_endpoint", "Where authorization requests are pushed (RFC 9126): see `require_pushed_authorization_requests`. Where neither this nor `platform` names one, it is discovered from `issuer`.", func(c *credential.Client) *string { return &c.PushedAuthorizationRequestEndpoint }),
	}
}

// clientSecret is one sensitive member of the client object, with a write-only twin.
type clientSecret struct {
	name        string
	description string
	of          func(*credential.Client) *secret.String
	validator   validator.String
}

// clientSecrets are the sensitive members, in one place like clientFields.
func clientSecrets() []clientSecret {
	return []clientSecret{
		{"client_secret", "The client secret. With `secrets_in_state = false` use `client_secret_wo`.",
			func(c *credential.Client) *secret.String { return &c.ClientSecret }, printable(maxSecret)},
		{"private_key", "The private key that signs the client's assertions, for `private_key_jwt` (RFC 7523 §2.2): RSA of 2048 bits or more, EC (P-256, P-384, P-521) or Ed25519, as PEM (PKCS #8, PKCS #1 or SEC 1, not encrypted) or as a JWK. A certificate of the key that stands beside it in the PEM, or its thumbprint in the JWK, is named to the server (`x5t`, `x5t#S256`), as Microsoft Entra ID wants it. With `secrets_in_state = false` use `private_key_wo`.",
			func(c *credential.Client) *secret.String { return &c.PrivateKey }, privateKey()},
		{"tls_client_private_key", "The private key of `tls_client_certificate`, as PEM. With `secrets_in_state = false` use `tls_client_private_key_wo`.",
			func(c *credential.Client) *secret.String { return &c.TLSClientPrivateKey }, certificateKey()},
	}
}

// clientFlag is one member of the client object that is true or not.
type clientFlag struct {
	name        string
	description string
	of          func(*credential.Client) *bool
}

func clientFlags() []clientFlag {
	return []clientFlag{
		{"require_pushed_authorization_requests", "Whether authorization requests are pushed to `pushed_authorization_request_endpoint` first (RFC 9126), so that the `authorization_url` holds nothing but a reference, which expires soon: see `authorization_url_expires_at`. Default: `false`, which pushes only where the server's discovered metadata require it.",
			func(c *credential.Client) *bool { return &c.RequirePushedAuthorizationRequests }},
		{"dpop_bound_access_tokens", "Whether tokens are bound to a key by DPoP (RFC 9449), so that nobody can use them without it. The key is made with the authorization, lies beside the tokens, and is given to consumers as `dpop_private_key`. A change takes effect with the next refresh. Default: `false`.",
			func(c *credential.Client) *bool { return &c.DPoPBoundAccessTokens }},
	}
}

const (
	describePlatformParameters = "What the platform's endpoints depend on, such as `{ country = \"nl\" }`. Which ones there are, and which values they take, says the platform's page. Needed where one of them has no default."
	describePolicy             = "What is known of the server's refresh tokens. It decides what may be tried when a reply is lost, and which deadlines are shown. What neither this nor `platform` says counts as the most delicate case: `single_use` and `revoke_family`."
)

// clientInputAttributes is the client as a user writes it: at the top of a registration, or as the client of a token pair.
func clientInputAttributes() map[string]schema.Attribute {
	attributes := map[string]schema.Attribute{
		"platform_parameters": schema.MapAttribute{
			MarkdownDescription: describePlatformParameters, ElementType: types.StringType, Optional: true,
			Validators: []validator.Map{
				mapvalidator.SizeAtMost(50), mapvalidator.KeysAre(printable(200)), noNulls{}, mapvalidator.ValueStringsAre(printable(2048)),
			},
		},
		"refresh_token_policy": schema.SingleNestedAttribute{
			MarkdownDescription: describePolicy, Optional: true, Attributes: policyInputAttributes(),
		},
	}
	for _, f := range clientFields() {
		attributes[f.name] = schema.StringAttribute{MarkdownDescription: f.description, Optional: true, Validators: f.validators}
	}
	for _, s := range clientSecrets() {
		secretInput(attributes, s.name, s.description, s.validator)
	}
	for _, f := range clientFlags() {
		attributes[f.name] = schema.BoolAttribute{MarkdownDescription: f.description, Optional: true}
	}
	return attributes
}

// clientOfPairAttributes is the client of a token pair: the fixed shape of a registration's client, plus the write-only secret.
func clientOfPairAttributes() map[string]schema.Attribute {
	attributes := clientInputAttributes()
	attributes["registration"] = schema.StringAttribute{
		MarkdownDescription: "The name of the `oauth_app_registration` whose secret is looked up in the token store if the client has none of its own, and whose first `redirect_uris` is the default.",
		Optional:            true, Validators: nameValidators(),
	}
	return attributes
}

// clientComputedAttributes is the same shape as a registration gives it out.
func clientComputedAttributes() map[string]schema.Attribute {
	attributes := map[string]schema.Attribute{
		"registration":        schema.StringAttribute{MarkdownDescription: "The name of this registration; unknown until the apply that writes it to the token store.", Computed: true},
		"platform_parameters": schema.MapAttribute{MarkdownDescription: describePlatformParameters, ElementType: types.StringType, Computed: true},
	}
	policy := map[string]schema.Attribute{}
	for name := range policyType() {
		policy[name] = schema.StringAttribute{MarkdownDescription: "The `" + name + "` that is configured. Null if none is: what `platform` knows of it counts then, and is not repeated here.", Computed: true}
	}
	attributes["refresh_token_policy"] = schema.SingleNestedAttribute{MarkdownDescription: describePolicy, Computed: true, Attributes: policy}
	for _, f := range clientFields() {
		attributes[f.name] = schema.StringAttribute{MarkdownDescription: f.description, Computed: true}
	}
	for _, s := range clientSecrets() {
		attributes[s.name] = schema.StringAttribute{
			MarkdownDescription: "As configured; null if it was given write-only. Token pairs then look it up in the store.", Computed: true, Sensitive: true,
		}
	}
	for _, f := range clientFlags() {
		attributes[f.name] = schema.BoolAttribute{MarkdownDescription: f.description, Computed: true}
	}
	return attributes
}

func policyInputAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"rotation": schema.StringAttribute{
			MarkdownDescription: "What a refresh does to the refresh token that was sent. `none`: it stays. `new_old_valid`: there is a new one, and the old one goes on working. `server_decides`: there may be a new one, and the old one goes on working. `single_use`: there is a new one, and the old one is dead. `single_use_grace`: likewise, but the old one may be sent again for `grace_period`. `until_successor_used`: the old one works until the new one is used. `app_setting` (depends on the app's settings), `unknown` and no value count as `single_use`.",
			Optional:            true,
			Validators: []validator.String{stringvalidator.OneOf(string(credential.RotationNone), string(credential.RotationNewOldValid),
				string(credential.RotationServerDecides), string(credential.RotationSingleUse), string(credential.RotationSingleUseGrace),
				string(credential.RotationUntilSuccessorUsed), string(credential.RotationAppSetting), string(credential.RotationUnknown))},
		},
		"on_reuse": schema.StringAttribute{
			MarkdownDescription: "What the server does when a dead refresh token is presented. `reject`: it only refuses. `revoke_family`: every token of that authorization dies. `revoke_client_user`: every token of that client and user dies. `unknown` and no value count as `revoke_family`.",
			Optional:            true,
			Validators: []validator.String{stringvalidator.OneOf(string(credential.ReuseReject), string(credential.ReuseRevokeFamily),
				string(credential.ReuseRevokeClientUser), string(credential.ReuseUnknown))},
		},
		"grace_period": schema.StringAttribute{
			MarkdownDescription: "How long the old refresh token may be sent again, from `1s` to `24h`. Needed with `single_use_grace`, and only there.", Optional: true,
			Validators: []validator.String{durationBetween(time.Second, maxGrace)},
		},
		"idle_lifetime": schema.StringAttribute{
			MarkdownDescription: "How long a refresh token lives if nobody uses it, such as `720h`. From `1m` to `262800h`. The first run after two thirds of it uses the token, whether a new access token is needed or not; from a week before its end on, every plan warns.", Optional: true,
			Validators: []validator.String{durationBetween(time.Minute, maxLifetime)},
		},
		"absolute_lifetime": schema.StringAttribute{
			MarkdownDescription: "How long an authorization lives, however often it is refreshed, such as `8760h`. From `1m` to `262800h`. From 30 days before its end on, every plan warns. Not counted for tokens obtained elsewhere, because nobody knows when these were authorized.", Optional: true,
			Validators: []validator.String{durationBetween(time.Minute, maxLifetime)},
		},
		"error_budget": schema.StringAttribute{
			MarkdownDescription: "How many refusals (answers 4xx of the token endpoint) lock the client out, and within which time: `10/1h` for ten within an hour. From `2/1m` to `1000/24h`. Refusals are counted in the token store, for all runs that share it and all token pairs of this client; before one more would lock the client out, nothing is sent, and the error says until when, and which calls spent the budget. Give all token pairs of a client the same budget; one without it neither counts nor asks. Each refresh costs two more writes to the store.", Optional: true,
			Validators: []validator.String{check{wants: "a number of refusals and a time, like 10/1h, from 2/1m to 1000/24h", wrong: func(text string) error {
				_, err := parseErrorBudget(text)
				return err
			}}},
		},
		"token_calls": schema.StringAttribute{
			MarkdownDescription: "How many calls of the token endpoint the platform takes for one user of this client, whatever it answers, and within which time: `200/24h` for two hundred within a day. From `1/1m` to `1000/24h`. Calls are counted in the record of each token pair. When they are used up, a token that still works is served and a refresh is put off; once it has expired, the error says from when on the next call is possible.", Optional: true,
			Validators: []validator.String{check{wants: "a number of calls and a time, like 200/24h, from 1/1m to 1000/24h", wrong: func(text string) error {
				_, err := parseTokenCalls(text)
				return err
			}}},
		},
	}
}

func policyType() map[string]attr.Type {
	return map[string]attr.Type{
		"rotation": types.StringType, "on_reuse": types.StringType, "grace_period": types.StringType,
		"idle_lifetime": types.StringType, "absolute_lifetime": types.StringType, "error_budget": types.StringType, "token_calls": types.StringType,
	}
}

// clientType is the type of the computed client object of a registration.
func clientType() map[string]attr.Type {
	t := map[string]attr.Type{
		"registration": types.StringType, "platform_parameters": types.MapType{ElemType: types.StringType},
		"refresh_token_policy": types.ObjectType{AttrTypes: policyType()},
	}
	for _, f := range clientFields() {
		t[f.name] = types.StringType
	}
	for _, s := range clientSecrets() {
		t[s.name] = types.StringType
	}
	for _, f := range clientFlags() {
		t[f.name] = types.BoolType
	}
	return t
}

// clientOfPairType is the type of the client of a token pair.
func clientOfPairType() map[string]attr.Type {
	t := maps.Clone(clientType())
	for _, s := range clientSecrets() {
		t[s.name+"_wo"], t[s.name+"_wo_version"] = types.StringType, types.Int64Type
	}
	return t
}
