package oauth_test

import (
	"errors"
	"maps"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

func TestCallbackParameters(t *testing.T) {
	tests := map[string]struct {
		url  string
		want map[string]string
	}{
		"code": {"https://c.example/cb?code=a%2521%21+b&state=s&x=1", map[string]string{"code": "a%21! b", "state": "s", "x": "1"}},
		"error, as it was said": {
			"https://c.example/cb?error=access_denied&error_description=No%0Away&error_uri=javascript:x",
			map[string]string{"error": "access_denied", "error_description": "No\nway", "error_uri": "javascript:x"},
		},
		"implicit": {
			"https://c.example/cb#access_token=a%2Bb%2525+c&token_type=Bearer&expires_in=3600&state=s",
			map[string]string{"access_token": "a+b%25 c", "token_type": "Bearer", "expires_in": "3600", "state": "s"},
		},
		"a fragment that net/url would encode anew": {"https://c.example/cb#access_token=a%2Bb{^+", map[string]string{"access_token": "a+b{^ "}},
		"a hash within the fragment":                {"https://c.example/cb#access_token=a#b", map[string]string{"access_token": "a#b"}},
		"refused in the fragment":                   {"app:cb#error=access_denied&state=s", map[string]string{"error": "access_denied", "state": "s"}},
		"the query comes first":                     {"https://c.example/cb?code=c#access_token=a", map[string]string{"code": "c"}},
		"a query of the app's own":                  {"https://c.example/cb?tenant=1#id_token=a", map[string]string{"id_token": "a"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := oauth.CallbackParameters(secret.New(test.url))
			if err != nil || !maps.Equal(got, test.want) {
				t.Errorf("= %q, %v; want %q", got, err, test.want)
			}
		})
	}
	for name, test := range map[string]struct{ url, want string }{
		"nothing":      {"https://c.example/cb?state=s3cret", "neither code, token nor error"},
		"empty token":  {"https://c.example/cb#access_token=&state=s3cret", "neither code, token nor error"},
		"token twice":  {"https://c.example/cb#access_token=s3cret&access_token=b", "parameter access_token stands in it more than once"},
		"both":         {"https://c.example/cb#access_token=s3cret&error=b", "both an error and what was asked for"},
		"bad encoding": {"https://c.example/cb#access_token=s3cret%", "not a URL"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := oauth.CallbackParameters(secret.New(test.url))
			if !errors.Is(err, oauth.ErrCallback) || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("error = %v, want one with %q", err, test.want)
			}
		})
	}
}

func FuzzCallbackParameters(f *testing.F) {
	f.Add("https://c.example/cb?code=a%21&state=s", "tok%en", "é#&=")
	f.Add("https://c.example/cb#access_token=%2", "{^", "+")
	f.Fuzz(func(t *testing.T, raw, token, state string) {
		if _, err := oauth.CallbackParameters(secret.New(raw)); err != nil && len(raw) > 8 && strings.Contains(err.Error(), raw) {
			t.Errorf("the error quotes the input: %v", err)
		}
		if token == "" || state == "" || len(token)+len(state) > 1000 || !utf8.ValidString(token) || !utf8.ValidString(state) {
			return
		}
		for _, sign := range []string{"?", "#"} {
			text := "https://c.example/cb" + sign + "access_token=" + url.QueryEscape(token) + "&state=" + url.QueryEscape(state)
			got, err := oauth.CallbackParameters(secret.New(text))
			if err != nil || got["access_token"] != token || got["state"] != state {
				t.Errorf("%q: %q, %v", text, got, err)
			}
		}
	})
}
