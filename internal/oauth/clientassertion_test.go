package oauth_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// atNoon is a clock that stands still.
var atNoon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// asserted posts r twice and returns both forms, as a server gets them.
func asserted(t *testing.T, r oauth.Request, timeout time.Duration) (forms [2]url.Values, header http.Header) {
	t.Helper()
	n := 0
	transport := transportFunc(func(request *http.Request) (*http.Response, error) {
		text, err := io.ReadAll(request.Body)
		if err != nil {
			return nil, err
		}
		if forms[n], err = url.ParseQuery(string(text)); err != nil {
			t.Error(err)
		}
		header = request.Header
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}"))}, nil
	})
	caller := newCaller(t, oauth.CallerOptions{Transport: transport, Timeout: timeout, Now: func() time.Time { return atNoon }, Random: rand.Reader})
	for n = range forms {
		if reply := caller.Post(t.Context(), r); reply.Err != nil {
			t.Fatal(reply.Err)
		}
	}
	return forms, header
}

// Every request has an assertion of its own (RFC 7523 §3), which holds for as long as the call may take and a minute more.
func TestAssertionsOnTheWire(t *testing.T) {
	k, long := testKeys(), strings.Repeat("secret/+", 8)
	tests := map[string]struct {
		auth    oauth.ClientAuth
		timeout time.Duration
		public  any
		want    map[string]any // claims
		header  map[string]any
	}{
		"private_key_jwt, issuer": {
			oauth.ClientAuth{Method: oauth.PrivateKeyJWT, ClientID: "a b", PrivateKey: secret.New(pemOf(t, "PRIVATE KEY", k.p256)), KeyID: "k1", Audience: "https://as.example"},
			0, &k.p256.PublicKey,
			map[string]any{"iss": "a b", "sub": "a b", "aud": "https://as.example", "iat": 1795694390., "nbf": 1795694390., "exp": 1795694490.},
			map[string]any{"alg": "ES256", "typ": "JWT", "kid": "k1"},
		},
		"private_key_jwt, PS512, its endpoint, slow": {
			oauth.ClientAuth{Method: oauth.PrivateKeyJWT, ClientID: "a", PrivateKey: secret.New(jwkOf(k.rsa, `,"kid":"x"`)), SigningAlg: "PS512"},
			2 * time.Minute, &k.rsa.PublicKey,
			map[string]any{"iss": "a", "sub": "a", "aud": "https://as.example/token", "iat": 1795694390., "nbf": 1795694390., "exp": 1795694580.},
			map[string]any{"alg": "PS512", "typ": "JWT", "kid": "x"},
		},
		"client_secret_jwt": {
			oauth.ClientAuth{Method: oauth.ClientSecretJWT, ClientID: "a", ClientSecret: secret.New(long), SigningAlg: "HS512", Audience: "i"},
			0, []byte(long),
			map[string]any{"iss": "a", "sub": "a", "aud": "i", "iat": 1795694390., "nbf": 1795694390., "exp": 1795694490.},
			map[string]any{"alg": "HS512", "typ": "JWT"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			forms, sent := asserted(t, oauth.Request{Endpoint: "https://as.example/token?tenant=7", Auth: test.auth, Form: oauth.RevokeForm(secret.New("t"), "")}, test.timeout)
			ids := map[any]bool{}
			for _, form := range forms {
				if len(form) != 4 || form.Get("client_id") != test.auth.ClientID || form.Get("token") != "t" ||
					form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
					t.Errorf("form %v", form)
				}
				header, claims := verified(t, secret.New(form.Get("client_assertion")), test.public)
				ids[claims["jti"]] = true
				if id, _ := claims["jti"].(string); len(id) != 43 {
					t.Errorf("jti %q", claims["jti"])
				}
				delete(claims, "jti")
				if fmt.Sprint(claims) != fmt.Sprint(test.want) || fmt.Sprint(header) != fmt.Sprint(test.header) {
					t.Errorf("claims %v\n  want %v\nheader %v, want %v", claims, test.want, header, test.header)
				}
			}
			if len(ids) != 2 || sent.Get("Authorization") != "" {
				t.Errorf("%d ids, Authorization %q", len(ids), sent.Get("Authorization"))
			}
		})
	}
}

