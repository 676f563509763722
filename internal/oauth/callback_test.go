package oauth_test

import (
	"errors"
	"maps"
	"net/url"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

func TestParseCallback(t *testing.T) {
	type want struct {
		code, state, issuer, err, description, uri string
		parameters                                 map[string]string
	}
	tests := map[string]struct {
		url  string
		want want
	}{
		"code and state": {"https://c.example/cb?code=c0de&state=st", want{code: "c0de", state: "st"}},
		"decoded exactly once": {
			"https://c.example/cb?code=stampNL001.x%21IAAA%2521+z%2B%3D&state=a%20b+c",
			want{code: "stampNL001.x!IAAA%21 z+=", state: "a b c"},
		},
		"pasted with space around":  {" \t\n https://c.example/cb?code=c \r\n", want{code: "c"}},
		"pasted with mark":          {"\u00a0https://c.example/cb?code=c\u00a0", want{code: "c"}},
		"http":                      {"http://localhost:8080/?code=c", want{code: "c"}},
		"custom scheme":             {"com.example.app:/cb?code=c", want{code: "c"}},
		"custom scheme, opaque":     {"com.example.app:cb?code=c", want{code: "c"}},
		"custom scheme, no host":    {"myapp:///?code=c", want{code: "c"}},
		"issuer and own parameters": {"https://c.example/cb?keep=1&code=c&iss=https%3A%2F%2Fas.example&realmId=7&state=s", want{code: "c", state: "s", issuer: "https://as.example", parameters: map[string]string{"keep": "1", "realmId": "7"}}},
		"meaningless fragment":      {"https://c.example/cb?code=c#_=_", want{code: "c"}},
		"fragment with a reply too": {"https://c.example/cb?code=c#code=d", want{code: "c"}},
		"parameters without value":  {"https://c.example/cb?code=c&state=&x&=y&&z=", want{code: "c"}},
		"equals sign in the code":   {"https://c.example/cb?code=abc==", want{code: "abc=="}},
		"semicolon in the code":     {"https://c.example/cb?code=a;b", want{code: "a;b"}},
		"own parameter repeated":    {"https://c.example/cb?x=1&x=2&code=c", want{code: "c", parameters: map[string]string{"x": "1"}}},
		"encoded name":              {"https://c.example/cb?%63ode=c&st%61te=s", want{code: "c", state: "s"}},
		"refused": {
			"https://c.example/cb?error=access_denied&error_description=No%0Away%1B%5B31m&error_uri=https%3A%2F%2Fas.example%2Fe&state=s",
			want{state: "s", err: "access_denied", description: "No way [31m", uri: "https://as.example/e"},
		},
		"refused, with a bad link": {"https://c.example/cb?error=x&error_uri=javascript:alert(1)", want{err: "x"}},
		"refused, at length": {
			"https://c.example/cb?error=x&error_description=" + strings.Repeat("y", 400),
			want{err: "x", description: strings.Repeat("y", 299) + "…"},
		},
		"16 KiB": {"https://c.example/cb?code=" + strings.Repeat("c", 16384-26), want{code: strings.Repeat("c", 16384-26)}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := oauth.ParseCallback(secret.New(test.url))
			if err != nil {
				t.Fatal(err)
			}
			got := want{c.Code.Reveal(), c.State, c.Issuer, c.Error, c.ErrorDescription, c.ErrorURI, nil}
			if !maps.Equal(c.Parameters, test.want.parameters) || c.Parameters == nil {
				t.Errorf("parameters = %v, want %v", c.Parameters, test.want.parameters)
			}
			wanted := test.want
			if got.code != wanted.code || got.state != wanted.state || got.issuer != wanted.issuer || got.err != wanted.err ||
				got.description != wanted.description || got.uri != wanted.uri {
				t.Errorf("= %+v\nwant %+v", got, wanted)
			}
		})
	}
}

