package provider

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/platform"
)

// platformID refuses what is no preset, and one whose tokens this version cannot keep.
func platformID() validator.String {
	return check{wants: "a platform preset", wrong: func(id string) error {
		e, ok := platform.Find(id)
		if !ok {
			return platform.UnknownError(id)
		}
		return e.Usable()
	}}
}

// platformParameters reads the map of a client; null where there is none.
func platformParameters(client types.Object) types.Map {
	if client.IsUnknown() {
		return types.MapUnknown(types.StringType)
	}
	if m, ok := client.Attributes()["platform_parameters"].(types.Map); ok {
		return m
	}
	return types.MapNull(types.StringType)
}

// presetNames are what a client says of its platform.
type presetNames struct {
	id, overrides types.String
	parameters    types.Map
}

func presetNamesOf(client types.Object) presetNames {
	return presetNames{member(client, "platform"), member(client, "platform_overrides"), platformParameters(client)}
}

// find returns what is known of the platform: nothing without one. settled is false while that depends on values that are not
// known yet. What is wrong with the names is for checkPlatform to say.
func (n presetNames) find() (preset credential.Preset, settled bool, err error) {
	if n.id.IsNull() && n.overrides.IsNull() {
		return credential.Preset{}, true, nil
	}
	values, known := stringsOf(n.parameters)
	if n.id.IsUnknown() || n.overrides.IsUnknown() || !known {
		return credential.Preset{}, false, nil
	}
	preset, err = platform.Presets()(n.id.ValueString(), values, n.overrides.ValueString())
	return preset, err == nil, err
}

// checkPlatform reports parameters and overrides that the platform does not take, and parameters that it lacks. It returns what
// find does.
func checkPlatform(at path.Path, n presetNames, diags *diag.Diagnostics) (preset credential.Preset, settled bool) {
	preset, settled, err := n.find()
	parameters := at.AtName("platform_parameters")
	if n.id.IsNull() && isGiven(n.parameters) {
		diags.AddAttributeError(parameters, "Contradicting Attributes", fmt.Sprintf("%s goes with platform, which is not set.", parameters))
		return preset, settled
	}
	values, _ := stringsOf(n.parameters)
	addParameterError(parameters, values, err, diags) // the validator of platform tells of the rest
	var wrong *platform.OverrideError
	if errors.As(err, &wrong) {
		at := at.AtName("platform_overrides")
		diags.AddAttributeError(at, "Invalid Attribute Value", fmt.Sprintf("%s cannot be used: %s.", at, wrong.Why))
	}
	return preset, settled
}

// addParameterError reports err at the parameter it is about, if it is about one.
func addParameterError(at path.Path, values map[string]string, err error, diags *diag.Diagnostics) {
	var wrong *platform.ParameterError
	if !errors.As(err, &wrong) {
		return
	}
	if _, given := values[wrong.Name]; given {
		at = at.AtMapKey(wrong.Name)
		diags.AddAttributeError(at, "Invalid Attribute Value", fmt.Sprintf("%s cannot be used: %s.", at, wrong.Why))
		return
	}
	diags.AddAttributeError(at, "Missing Attribute", fmt.Sprintf("%s lacks %q: %s.", at, wrong.Name, wrong.Why))
}

// authorizationEndpoint is where a person gives consent: as configured, else the platform's. settled is false while that is
// not known yet.
func authorizationEndpoint(client types.Object) (endpoint string, settled bool) {
	own := member(client, "authorization_endpoint")
	if own.IsUnknown() {
		return "", false
	}
	preset, settled, _ := presetNamesOf(client).find()
	if token := member(client, "token_endpoint"); token.IsUnknown() {
		settled = false
	} else if !preset.Serves(token.ValueString()) {
		preset.AuthorizationEndpoint = ""
	}
	return cmp.Or(own.ValueString(), preset.AuthorizationEndpoint), settled || own.ValueString() != ""
}

// discovers tells whether endpoints that are not known are asked of an issuer: the client's own, or the platform's.
func discovers(client types.Object) bool {
	preset, _, _ := presetNamesOf(client).find()
	return !member(client, "issuer").IsNull() || preset.Issuer != "" && preset.Serves(member(client, "token_endpoint").ValueString())
}