func TestAssertionsThatCannotBeMade(t *testing.T) {
	k := testKeys()
	good := oauth.ClientAuth{Method: oauth.PrivateKeyJWT, ClientID: "a", PrivateKey: secret.New(pemOf(t, "PRIVATE KEY", k.ed))}
	failing := errors.New("no entropy")
	for want, o := range map[string]oauth.CallerOptions{
		"no clock and randomness": {}, "reading randomness: no entropy": {Now: func() time.Time { return atNoon }, Random: failingReader{failing}},
	} {
		o.Transport = transportFunc(func(*http.Request) (*http.Response, error) { t.Error("the transport was called"); return nil, io.EOF })
		reply := newCaller(t, o).Post(t.Context(), oauth.Request{Endpoint: "https://as.example/token", Auth: good, Form: oauth.RevokeForm(secret.New("t"), "")})
		if reply.Sent || reply.Err == nil || !strings.Contains(reply.Err.Error(), want) {
			t.Errorf("reply %+v, want an error with %q", reply, want)
		}
	}
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

// What a server quotes of an assertion is hidden, and a refusal tells of clocks that are apart.
func TestRefusedAssertions(t *testing.T) {
	k := testKeys()
	post := func(auth oauth.ClientAuth, date string, answer func(assertion string) (int, string)) oauth.Reply {
		transport := transportFunc(func(request *http.Request) (*http.Response, error) {
			text, _ := io.ReadAll(request.Body)
			form, _ := url.ParseQuery(string(text))
			status, body := answer(form.Get("client_assertion"))
			return &http.Response{StatusCode: status, Header: http.Header{"Date": {date}}, Body: io.NopCloser(strings.NewReader(body))}, nil
		})
		caller := newCaller(t, oauth.CallerOptions{Transport: transport, Now: func() time.Time { return atNoon }, Random: rand.Reader})
		return caller.Post(t.Context(), oauth.Request{Endpoint: "https://as.example/token", Auth: auth, Form: oauth.RevokeForm(secret.New("t"), "")})
	}
	signs := oauth.ClientAuth{Method: oauth.PrivateKeyJWT, ClientID: "a", PrivateKey: secret.New(pemOf(t, "PRIVATE KEY", k.ed))}
	var sent string
	refuse := func(assertion string) (int, string) {
		sent = assertion
		return 401, `{"error":"invalid_client","error_description":"` + assertion[:len(assertion)-1] + " and " + assertion + `"}`
	}
	for date, want := range map[string]time.Duration{
		"Thu, 26 Nov 2026 12:00:00 GMT": 0, "Thu, 26 Nov 2026 12:00:19 GMT": 0, "Thu, 26 Nov 2026 11:55:00 GMT": 5 * time.Minute,
		"Thu, 26 Nov 2026 12:01:30 GMT": -90 * time.Second, "noon": 0, "": 0,
	} {
		v := oauth.Judge(post(signs, date, refuse))
		if v.Class != oauth.BadClient || v.ClockOff != want || v.AuthMethod != "private_key_jwt" {
			t.Errorf("%q: class %s by %s, clock off by %s, want %s", date, v.Class, v.AuthMethod, v.ClockOff, want)
		}
		if strings.Contains(v.Description, sent) {
			t.Errorf("the assertion is shown: %s", v.Description)
		}
	}
	// Who signs nothing has no use for the server's clock, and a token that is dead is no matter of clocks either.
	late := "Thu, 26 Nov 2026 11:55:00 GMT"
	if v := oauth.Judge(post(public("a"), late, func(string) (int, string) { return 401, `{"error":"invalid_client"}` })); v.ClockOff != 0 {
		t.Errorf("clock off by %s", v.ClockOff)
	}
	if v := oauth.Judge(post(signs, late, func(string) (int, string) { return 400, `{"error":"invalid_grant"}` })); v.Class != oauth.Reauthorize || v.ClockOff != 0 || v.AuthMethod != "" {
		t.Errorf("%s, clock off by %s", v.Class, v.ClockOff)
	}
}