func TestParseCallbackRefuses(t *testing.T) {
	tests := map[string]struct{ url, want string }{
		"empty":                      {"", "it is empty"},
		"blank":                      {" \n ", "it is empty"},
		"too long":                   {"https://c.example/cb?code=" + strings.Repeat("s3cret", 2731), "longer than 16 KiB"},
		"no scheme":                  {"c.example/cb?code=s3cret", "paste it whole"},
		"query only":                 {"?code=s3cret&state=s", "paste it whole"},
		"code only":                  {"s3cret", "paste it whole"},
		"no host":                    {"https:///cb?code=s3cret", "paste it whole"},
		"wrapped":                    {"https://c.example/cb?code=s3c\n  ret", "white space inside"},
		"control character":          {"https://c.example/cb?code=s3cret\x00", "white space inside"},
		"not a URL":                  {"https://c.example/%zz?code=s3cret", "not a URL"},
		"bad escape":                 {"https://c.example/cb?code=s3cret%2", "not properly percent-encoded"},
		"bad escape in a name":       {"https://c.example/cb?code=c&s3cret%=1", "not properly percent-encoded"},
		"not UTF-8":                  {"https://c.example/cb?code=s3cret%ff", "not UTF-8"},
		"neither code nor error":     {"https://c.example/cb?state=s3cret", "neither code nor error"},
		"empty code":                 {"https://c.example/cb?code=&state=s3cret", "neither code nor error"},
		"no query":                   {"https://c.example/s3cret", "neither code nor error"},
		"both":                       {"https://c.example/cb?code=s3cret&error=x", "both code and error"},
		"code twice":                 {"https://c.example/cb?code=s3cret&code=s3cret", "parameter code stands in it more than once"},
		"code twice, once encoded":   {"https://c.example/cb?code=s3cret&%63ode=d", "parameter code stands"},
		"state twice":                {"https://c.example/cb?code=s3cret&state=a&state=b", "parameter state stands"},
		"iss twice":                  {"https://c.example/cb?code=s3cret&iss=a&iss=b", "parameter iss stands"},
		"error twice":                {"https://c.example/cb?error=s3cret&error=b", "parameter error stands"},
		"fragment: code":             {"https://c.example/cb#code=s3cret&state=s", "after the #"},
		"fragment: token":            {"https://c.example/cb?x=1#state=s&access_token=s3cret", "after the #"},
		"fragment: error":            {"https://c.example/cb#error=s3cret", "after the #"},
		"fragment of another nature": {"https://c.example/cb#s3cret", "neither code nor error"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := oauth.ParseCallback(secret.New(test.url))
			if err == nil || !strings.Contains(err.Error(), test.want) || !errors.Is(err, oauth.ErrCallback) {
				t.Fatalf("error = %v, want one with %q", err, test.want)
			}
			if strings.Contains(err.Error(), "s3c") || !c.Code.IsEmpty() || c.State != "" || c.Parameters != nil {
				t.Errorf("error = %v, callback = %+v", err, c)
			}
		})
	}
}

func FuzzParseCallback(f *testing.F) {
	for _, seed := range []string{
		"https://c.example/cb?code=a%21&state=s&iss=i", "https://c.example/cb?error=access_denied&error_description=a%0ab",
		"com.example.app:cb?code=c", "https://c.example/cb#access_token=x", "?code=%ff&code", "https://[::1]/?code=%", "a:?code=\u202e",
	} {
		f.Add(seed, "c0de! %&=+é")
	}
	f.Fuzz(func(t *testing.T, raw, code string) {
		c, err := oauth.ParseCallback(secret.New(raw))
		if err != nil {
			if len(raw) > 8 && strings.Contains(err.Error(), raw) {
				t.Errorf("the error quotes the input: %v", err)
			}
		} else if c.Code.IsEmpty() == (c.Error == "") {
			t.Errorf("code and error are both there, or both not: %+v", c)
		}
		// Encoding once and decoding once is the identity.
		if code == "" || len(code) > 1000 || strings.ToValidUTF8(code, "") != code {
			return
		}
		built, err := oauth.ParseCallback(secret.New("https://c.example/cb?state=s&code=" + url.QueryEscape(code)))
		if err != nil || built.Code.Reveal() != code || built.State != "s" {
			t.Errorf("%q came back as %q, %v", code, built.Code.Reveal(), err)
		}
	})
}
