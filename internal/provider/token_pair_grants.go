package provider

import (
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// The grants of a token pair, by their names in the configuration.
const (
	grantAuthorizationCode = "authorization_code"
	grantPreauthenticated  = "preauthenticated"
	grantClientCredentials = "client_credentials"
	grantDeviceCode        = "device_code"
	grantPassword          = "password"
	grantImplicit          = "implicit"
	grantJWTBearer         = "jwt_bearer"
	grantTokenExchange     = "token_exchange"
	grantExtension         = "extension_grant"
)

// Bounds of a signed assertion's lifetime.
const minAssertion, maxAssertion, defaultAssertion = 10 * time.Second, time.Hour, 5 * time.Minute

const (
	oneGrant       = "One grant is needed, and only one."
	ownScopes      = "Null or `[]`: none are sent, and the server decides."
	personsScopes  = "Null: those that the client's `platform` wants, if any. `[]`: none are sent, and the server decides."
	asksAgain      = "A refresh token in the reply is used as any other is. Where none came, or when it is dead, the grant is asked again, and nobody has to do anything. A change gets a new token at once; a refresh token that it makes useless is not revoked."
	refusedForGood = "A refusal (`invalid_grant`) is not tried again by plans, which might lock an account: the status becomes `authorization_required`, and each apply asks once."
)

func deviceCodeAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		MarkdownDescription: "A person authorizes on another device (RFC 8628), in two applies: the first one shows `user_code` and `verification_uri`; the second one collects the tokens, and waits up to 60 seconds for the person. " +
			"`{}` will do for most servers. A code lives for minutes: a later apply gets a new one, and every plan says so. Other scopes, resources or parameters offer a new code; what was authorized stays in use until then. " + oneGrant,
		Optional:   true,
		Attributes: requestInputs(personsScopes, "they go to the device authorization endpoint"),
	}
}

func passwordAttribute() schema.SingleNestedAttribute {
	attributes := requestInputs(ownScopes, "")
	attributes["username"] = schema.StringAttribute{
		MarkdownDescription: "The user's name, 1 to 1024 bytes.", Required: true, Validators: []validator.String{personText(1024)},
	}
	secretInput(attributes, "password", "The user's password, 1 to 1024 bytes.", personText(1024))
	return schema.SingleNestedAttribute{
		MarkdownDescription: "**Legacy.** The client sends the user's name and password (RFC 6749 §4.3). RFC 9700 §2.4 forbids it: the client learns the password, and two-factor logins do not work. Only for servers that offer nothing else. " +
			asksAgain + " " + refusedForGood + " " + oneGrant,
		Optional: true, Attributes: attributes,
	}
}

func implicitAttribute() schema.SingleNestedAttribute {
	attributes := requestInputs(personsScopes, "they go to the authorization URL, such as `prompt`")
	attributes["redirect_uri"] = redirectURIAttribute()
	secretInput(attributes, "callback_url", "The whole address that the browser ended up at after the consent, from `https://` to the end of what stands behind the `#`. It is taken once, can stay in the configuration, and is not taken again.", implicitCallback())
	return schema.SingleNestedAttribute{
		MarkdownDescription: "**Legacy.** A person authorizes in a browser, and the access token itself comes back in the address (RFC 6749 §4.2), in two applies as with `authorization_code`. RFC 9700 §2.1.2 advises against it: tokens end up in histories and logs. Only for servers that offer nothing else. " +
			"There is never a refresh token: when the access token ends, the status is `authorization_required`, and a person opens the next `authorization_url`. `expires_at` counts from the apply that takes the token, since nobody knows when the browser got it. " + oneGrant,
		Optional: true, Attributes: attributes,
	}
}

func jwtBearerAttribute() schema.SingleNestedAttribute {
	attributes := requestInputs(ownScopes, "an `audience` parameter, where a server wants one, is given here")
	attributes["audience"] = schema.ListAttribute{
		MarkdownDescription: "Of an assertion that is signed here: who it is for (`aud`), at most 20. Default: the token endpoint.", ElementType: types.StringType, Optional: true,
		Validators: audienceValidators(),
	}
	secretInput(attributes, "assertion", "A JWT that was signed elsewhere. It is sent once, as a server may refuse to see it again; it can stay in the configuration. When its tokens end, the status is `authorization_required`, and another one is needed.", printable(maxToken))
	secretInput(attributes, "private_key", "The private key that signs the assertion, PEM (PKCS #8, PKCS #1 or SEC 1, not encrypted) or JWK: RSA of at least 2048 bits, EC (P-256, P-384, P-521) or Ed25519.", privateKey())
	for name, description := range map[string]string{
		"key_id":  "The `kid` of the assertion. Default: that of a JWK, else none.",
		"issuer":  "The `iss` of the assertion. Default: `client_id`.",
		"subject": "The `sub` of the assertion: the user or service that the token is for. Null: not said.",
	} {
		attributes[name] = schema.StringAttribute{
			MarkdownDescription: description + " 1 to 2048 bytes.", Optional: true, Validators: []validator.String{personText(2048)},
		}
	}
	attributes["algorithm"] = schema.StringAttribute{
		MarkdownDescription: "How it is signed: `RS256`, `RS384`, `RS512`, `PS256`, `PS384`, `PS512`, `ES256`, `ES384`, `ES512` or `EdDSA`. Default: the `alg` of a JWK, else by the key `RS256`, `ES256`, `ES384`, `ES512` or `EdDSA`.", Optional: true,
		Validators: []validator.String{stringvalidator.OneOf(keyAlgorithms()...)},
	}
	attributes["lifetime"] = schema.StringAttribute{
		MarkdownDescription: "For how long the assertion is good (`exp`), from `10s` to `1h`. Default: `5m`. The tokens live for as long as the server says.", Optional: true,
		Validators: []validator.String{durationBetween(minAssertion, maxAssertion)},
	}
	attributes["claims"] = schema.StringAttribute{
		MarkdownDescription: "Further claims of the assertion, a JSON object of at most 16 KiB, such as `jsonencode({ scope = \"https://www.googleapis.com/auth/cloud-platform\" })`. Those that are made from attributes, and `exp`, `iat` and `jti`, are refused. No place for a secret.", Optional: true,
		Validators: []validator.String{check{wants: "a JSON object of claims", wrong: oauth.CheckClaims}},
	}
	return schema.SingleNestedAttribute{
		MarkdownDescription: "A signed assertion stands for the authorization (RFC 7523 §2.1), as with service accounts: one that is signed here with `private_key`, afresh for each request, or one that was signed elsewhere (`assertion`). " + asksAgain + " " + oneGrant,
		Optional:            true, Attributes: attributes,
	}
}

