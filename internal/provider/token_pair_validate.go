package provider

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// joined lists names as a sentence does.
func joined(names []string) string { return strings.Join(names, ", ") }

// parametersNamed are parameters that a grant sends itself, for a check of further ones.
func parametersNamed(names ...string) map[string]secret.String {
	own := map[string]secret.String{}
	for _, name := range names {
		own[name] = secret.New("given")
	}
	return own
}

// validateGrantRequest checks what the grant's own request will be made of, as far as that is known.
func (m *tokenPairModel) validateGrantRequest(diags *diag.Diagnostics) {
	s := m.source()
	if s.name == "" || !isGiven(*s.value) {
		return
	}
	at, o := path.Root(s.name), *s.value
	request := oauth.GrantRequest{Type: "any"}
	switch s.name {
	case grantClientCredentials:
		m.validateClientCredentials(diags)
		return
	case grantPassword:
		needSecret(at, o, "password", diags)
		request.Own = parametersNamed("username", "password")
	case grantJWTBearer:
		validateJWTBearer(at, o, diags)
		request.Own = parametersNamed("assertion")
	case grantTokenExchange:
		m.validateTokenExchange(at, o, diags)
		request.Own = parametersNamed("subject_token", "subject_token_type", "actor_token", "actor_token_type", "requested_token_type")
	case grantExtension:
		validateExtension(at, o, diags)
		return
	case grantDeviceCode:
		m.validateDevice(diags)
	default:
		return // an authorization URL has names of its own
	}
	validateRequest(at, o, request, diags)
}

// needSecret wants a secret, plain or write-only. With a version alone the write-only one was brought by an earlier run.
func needSecret(at path.Path, o types.Object, name string, diags *diag.Diagnostics) {
	if either(o, name) == absent && memberInt(o, name+"_wo_version").IsNull() {
		at = at.AtName(name)
		diags.AddAttributeError(at, "Missing Attribute", fmt.Sprintf("%s is needed, or %s_wo with %s_wo_version.", at, name, name))
	}
}

// isBrought tells whether a secret is certainly configured, now or by an earlier run.
func isBrought(o types.Object, name string) bool {
	return either(o, name) == given || isGiven(memberInt(o, name+"_wo_version"))
}

func validateJWTBearer(at path.Path, o types.Object, diags *diag.Diagnostics) {
	brings := either(o, "assertion") != absent || !memberInt(o, "assertion_wo_version").IsNull()
	signs := signsAssertion(o)
	switch {
	case !brings && !signs:
		diags.AddAttributeError(at.AtName("private_key"), "Missing Attribute",
			"jwt_bearer.private_key is needed to sign an assertion, or jwt_bearer.assertion for one that was signed elsewhere.")
		return
	case isBrought(o, "assertion") && isBrought(o, "private_key"):
		diags.AddAttributeError(at.AtName("assertion"), "Contradicting Attributes",
			"jwt_bearer.assertion was signed elsewhere, and jwt_bearer.private_key signs one here. Keep one of them.")
		return
	case !signs:
		for _, name := range []string{"algorithm", "audience", "claims", "issuer", "key_id", "lifetime", "subject"} {
			if isGiven(o.Attributes()[name]) {
				diags.AddAttributeError(at.AtName(name), "Contradicting Attributes",
					fmt.Sprintf("%s is for an assertion that is signed here, with jwt_bearer.private_key. What jwt_bearer.assertion says was decided where it was signed. Remove it.", at.AtName(name)))
			}
		}
		return
	}
	key, algorithm := secretOf(o, "private_key"), member(o, "algorithm")
	if key.IsEmpty() || algorithm.IsUnknown() || isGiven(algorithm) && !slices.Contains(keyAlgorithms(), algorithm.ValueString()) {
		return
	}
	if _, err := oauth.ParsePrivateKey(key, "", ""); err != nil {
		return // its validator tells
	}
	if _, err := oauth.ParsePrivateKey(key, "", algorithm.ValueString()); err != nil {
		diags.AddAttributeError(at.AtName("algorithm"), "Contradicting Attributes", fmt.Sprintf("jwt_bearer.private_key cannot be used with jwt_bearer.algorithm: %s.", bare(err)))
	}
}

func (m *tokenPairModel) validateTokenExchange(at path.Path, o types.Object, diags *diag.Diagnostics) {
	pair := member(o, "subject_token_pair")
	if pair.IsNull() && either(o, "subject_token") == absent && memberInt(o, "subject_token_wo_version").IsNull() {
		diags.AddAttributeError(at.AtName("subject_token"), "Missing Attribute", "token_exchange.subject_token is needed, or token_exchange.subject_token_pair, whose access token is exchanged.")
	}
	if isGiven(pair) && pair.Equal(m.Name) {
		diags.AddAttributeError(at.AtName("subject_token_pair"), "Invalid Attribute Value", "token_exchange.subject_token_pair names this very token pair. Name the one whose access token is to be exchanged.")
	}
	if isGiven(member(o, "actor_token_type")) && either(o, "actor_token") == absent && memberInt(o, "actor_token_wo_version").IsNull() {
		diags.AddAttributeError(at.AtName("actor_token_type"), "Missing Attribute", "token_exchange.actor_token_type says what token_exchange.actor_token is, and there is none (RFC 8693 §2.1).")
	}
}

func validateExtension(at path.Path, o types.Object, diags *diag.Diagnostics) {
	open := knownStrings(o, "parameters")
	hidden := slices.Concat(slices.Collect(maps.Keys(secretsOf(o, "sensitive_parameters"))))
	request := oauth.GrantRequest{Type: "any", Audience: listOf(o, "audience")}
	if len(listOf(o, "resource")) > 0 { // which is checked where it stands
		request.Resource = []string{"urn:given"}
	}
	request.Own = parametersNamed(hidden...)
	if _, err := request.Form(); err != nil {
		at := at.AtName("sensitive_parameters")
		diags.AddAttributeError(at, "Invalid Attribute Value", fmt.Sprintf("%s cannot be used: %s.", at, err))
		return
	}
	for _, name := range slices.Sorted(maps.Keys(open)) {
		if slices.Contains(hidden, name) {
			diags.AddAttributeError(at.AtName("parameters"), "Contradicting Attributes", fmt.Sprintf("%s and sensitive_parameters both hold %q. Keep one of them.", at.AtName("parameters"), name))
			return
		}
	}
	request.Extra = open
	if _, err := request.Form(); err != nil {
		at := at.AtName("parameters")
		diags.AddAttributeError(at, "Invalid Attribute Value", fmt.Sprintf("%s cannot be used: %s.", at, err))
	}
}

// validateDevice checks that it is known, or can be discovered, where device codes come from.
func (m *tokenPairModel) validateDevice(diags *diag.Diagnostics) {
	if !isGiven(m.Client) {
		return
	}
	endpoint := member(m.Client, "device_authorization_endpoint")
	preset, settled, _ := presetNamesOf(m.Client).find()
	token := member(m.Client, "token_endpoint")
	if !settled || !endpoint.IsNull() || token.IsUnknown() || discovers(m.Client) {
		return
	}
	if preset.DeviceAuthorizationEndpoint == "" || !preset.Serves(token.ValueString()) {
		diags.AddAttributeError(path.Root("client").AtName("device_authorization_endpoint"), "Missing Attribute",
			"client.device_authorization_endpoint is needed to get a device code. Write it, or set client.issuer to have it discovered.")
	}
}
