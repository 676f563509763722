package oauth_test

import (
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// said is what an answer comes to, in a form that tests can compare.
type said struct {
	active                                                    bool
	exp, iat, nbf                                             int64
	scope, client, user, kind, subject, issuer, id, aud, more string
}

func saidBy(t oauth.TokenInfo) said {
	seconds := func(at time.Time) int64 {
		if at.IsZero() {
			return 0
		}
		return at.Unix()
	}
	s := said{
		t.Active, seconds(t.ExpiresAt), seconds(t.IssuedAt), seconds(t.NotBefore), t.Scope, t.ClientID, t.Username, t.TokenType, t.Subject, t.Issuer, t.ID,
		strings.Join(t.Audience, " "), "",
	}
	for _, name := range []string{"aud", "exp", "iat", "nbf", "n", "o", "x", "client_id", "scope"} {
		if v, ok := t.Extra[name]; ok {
			s.more += name + "=" + v.Reveal() + ";"
		}
	}
	return s
}

func TestJudgeIntrospection(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]said{
		// RFC 7662 §2.2
		`{"active":true,"client_id":"l238j323ds-23ij4","username":"jdoe","scope":"read write dolphin","sub":"Z5O3upPC88QrAjx00dis",
		  "aud":"https://protected.example.net/resource","iss":"https://server.example.com/","exp":1419356238,"iat":1419350238,"extension_field":"twenty-seven"}`: {
			active: true, exp: 1419356238, iat: 1419350238, scope: "read write dolphin", client: "l238j323ds-23ij4", user: "jdoe",
			subject: "Z5O3upPC88QrAjx00dis", issuer: "https://server.example.com/", aud: "https://protected.example.net/resource",
		},
		`{"active":true,"aud":["a","b"],"scope":["x","y"],"nbf":1419350238,"token_type":"Bearer","jti":"j","n":123456789012345678901234567890,"o":{"a": [1]},"x":null}`: {
			active: true, nbf: 1419350238, scope: "x y", kind: "Bearer", id: "j", aud: "a b", more: `n=123456789012345678901234567890;o={"a":[1]};`,
		},
		`{"active":true,"client_id":12345678901234567890,"sub":7,"exp":"1419356238"}`:                        {active: true, client: "12345678901234567890", subject: "7", exp: 1419356238},
		`{"active":true,"exp":"tomorrow","iat":1419356238000,"nbf":-1,"aud":[1],"client_id":[1],"scope":{}}`: {active: true, more: `aud=[1];exp=tomorrow;iat=1419356238000;nbf=-1;client_id=[1];scope={};`},
		`{"active":true,"username":"Zoë 😀","aud":[],"scope":""}`:                                             {active: true, user: "Zoë 😀", more: "aud=[];"},
		`{"active":false}`: {},
		`{"active":false,"scope":"admin","exp":1419356238,"sub":"x","aud":"y","x":"1"}`: {},
	} {
		got, v := oauth.JudgeIntrospection(answer(200, body))
		if v.Class != oauth.Success || saidBy(got) != want {
			t.Errorf("%s:\n%+v %s\nwant %+v", body, saidBy(got), v.Class, want)
		}
	}
	for body, want := range map[string]string{
		`{"active":true,"active":false}`:                "the answer says something twice",
		`{"active":true,"sub":"a","\u0073ub":"b"}`:      "the answer says something twice",
		`{"active":true,"x":{"a":1}`:                    "not one of RFC 7662",
		`{"scope":"x"}`:                                 "not one of RFC 7662",
		`[true]`:                                        "not one of RFC 7662",
		`active=true`:                                   "not one of RFC 7662",
		`eyJhbGciOiJSUzI1NiJ9.eyJhY3RpdmUiOnRydWV9.c2l`: "not one of RFC 7662",
	} {
		got, v := oauth.JudgeIntrospection(answer(200, body))
		if v.Class != oauth.OutcomeUnknown || v.Err == nil || !strings.Contains(v.Err.Error(), want) || !reflect.DeepEqual(got, oauth.TokenInfo{}) {
			t.Errorf("%s: %+v %+v, want %s", body, got, v, want)
		}
	}
	signed := answer(200, `eyJhbGciOiJSUzI1NiJ9.e30.c2ln`)
	signed.Header = http.Header{"Content-Type": {"application/token-introspection+jwt; charset=utf-8"}}
	if _, v := oauth.JudgeIntrospection(signed); v.Class != oauth.OutcomeUnknown || !strings.Contains(v.Err.Error(), "RFC 9701") {
		t.Errorf("a signed answer: %+v", v)
	}
}

func TestJudgeIntrospectionRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		reply oauth.Reply
		want  oauth.Class
	}{
		"client":      {answer(401, `{"error":"invalid_client"}`), oauth.BadClient},
		"without why": {answer(403, ``), oauth.Configuration},
		"unnamed":     {answer(401, ``), oauth.BadClient},
		"forbidden":   {answer(403, `{"error":"access_denied"}`), oauth.Configuration},
		"no endpoint": {answer(404, `<html>`), oauth.Configuration},
		"redirected":  {answer(307, ``), oauth.Configuration},
		"often":       {answer(429, `{}`), oauth.RateLimited},
		"broken":      {answer(503, `{}`), oauth.OutcomeUnknown},
		"cut":         {cut(200, `{"active":true}`), oauth.OutcomeUnknown},
		"unsent":      {oauth.Reply{Err: errors.New("no route")}, oauth.NotSent},
		"no answer":   {oauth.Reply{Sent: true, Err: io.ErrUnexpectedEOF}, oauth.OutcomeUnknown},
	} {
		if got, v := oauth.JudgeIntrospection(tt.reply, secret.New("t0ken")); v.Class != tt.want || got.Active {
			t.Errorf("%s: %s %+v", name, v.Class, got)
		}
	}
	_, v := oauth.JudgeIntrospection(answer(400, `{"error":"invalid_request","error_description":"t0ken is odd"}`), secret.New("t0ken"))
	if v.Class != oauth.Configuration || strings.Contains(v.Words(), "t0ken") {
		t.Errorf("%+v", v)
	}
}

func FuzzJudgeIntrospection(f *testing.F) {
	for _, seed := range []string{`{"active":true,"exp":1,"aud":["a"],"scope":"x"}`, `{"active":false,"x":1}`, `{"active":true,"aud":[null]}`, `active=true`, `{`} {
		f.Add(200, "application/json", seed)
	}
	f.Fuzz(func(t *testing.T, status int, kind, body string) {
		got, v := oauth.JudgeIntrospection(oauth.Reply{Sent: true, Status: status, Header: http.Header{"Content-Type": {kind}}, Body: secret.New(body)})
		if v.Class != oauth.Success {
			if !reflect.DeepEqual(got, oauth.TokenInfo{}) {
				t.Errorf("%s: %+v", v.Class, got)
			}
			return
		}
		if !got.Active && !reflect.DeepEqual(got, oauth.TokenInfo{}) {
			t.Errorf("an inactive token has %+v", got)
		}
		for _, name := range []string{"active", "username", "sub"} {
			if v, ok := got.Extra[name]; ok && !strings.ContainsAny(v.Reveal(), "[{tf") {
				t.Errorf("extra holds %s", name)
			}
		}
	})
}
