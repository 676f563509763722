package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// tokenIntrospectionModel is the data source's and the ephemeral resource's.
type tokenIntrospectionModel struct {
	TokenPair types.String `tfsdk:"token_pair"`
	Client    types.Object `tfsdk:"client"`
	Token     types.String `tfsdk:"token"`
	Hint      types.String `tfsdk:"token_type_hint"`

	Active    types.Bool   `tfsdk:"active"`
	Scope     types.String `tfsdk:"scope"`
	ClientID  types.String `tfsdk:"client_id"`
	Username  types.String `tfsdk:"username"`
	TokenType types.String `tfsdk:"token_type"`
	ExpiresAt types.String `tfsdk:"exp"`
	IssuedAt  types.String `tfsdk:"iat"`
	NotBefore types.String `tfsdk:"nbf"`
	Subject   types.String `tfsdk:"sub"`
	Audience  types.List   `tfsdk:"aud"`
	Issuer    types.String `tfsdk:"iss"`
	ID        types.String `tfsdk:"jti"`
	Extra     types.Map    `tfsdk:"extra"`
}

const (
	describeIntrospection = "What an authorization server says of a token (RFC 7662): whether it is active, and what it is good for. Asking uses nothing up: a refresh token stays as it is. " +
		"That a token is not active is an answer (`active = false`) and no error, so this is the health check of a credential. An answer that is a signed JWT (RFC 9701) is not read."
	describeIntrospectedPair = "The `id` of an `oauth_token_pair`, or the name of one that another configuration manages: its token is taken from the token store, and nothing is refreshed. " +
		"One of this and `token`. A pair that has no such token is not active, and nobody is asked."
	describeIntrospectingClient = "The client that asks: `oauth_app_registration.NAME.client`, or the same written out. Needed with `token`. Default with `token_pair`: the client of the pair. " +
		"It authenticates as it does at the token endpoint. `introspection_endpoint` is its own, the `platform`'s, or discovered from `issuer`."
	describeIntrospectedToken = "The token to ask about. One of this and `token_pair`."
	describeHint              = "What kind of token it is: `access_token` or `refresh_token`. With `token` a hint that the server may ignore; null: none is sent. " +
		"With `token_pair` the choice between its tokens; null: the refresh token, if the pair has one."
)

func tokenIntrospectionAttributes(secrets, token string) map[string]schema.Attribute {
	text := func(what string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: what + " Null if the server does not say, or the token is not active.", Computed: true}
	}
	return map[string]schema.Attribute{
		"token_pair": schema.StringAttribute{MarkdownDescription: describeIntrospectedPair, Optional: true, Validators: nameValidators()},
		"client":     clientOfAsker(describeIntrospectingClient, secrets),
		"token": schema.StringAttribute{
			MarkdownDescription: describeIntrospectedToken + token, Optional: true, Sensitive: true, Validators: []validator.String{printable(maxToken)},
		},
		"token_type_hint": schema.StringAttribute{
			MarkdownDescription: describeHint, Optional: true,
			Validators: []validator.String{stringvalidator.OneOf(oauth.HintAccessToken, oauth.HintRefreshToken)},
		},

		"active":     schema.BoolAttribute{MarkdownDescription: "Whether the token is good now: issued by this server, not expired, not revoked.", Computed: true},
		"scope":      text("The scopes of the token, separated by spaces."),
		"client_id":  text("The client that the token was issued to."),
		"username":   text("The user who authorized it, for people."),
		"token_type": text("The type of the token, such as `Bearer`."),
		"exp":        text("When it expires (RFC 3339, UTC), by the server's clock. A value that is no such time stands in `extra`."),
		"iat":        text("When it was issued, likewise."),
		"nbf":        text("From when on it is good, likewise."),
		"sub":        text("The subject, mostly an id of the user."),
		"aud": schema.ListAttribute{
			MarkdownDescription: "Who the token is for. Null if the server does not say, or the token is not active.", ElementType: types.StringType, Computed: true,
		},
		"iss": text("The issuer of the token."),
		"jti": text("The id of the token."),
		"extra": schema.MapAttribute{
			MarkdownDescription: "Every other member of the answer: texts as they are, anything else as compact JSON. Null with `secrets_in_state = false` in a data source.",
			ElementType:         types.StringType, Computed: true, Sensitive: true,
		},
	}
}

// validate checks who asks about what. insecure: http:// is allowed, or nobody knows.
func (m *tokenIntrospectionModel) validate(insecure bool, diags *diag.Diagnostics) {
	switch {
	case m.TokenPair.IsNull() && m.Token.IsNull():
		diags.AddAttributeError(path.Root("token_pair"), "Missing Attribute", "token_pair or token is needed: it says which token the server is asked about.")
	case isGiven(m.TokenPair) && isGiven(m.Token):
		diags.AddAttributeError(path.Root("token"), "Contradicting Attributes", "token_pair and token cannot be used together. Keep one of them.")
	case isGiven(m.Token) && m.Client.IsNull():
		diags.AddAttributeError(path.Root("client"), "Missing Attribute", "client is needed with token: it says which server is asked, and by whom.")
	}
	if isGiven(m.Client) {
		get := func(name string) types.String { return member(m.Client, name) }
		checkClient(path.Root("client"), get, platformParameters(m.Client), policyOf(m.Client), insecure, diags)
	}
}

