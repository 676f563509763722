package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

var _ function.Function = basicAuthFunction{}

type basicAuthFunction struct{}

func newBasicAuthFunction() function.Function { return basicAuthFunction{} }

func (basicAuthFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "basic_auth"
}

func (basicAuthFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "The Authorization header of a client",
		MarkdownDescription: "The value of an `Authorization` header by which a client proves who it is (`client_secret_basic`, RFC 6749 §2.3.1): `Basic`, and id and secret in Base64. " +
			"Both are form-encoded before they are joined, as the RFC has it: `a:b` becomes `a%3Ab`, and a space `+`. " +
			"`base64encode(\"${id}:${secret}\")` leaves that out, and is refused as soon as a secret holds such a character. Servers that want no form-encoding need that instead.",
		Parameters: []function.Parameter{
			function.StringParameter{Name: "id", MarkdownDescription: "The client identifier: 1 to 2048 printable ASCII characters."},
			function.StringParameter{
				Name: "secret", MarkdownDescription: "The client secret: at most 16 KiB of printable ASCII characters; empty where the client has an empty one. Mark it sensitive, and the result is sensitive too.",
			},
		},
		Return: function.StringReturn{},
	}
}

func (basicAuthFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var id, password string
	if resp.Error = req.Arguments.Get(ctx, &id, &password); resp.Error != nil {
		return
	}
	if err := printable(maxClientID).wrong(id); err != nil {
		resp.Error = function.NewArgumentFuncError(0, fmt.Sprintf("The client id must be %s: %s.", printable(maxClientID).wants, err))
		return
	}
	if err := printable(maxSecret).wrong(password); err != nil && password != "" {
		resp.Error = function.NewArgumentFuncError(1, fmt.Sprintf("The client secret must be %s: %s.", printable(maxSecret).wants, err))
		return
	}
	resp.Error = resp.Result.Set(ctx, oauth.BasicHeader(id, secret.New(password)).Reveal())
}
