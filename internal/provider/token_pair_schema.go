package provider

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/wiring"
)

const maxEarliest = 24 * time.Hour

func tokenPairAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"name": schema.StringAttribute{
			MarkdownDescription: "The name of the token pair: its key in the token store and its import ID. 1 to 100 letters, digits, `.`, `_` and `-`, beginning with a letter or digit. Another name replaces the resource.",
			Required:            true, Validators: nameValidators(),
		},
		"client": schema.SingleNestedAttribute{
			MarkdownDescription: "The client that the tokens belong to: the `client` of an `oauth_app_registration`, or the same object written out. Another `client_id` or `issuer` replaces the resource; everything else changes in place.",
			Required:            true, Attributes: clientOfPairAttributes(),
		},
		"authorization_code": schema.SingleNestedAttribute{
			MarkdownDescription: "A person authorizes in a browser, in two applies: the first one makes `authorization_url`; after the consent, give the whole address that the browser ends up at as `callback_url` and apply again. A new callback URL authorizes again in place. " + oneGrant,
			Optional:            true, Attributes: authorizationCodeAttributes(),
		},
		"preauthenticated": schema.SingleNestedAttribute{
			MarkdownDescription: "Tokens that were obtained elsewhere; the refresh token alone is enough. Once it was used, its successors live in the token store: it can stay in the configuration, and is not sent again. " + oneGrant,
			Optional:            true, Attributes: preauthenticatedAttributes(),
		},
		"client_credentials": clientCredentialsAttribute(),
		"device_code":        deviceCodeAttribute(),
		"password":           passwordAttribute(),
		"implicit":           implicitAttribute(),
		"jwt_bearer":         jwtBearerAttribute(),
		"token_exchange":     tokenExchangeAttribute(),
		"extension_grant":    extensionAttribute(),
		"refresh": schema.SingleNestedAttribute{
			MarkdownDescription: "When the access token is refreshed. Default: shortly before it expires. Whatever is chosen but `never`: a refresh token that dies when it lies idle (see `refresh_token_expires_at`) is used once two thirds of that time are over, though the access token still works.", Optional: true, Attributes: refreshAttributes(),
		},
		"revoke_on_destroy": schema.BoolAttribute{
			MarkdownDescription: "Whether destroying the resource revokes its tokens at the server (RFC 7009). Default: `true`. A change takes effect with the apply that makes it, so set it to `false` and apply before a destroy that must leave the tokens alive.",
			Optional:            true, Computed: true, Default: booldefault.StaticBool(true),
		},
		"id":                           computedString("The name. Refer to the pair by this: it is unknown while an apply has still to authorize or refresh the pair, so that whoever uses it waits."),
		"store_id":                     computedString("The random id of the token store that holds the credential."),
		"store_location":               computedString(describeStoreLocation),
		"status":                       computedString(describeStatus),
		"authorization_url":            computedString("What a person opens to authorize, or to authorize again. It stays the same until it is used or its inputs change. Null without `authorization_code` or `implicit`, or without an `authorization_endpoint`. Where authorization requests are pushed (RFC 9126) it expires soon; then it is null, and the next apply offers another if somebody has to authorize."),
		"authorization_url_expires_at": computedString(describeURLExpiresAt),
		"user_code":                    computedString("With `device_code`: the code that a person enters at `verification_uri`. Null unless one waits for that."),
		"verification_uri":             computedString("With `device_code`: where a person enters `user_code`, on any device. Null unless one waits for that."),
		"verification_uri_complete":    computedString("With `device_code`: the same with the code in it, to be opened or shown as a QR code. Null unless the server gives one."),
		"access_token":                 computedSecret("The access token. Null with `secrets_in_state = false`."),
		"refresh_token":                computedSecret("The refresh token. Null with `secrets_in_state = false`."),
		"id_token":                     computedSecret("The ID token, if the server sent one. Null with `secrets_in_state = false`."),
		"dpop_private_key":             computedSecret(describeProofKey + " Null with `secrets_in_state = false`."),
		"token_type":                   computedString(describeTokenType),
		"issued_at":                    computedString(describeIssuedAt),
		"expires_at":                   computedString(describeExpiresAt),
		"refresh_token_expires_at":     computedString("When the refresh token dies unless it is used: as the server told, or by `refresh_token_policy.idle_lifetime`, whichever is sooner. Null if not known."),
		"reauthorize_by":               computedString("When a person must authorize again, by `refresh_token_policy.absolute_lifetime`. Null if that is not set, or if the tokens were obtained elsewhere."),
		"last_rotated_at":              computedString("When the pair was last refreshed. Null if never."),
		"scopes": schema.SetAttribute{
			MarkdownDescription: describeScopes, ElementType: types.StringType, Computed: true,
		},
		"generation": schema.Int64Attribute{
			MarkdownDescription: describeGeneration, Computed: true,
		},
		"connection_details": schema.MapAttribute{MarkdownDescription: describeConnection, ElementType: types.StringType, Computed: true},
		"extra": schema.MapAttribute{
			MarkdownDescription: "Every other member of the server's token reply: texts as they are, anything else as compact JSON. Null with `secrets_in_state = false`.",
			ElementType:         types.StringType, Computed: true, Sensitive: true,
		},
	}
}

