package provider

import (
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// What every grant's request may hold. Descriptions and validators are the same wherever a request is written down: as the grant of
// a token pair, or as that of somebody who asks for a client's token.
const (
	describeResource = "Where the tokens are for, as the server knows it: absolute URIs without a fragment, at most 20, each sent as a `resource` parameter (RFC 8707), in this order. Null: none is sent."
	describeAudience = "Who the tokens are for, as the server knows it: names or URIs, at most 20, each sent as an `audience` parameter. Null: none is sent."
	describeExtra    = "More parameters of the request, at most 50%s. Those of the protocol (`grant_type`, `scope`, `client_id` and so on) are refused. They are shown in plans: this is no place for a secret."
)

func scopesValidators() []validator.Set {
	return []validator.Set{setvalidator.SizeAtMost(500), noNulls{}, setvalidator.ValueStringsAre(scopeToken())}
}

func extraValidators() []validator.Map {
	return []validator.Map{
		mapvalidator.SizeAtMost(50), mapvalidator.KeysAre(printable(200)), noNulls{}, mapvalidator.ValueStringsAre(printable(4096)),
	}
}

func resourceValidators() []validator.List {
	return []validator.List{listvalidator.SizeBetween(1, 20), noNulls{}, noRepeats{}, listvalidator.ValueStringsAre(resourceURI())}
}

func audienceValidators() []validator.List {
	return []validator.List{listvalidator.SizeBetween(1, 20), noNulls{}, noRepeats{}, listvalidator.ValueStringsAre(printable(2048))}
}

// resourceURI bounds a resource indicator.
func resourceURI() validator.String {
	return check{wants: "an absolute URI without a fragment, like https://api.example.com/", wrong: func(text string) error {
		if err := printable(2048).wrong(text); err != nil {
			return err
		}
		return oauth.CheckResource(text)
	}}
}

// requestInputs are the attributes of a request for tokens: scopes, resource, audience and extra_parameters. scopes says what null
// means there, extra what else is to be known of extra_parameters.
func requestInputs(scopes, extra string) map[string]schema.Attribute {
	if extra != "" {
		extra = "; " + extra
	}
	return map[string]schema.Attribute{
		"scopes": schema.SetAttribute{
			MarkdownDescription: "The scopes to ask for, at most 500. " + scopes, ElementType: types.StringType, Optional: true, Validators: scopesValidators(),
		},
		"resource": schema.ListAttribute{
			MarkdownDescription: describeResource, ElementType: types.StringType, Optional: true, Validators: resourceValidators(),
		},
		"audience": schema.ListAttribute{
			MarkdownDescription: describeAudience, ElementType: types.StringType, Optional: true, Validators: audienceValidators(),
		},
		"extra_parameters": schema.MapAttribute{
			MarkdownDescription: fmt.Sprintf(describeExtra, extra), ElementType: types.StringType, Optional: true, Validators: extraValidators(),
		},
	}
}

// parametersOf reads the extra_parameters of a request. A value that is not known yet is empty; settled is false while not
// even the names are known.
func parametersOf(request types.Object) (parameters map[string]string, settled bool) {
	all, _ := request.Attributes()["extra_parameters"].(types.Map)
	parameters = map[string]string{}
	for name, v := range all.Elements() {
		if s, ok := v.(types.String); ok {
			parameters[name] = s.ValueString()
		}
	}
	return parameters, !all.IsUnknown()
}

// requestOf is a grant of that type with what every request may hold.
func requestOf(grantType string, request types.Object) *credential.Grant {
	parameters, _ := parametersOf(request)
	return &credential.Grant{
		Type: grantType, Scopes: scopesOf(request), Resource: listOf(request, "resource"), Audience: listOf(request, "audience"), Parameters: parameters,
	}
}

// deviceRequestOf is what a device_code object asks a person for.
func deviceRequestOf(grant types.Object) credential.DeviceRequest {
	extra, _ := parametersOf(grant)
	return credential.DeviceRequest{
		Scopes: scopesOf(grant), Resource: listOf(grant, "resource"), Audience: listOf(grant, "audience"), Extra: extra,
	}
}

// authorizationOf is what an authorization_code or implicit object asks a person for.
func authorizationOf(grant types.Object, redirectURI string) credential.Authorization {
	return credential.Authorization{
		RedirectURI: redirectURI, Scopes: scopesOf(grant), Extra: knownStrings(grant, "extra_parameters"),
		Resource: listOf(grant, "resource"), Audience: listOf(grant, "audience"),
	}
}

// clientCredentialsOf reads a client_credentials object, wherever it stands.
func clientCredentialsOf(o types.Object) *credential.Grant {
	return requestOf(oauth.GrantClientCredentials, o)
}

// validateRequest checks what a request will be made of, as far as that is known. own says which parameters the grant sends itself.
func validateRequest(at path.Path, request types.Object, own oauth.GrantRequest, diags *diag.Diagnostics) {
	own.Extra, _ = parametersOf(request)
	if len(listOf(request, "resource")) > 0 { // which is checked where it stands
		own.Resource = []string{"urn:given"}
	}
	own.Audience = listOf(request, "audience")
	if _, err := own.Form(); err != nil {
		at = at.AtName("extra_parameters")
		diags.AddAttributeError(at, "Invalid Attribute Value", fmt.Sprintf("%s cannot be used: %s.", at, err))
	}
}

// scopesOf reads the scopes of a grant, sorted; nil for null, which is not the same as none.
func scopesOf(grant types.Object) []string {
	set, ok := grant.Attributes()["scopes"].(types.Set)
	if !ok || set.IsNull() {
		return nil
	}
	scopes := []string{}
	for _, e := range set.Elements() {
		if s, ok := e.(types.String); ok {
			scopes = append(scopes, s.ValueString())
		}
	}
	slices.Sort(scopes)
	return scopes
}
