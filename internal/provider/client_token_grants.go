package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

const (
	describeClientOfToken = "The client that gets a token without a person, instead of `token_pair`: `oauth_app_registration.NAME.client`, or the same written out. With it goes a grant, mostly `client_credentials`. " +
		"All who ask with the same client for the same share one token until it expires, across runs and configurations that use the same token store; with `token_store = \"state\"` within one plan or apply."
	oneGrantOfClient = " One grant is needed with `client`, and only one."
	inputsOfState    = " A data source keeps its arguments, the secret ones among them, in state and plan; the ephemeral resource does not."
)

// clientTokenInputs are the client and the grants by which it gets tokens without a person: those of a token pair, without write-only
// arguments, which only resources have. kept is what is to be said of secrets.
func clientTokenInputs(secrets, kept string) map[string]schema.Attribute {
	inputs := map[string]schema.Attribute{"client": clientOfAsker(describeClientOfToken, secrets)}
	add := func(name string, a schema.SingleNestedAttribute, description string) {
		a.MarkdownDescription = description + oneGrantOfClient
		a.Attributes = plainInputs(a.Attributes)
		inputs[name] = a
	}
	add(grantClientCredentials, clientCredentialsAttribute(),
		"What the client asks for as itself, as a machine and for no user (RFC 6749 §4.4). `{}` will do for most servers.")
	signed := jwtBearerAttribute()
	delete(signed.Attributes, "assertion") // it is good for once, which a token pair keeps in mind
	add(grantJWTBearer, signed,
		"An assertion that is signed here, afresh for each request (RFC 7523 §2.1), as with service accounts. One that was signed elsewhere is for `oauth_token_pair`."+kept)
	add(grantTokenExchange, tokenExchangeAttribute(),
		"One token is exchanged for another, narrower one or one for another service (RFC 8693): `subject_token`, or the access token of a token pair (`subject_token_pair`), which is not rotated by that."+kept)
	add(grantPassword, passwordAttribute(),
		"**Legacy.** The client sends a user's name and password (RFC 6749 §4.3), which RFC 9700 §2.4 forbids. Each plan and each apply that needs a token asks at most once, also where the server refuses: some lock an account after a few. `oauth_token_pair` asks in applies alone then."+kept)
	add(grantExtension, extensionAttribute(), "Any other grant that a client can make without a person (RFC 6749 §4.5)."+kept)
	return inputs
}

// plainInputs are inputs without write-only twins, and without what is said of those.
func plainInputs(inputs map[string]schema.Attribute) map[string]schema.Attribute {
	plain := map[string]schema.Attribute{}
	for name, one := range inputs {
		switch a := one.(type) {
		case schema.Int64Attribute: // the version of one
			continue
		case schema.StringAttribute:
			if a.WriteOnly {
				continue
			}
			a.Validators = slices.DeleteFunc(slices.Clone(a.Validators), ofTwin[validator.String])
			if name == "subject_token_pair" {
				a.Validators = append(a.Validators, stringvalidator.ConflictsWith(path.MatchRelative().AtParent().AtName("subject_token")))
			}
			one = a
		case schema.MapAttribute:
			if a.WriteOnly {
				continue
			}
			a.Validators = slices.DeleteFunc(slices.Clone(a.Validators), ofTwin[validator.Map])
			one = a
		}
		plain[name] = one
	}
	return plain
}

// ofTwin tells whether a validator compares an attribute with a write-only one: it says so itself.
func ofTwin[V validator.Describer](v V) bool {
	return strings.Contains(v.Description(context.Background()), "_wo")
}

// asPair is m as a token pair of the same client and grant: the same rules are for both.
func (m *tokenAsk) asPair() *tokenPairModel {
	return &tokenPairModel{
		Client: m.Client, ClientCredentials: m.ClientCredentials, Password: m.Password, JWTBearer: m.JWTBearer,
		TokenExchange: m.TokenExchange, ExtensionGrant: m.ExtensionGrant,
	}
}

// validate checks that it is known where the token comes from, and that it is one place. insecure: http:// is allowed, or nobody knows.
func (m *tokenAsk) validate(insecure bool, diags *diag.Diagnostics) {
	pair := m.asPair()
	m.validateSource(pair, diags)
	if !isGiven(m.Client) {
		return
	}
	get := func(name string) types.String { return member(m.Client, name) }
	checkClient(path.Root("client"), get, platformParameters(m.Client), policyOf(m.Client), insecure, diags)
	if lacking := pair.lacksSecret(); lacking != "" {
		at := pair.grantPath().AtName(lacking)
		diags.AddAttributeError(at, "Missing Attribute", fmt.Sprintf("%s is needed.", at))
		return
	}
	pair.validateGrantRequest(diags)
}

// lacksSecret is the secret that the grant cannot do without and lacks; empty: none. A pair would name the write-only twin.
func (m *tokenPairModel) lacksSecret() string {
	for name, secret := range map[string]string{grantPassword: "password", grantJWTBearer: "private_key"} {
		if s := m.source(); s.name == name && isGiven(*s.value) && either(*s.value, secret) == absent {
			return secret
		}
	}
	return ""
}

// validateSource wants a token pair, or a client and one grant.
func (m *tokenAsk) validateSource(pair *tokenPairModel, diags *diag.Diagnostics) {
	missing := true
	var grants []string
	for _, s := range pair.sources() {
		missing = missing && s.value.IsNull()
		if isGiven(*s.value) {
			grants = append(grants, s.name)
		}
	}
	n := len(grants) - 1
	switch {
	case m.TokenPair.IsNull() && m.Client.IsNull() && missing:
		diags.AddAttributeError(path.Root("token_pair"), "Missing Attribute",
			"An access token comes from a token pair or from a client of its own: set token_pair = oauth_token_pair.NAME.id, or client with client_credentials = {}.")
	case isGiven(m.TokenPair) && isGiven(m.Client):
		diags.AddAttributeError(path.Root("client"), "Contradicting Attributes", "token_pair and client cannot be used together. Keep one of them.")
	case isGiven(m.TokenPair) && n >= 0:
		diags.AddAttributeError(path.Root(grants[0]), "Contradicting Attributes",
			fmt.Sprintf("%s goes with client; a token pair has a grant of its own. Remove it, or token_pair.", grants[0]))
	case isGiven(m.Client) && missing:
		diags.AddAttributeError(pathClientCredentials(), "Missing Attribute",
			"client_credentials is needed: it says what the client asks for; {} will do for most servers. Or another grant: jwt_bearer, token_exchange, password or extension_grant.")
	case m.Client.IsNull() && n >= 0 && m.TokenPair.IsNull():
		diags.AddAttributeError(path.Root("client"), "Missing Attribute", fmt.Sprintf("client is needed: it says who asks by %s.", grants[0]))
	case n > 0:
		diags.AddAttributeError(path.Root(grants[n]), "Contradicting Grants", fmt.Sprintf("%s and %s cannot be used together. Keep one of them.", joined(grants[:n]), grants[n]))
	}
}
