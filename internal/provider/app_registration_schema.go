package provider

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

const maxRotateBefore = 10 * 365 * 24 * time.Hour

func (*appRegistrationResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := clientInputAttributes()
	attributes["id"] = schema.StringAttribute{
		MarkdownDescription: "The same as `name`.", Computed: true,
		PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
	}
	attributes["name"] = schema.StringAttribute{
		MarkdownDescription: "The name of the registration: its key in the token store and its import ID. 1 to 100 letters, digits, `.`, `_` and `-`, beginning with a letter or digit. Another name replaces the resource.",
		Required:            true, Validators: nameValidators(),
		PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
	}
	attributes["client_id"] = schema.StringAttribute{
		MarkdownDescription: "The client identifier, as the platform's developer page shows it. Where it is not given, the client is registered at the server (RFC 7591), and this is the identifier that the server has given it. Another one replaces the token pairs that use it, because their tokens belong to the old client.",
		Optional:            true, Computed: true, Validators: []validator.String{printable(2048)},
	}
	attributes["client_secret"] = schema.StringAttribute{
		MarkdownDescription: "The client secret. With `secrets_in_state = false` use `client_secret_wo`. Of a client that was registered here it is what the server has given, which it may replace at any time; null with `secrets_in_state = false`.",
		Optional:            true, Computed: true, Sensitive: true,
		Validators: []validator.String{printable(maxSecret), stringvalidator.ConflictsWith(path.MatchRoot("client_secret_wo"))},
	}
	attributes["client"] = schema.SingleNestedAttribute{
		MarkdownDescription: "The client as one object, for the `client` of an `oauth_token_pair`. Its `client_secret` is null for a client that was registered here: token pairs look it up in the token store, so they never use one that the server has replaced.", Computed: true,
		Attributes: clientComputedAttributes(),
	}
	addMetadataAttributes(attributes)
	addRegistrationAttributes(attributes)
	resp.Schema = schema.Schema{
		MarkdownDescription: "An app registration: the client that an authorization server knows. It keeps client id, secret and endpoints in one place for token pairs to use. " +
			"With `client_id` it adopts a registration that exists already, made on the platform's developer page. Without, it registers the client (RFC 7591) and manages the registration (RFC 7592).",
		Attributes: attributes,
	}
}

// registeredHere ends the description of what only a client has that is registered by this resource.
const registeredHere = " Only without `client_id`."

func addMetadataAttributes(attributes map[string]schema.Attribute) {
	text := func(name, description string, validators ...validator.String) {
		attributes[name] = schema.StringAttribute{MarkdownDescription: description + registeredHere, Optional: true, Validators: validators}
	}
	set := func(name, description string, most int, element validator.String) {
		attributes[name] = schema.SetAttribute{
			MarkdownDescription: description + registeredHere, ElementType: types.StringType, Optional: true,
			Validators: []validator.Set{setvalidator.SizeBetween(1, most), noNulls{}, setvalidator.ValueStringsAre(element)},
		}
	}
	attributes["redirect_uris"] = schema.ListAttribute{
		MarkdownDescription: "The redirection URIs of the client, 1 to 100: those that are registered for it, or that it is registered with. The first one is the default of token pairs.",
		ElementType:         types.StringType, Optional: true,
		Validators: []validator.List{
			listvalidator.SizeBetween(1, 100), listvalidator.UniqueValues(), noNulls{}, listvalidator.ValueStringsAre(redirectURI()),
		},
	}
	set("grant_types", "The grants that the client uses, such as `authorization_code` and `refresh_token`, 1 to 50. Default: the server's, which RFC 7591 wants to be `authorization_code` alone: name `refresh_token` beside it for token pairs that last.", 50, printable(200))
	set("response_types", "The response types that the client uses, such as `code`, 1 to 50. Default: the server's, usually `code`.", 50, printable(200))
	set("contacts", "How to reach the people responsible for the client, usually e-mail addresses, 1 to 50.", 50, words(320))
	text("client_name", "The name of the client that people see. Up to 1000 bytes.", words(1000))
	text("client_uri", "A page about the client.", webURL())
	text("logo_uri", "The address of the client's logo.", webURL())
	text("tos_uri", "The address of the client's terms of service.", webURL())
	text("policy_uri", "The address of what the client says about the use of data.", webURL())
	attributes["scope"] = schema.StringAttribute{
		MarkdownDescription: "The scopes that the client may ask for, separated by spaces; their order does not matter." + registeredHere, Optional: true,
		Validators: []validator.String{scopeList()}, PlanModifiers: []planmodifier.String{sameMeaning{"scope"}},
	}
	text("jwks_uri", "The address of the client's public keys. Not together with `jwks`.", endpointURL())
	attributes["jwks"] = schema.StringAttribute{
		MarkdownDescription: "The client's public keys, as the JSON text of a JWK set (RFC 7517), such as `jsonencode({ keys = [...] })`. Private keys are refused. Up to 64 KiB. Not together with `jwks_uri`." + registeredHere,
		Optional:            true, PlanModifiers: []planmodifier.String{sameMeaning{"jwks"}},
		Validators: []validator.String{
			stringvalidator.LengthBetween(1, 64<<10), stringvalidator.ConflictsWith(path.MatchRoot("jwks_uri")),
			check{wants: "a JWK set with public keys only", wrong: checkKeySet},
		},
	}
	text("software_id", "What identifies the software, whatever instance of it this client is. Up to 1000 bytes.", words(1000))
	text("software_version", "The version of that software. Up to 1000 bytes.", words(1000))
	secretInput(attributes, "software_statement", "A software statement: a JWT in which somebody whom the server trusts asserts metadata (RFC 7591 §2.3). It goes along with the registration and every update, and is kept in the token store. With `secrets_in_state = false` use `software_statement_wo`."+registeredHere, printable(maxToken))
	attributes["extra_metadata"] = schema.StringAttribute{
		MarkdownDescription: "All other client metadata, as the JSON text of an object, such as `jsonencode({ \"client_name#ja\" = \"会計\", application_type = \"native\" })`. Members that have an attribute of their own are refused there. Not for secrets. Up to 64 KiB." + registeredHere,
		Optional:            true, PlanModifiers: []planmodifier.String{sameMeaning{"extra_metadata"}},
		Validators: []validator.String{
			stringvalidator.LengthBetween(1, 64<<10),
			check{wants: "the JSON text of an object with members that have no attribute of their own", wrong: func(text string) error {
				_, err := parseExtraMetadata(text)
				return err
			}},
		},
	}
}

