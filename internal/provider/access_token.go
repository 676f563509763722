package provider

import (
	"context"
	"maps"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/wiring"
)

// Bounds of min_validity.
const minValidityLeast, minValidityMost = wiring.MinValidityLeast, wiring.MinValidityMost

// Descriptions that data source and ephemeral resource share.
const (
	describeTokenPair         = "The `id` of an `oauth_token_pair` of this configuration, or the name of one that another configuration manages. Use `.id`, not `.name`: it is unknown while an apply has still to authorize or refresh the pair, so that this waits for it."
	describeMinValidity       = "The access token must have at least this left to live, else it is refreshed. A duration like `60s`, from `1s` to `24h`. The margin of the pair applies too (`refresh.before_expiry`, else the provider's `refresh_before_expiry`); the longer one wins. Under `on_rejection` only this counts, and only where the expiry is known."
	describeExpiresAt         = "When the access token expires (RFC 3339, UTC). Null if the server did not say, neither in its reply nor at the `introspection_endpoint`; it is then taken to live for as long as the `platform`'s tokens do, else one hour, or without end if an authorization came without a refresh token; except under `on_rejection`."
	describeAllowUnauthorized = "Whether a pair that a person must authorize first gives null and a warning instead of an error. Other failures stay errors. Default: `false`."
)

// accessTokenAttributes are those of an accessTokenModel, besides the inputs of a client that gets tokens for itself. more is what else is to
// be known of min_validity.
func accessTokenAttributes(more string, inputs map[string]schema.Attribute) map[string]schema.Attribute {
	attributes := map[string]schema.Attribute{
		"token_pair": schema.StringAttribute{MarkdownDescription: describeTokenPair, Optional: true, Validators: nameValidators()},
		"min_validity": schema.StringAttribute{
			MarkdownDescription: describeMinValidity + more, Optional: true,
			Validators: []validator.String{durationBetween(minValidityLeast, minValidityMost)},
		},
		"allow_unauthorized": schema.BoolAttribute{MarkdownDescription: describeAllowUnauthorized, Optional: true},
		"access_token":       computedSecret("The access token."),
		"token_type":         computedString(describeTokenType),
		"dpop_private_key":   computedSecret(describeProofKey),
		"scopes": schema.SetAttribute{
			MarkdownDescription: describeScopes, ElementType: types.StringType, Computed: true,
		},
		"issued_at":          computedString(describeIssuedAt),
		"expires_at":         computedString(describeExpiresAt),
		"connection_details": schema.MapAttribute{MarkdownDescription: describeConnection, ElementType: types.StringType, Computed: true},
		"extra": schema.MapAttribute{
			MarkdownDescription: "Every other member of the server's token reply: texts as they are, anything else as compact JSON.",
			ElementType:         types.StringType, Computed: true, Sensitive: true,
		},
	}
	maps.Copy(attributes, inputs)
	return attributes
}

// orAttributes is what can be done without a token store.
const orAttributes = "Set token_store to a folder, or read the attributes of the oauth_token_pair resource instead."

// tokenAsk says where an access token comes from, a token pair or a client of its own, and how long it must be good for.
type tokenAsk struct {
	TokenPair         types.String `tfsdk:"token_pair"`
	Client            types.Object `tfsdk:"client"`
	ClientCredentials types.Object `tfsdk:"client_credentials"`
	Password          types.Object `tfsdk:"password"`
	JWTBearer         types.Object `tfsdk:"jwt_bearer"`
	TokenExchange     types.Object `tfsdk:"token_exchange"`
	ExtensionGrant    types.Object `tfsdk:"extension_grant"`
	MinValidity       types.String `tfsdk:"min_validity"`
}

// accessTokenModel is the data source's and the ephemeral resource's.
type accessTokenModel struct {
	tokenAsk
	AllowUnauthorized types.Bool `tfsdk:"allow_unauthorized"`

	AccessToken types.String `tfsdk:"access_token"`
	TokenType   types.String `tfsdk:"token_type"`
	ProofKey    types.String `tfsdk:"dpop_private_key"`
	Scopes      types.Set    `tfsdk:"scopes"`
	IssuedAt    types.String `tfsdk:"issued_at"`
	ExpiresAt   types.String `tfsdk:"expires_at"`
	Connection  types.Map    `tfsdk:"connection_details"`
	Extra       types.Map    `tfsdk:"extra"`
}

// validate checks a configuration. Whether http:// is allowed is known to the provider's configuration alone.
func (m *accessTokenModel) validate(diags *diag.Diagnostics) {
	m.tokenAsk.validate(true, diags)
	m.checkLenient(diags)
}