// Descriptions that the resource and its data source share.
const (
	describeStatus = "`active`; `authorization_required`: a person must authorize, for the first time or again; " +
		"`outcome_unknown`: a refresh was sent, or may have been, and its reply never came; `revoked`: its tokens were revoked on purpose by the action `oauth_revoke`, and a person must authorize again (a pair that needs no person gets another token with the next apply)."
	describeScopes       = "The scopes that were granted, as the server said, else as asked for."
	describeIssuedAt     = "When the access token was requested (RFC 3339, UTC)."
	describeTokenType    = "The type of the access token: mostly `Bearer`. `DPoP` with `dpop_bound_access_tokens`; such a token is of use only to who has `dpop_private_key`, and as a bearer token it is refused."
	describeProofKey     = "The key that the tokens are bound to by DPoP (RFC 9449), as a JWK: whoever uses the access token signs a proof with it for each request, and sends the token as `Authorization: DPoP …`. Most providers, and the `http` data source, cannot do that. Null with a token that is not bound."
	describeURLExpiresAt = "Until when `authorization_url` can be opened (RFC 3339, UTC): the server keeps a pushed authorization request (RFC 9126) for a minute or so. Null if the URL does not expire."
	describeConnection   = "What API calls need besides the token, and is no secret: what the `platform` names of the token reply and the callback URL, such as `instance_url` or `realmId`, and what it has to be asked for, such as `cloudId`. Empty without a `platform`, or if it names nothing. It stays from the authorization on, unless a refresh says something else."
	describeGeneration   = "Counts the refreshes since the authorization: 1 is what the authorization gave, each refresh adds one. 0 while there are no tokens. With `client_credentials` each token adds one, and so does a change that drops one."
)

func computedString(description string) schema.StringAttribute {
	return schema.StringAttribute{MarkdownDescription: description, Computed: true}
}

func computedSecret(description string) schema.StringAttribute {
	return schema.StringAttribute{MarkdownDescription: description, Computed: true, Sensitive: true}
}

// secretInput is a sensitive attribute with its write-only twin and the twin's version.
func secretInput(into map[string]schema.Attribute, name, description string, validators ...validator.String) {
	sibling := func(suffix string) path.Expression {
		return path.MatchRelative().AtParent().AtName(name + suffix)
	}
	into[name] = schema.StringAttribute{
		MarkdownDescription: description, Optional: true, Sensitive: true,
		Validators: append([]validator.String{stringvalidator.ConflictsWith(sibling("_wo"))}, validators...),
	}
	into[name+"_wo"] = schema.StringAttribute{
		MarkdownDescription: "As `" + name + "`, but write-only: it enters neither state nor plan. Terraform or OpenTofu 1.11 or newer.",
		Optional:            true, Sensitive: true, WriteOnly: true,
		Validators: append([]validator.String{stringvalidator.AlsoRequires(sibling("_wo_version"))}, validators...),
	}
	into[name+"_wo_version"] = versionAttribute(name)
}

