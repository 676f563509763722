package provider

import (
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// call runs a function as core does, and returns its result or the error and the argument that this is about.
func (p *peer) call(name string, arguments ...string) (result any, at int64, text string) {
	p.t.Helper()
	f := p.schemas.Functions[name]
	if f == nil || len(f.Parameters) != len(arguments) {
		p.t.Fatalf("there is no function %s with %d parameters", name, len(arguments))
	}
	req := &tfprotov6.CallFunctionRequest{Name: name}
	for _, argument := range arguments {
		v, err := tfprotov6.NewDynamicValue(tftypes.String, tftypes.NewValue(tftypes.String, argument))
		must(p.t, err)
		req.Arguments = append(req.Arguments, &v)
	}
	resp, err := p.server.CallFunction(p.t.Context(), req)
	must(p.t, err)
	if resp.Error != nil {
		at = -1
		if resp.Error.FunctionArgument != nil {
			at = *resp.Error.FunctionArgument
		}
		return nil, at, resp.Error.Text
	}
	v, err := resp.Result.Unmarshal(f.Return.Type)
	must(p.t, err)
	return textOf(p.t, v), 0, ""
}

// textOf prints a value so that it shows types and exact numbers.
func textOf(t testing.TB, v tftypes.Value) string {
	t.Helper()
	switch {
	case v.IsNull():
		return "null"
	case v.Type().Is(tftypes.Number):
		var n *big.Float
		must(t, v.As(&n))
		return n.Text('f', -1)
	case v.Type().Is(tftypes.String):
		var s string
		must(t, v.As(&s))
		return fmt.Sprintf("%q", s)
	case v.Type().Is(tftypes.Bool):
		var b bool
		must(t, v.As(&b))
		return fmt.Sprint(b)
	}
	var list []tftypes.Value
	if v.As(&list) == nil {
		texts := make([]string, len(list))
		for i, element := range list {
			texts[i] = textOf(t, element)
		}
		return "[" + strings.Join(texts, " ") + "]"
	}
	var members map[string]tftypes.Value
	must(t, v.As(&members))
	texts := map[string]string{}
	for name, member := range members {
		texts[name] = textOf(t, member)
	}
	return strings.TrimPrefix(fmt.Sprint(texts), "map")
}

// jwt encodes a payload behind a plain header.
func jwt(payload string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"ES256","kid":"k"}`)) + "." + encode([]byte(payload)) + ".c2ln"
}

// Functions need neither configuration, store, network nor clock.
func TestFunctions(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	for name, test := range map[string]struct {
		function  string
		arguments []string
		want      string
	}{
		"callback": {"parse_callback", []string{"https://c.example/cb?code=a%2521&state=s&iss=i&realmId=7"},
			`[code:"a%21" error:null error_description:null iss:"i" parameters:[realmId:"7"] state:"s"]`},
		"callback, refused": {"parse_callback", []string{"https://c.example/cb?error=access_denied&error_description=No+way"},
			`[code:null error:"access_denied" error_description:"No way" iss:null parameters:[] state:null]`},
		"callback, implicit": {"parse_callback", []string{"https://c.example/cb#access_token=a%2Bb&state=s"},
			`[code:null error:null error_description:null iss:null parameters:[access_token:"a+b"] state:"s"]`},
		"claims": {"decode_jwt", []string{jwt(`{"exp":1300819380,"id":12345678901234567890123456789012345678901234567890,"f":0.1,"e":-1.5E3,"z":-0,"b":true,"n":null,"l":[1,"é",null,{"a":[]}],"😀":""}`)},
			`[claims:[b:true e:-1500 exp:1300819380 f:0.1 id:12345678901234567890123456789012345678901234567890 l:[1 "é" null [a:[]]] n:null z:0 😀:""] header:[alg:"ES256" kid:"k"]]`},
		"no claims": {"decode_jwt", []string{jwt(`{}`)}, `[claims:[] header:[alg:"ES256" kid:"k"]]`},
		// RFC 6749 §2.3.1: form-encoded first. printf 's6BhdRkqt3:7Fjfp0ZBr1KtDRbnfVdmIw' | base64
		"header of the RFC": {"basic_auth", []string{"s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw"}, `"Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3"`},
		// printf 'a%%3Ab:x+%%2B%%25' | base64
		"header, encoded":         {"basic_auth", []string{"a:b", "x +%"}, `"Basic YSUzQWI6eCslMkIlMjU="`},
		"header, an empty secret": {"basic_auth", []string{"id", ""}, `"Basic aWQ6"`},
	} {
		t.Run(name, func(t *testing.T) {
			got, at, text := p.call(test.function, test.arguments...)
			if got != test.want {
				t.Errorf("= %v (argument %d: %s)\nwant %s", got, at, text, test.want)
			}
		})
	}
	p.world.mustBeUntouched(t)
}

// Bad input is the argument's fault, and stays out of the message.
func TestFunctionsRefuse(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	for name, test := range map[string]struct {
		function  string
		arguments []string
		at        int64
		want      string
	}{
		"callback without scheme": {"parse_callback", []string{"c.example/?code=s3cret"}, 0, "Unusable callback URL: paste it whole"},
		"callback of nothing":     {"parse_callback", []string{"https://c.example/?state=s3cret"}, 0, "neither code, token nor error"},
		"opaque token":            {"decode_jwt", []string{"s3cret"}, 0, "Not a readable JWT: it has no dots"},
		"repeated claim":          {"decode_jwt", []string{jwt(`{"s3cret":1,"s3cret":1}`)}, 0, "its payload repeats a member"},
		"names that are one":      {"decode_jwt", []string{jwt("{\"s3cret\u00e9\":1,\"s3crete\u0301\":1}")}, 0, "cannot tell apart"},
		"too many digits":         {"decode_jwt", []string{jwt(`{"s3cret":` + strings.Repeat("9", 151) + `}`)}, 0, "more digits than Terraform keeps"},
		"a number without end":    {"decode_jwt", []string{jwt(`{"s3cret":1e999999999}`)}, 0, "more digits than Terraform keeps"},
		"a number near nothing":   {"decode_jwt", []string{jwt(`{"s3cret":[1e-999999999999999999999]}`)}, 0, "more digits than Terraform keeps"},
		"many zeros":              {"decode_jwt", []string{jwt(`{"s3cret":0.` + strings.Repeat("0", 400) + `1}`)}, 0, "more digits than Terraform keeps"},
		"no id":                   {"basic_auth", []string{"", "s3cret"}, 0, "The client id must be 1 to 2048 printable ASCII characters: it is empty."},
		"long id":                 {"basic_auth", []string{strings.Repeat("s3cret", 342), "x"}, 0, "it is longer"},
		"line break in the secret": {"basic_auth", []string{"id", "s3cret\n"}, 1,
			"The client secret must be 1 to 16384 printable ASCII characters: it holds other characters; a line break is often copied along."},
	} {
		t.Run(name, func(t *testing.T) {
			got, at, text := p.call(test.function, test.arguments...)
			if got != nil || at != test.at || !strings.Contains(text, test.want) || strings.Contains(text, "s3cret") {
				t.Errorf("= %v, argument %d: %q; want argument %d: %q", got, at, text, test.at, test.want)
			}
		})
	}
	p.world.mustBeUntouched(t)
}

// A number that is taken is the number that stands in the token.
func FuzzExactNumber(f *testing.F) {
	for _, seed := range []string{"0", "-0.0", "12345678901234567890", "0.1", "1e3", "1E-150", "9e151", "123.456e+7"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1000 || strings.ContainsAny(text, "/_xXpPbBoO") {
			return
		}
		n, err := exactNumber(text) // first, for it bounds the exponent, which big.Rat does not
		if err != nil {
			return
		}
		want, ok := new(big.Rat).SetString(text)
		if !ok {
			return
		}
		got, ok := new(big.Rat).SetString(n.Text('f', -1))
		if !ok || got.Cmp(want) != 0 {
			t.Errorf("%s came to %s", text, n.Text('f', -1))
		}
	})
}
