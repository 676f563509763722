package oauth_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

func TestAuthorizationURL(t *testing.T) {
	tests := map[string]struct {
		request oauth.AuthorizationRequest
		want    string
	}{
		"least": {
			oauth.AuthorizationRequest{Endpoint: "https://as.example/authorize", ClientID: "c", State: "s"},
			"https://as.example/authorize?client_id=c&response_type=code&state=s",
		},
		"everything": {
			oauth.AuthorizationRequest{
				Endpoint: "https://as.example/authorize", ClientID: "c d", RedirectURI: "https://c.example/cb?x=1", State: "s-_",
				CodeVerifier: secret.New(verifier), Scopes: []string{"write", "read", "read"},
				Extra: map[string]string{"prompt": "consent", "access_type": "offline", "audience": "ä b"},
			},
			"https://as.example/authorize?access_type=offline&audience=%C3%A4+b&client_id=c+d" +
				"&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&prompt=consent" +
				"&redirect_uri=https%3A%2F%2Fc.example%2Fcb%3Fx%3D1&response_type=code&scope=read+write&state=s-_",
		},
		"the endpoint keeps its query": {
			oauth.AuthorizationRequest{Endpoint: "https://as.example/authorize?tenant=7&x=%20", ClientID: "c", State: "s"},
			"https://as.example/authorize?tenant=7&x=%20&client_id=c&response_type=code&state=s",
		},
		"http": {
			oauth.AuthorizationRequest{Endpoint: "http://as.internal/authorize", ClientID: "c", State: "s"},
			"http://as.internal/authorize?client_id=c&response_type=code&state=s",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for range 5 { // the order of a map must not show
				got, err := oauth.AuthorizationURL(test.request)
				if err != nil || got != test.want {
					t.Fatalf("URL = %s, %v\nwant  %s", got, err, test.want)
				}
			}
		})
	}
}

func TestAuthorizationURLRefuses(t *testing.T) {
	tests := map[string]struct {
		change func(*oauth.AuthorizationRequest)
		want   string
	}{
		"no endpoint":         {func(r *oauth.AuthorizationRequest) { r.Endpoint = "" }, "it is empty"},
		"fragment":            {func(r *oauth.AuthorizationRequest) { r.Endpoint += "#f" }, "fragment"},
		"no client":           {func(r *oauth.AuthorizationRequest) { r.ClientID = "" }, "there is no client id"},
		"no state":            {func(r *oauth.AuthorizationRequest) { r.State = "" }, "there is no state"},
		"bad verifier":        {func(r *oauth.AuthorizationRequest) { r.CodeVerifier = secret.New("short") }, "43 to 128"},
		"extra response_type": {func(r *oauth.AuthorizationRequest) { r.Extra = map[string]string{"response_type": "token"} }, `"response_type" belongs`},
		"extra state":         {func(r *oauth.AuthorizationRequest) { r.Extra = map[string]string{"state": "x"} }, `"state" belongs`},
		"extra challenge":     {func(r *oauth.AuthorizationRequest) { r.Extra = map[string]string{"code_challenge_method": "plain"} }, `"code_challenge_method" belongs`},
		"extra scope":         {func(r *oauth.AuthorizationRequest) { r.Extra = map[string]string{"scope": "x"} }, `"scope" belongs`},
		"extra nameless":      {func(r *oauth.AuthorizationRequest) { r.Extra = map[string]string{"": "x"} }, "has no name"},
		"client_id twice":     {func(r *oauth.AuthorizationRequest) { r.Endpoint += "?client_id=x" }, `"client_id" stands in the query`},
		"extra twice": {func(r *oauth.AuthorizationRequest) {
			r.Endpoint += "?prompt=none"
			r.Extra = map[string]string{"prompt": "login"}
		}, `"prompt" stands in the query`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := oauth.AuthorizationRequest{Endpoint: "https://as.example/authorize", ClientID: "c", State: "s"}
			test.change(&r)
			got, err := oauth.AuthorizationURL(r)
			if got != "" || err == nil || !strings.Contains(err.Error(), test.want) || !errors.Is(err, oauth.ErrRequest) {
				t.Errorf("= %q, %v, want an error with %q", got, err, test.want)
			}
		})
	}
}

func TestNewStateAndCodeVerifier(t *testing.T) {
	const want = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE" // base64url of 32 times A
	letters := func(n int) io.Reader { return strings.NewReader(strings.Repeat("A", n)) }
	if state, err := oauth.NewState(letters(32)); state != want || err != nil {
		t.Errorf("NewState = %q, %v", state, err)
	}
	if got, err := oauth.NewCodeVerifier(letters(32)); got.Reveal() != want || err != nil || oauth.CheckCodeVerifier(got) != nil {
		t.Errorf("NewCodeVerifier = %q, %v", got.Reveal(), err)
	}
	if state, err := oauth.NewState(letters(31)); state != "" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("NewState without enough randomness = %q, %v", state, err)
	}
	if got, err := oauth.NewCodeVerifier(letters(0)); !got.IsEmpty() || !errors.Is(err, io.EOF) {
		t.Errorf("NewCodeVerifier without randomness = %v", err)
	}
}

func TestCheckCodeVerifier(t *testing.T) {
	a := func(n int) string { return strings.Repeat("a", n) }
	for text, want := range map[string]bool{
		verifier:             true,
		a(43):                true,
		a(128):               true,
		a(39) + "-._~":       true,
		a(42):                false,
		a(129):               false,
		"":                   false,
		a(21) + "+" + a(21):  false,
		a(42) + "=":          false,
		a(42) + "é":          false,
		a(42) + "\n":         false,
		" " + a(43):          false,
		a(30) + "%41" + a(9): false,
	} {
		err := oauth.CheckCodeVerifier(secret.New(text))
		if (err == nil) != want {
			t.Errorf("%q: %v", text, err)
		}
		if err != nil && (!errors.Is(err, oauth.ErrRequest) || strings.Contains(err.Error(), "aaa")) {
			t.Errorf("%q: the error %v is not an ErrRequest, or quotes the verifier", text, err)
		}
	}
}
