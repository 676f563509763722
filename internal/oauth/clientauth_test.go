package oauth_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

func TestClientAuthOnTheWire(t *testing.T) {
	tests := map[string]struct {
		auth   oauth.ClientAuth
		header string
		body   string
	}{
		"basic (RFC 6749 §2.3.1)": {
			oauth.ClientAuth{Method: oauth.ClientSecretBasic, ClientID: "s6BhdRkqt3", ClientSecret: secret.New("gX1fBat3bV")},
			"Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW",
			"token=t",
		},
		"basic, form-encoded before base64": {
			oauth.ClientAuth{Method: oauth.ClientSecretBasic, ClientID: "a:b", ClientSecret: secret.New("p%q r+ü/")},
			"Basic YSUzQWI6cCUyNXErciUyQiVDMyVCQyUyRg==", // a%3Ab:p%25q+r%2B%C3%BC%2F
			"token=t",
		},
		"post": {
			oauth.ClientAuth{Method: oauth.ClientSecretPost, ClientID: "a:b", ClientSecret: secret.New("p%q r+ü/")},
			"",
			"client_id=a%3Ab&client_secret=p%25q+r%2B%C3%BC%2F&token=t",
		},
		"none": {
			oauth.ClientAuth{Method: oauth.None, ClientID: "a b"},
			"",
			"client_id=a+b&token=t",
		},
		"none sends no secret": {
			oauth.ClientAuth{Method: oauth.None, ClientID: "a", ClientSecret: secret.New("unused")},
			"",
			"client_id=a&token=t",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			header, body := wire(t, oauth.Request{Auth: test.auth, Form: oauth.RevokeForm(secret.New("t"), "")})
			if got := header.Get("Authorization"); got != test.header {
				t.Errorf("Authorization = %q, want %q", got, test.header)
			}
			if body != test.body {
				t.Errorf("body = %q, want %q", body, test.body)
			}
		})
	}
}

func TestRequestsThatCannotBeMade(t *testing.T) {
	good := tokenRequest("https://as.example/token")
	with := func(change func(*oauth.Request)) oauth.Request {
		r := good
		change(&r)
		return r
	}
	tests := map[string]struct {
		request oauth.Request
		want    string
	}{
		"unknown method":      {with(func(r *oauth.Request) { r.Auth.Method = "auto" }), `unknown client authentication "auto"`},
		"no method":           {with(func(r *oauth.Request) { r.Auth.Method = "" }), `unknown client authentication ""`},
		"basic, no secret":    {with(func(r *oauth.Request) { r.Auth.ClientSecret = secret.String{} }), "client_secret_basic needs a client secret"},
		"post, no secret":     {with(func(r *oauth.Request) { r.Auth = oauth.ClientAuth{Method: "client_secret_post", ClientID: "c"} }), "client_secret_post needs a client secret"},
		"jwt, no secret":      {with(func(r *oauth.Request) { r.Auth = oauth.ClientAuth{Method: "client_secret_jwt", ClientID: "c"} }), "client_secret_jwt needs a client secret"},
		"jwt, short secret":   {with(func(r *oauth.Request) { r.Auth.Method = "client_secret_jwt" }), "the client secret has 15 octets"},
		"jwt, no key":         {with(func(r *oauth.Request) { r.Auth.Method = "private_key_jwt" }), "private_key_jwt needs a private key"},
		"tls, no certificate": {with(func(r *oauth.Request) { r.Auth.Method = "tls_client_auth" }), "tls_client_auth needs a certificate"},
		"a key alone":         {with(func(r *oauth.Request) { r.Auth.CertificateKey = secret.New("s3cret") }), "the client certificate: it is not in PEM format"},
		"no id":               {with(func(r *oauth.Request) { r.Auth.ClientID = "" }), "there is no client id"},
		"http to elsewhere":   {with(func(r *oauth.Request) { r.Endpoint = "http://as.example/token?k=s3cret" }), "in the clear"},
		"endpoint not a URL":  {with(func(r *oauth.Request) { r.Endpoint = "https://as.example/%zz?k=s3cret" }), "not a URL"},
		"endpoint is missing": {with(func(r *oauth.Request) { r.Endpoint = "" }), "it is empty"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			transport := transportFunc(func(*http.Request) (*http.Response, error) {
				t.Error("the transport was called")
				return nil, io.EOF
			})
			test.request.BeforeSend = func() error { t.Error("BeforeSend was called"); return nil }
			reply := newCaller(t, oauth.CallerOptions{Transport: transport}).Post(t.Context(), test.request)
			if reply.Sent || reply.Status != 0 || !errors.Is(reply.Err, oauth.ErrRequest) {
				t.Fatalf("reply = %+v", reply)
			}
			if !strings.Contains(reply.Err.Error(), test.want) || strings.Contains(reply.Err.Error(), "s3cret") {
				t.Errorf("error = %v, want one with %q", reply.Err, test.want)
			}
		})
	}
}
