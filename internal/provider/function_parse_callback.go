package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

var _ function.Function = parseCallbackFunction{}

type parseCallbackFunction struct{}

func newParseCallbackFunction() function.Function { return parseCallbackFunction{} }

func (parseCallbackFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "parse_callback"
}

// callbackNames are the members that a callback has a name for.
func callbackNames() []string { return []string{"code", "state", "iss", "error", "error_description"} }

func (parseCallbackFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	members := map[string]attr.Type{"parameters": types.MapType{ElemType: types.StringType}}
	for _, name := range callbackNames() {
		members[name] = types.StringType
	}
	resp.Definition = function.Definition{
		Summary: "What an authorization server said in a callback URL",
		MarkdownDescription: "Takes apart the address at which the browser ended up after a person has given consent, or has refused to (RFC 6749 §4.1.2, RFC 9207). " +
			"The result is an object of `code`, `state`, `iss`, `error` and `error_description`, each null if the server did not say it, and `parameters`, a map of everything else. " +
			"Each value is decoded exactly once: `%21` becomes `!`, and `%2521` becomes `%21`. " +
			"A reply that stands behind the `#`, as the implicit grant has it (RFC 6749 §4.2.2), is read too; its `access_token` is then among the `parameters`. " +
			"Nothing is checked against what was asked for: `oauth_token_pair` does that, and takes the whole URL in `authorization_code.callback_url`.",
		Parameters: []function.Parameter{function.StringParameter{
			Name:                "url",
			MarkdownDescription: "The whole URL, from the scheme on, at most 16 KiB. Mark it sensitive: it holds a code or a token.",
		}},
		Return: function.ObjectReturn{AttributeTypes: members},
	}
}

func (parseCallbackFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var text string
	if resp.Error = req.Arguments.Get(ctx, &text); resp.Error != nil {
		return
	}
	parameters, err := oauth.CallbackParameters(secret.New(text))
	if err != nil {
		resp.Error = function.NewArgumentFuncError(0, sentence(err))
		return
	}
	result := parsedCallback{Parameters: map[string]string{}}
	for name, value := range parameters {
		switch name {
		case "code":
			result.Code = &value
		case "state":
			result.State = &value
		case "iss":
			result.Issuer = &value
		case "error":
			result.Error = &value
		case "error_description":
			result.ErrorDescription = &value
		default:
			result.Parameters[name] = value
		}
	}
	resp.Error = resp.Result.Set(ctx, result)
}

type parsedCallback struct {
	Code             *string           `tfsdk:"code"`
	State            *string           `tfsdk:"state"`
	Issuer           *string           `tfsdk:"iss"`
	Error            *string           `tfsdk:"error"`
	ErrorDescription *string           `tfsdk:"error_description"`
	Parameters       map[string]string `tfsdk:"parameters"`
}