func addRegistrationAttributes(attributes map[string]schema.Attribute) {
	secretInput(attributes, "initial_access_token", "The token that the server wants with a registration (RFC 7591 §3); without, it has to be open to everybody. Used when the client is registered, and not after that. With `secrets_in_state = false` use `initial_access_token_wo`."+registeredHere, bearerToken())
	attributes["rotate_when_changed"] = schema.MapAttribute{
		MarkdownDescription: "Any texts. When one of them changes, an apply asks the server for another client secret, by an update (RFC 7592 §2.2). The server decides whether it gives one; where it keeps the old one a warning says so. Up to 50." + registeredHere,
		ElementType:         types.StringType, Optional: true,
		Validators: []validator.Map{mapvalidator.SizeAtMost(50), noNulls{}, mapvalidator.KeysAre(words(200)),
			mapvalidator.ValueStringsAre(check{wants: "at most 2048 bytes", wrong: atMost(2048)})},
	}
	attributes["rotate_before"] = schema.StringAttribute{
		MarkdownDescription: "How long before `client_secret_expires_at` the next apply asks the server for another client secret, such as `168h`. From `1m` to `87600h`. The plan shows it. Default: never, only a warning from 30 days before the end on." + registeredHere,
		Optional:            true, Validators: []validator.String{durationBetween(time.Minute, maxRotateBefore)},
	}
	attributes["deregister_on_destroy"] = schema.BoolAttribute{
		MarkdownDescription: "Whether destroying the resource deletes the client at the server (RFC 7592 §2.3), with all its tokens. `false` only forgets it here. Default: `true`." + registeredHere, Optional: true,
	}
	computed := func(name, description string, sensitive bool) {
		attributes[name] = schema.StringAttribute{MarkdownDescription: description + " Null with `client_id`.", Computed: true, Sensitive: sensitive}
	}
	computed("registration_client_uri", "Where the server lets the registration be managed (RFC 7592). Null also where it offers no management: then metadata cannot be changed, and a person has to delete the client at the server.", false)
	computed("registration_access_token", "The token of that management. The server may replace it with every read and update; the one in use is in the token store. Null also with `secrets_in_state = false`.", true)
	computed("client_id_issued_at", "When the server has registered the client (RFC 3339). Null also where it does not say.", false)
	computed("client_secret_expires_at", "When the client secret ends (RFC 3339). Null also where it does not end, or the server does not say.", false)
	computed("registered_metadata", "All metadata as the server has them, the defaults that it added included, as the JSON text of an object.", false)
}

// words bounds a text for people: one line, at most n bytes.
func words(n int) validator.String {
	return check{wants: fmt.Sprintf("a line of 1 to %d bytes", n), wrong: func(text string) error {
		if text == "" {
			return fmt.Errorf("it is empty")
		}
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return fmt.Errorf("it holds a line break or another control character")
		}
		return atMost(n)(text)
	}}
}

func atMost(n int) func(string) error {
	return func(text string) error {
		if len(text) > n {
			return fmt.Errorf("it is longer than %d bytes", n)
		}
		return nil
	}
}

// webURL bounds the address of a page for people.
func webURL() validator.String {
	return check{wants: "an absolute https:// or http:// URL", wrong: func(text string) error {
		u, err := url.Parse(text)
		switch {
		case err != nil:
			return fmt.Errorf("it is not a URL")
		case u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
			return fmt.Errorf("its scheme is neither https nor http, or it names no host")
		}
		return atMost(2048)(text)
	}}
}

// scopeList bounds scopes that are separated by spaces (RFC 6749 §3.3).
func scopeList() validator.String {
	return check{wants: "scopes separated by single spaces", wrong: func(text string) error {
		for _, one := range strings.Split(text, " ") {
			if err := checkScope(one); err != nil {
				return err
			}
		}
		return atMost(16 << 10)(text)
	}}
}

// bearerToken bounds a token that goes into a header.
func bearerToken() validator.String {
	return check{wants: "a token", wrong: func(text string) error {
		if text == "" {
			return fmt.Errorf("it is empty")
		}
		return oauth.CheckBearer(secret.New(text))
	}}
}

// sameMeaning keeps a text in the state that means the same as the configured one.
type sameMeaning struct{ name string }

func (sameMeaning) Description(context.Context) string {
	return "Another spelling of the same is no change."
}
func (s sameMeaning) MarkdownDescription(ctx context.Context) string { return s.Description(ctx) }

// PlanModifyString implements planmodifier.String.
func (s sameMeaning) PlanModifyString(_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if !isGiven(req.StateValue) || !isGiven(req.PlanValue) {
		return
	}
	value := func(v types.String) secret.String {
		if s.name == "scope" {
			return secret.New(oauth.JSONText(v.ValueString()))
		}
		return secret.New(v.ValueString())
	}
	if oauth.SameMetadata(s.name, value(req.StateValue), value(req.PlanValue)) {
		resp.PlanValue = req.StateValue
	}
}