// checkLenient refuses what means nothing for a client that gets tokens for itself.
func (m *accessTokenModel) checkLenient(diags *diag.Diagnostics) {
	if isGiven(m.Client) && isGiven(m.AllowUnauthorized) {
		diags.AddAttributeError(path.Root("allow_unauthorized"), "Contradicting Attributes",
			"allow_unauthorized goes with token_pair: nobody has to authorize a client that gets tokens for itself. Remove it.")
	}
}

// clear makes null what is not known without a token.
func (m *accessTokenModel) clear() {
	m.take(credential.Tokens{})
	m.Extra, m.Connection = types.MapNull(types.StringType), types.MapNull(types.StringType)
}

func (m *accessTokenModel) take(t credential.Tokens) {
	m.AccessToken, m.TokenType = secretValue(t.Access), optionalString(t.Type)
	m.IssuedAt, m.ExpiresAt = timeValue(t.IssuedAt), timeValue(t.ExpiresAt)
	m.ProofKey = types.StringNull()
	if t.Bound() {
		m.ProofKey = secretValue(t.ProofKey)
	}
	m.Scopes = types.SetNull(types.StringType)
	if t.Scopes != nil {
		m.Scopes = setOf(t.Scopes)
	}
	m.Connection, m.Extra = mapFrom(t.Connection), extraOf(t.Extra)
}

// fetch gets a fresh access token for m.TokenPair, or for m.Client. It never puts the credential of a pair into a store.
func (s *session) fetch(ctx context.Context, m *accessTokenModel, diags *diag.Diagnostics) {
	m.clear()
	if m.checkLenient(diags); diags.HasError() { // a value may have been unknown to validate
		return
	}
	use := s.use(&m.tokenAsk, s.ask(credential.AskerConsumer), diags)
	if use == nil {
		return
	}
	if result, ok := use.open(ctx, m.AllowUnauthorized.ValueBool(), diags); ok {
		if use.about.kind != kindClient {
			warnMinValidity(use.about, result.Record, use.least, diags)
		}
		m.take(result.Record.Tokens)
	}
}

// tokenUse is the use of an access token, and what diagnostics call its owner.
type tokenUse struct {
	api   *credential.API
	about subject
	at    path.Path // of what its errors are about, mostly
	grant path.Path // … and where the grant is; empty: a token pair has one of its own
	least time.Duration
}

// use is that of the token that m asks for; nil: diags say why there is none.
func (s *session) use(m *tokenAsk, ask credential.Ask, diags *diag.Diagnostics) *tokenUse {
	ask.MinValidity = durationOf(m.MinValidity)
	if m.TokenPair.IsNull() {
		return s.useOfClient(m, ask, diags)
	}
	name := m.TokenPair.ValueString()
	return &tokenUse{
		api: s.manager.API(name, ask), about: subject{kind: "oauth_token_pair", name: name, session: s, asks: true},
		at: path.Root("token_pair"), least: ask.MinValidity,
	}
}

// open gets the token. ok is false where there is none, and diags say why: as a warning where lenient allows that.
func (u *tokenUse) open(ctx context.Context, lenient bool, diags *diag.Diagnostics) (result credential.Result, ok bool) {
	result, err := u.api.Open(ctx)
	warnUse(u, result, diags)
	switch {
	case err == nil:
		warnUnbound(u.about, result.Record, diags)
		return result, true
	case lenient && u.about.kind != kindClient && credential.IsKind(err, credential.KindAuthorize):
		warnNoToken(u.about, err, diags)
		return result, false
	}
	at := u.at
	e := credential.AsError(err)
	if u.about.kind == kindClient && (e.Kind == credential.KindSubject || e.Kind == credential.KindConfiguration && e.Verdict.Class != "") {
		at = u.grant
	}
	addEngineError(diags, at, "Unable to Get Access Token", u.about, err)
	return result, false
}

// warnUse tells what a success still has to say.
func warnUse(u *tokenUse, result credential.Result, diags *diag.Diagnostics) {
	if u.about.kind == kindClient {
		warnClientToken(u.about, result, u.least, diags)
		return
	}
	warnNotices(u.about, result.Notices, diags)
}

// needs reports what cannot work without a store or before the settings are known. It returns false then.
func (s *session) needs(m *tokenAsk, what string, diags *diag.Diagnostics) bool {
	if m.TokenPair.IsNull() {
		return s.needSettings(what, diags)
	}
	return s.needStore(what, orAttributes, diags)
}
