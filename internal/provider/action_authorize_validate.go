package provider

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/login"
)

// asPair is what the model says in the terms of a token pair.
func (m *authorizeModel) asPair() *tokenPairModel {
	return &tokenPairModel{Name: m.Name, Client: m.Client, AuthorizationCode: m.AuthorizationCode, DeviceCode: m.DeviceCode}
}

// validate checks what is known of a configuration.
func (m *authorizeModel) validate(insecure bool, diags *diag.Diagnostics) {
	pair := m.asPair()
	code, device := isGiven(m.AuthorizationCode), isGiven(m.DeviceCode)
	switch {
	case code && device:
		diags.AddAttributeError(path.Root(grantDeviceCode), "Contradicting Grants", "authorization_code and device_code cannot be used together. Keep one of them.")
		return
	case isGiven(m.Client) && m.AuthorizationCode.IsNull() && m.DeviceCode.IsNull():
		diags.AddAttributeError(path.Root(grantAuthorizationCode), "Missing Grant",
			"With client, the action needs to know what a person is asked for: authorization_code = { redirect_uri = … } for one before a browser on this machine, or device_code = {} for one on any device.")
		return
	}
	uri := member(m.AuthorizationCode, "redirect_uri").ValueString()
	if code && uri != "" && checkRedirectURI(uri) == nil && !login.Loopback(uri) {
		e := &login.Error{Reason: login.ReasonNoLoopback, Name: m.Name.ValueString(), Address: uri}
		parts := e.Parts()
		diags.AddAttributeError(path.Root(grantAuthorizationCode).AtName("redirect_uri"), "Unable to Receive the Answer", parts[0]+"\n\n"+parts[2])
	}
	if !isGiven(m.Client) {
		return
	}
	checkClient(path.Root("client"), func(name string) types.String { return memberText(m.Client, name) },
		platformParameters(m.Client), policyOf(m.Client), insecure, diags)
	pair.validateAuthorization(diags)
	pair.validateGrantRequest(diags)
}

// rejectSecrets reports secrets that would stand in the plan where the provider keeps them out of it.
func (m *authorizeModel) rejectSecrets(s *session, diags *diag.Diagnostics) {
	if s.secretsInState || !isGiven(m.Client) {
		return
	}
	for _, f := range clientSecrets() {
		if isGiven(member(m.Client, f.name)) {
			diags.AddAttributeError(path.Root("client").AtName(f.name), "Secret Would Enter the Plan",
				"The provider has secrets_in_state = false, and client."+f.name+" of an action is kept in the plan: actions have no write-only arguments. Apply the oauth_token_pair first, with "+f.name+"_wo, and leave client out of the action; "+
					"or name a registration of the token store in client; or use terraform-provider-oauth authorize. Nothing was read or sent.")
		}
	}
}

// warnWritten warns of secrets that stand in the configuration itself. An action's schema has no way to hide one, and those that come
// from a variable or a resource are unknown to validate, and hidden if that marks them sensitive.
func (m *authorizeModel) warnWritten(diags *diag.Diagnostics) {
	for _, f := range clientSecrets() {
		if isGiven(member(m.Client, f.name)) {
			diags.AddAttributeWarning(path.Root("client").AtName(f.name), "Secret Shown in Plans",
				fmt.Sprintf("client.%s is written out in an action, and plans show what is written there. Give a sensitive variable; or leave client out, for a pair that an apply has made.", f.name))
		}
	}
}

// describeSecretOfAction describes a secret, for which an action has no write-only twin.
const describeSecretOfAction = "As the `%s` of `oauth_app_registration`. Plans show it unless its value is sensitive. A client with a `registration` has it looked up in the token store instead."
