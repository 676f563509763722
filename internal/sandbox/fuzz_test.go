package sandbox_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// fuzzed is a server without a listener, with one token pair.
func fuzzed(f *testing.F) (*sandbox.Server, sandbox.Issued) {
	f.Helper()
	server, err := sandbox.New(sandbox.Options{Issuer: "https://as.example", Clients: []sandbox.Client{
		{ID: "app", Secret: secret, RedirectURIs: []string{redirect}},
		{ID: "public", RedirectURIs: []string{redirect}},
	}})
	if err != nil {
		f.Fatal(err)
	}
	issued, err := server.Issue("app")
	if err != nil {
		f.Fatal(err)
	}
	return server, issued
}

func serve(server *sandbox.Server, request *http.Request) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	server.ServeHTTP(recorder, request)
	return recorder
}

// Whoever is not a client, or does not know a token, gets nothing; and nothing that comes is a failure of the server.
func FuzzToken(f *testing.F) {
	server, issued := fuzzed(f)
	f.Add("application/x-www-form-urlencoded", "Basic YXBwOnM=", "grant_type=refresh_token&refresh_token=x")
	f.Add("application/x-www-form-urlencoded", "", "grant_type=authorization_code&code=%zz&client_id=public")
	f.Add("application/x-www-form-urlencoded; charset=utf-8", "", "grant_type=client_credentials&client_id=app&client_secret=x&client_id=app")
	f.Add("text/plain", "Basic", "{}")
	f.Add("", "Bearer "+issued.AccessToken, "a;b")
	f.Fuzz(func(t *testing.T, contentType, authorization, body string) {
		for _, path := range []string{"/token", "/revoke", "/introspect"} {
			request := httptest.NewRequestWithContext(context.Background(), "POST", "https://as.example"+path, strings.NewReader(body))
			request.Header["Content-Type"], request.Header["Authorization"] = []string{contentType}, []string{authorization}
			got := serve(server, request)
			tolerated := path == "/revoke" && got.Code == 200 // an unknown token of the public client
			if got.Code != 400 && got.Code != 401 && !tolerated {
				t.Errorf("%s answers %d: %s", path, got.Code, got.Body)
			}
			if strings.Contains(got.Body.String(), "access_token") {
				t.Errorf("%s gives a token away", path)
			}
		}
	})
}

// The code goes to the registered address or nowhere.
func FuzzAuthorize(f *testing.F) {
	server, _ := fuzzed(f)
	f.Add("response_type=code&client_id=app&state=%00%0d%0a&decision=allow")
	f.Add("response_type=code&client_id=app&redirect_uri=https%3A%2F%2Fapp.example%2Fcb%3Ftenant%3D7&decision=deny&scope=a")
	f.Add("response_type=token&client_id=app&redirect_uri=https://evil.example")
	f.Add("client_id=app&client_id=public&code_challenge=x")
	f.Add("%zz;&&=")
	f.Fuzz(func(t *testing.T, query string) {
		get := httptest.NewRequestWithContext(context.Background(), "GET", "https://as.example/authorize", nil)
		get.URL.RawQuery = query
		post := httptest.NewRequestWithContext(context.Background(), "POST", "https://as.example/authorize", strings.NewReader(query))
		for _, request := range []*http.Request{get, post} {
			got := serve(server, request)
			location := got.Header().Get("Location")
			switch {
			case got.Code == 302:
				if !strings.HasPrefix(location, redirect+"&") || strings.ContainsAny(location, "\r\n \x00#") {
					t.Errorf("redirected to %q", location)
				}
				if _, err := url.ParseQuery(location[len(redirect)+1:]); err != nil {
					t.Errorf("the redirect cannot be read: %v", err)
				}
			case got.Code != 200 && got.Code != 400 || location != "":
				t.Errorf("status %d, location %q", got.Code, location)
			}
		}
	})
}

// Bad input to the control API is an error of the caller, and leaves valid settings.
func FuzzControl(f *testing.F) {
	f.Add("settings", `{"rotation":"none","grace_period":"1h","code_lifetime":1e9}`)
	f.Add("faults", `{"action":"mutate","set":{"expires_in":null},"remove":["a"],"bytes":3,"fraction":0.5}`)
	f.Add("clock", `{"advance":"-1ns"}`)
	f.Add("revoke_family", `{"all":true,"only":"access_tokens"}`)
	f.Add("approve", `{"authorization_url":"https://as.example/authorize?client_id=app&response_type=code"}`)
	f.Add("issue", `{"client_id":"app","scopes":["a","b\u0000"]}`)
	f.Fuzz(func(t *testing.T, name, body string) {
		server, err := sandbox.New(sandbox.Options{Issuer: "https://as.example", Clients: []sandbox.Client{{ID: "app", RedirectURIs: []string{redirect}}}})
		if err != nil {
			t.Fatal(err)
		}
		request := httptest.NewRequestWithContext(context.Background(), "POST", "https://as.example/_sandbox/x", strings.NewReader(body))
		request.URL.Path = "/_sandbox/" + name
		if got := serve(server, request); got.Code >= 500 {
			t.Errorf("status %d: %s", got.Code, got.Body)
		}
		if err := server.Settings().Validate(); err != nil {
			t.Errorf("the settings are broken: %v", err)
		}
	})
}
