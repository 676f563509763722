package oauth_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

func TestParseImplicit(t *testing.T) {
	t.Parallel()
	const base = "https://app.example.com/callback"
	type want struct {
		access, state, issuer, code string
		expires                     time.Duration
		scopes                      string
		extra                       map[string]string
	}
	tests := map[string]struct {
		raw  string
		want want
	}{
		"as RFC 6749 §4.2.2 has it": {"http://example.com/cb#access_token=2YotnFZFEjr1zCsicMWpAA&state=xyz&token_type=example&expires_in=3600",
			want{access: "2YotnFZFEjr1zCsicMWpAA", state: "xyz", expires: time.Hour}},
		"decoded once":         {base + "#access_token=a%2521b%2B+c&state=s%26t&scope=b+a&iss=https%3A%2F%2Fas.example.com", want{access: "a%21b+ c", state: "s&t", scopes: "a b", issuer: "https://as.example.com"}},
		"of a single-page app": {base + "#/?access_token=a&state=s", want{access: "a", state: "s"}},
		"with blanks around":   {"  " + base + "#access_token=a&state=s\n", want{access: "a", state: "s"}},
		"more members":         {base + "#access_token=a&state=s&instance_url=https%3A%2F%2Fi.example&refresh_token=r", want{access: "a", state: "s", extra: map[string]string{"instance_url": "https://i.example"}}},
		"in the query":         {base + "?access_token=a&state=s", want{access: "a", state: "s"}},
		"own scheme":           {"com.example.app:/cb#access_token=a&state=s", want{access: "a", state: "s"}},
		"refused":              {base + "#error=access_denied&error_description=no%0A&state=s", want{code: "access_denied", state: "s"}},
		"refused in the query": {base + "?error=access_denied&state=s", want{code: "access_denied", state: "s"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := oauth.ParseImplicit(secret.New(tt.raw), oauth.Dialect{})
			if err != nil {
				t.Fatal(err)
			}
			got := want{access: c.Token.AccessToken.Reveal(), state: c.State, issuer: c.Issuer, code: c.Error, expires: c.Token.ExpiresIn, scopes: strings.Join(c.Token.Scopes, " ")}
			if len(c.Token.Extra) > 0 {
				got.extra = map[string]string{}
				for k, v := range c.Token.Extra {
					got.extra[k] = v.Reveal()
				}
			}
			if got.access != tt.want.access || got.state != tt.want.state || got.issuer != tt.want.issuer || got.code != tt.want.code ||
				got.expires != tt.want.expires || got.scopes != tt.want.scopes || len(got.extra) != len(tt.want.extra) || got.extra["instance_url"] != tt.want.extra["instance_url"] {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if !c.Token.RefreshToken.IsEmpty() {
				t.Error("a refresh token was taken (RFC 6749 §4.2.2)")
			}
		})
	}
}

func TestParseImplicitRefuses(t *testing.T) {
	t.Parallel()
	const base = "https://app.example.com/callback"
	for raw, want := range map[string]string{
		"":                                            "it is empty",
		base:                                          "stands behind a #, and there is none",
		base + "#state=s3cret":                        "stands behind a #, and there is none",
		base + "?code=s3cret&state=s":                 "it has a code",
		base + "#code=s3cret&state=s":                 "it has a code",
		base + "#access_token=s3cret&error=e":         "both access_token and error",
		base + "#access_token=&state=s":               "neither access_token nor error",
		base + "#access_token=s3cret&state=a b":       "white space inside",
		"#access_token=s3cret":                        "paste it whole",
		"/callback#access_token=s3cret":               "paste it whole",
		base + "#access_token=s3cret%zz":              "not a URL",
		base + "#access_token=s3cret&access_token=x":  "stands in it more than once",
		base + "#access_token=s3cret&state=a&state=b": "stands in it more than once",
		base + "#access_token=" + strings.Repeat("s3cret", 12000): "longer than 64 KiB",
	} {
		_, err := oauth.ParseImplicit(secret.New(raw), oauth.Dialect{})
		if err == nil || !errors.Is(err, oauth.ErrCallback) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%.60s: error %v, want one with %q", raw, err, want)
		}
	}
}

func FuzzParseImplicit(f *testing.F) {
	f.Add("https://app.example.com/callback#access_token=2Yotn&state=xyz&token_type=example&expires_in=3600")
	f.Add("https://app.example.com/callback#/?error=access_denied&state=s")
	f.Fuzz(func(t *testing.T, raw string) {
		c, err := oauth.ParseImplicit(secret.New(raw), oauth.Dialect{})
		if err != nil {
			if !errors.Is(err, oauth.ErrCallback) {
				t.Errorf("error %v", err)
			}
			return
		}
		if c.Token.AccessToken.IsEmpty() == (c.Error == "") || !c.Token.RefreshToken.IsEmpty() {
			t.Errorf("neither token nor error, or both: %+v", c)
		}
	})
}
