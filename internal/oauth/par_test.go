package oauth_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// RFC 9126 §2.1: the parameters of the authorization request go as they are, client_id too, whatever authenticates the client.
func TestPushForm(t *testing.T) {
	t.Parallel()
	form, err := oauth.PushForm(oauth.AuthorizationRequest{
		Endpoint: "https://as.example/authorize?tenant=7", ClientID: "c d", RedirectURI: "https://c.example/cb?x=1", State: "s-_",
		CodeVerifier: secret.New(verifier), Scopes: []string{"write", "read"}, Extra: map[string]string{"audience": "ä b"},
		Thumbprint: "jkt-1",
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = "audience=%C3%A4+b&client_id=c+d&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256" +
		"&dpop_jkt=jkt-1&redirect_uri=https%3A%2F%2Fc.example%2Fcb%3Fx%3D1&response_type=code&scope=read+write&state=s-_"
	for name, auth := range map[string]oauth.ClientAuth{
		"none":  {Method: oauth.None, ClientID: "c d"},
		"basic": {Method: oauth.ClientSecretBasic, ClientID: "c d", ClientSecret: secret.New("s")},
	} {
		if _, body := wire(t, oauth.Request{Endpoint: "https://as.example/par", Auth: auth, Form: form}); body != want {
			t.Errorf("%s: %s\nwant %s", name, body, want)
		}
	}
	if _, err := oauth.PushForm(oauth.AuthorizationRequest{Endpoint: "https://as.example/authorize", ClientID: "c"}); !errors.Is(err, oauth.ErrRequest) {
		t.Errorf("without a state: %v", err)
	}
	for _, name := range []string{"request_uri", "dpop_jkt"} {
		r := oauth.AuthorizationRequest{Endpoint: "https://as.example/authorize", ClientID: "c", State: "s", Extra: map[string]string{name: "x"}}
		if _, err := oauth.PushForm(r); !errors.Is(err, oauth.ErrRequest) {
			t.Errorf("extra %s: %v", name, err)
		}
	}
}

func TestPushedURL(t *testing.T) {
	t.Parallel()
	for endpoint, want := range map[string]string{
		"https://as.example/authorize":          "https://as.example/authorize?client_id=c+d&request_uri=urn%3Aa%26b",
		"https://as.example/authorize?":         "https://as.example/authorize?client_id=c+d&request_uri=urn%3Aa%26b",
		"https://as.example/authorize?tenant=7": "https://as.example/authorize?tenant=7&client_id=c+d&request_uri=urn%3Aa%26b",
	} {
		if got, err := oauth.PushedURL(endpoint, "c d", "urn:a&b"); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", endpoint, got, err, want)
		}
	}
	if _, err := oauth.PushedURL("", "c", "urn:a"); !errors.Is(err, oauth.ErrRequest) {
		t.Errorf("no endpoint: %v", err)
	}
}

func TestJudgePush(t *testing.T) {
	t.Parallel()
	good := func(seconds int) oauth.Pushed {
		return oauth.Pushed{RequestURI: "urn:x", ExpiresIn: time.Duration(seconds) * time.Second}
	}
	for name, test := range map[string]struct {
		reply oauth.Reply
		class oauth.Class
		want  oauth.Pushed
	}{
		"as it should be":   {answer(201, `{"request_uri":"urn:x","expires_in":90}`), oauth.Success, good(90)},
		"200, text":         {answer(200, `{"request_uri":"urn:x","expires_in":"5"}`), oauth.Success, good(5)},
		"no expires_in":     {answer(201, `{"request_uri":"urn:x"}`), oauth.Success, good(60)},
		"odd expires_in":    {answer(201, `{"request_uri":"urn:x","expires_in":-1}`), oauth.Success, good(60)},
		"no request_uri":    {answer(201, `{"expires_in":90}`), oauth.Configuration, oauth.Pushed{}},
		"empty":             {answer(201, ``), oauth.OutcomeUnknown, oauth.Pushed{}},
		"not one line":      {answer(201, `{"request_uri":"urn:x\n"}`), oauth.Configuration, oauth.Pushed{}},
		"a space":           {answer(201, `{"request_uri":"urn:x y"}`), oauth.Configuration, oauth.Pushed{}},
		"too long":          {answer(201, `{"request_uri":"`+strings.Repeat("u", 5000)+`"}`), oauth.Configuration, oauth.Pushed{}},
		"cut":               {cut(201, `{"request_uri":"urn:x","expires_in":9`), oauth.OutcomeUnknown, oauth.Pushed{}},
		"refused":           {answer(400, `{"error":"invalid_request"}`), oauth.Configuration, oauth.Pushed{}},
		"bad client":        {answer(401, `{"error":"invalid_client"}`), oauth.BadClient, oauth.Pushed{}},
		"nothing is there":  {answer(404, `no`), oauth.Configuration, oauth.Pushed{}},
		"too many":          {answer(429, ``), oauth.RateLimited, oauth.Pushed{}},
		"broken down":       {answer(503, `<html>`), oauth.OutcomeUnknown, oauth.Pushed{}},
		"refused, and more": {answer(400, `{"error":"invalid_request","request_uri":"urn:x"}`), oauth.Configuration, oauth.Pushed{}},
		"not sent":          {oauth.Reply{Err: errors.New("no route")}, oauth.NotSent, oauth.Pushed{}},
	} {
		pushed, verdict := oauth.JudgePush(test.reply)
		if pushed != test.want || verdict.Class != test.class {
			t.Errorf("%s: %+v, %s (%v); want %+v, %s", name, pushed, verdict.Class, verdict.Err, test.want, test.class)
		}
	}
	_, verdict := oauth.JudgePush(answer(400, `{"error":"invalid_client","error_description":"hush-hush-9 is wrong"}`), secret.New("hush-hush-9"))
	if strings.Contains(verdict.Words(), "hush-hush") {
		t.Errorf("it quotes the secret: %s", verdict.Words())
	}
}

func FuzzJudgePush(f *testing.F) {
	f.Add(201, `{"request_uri":"urn:x","expires_in":90}`)
	f.Add(200, `{"request_uri":1,"expires_in":1e99}`)
	f.Add(400, `{"error":"invalid_request_uri"}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		pushed, verdict := oauth.JudgePush(answer(status, body))
		if (verdict.Class == oauth.Success) != (pushed.RequestURI != "") || verdict.Class == oauth.Success && pushed.ExpiresIn <= 0 {
			t.Fatalf("%+v, %s", pushed, verdict.Class)
		}
		if verdict.Class != oauth.Success {
			return
		}
		text, err := oauth.PushedURL("https://as.example/a", "c", pushed.RequestURI)
		if err != nil {
			t.Fatal(err)
		}
		if u, err := url.Parse(text); err != nil || u.Query().Get("request_uri") != pushed.RequestURI {
			t.Errorf("%s: %v", text, err)
		}
	})
}
