package oauth_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// jwtOf encodes both parts as they stand.
func jwtOf(header, payload string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(header)) + "." + encode([]byte(payload)) + ".c2ln"
}

func TestDecodeJWT(t *testing.T) {
	tests := map[string]struct {
		token          string
		header, claims map[string]any
	}{
		"RFC 7519 §3.1": {
			"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
			map[string]any{"typ": "JWT", "alg": "HS256"},
			map[string]any{"iss": "joe", "exp": json.Number("1300819380"), "http://example.com/is_root": true},
		},
		"RFC 7519 §6.1, unsecured": {
			"eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.",
			map[string]any{"alg": "none"},
			map[string]any{"iss": "joe", "exp": json.Number("1300819380"), "http://example.com/is_root": true},
		},
		"numbers as they stand": {
			jwtOf(`{"alg":"x"}`, `{"id":12345678901234567890123,"f":0.1,"e":1E3,"n":null,"l":[1,"a",[]],"o":{}}`),
			map[string]any{"alg": "x"},
			map[string]any{"id": json.Number("12345678901234567890123"), "f": json.Number("0.1"), "e": json.Number("1E3"), "n": nil, "l": []any{json.Number("1"), "a", []any{}}, "o": map[string]any{}},
		},
		"other alphabets": {
			jwtOf(`{"alg":"x"}`, `{"name":"Zoë 😀 \ud83d\ude00 \u0000","ключ":"✓"}`),
			map[string]any{"alg": "x"},
			map[string]any{"name": "Zoë 😀 😀 \x00", "ключ": "✓"},
		},
		"32 deep": {
			jwtOf(`{"alg":"x"}`, `{"a":`+strings.Repeat("[", 31)+strings.Repeat("]", 31)+`}`),
			map[string]any{"alg": "x"}, map[string]any{"a": nestedLists(31)},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := oauth.DecodeJWT(secret.New(test.token))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got.Header, test.header) || !reflect.DeepEqual(got.Claims, test.claims) {
				t.Errorf("= %v\nwant %v %v", got, test.header, test.claims)
			}
		})
	}
}

func nestedLists(depth int) any {
	if depth == 1 {
		return []any{}
	}
	return []any{nestedLists(depth - 1)}
}

func TestDecodeJWTRefuses(t *testing.T) {
	const alg = `{"alg":"x"}`
	good := jwtOf(alg, `{"a":"s3cret"}`)
	tests := map[string]struct{ token, want string }{
		"empty":                      {"", "it is empty"},
		"too long":                   {jwtOf(alg, `{"a":"`+strings.Repeat("s3cret", 10000)+`"}`), "longer than 64 KiB"},
		"with a line break":          {good + "\n", "white space"},
		"wrapped":                    {good[:10] + "\r\n" + good[10:], "white space"},
		"padded":                     {strings.Replace(good, ".", "=.", 1), "characters other than"},
		"plain base64":               {strings.Replace(good, ".", "+/.", 1), "characters other than"},
		"with its scheme":            {"Bearer:" + good, "characters other than"},
		"opaque":                     {"s3cretopaque", "opaque token"},
		"encrypted":                  {"a.b.c.d.e", "encrypted (JWE)"},
		"two parts":                  {"a.b", "other than three parts"},
		"four parts":                 {"a.b.c.d", "other than three parts"},
		"no base64url":               {"a." + strings.Split(good, ".")[1] + ".", "its header is not base64url"},
		"bits left over":             {"eyJhbGciOiJ4In1." + strings.Split(good, ".")[1] + ".", "its header is not base64url"},
		"empty parts":                {"..", "its header is not JSON"},
		"no JSON":                    {jwtOf(alg, "s3cret"), "its payload is not JSON"},
		"cut":                        {jwtOf(alg, `{"a":"s3cret"`), "its payload is not JSON"},
		"cut behind a name":          {jwtOf(alg, `{"a"`), "its payload is not JSON"},
		"text behind it":             {jwtOf(alg, `{"a":"s3cret"} x`), "its payload is not JSON"},
		"two objects":                {jwtOf(alg, `{"a":"s3cret"}{}`), "its payload is not JSON"},
		"a brace too many":           {jwtOf(alg, `{"a":"s3cret"}}`), "its payload is not JSON"},
		"comma at the end":           {jwtOf(alg, `{"a":"s3cret",}`), "its payload is not JSON"},
		"byte order mark":            {jwtOf(alg, "\ufeff{}"), "its payload is not JSON"},
		"not UTF-8":                  {jwtOf(alg, "{\"a\":\"s3cret\xff\"}"), "its payload is not UTF-8"},
		"array":                      {jwtOf(alg, `["s3cret"]`), "its payload is not a JSON object"},
		"null":                       {jwtOf(alg, `null`), "its payload is not a JSON object"},
		"header without alg":         {jwtOf(`{"typ":"s3cret"}`, `{}`), "names no alg"},
		"header with a number":       {jwtOf(`{"alg":1}`, `{}`), "names no alg"},
		"repeated member":            {jwtOf(alg, `{"a":"s3cret","b":1,"a":2}`), "its payload repeats a member"},
		"repeated, once escaped":     {jwtOf(alg, `{"aud":"s3cret","\u0061ud":2}`), "its payload repeats a member"},
		"repeated deep inside":       {jwtOf(alg, `{"a":[{"b":"s3cret","b":2}]}`), "its payload repeats a member"},
		"repeated, both lone halves": {jwtOf(alg, `{"\ud800":"s3cret","\ud801":2}`), "its payload repeats a member"},
		"repeated in the header":     {jwtOf(`{"alg":"none","alg":"s3cret"}`, `{}`), "its header repeats a member"},
		"33 deep":                    {jwtOf(alg, `{"s3cret":`+strings.Repeat("[", 32)+strings.Repeat("]", 32)+`}`), "nested more than 32 deep"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := oauth.DecodeJWT(secret.New(test.token))
			if err == nil || !strings.Contains(err.Error(), test.want) || !errors.Is(err, oauth.ErrJWT) {
				t.Fatalf("error = %v, want one with %q", err, test.want)
			}
			if strings.Contains(err.Error(), "s3cret") || got.Claims != nil {
				t.Errorf("error = %v, claims = %v", err, got.Claims)
			}
		})
	}
}

// What encoding/json reads another way, or not at all, is not decoded.
func FuzzDecodeJWT(f *testing.F) {
	for _, seed := range []string{`{"a":[1,2.5e3,{"b":null}]}`, `{"a":1,"a":2}`, `{}`, `{"`, "{\"\\ud800\":\"é\"}", `[[[[`, `{"a":-0}`} {
		f.Add(`{"alg":"x"}`, seed, "x.y.z")
	}
	f.Fuzz(func(t *testing.T, header, payload, raw string) {
		if _, err := oauth.DecodeJWT(secret.New(raw)); err != nil && len(raw) > 8 && strings.Contains(err.Error(), raw) {
			t.Errorf("the error quotes the input: %v", err)
		}
		got, err := oauth.DecodeJWT(secret.New(jwtOf(header, payload)))
		decoder := json.NewDecoder(strings.NewReader(payload))
		decoder.UseNumber()
		var want map[string]any
		plain := decoder.Decode(&want)
		switch {
		case err != nil:
			if !errors.Is(err, oauth.ErrJWT) {
				t.Errorf("error = %v", err)
			}
		case plain != nil:
			t.Errorf("%q was decoded, which is no JSON: %v", payload, plain)
		case !reflect.DeepEqual(got.Claims, want):
			t.Errorf("%q came to %v, want %v", payload, got.Claims, want)
		}
	})
}