func tokenExchangeAttribute() schema.SingleNestedAttribute {
	attributes := requestInputs(ownScopes, "")
	secretInput(attributes, "subject_token", "The token to exchange. It is sent again whenever the exchanged one ends, for as long as the server takes it.", printable(maxToken))
	secretInput(attributes, "actor_token", "The token of the party that acts for the subject.", printable(maxToken))
	attributes["subject_token_pair"] = schema.StringAttribute{
		MarkdownDescription: "The `id` of another `oauth_token_pair`, or the name of one in the same token store, whose access token is exchanged: a narrower token, derived without a login. That pair is refreshed when it must be, by its own rules; its refresh token is never sent here, and exchanging rotates nothing. When it is authorized again, maybe by somebody else, what was derived before is not handed out any more: who asks next gets another. Instead of `subject_token`.",
		Optional:            true, Validators: append(nameValidators(), stringvalidator.ConflictsWith(
			path.MatchRelative().AtParent().AtName("subject_token"), path.MatchRelative().AtParent().AtName("subject_token_wo"),
		)),
	}
	for name, description := range map[string]string{
		"subject_token_type":   "What the subject token is, a URI. Default: `urn:ietf:params:oauth:token-type:access_token`.",
		"actor_token_type":     "What the actor token is, a URI. Default: `urn:ietf:params:oauth:token-type:access_token`. Only with `actor_token`.",
		"requested_token_type": "What is wanted, a URI. Null: the server decides. What came is in `extra` as `issued_token_type`.",
	} {
		attributes[name] = schema.StringAttribute{MarkdownDescription: description, Optional: true, Validators: []validator.String{absoluteURI()}}
	}
	return schema.SingleNestedAttribute{
		MarkdownDescription: "One token is exchanged for another, narrower one or one for another service (RFC 8693): `subject_token`, or the access token of another token pair (`subject_token_pair`). What comes is the `access_token`, whatever its type; a `token_type` of `N_A` says that it is none to send to an API. " + asksAgain + " " + oneGrant,
		Optional:            true, Attributes: attributes,
	}
}

func extensionAttribute() schema.SingleNestedAttribute {
	attributes := requestInputs(ownScopes, "")
	delete(attributes, "extra_parameters")
	attributes["grant_type"] = schema.StringAttribute{
		MarkdownDescription: "The `grant_type`: an absolute URI (RFC 6749 §4.5), or a plain name, which some servers use. A grant that has an attribute of its own is refused.", Required: true, Validators: []validator.String{extensionType()},
	}
	attributes["parameters"] = schema.MapAttribute{
		MarkdownDescription: "The parameters of the request, at most 50. Those of the protocol (`grant_type`, `scope`, `client_id` and so on) are refused. They are shown in plans.", ElementType: types.StringType, Optional: true, Validators: extraValidators(),
	}
	twin := func(suffix string) path.Expression {
		return path.MatchRelative().AtParent().AtName("sensitive_parameters" + suffix)
	}
	secrets := []validator.Map{
		mapvalidator.SizeBetween(1, 50), mapvalidator.KeysAre(printable(200)), noNulls{}, mapvalidator.ValueStringsAre(printable(maxToken)),
	}
	attributes["sensitive_parameters"] = schema.MapAttribute{
		MarkdownDescription: "Likewise, for nobody to see. A name stands in one of the two maps.", ElementType: types.StringType, Optional: true, Sensitive: true,
		Validators: append(secrets, mapvalidator.ConflictsWith(twin("_wo"))),
	}
	attributes["sensitive_parameters_wo"] = schema.MapAttribute{
		MarkdownDescription: "As `sensitive_parameters`, but write-only: it enters neither state nor plan. Terraform or OpenTofu 1.11 or newer.", ElementType: types.StringType, Optional: true, Sensitive: true, WriteOnly: true,
		Validators: append(secrets, mapvalidator.AlsoRequires(twin("_wo_version"))),
	}
	attributes["sensitive_parameters_wo_version"] = versionAttribute("sensitive_parameters")
	return schema.SingleNestedAttribute{
		MarkdownDescription: "Any other grant that a client can make without a person (RFC 6749 §4.5). " + asksAgain + " " + refusedForGood + " " + oneGrant,
		Optional:            true, Attributes: attributes,
	}
}

func redirectURIAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: "The redirection URI: absolute and without a fragment. Default: the first `redirect_uris` of the registration.", Optional: true,
		Validators: []validator.String{redirectURI()},
	}
}

// keyAlgorithms are the signature algorithms of private keys.
func keyAlgorithms() []string {
	return slices.DeleteFunc(oauth.SigningAlgorithms(), func(name string) bool { return strings.HasPrefix(name, "HS") })
}