func versionAttribute(name string) schema.Int64Attribute {
	return schema.Int64Attribute{
		MarkdownDescription: "Needed with `" + name + "_wo`. Change it whenever that changes; Terraform cannot see the value itself change.", Optional: true,
		Validators: []validator.Int64{int64validator.AtLeast(0)},
	}
}

func authorizationCodeAttributes() map[string]schema.Attribute {
	attributes := requestInputs(personsScopes, "they go to the authorization URL, such as `prompt`, and win over those of the `platform`; what the exchange of the code and each refresh carry besides stands in `token_parameters` and `refresh_parameters` of the client's `platform_overrides`")
	attributes["redirect_uri"] = redirectURIAttribute()
	attributes["audience"] = schema.ListAttribute{
		MarkdownDescription: describeAudience + " It goes to the authorization URL alone.", ElementType: types.StringType, Optional: true, Validators: audienceValidators(),
	}
	attributes["resource"] = schema.ListAttribute{
		MarkdownDescription: describeResource + " It goes to the authorization URL, with the code and with every refresh.", ElementType: types.StringType, Optional: true, Validators: resourceValidators(),
	}
	secretInput(attributes, "callback_url", "The whole address that the browser ended up at after the consent, from `https://` on. It is used once, can stay in the configuration, and is not sent again.", callbackURL())
	secretInput(attributes, "code", "An authorization code alone, for platforms that show one, percent-decoded. `callback_url` is safer: it also proves the `state`. Not together with `callback_url`.", printable(8192))
	secretInput(attributes, "code_verifier", "The PKCE verifier of a `code` that was asked for elsewhere. Not used while this resource has an authorization pending, which brings its own.", codeVerifier())
	return attributes
}

func preauthenticatedAttributes() map[string]schema.Attribute {
	attributes := map[string]schema.Attribute{
		"expires_at": schema.StringAttribute{
			MarkdownDescription: "When the access token expires (RFC 3339). Without it an access token that comes with a refresh token is refreshed at once, and one that comes alone is taken to live for as long as the `platform`'s tokens do, else without end.", Optional: true,
			Validators: []validator.String{rfc3339()},
		},
	}
	secretInput(attributes, "access_token", "The access token. Not needed beside a refresh token.", printable(maxToken))
	secretInput(attributes, "refresh_token", "The refresh token. Nobody else may use it from now on: whoever refreshes a single-use token elsewhere breaks this pair.", printable(maxToken))
	secretInput(attributes, "dpop_private_key", "The private key that these tokens are bound to by DPoP (RFC 9449), as a JWK: needed for the refresh token of a public client, and for an access token that is to be used as it is. Goes with `client.dpop_bound_access_tokens = true`. A change of it alone does nothing: it comes with its tokens.", proofKey())
	return attributes
}

func refreshAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"strategy": schema.StringAttribute{
			MarkdownDescription: "`before_expiry` (default): a plan or apply refreshes when the access token is about to expire. `every_read`: also while it is still good, once in each half of a run (plan, apply). `at_apply`: a plan only schedules the refresh and an apply of this resource makes it. `on_rejection`: when the API, asked at `probe.url` once in each half of a run, answers 401; for servers that do not tell how long an access token lives. `never`.",
			Optional:            true,
			Validators: []validator.String{stringvalidator.OneOf(string(credential.StrategyBeforeExpiry), string(credential.StrategyOnRejection),
				string(credential.StrategyEveryRead), string(credential.StrategyAtApply), string(credential.StrategyNever))},
		},
		"before_expiry": schema.StringAttribute{
			MarkdownDescription: "An access token that has less than this left to live is refreshed. From `5s` to `1h`. Default: the provider's `refresh_before_expiry`. `on_rejection` does not look at it.", Optional: true,
			Validators: []validator.String{durationBetween(wiring.MinMargin, wiring.MaxMargin)},
		},
		"earliest": schema.StringAttribute{
			MarkdownDescription: "For servers that refuse an early refresh: none is sent before the access token is this old. From `1s` to `24h`. It wins over `before_expiry` and `min_validity`: the current token is used as long as it works, with a warning.", Optional: true,
			Validators: []validator.String{durationBetween(time.Second, maxEarliest)},
		},
		"probe": probeAttribute(),
	}
}
