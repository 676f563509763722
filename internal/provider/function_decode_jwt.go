package provider

import (
	"context"
	"encoding/json"
	"math/big"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"golang.org/x/text/unicode/norm"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

var _ function.Function = decodeJWTFunction{}

type decodeJWTFunction struct{}

func newDecodeJWTFunction() function.Function { return decodeJWTFunction{} }

func (decodeJWTFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "decode_jwt"
}

func decodedJWTType() map[string]attr.Type {
	return map[string]attr.Type{"header": types.DynamicType, "claims": types.DynamicType}
}

func (decodeJWTFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "What a JWT says, unverified",
		MarkdownDescription: "Decodes a signed JWT (RFC 7519), such as an `id_token` or the access token of some servers. The result is an object of `header` and `claims`, both as the token has them. " +
			"**Nothing is verified**: neither signature, issuer, audience nor expiry. A token may say anything; only the server that it is meant for, or `oauth_token_introspection`, tells whether it is good. " +
			"Use it to look, to find a mistake, and to show a date; never to let somebody in. " +
			"Numbers are kept exactly; `exp`, `iat` and `nbf` are seconds since 1970. A token that repeats a member is refused, for readers differ in which one they take. " +
			"An encrypted token (JWE) and an opaque one cannot be decoded.",
		Parameters: []function.Parameter{function.StringParameter{
			Name:                "token",
			MarkdownDescription: "The token: three parts between dots, at most 64 KiB. Mark it sensitive, and the result is sensitive too.",
		}},
		Return: function.ObjectReturn{AttributeTypes: decodedJWTType()},
	}
}

func (decodeJWTFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var text string
	if resp.Error = req.Arguments.Get(ctx, &text); resp.Error != nil {
		return
	}
	refuse := func(err error) { resp.Error = function.NewArgumentFuncError(0, sentence(err)) }
	decoded, err := oauth.DecodeJWT(secret.New(text))
	if err != nil {
		refuse(err)
		return
	}
	members := map[string]attr.Value{}
	for name, part := range map[string]map[string]any{"header": decoded.Header, "claims": decoded.Claims} {
		value, err := dynamicOf(part)
		if err != nil {
			refuse(err)
			return
		}
		members[name] = types.DynamicValue(value)
	}
	object, diags := types.ObjectValue(decodedJWTType(), members)
	if resp.Error = function.FuncErrorFromDiags(ctx, diags); resp.Error == nil {
		resp.Error = resp.Result.Set(ctx, object)
	}
}

// unusableJSON says why Terraform cannot hold a value as it is. It quotes nothing of it.
type unusableJSON string

func (e unusableJSON) Error() string { return string(e) }

// dynamicOf is a JSON value as Terraform's own jsondecode would have it.
func dynamicOf(v any) (attr.Value, error) {
	switch v := v.(type) {
	case bool:
		return types.BoolValue(v), nil
	case string:
		return types.StringValue(v), nil
	case json.Number:
		n, err := exactNumber(v.String())
		return types.NumberValue(n), err
	case []any:
		kinds, values := make([]attr.Type, len(v)), make([]attr.Value, len(v))
		for i, element := range v {
			value, err := dynamicOf(element)
			if err != nil {
				return nil, err
			}
			kinds[i], values[i] = typeOf(value), value
		}
		return types.TupleValueMust(kinds, values), nil
	case map[string]any:
		kinds, values := map[string]attr.Type{}, map[string]attr.Value{}
		for name, element := range v {
			value, err := dynamicOf(element)
			if err != nil {
				return nil, err
			}
			name = norm.NFC.String(name) // as Terraform does
			if _, taken := values[name]; taken {
				return nil, unusableJSON("not a readable JWT: two of its members have names that Terraform cannot tell apart (Unicode normalization)")
			}
			kinds[name], values[name] = typeOf(value), value
		}
		return types.ObjectValueMust(kinds, values), nil
	}
	return types.DynamicNull(), nil
}

// typeOf is the type of a value that was made here, whatever the run.
func typeOf(v attr.Value) attr.Type { return v.Type(context.Background()) }

const (
	numberBits   = 512 // Terraform's own precision
	maxExactSize = 150 // digits that 512 bits surely keep
)

// exactNumber reads a number as Terraform does, and refuses what it would round or fill with zeros without end.
func exactNumber(text string) (*big.Float, error) {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(text), "e")
	digits := strings.Trim(strings.NewReplacer("-", "", ".", "").Replace(mantissa), "0")
	power, err := strconv.Atoi(strings.TrimPrefix(exponent, "+"))
	if exponent == "" {
		power, err = 0, nil
	}
	if err != nil || len(digits) > maxExactSize || len(mantissa) > 2*maxExactSize || power > maxExactSize || power < -maxExactSize {
		return nil, unusableJSON("not a readable JWT: it holds a number of more digits than Terraform keeps")
	}
	n, _, err := big.ParseFloat(text, 10, numberBits, big.ToNearestEven)
	if err != nil {
		return nil, unusableJSON("not a readable JWT: it holds a number that Terraform cannot keep")
	}
	return n, nil
}