// rejectPlain reports what of m a data source would keep in state and plan, where that must not be.
func (m *tokenIntrospectionModel) rejectPlain(diags *diag.Diagnostics) {
	const why = "The provider has secrets_in_state = false, and a data source keeps %s in state and plan. %s Nothing was read or sent."
	if isGiven(m.Token) {
		diags.AddAttributeError(path.Root("token"), "Secret Would Enter the State",
			fmt.Sprintf(why, "token", `Use the ephemeral resource instead: ephemeral "oauth_token_introspection". Or ask about a token of the store with token_pair.`))
	}
	for _, s := range clientSecrets() {
		if at := path.Root("client").AtName(s.name); isGiven(member(m.Client, s.name)) {
			diags.AddAttributeError(at, "Secret Would Enter the State",
				fmt.Sprintf(why, at, "Use client.registration instead: what the registration has is looked up in the token store."))
		}
	}
}

// introspect asks the server and fills m.
func (s *session) introspect(ctx context.Context, m *tokenIntrospectionModel, what string, diags *diag.Diagnostics) {
	pair := !m.TokenPair.IsNull()
	if pair && !s.needStore(what, "Set token_store to a folder, or give client and token.", diags) || !s.needSettings(what, diags) {
		return
	}
	if m.validate(s.insecure, diags); diags.HasError() {
		return
	}
	var client *credential.Client
	about := subject{kind: "oauth_token_pair", name: m.TokenPair.ValueString(), session: s, introspects: true}
	if !m.Client.IsNull() {
		c := clientFrom(m.Client)
		client = &c
	}
	if !pair {
		about.kind, about.name = kindClient, client.ClientID
	}
	manager, err := s.clients()
	var info oauth.TokenInfo
	switch {
	case err != nil:
	case pair:
		info, err = manager.IntrospectPair(ctx, about.name, m.Hint.ValueString(), client)
	default:
		info, err = manager.Introspect(ctx, *client, secret.New(m.Token.ValueString()), m.Hint.ValueString())
	}
	if err != nil {
		at := path.Root("token_pair")
		if client != nil {
			at = path.Root("client")
		}
		addEngineError(diags, at, "Unable to Introspect Token", about, err)
		return
	}
	m.take(info)
}

func (m *tokenIntrospectionModel) take(t oauth.TokenInfo) {
	m.Active = types.BoolValue(t.Active)
	m.Scope, m.ClientID = optionalString(t.Scope), optionalString(t.ClientID)
	m.Username, m.TokenType = optionalString(t.Username), optionalString(t.TokenType)
	m.ExpiresAt, m.IssuedAt, m.NotBefore = timeValue(t.ExpiresAt), timeValue(t.IssuedAt), timeValue(t.NotBefore)
	m.Subject, m.Issuer, m.ID = optionalString(t.Subject), optionalString(t.Issuer), optionalString(t.ID)
	m.Audience, m.Extra = types.ListNull(types.StringType), extraOf(t.Extra)
	if len(t.Audience) > 0 {
		m.Audience = listFrom(t.Audience)
	}
}

// explainIntrospection says why nothing is known of a token. It returns nil for an error that is not special to that.
func explainIntrospection(about subject, e *credential.Error) []string {
	const kept = "Nothing was used up, and the token is as it was."
	asked := fmt.Sprintf("The server was asked about a token (introspection) for %s", about)
	switch e.Kind {
	case credential.KindConfiguration:
		if e.Verdict.Class == "" {
			return []string{fmt.Sprintf("The server cannot be asked about a token for %s: %s", about, cause(e, "unknown reason.")), "Nothing was sent.",
				"Correct the client; client.introspection_endpoint says where to ask, if neither platform nor issuer does. A server without that endpoint tells nothing of its tokens."}
		}
		return []string{asked + ", and refused to say.", kept, "Check the introspection_endpoint, and that the app may use it: some servers answer only clients that stand for an API."}
	case credential.KindBadClient:
		return []string{asked + ", and does not accept the client.", kept,
			checkProofOf(e) + " Some servers want the credentials of an API here: give them in client."}
	case credential.KindNotSent:
		return []string{fmt.Sprintf("The introspection endpoint was not reached for %s: %s", about, cause(e, "no connection.")), "Nothing was sent. " + kept, "Check the network and the endpoint, then run again."}
	case credential.KindUnknown:
		return []string{fmt.Sprintf("%s, and no usable answer came: %s", asked, cause(e, "the server seems to be in trouble.")), kept, "Run again."}
	case credential.KindLater:
		if e.Reason == credential.ReasonBudget {
			return []string{fmt.Sprintf("The server is not asked about a token for %s: %s", about, cause(e, "its error budget is used up.")), "Nothing was sent. " + kept,
				"Find out why requests of this client were refused, and run again later."}
		}
		return []string{fmt.Sprintf("The server takes no question about a token for %s before %s.", about, moment(e.Until)), kept, "Run again after that time."}
	}
	return nil
}
