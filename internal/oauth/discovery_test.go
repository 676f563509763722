package oauth_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// documents serves texts by path, with {base} for its own address; a number is a status.
func documents(t *testing.T, texts map[string]string) (base string, asked *[]string) {
	t.Helper()
	asked = &[]string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.URL.Path)
		if r.Method != http.MethodGet || r.Header.Get("Authorization") != "" || r.Header.Get("Accept") != "application/json" {
			t.Errorf("%s with %v", r.Method, r.Header)
		}
		text, ok := texts[r.URL.Path]
		status, err := strconv.Atoi(text)
		if !ok {
			status, err = http.StatusNotFound, nil
		}
		if err == nil {
			w.Header().Set("Location", base+"/elsewhere")
			w.WriteHeader(status)
			return
		}
		_, _ = io.WriteString(w, strings.ReplaceAll(text, "{base}", base))
	}))
	t.Cleanup(server.Close)
	base = server.URL
	return base, asked
}

const (
	rfc8414 = "/.well-known/oauth-authorization-server"
	openID  = "/.well-known/openid-configuration"
	good    = `{"issuer":"{base}","token_endpoint":"{base}/t"}`
)

func TestDiscoverAsksInBothPlaces(t *testing.T) {
	for name, test := range map[string]struct {
		path  string // of the issuer
		texts map[string]string
		asked []string
	}{
		"RFC 8414":                 {"", map[string]string{rfc8414: good, openID: "500"}, []string{rfc8414}},
		"OpenID":                   {"", map[string]string{openID: good}, []string{rfc8414, openID}},
		"after a redirect":         {"", map[string]string{rfc8414: "302", openID: good, "/elsewhere": good}, []string{rfc8414, openID}},
		"after a failure":          {"", map[string]string{rfc8414: "503", openID: good}, []string{rfc8414, openID}},
		"after a page":             {"", map[string]string{rfc8414: "<html>", openID: good}, []string{rfc8414, openID}},
		"after an empty answer":    {"", map[string]string{rfc8414: "", openID: good}, []string{rfc8414, openID}},
		"after another status":     {"", map[string]string{rfc8414: "204", openID: good}, []string{rfc8414, openID}},
		"after some other object":  {"", map[string]string{rfc8414: `{"error":"no such page"}`, openID: good}, []string{rfc8414, openID}},
		"after damaged metadata":   {"", map[string]string{rfc8414: `{"issuer":"{base}","token_endpoint":7}`, openID: good}, []string{rfc8414, openID}},
		"path, RFC 8414":           {"/realms/main", map[string]string{rfc8414 + "/realms/main": good}, []string{rfc8414 + "/realms/main"}},
		"path, OpenID":             {"/realms/main", map[string]string{"/realms/main" + openID: good}, []string{rfc8414 + "/realms/main", "/realms/main" + openID}},
		"slash at the end":         {"/", map[string]string{openID: good}, []string{rfc8414, openID}},
		"path, slash at the end":   {"/t1/", map[string]string{"/t1" + openID: good}, []string{rfc8414 + "/t1", "/t1" + openID}},
		"more than a mebibyte":     {"", map[string]string{rfc8414: `{"x":"` + strings.Repeat("x", 1<<20) + `"}`, openID: good}, []string{rfc8414, openID}},
		"a byte order mark before": {"", map[string]string{rfc8414: "\uFEFF" + good}, []string{rfc8414}},
	} {
		t.Run(name, func(t *testing.T) {
			for path, text := range test.texts {
				test.texts[path] = strings.Replace(text, `"{base}",`, `"{base}`+test.path+`",`, 1)
			}
			base, asked := documents(t, test.texts)
			m, err := newCaller(t, oauth.CallerOptions{}).Discover(t.Context(), base+test.path)
			if err != nil || m.TokenEndpoint != base+"/t" || m.Issuer != base+test.path {
				t.Errorf("%+v, %v", m, err)
			}
			if !slices.Equal(*asked, test.asked) {
				t.Errorf("asked %v, want %v", *asked, test.asked)
			}
		})
	}
}

func TestDiscoverFails(t *testing.T) {
	const refused = `its token_endpoint cannot be used: unusable request: the endpoint: `
	for name, test := range map[string]struct {
		first, second string
		asked         int
		transient     bool
		says          []string
	}{
		"nothing there":     {"404", "404", 2, false, []string{rfc8414 + ": the answer was HTTP 404; ", openID + ": the answer was HTTP 404"}},
		"a redirect":        {"301", "307", 2, false, []string{"HTTP 301, a redirect, which is not followed", "HTTP 307"}},
		"failing":           {"404", "503", 2, true, []string{"HTTP 404", "HTTP 503"}},
		"busy":              {"429", "404", 2, true, []string{"HTTP 429", "HTTP 404"}},
		"pages":             {"<html>", `["issuer"]`, 2, false, []string{rfc8414 + ": it is no JSON object; ", openID + ": it is no JSON object"}},
		"null":              {"null", "{}", 2, false, []string{"it is no JSON object", "it names no issuer"}},
		"trailing text":     {good + "x", "404", 2, false, []string{"it is no JSON object"}},
		"issuer no text":    {`{"issuer":1}`, "404", 2, false, []string{"its issuer is not a text"}},
		"other letter case": {`{"Issuer":"{base}"}`, "404", 2, false, []string{"it names no issuer"}},
		"another issuer": {
			`{"issuer":"https://evil.example","token_endpoint":"{base}/t"}`, good, 1, false,
			[]string{`it names the issuer "https://evil.example", and must name "{base}" to the letter (RFC 8414 §3.3)`},
		},
		"a slash more": {`{"issuer":"{base}/"}`, good, 1, false, []string{`"{base}/", and must name "{base}"`, "differ in the slash at the end"}},
		"capitals":     {`{"issuer":"HTTP{base}"}`, good, 1, false, []string{"to the letter"}},
		"another issuer in the second place": {
			"404", `{"issuer":"https://evil.example"}`, 2, false, []string{"HTTP 404; ", `it names the issuer "https://evil.example"`},
		},
		"http elsewhere":  {`{"issuer":"{base}","token_endpoint":"http://as.example/t"}`, "404", 2, false, []string{refused + `http to "as.example"`}},
		"relative":        {`{"issuer":"{base}","token_endpoint":"/t"}`, "404", 2, false, []string{refused}},
		"with a password": {`{"issuer":"{base}","jwks_uri":"https://u:p4ss@as.example"}`, "404", 2, false, []string{"its jwks_uri cannot be used"}},
		"alias":           {`{"issuer":"{base}","mtls_endpoint_aliases":{"x":"/t"}}`, "404", 2, false, []string{"its mtls_endpoint_aliases.x cannot be used"}},
		"endpoint a list": {`{"issuer":"{base}","revocation_endpoint":["{base}/r"]}`, "404", 2, false, []string{"its revocation_endpoint is not a text"}},
		"list a text":     {`{"issuer":"{base}","scopes_supported":"read write"}`, "404", 2, false, []string{"its scopes_supported is not a list of texts"}},
		"flag a text":     {`{"issuer":"{base}","authorization_response_iss_parameter_supported":"yes"}`, "404", 2, false, []string{"is not true or false"}},
	} {
		t.Run(name, func(t *testing.T) {
			base, asked := documents(t, map[string]string{rfc8414: test.first, openID: test.second})
			m, err := newCaller(t, oauth.CallerOptions{}).Discover(t.Context(), base)
			var e *oauth.DiscoveryError
			if !errors.As(err, &e) || !reflect.DeepEqual(m, oauth.Metadata{}) {
				t.Fatalf("%+v, %v", m, err)
			}
			if e.Transient != test.transient || e.Issuer != base || len(e.Tried) != test.asked || len(*asked) != test.asked {
				t.Errorf("transient %v, %d tried, asked %v", e.Transient, len(e.Tried), *asked)
			}
			for _, want := range append(test.says, base) {
				if want = strings.ReplaceAll(want, "{base}", base); !strings.Contains(err.Error(), want) {
					t.Errorf("%v\ndoes not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "p4ss") {
				t.Errorf("%v shows what it must not", err)
			}
		})
	}
}

func TestDiscoverGoesOnlyWhereAServerMayBe(t *testing.T) {
	none := transportFunc(func(*http.Request) (*http.Response, error) {
		t.Error("something was sent")
		return nil, errors.New("no")
	})
	for _, issuer := range []string{"", "http://as.example", "https://u:p@as.example", "https://as.example#x", "https://as.example?", "https://as.example?x=y", "as.example"} {
		if _, err := newCaller(t, oauth.CallerOptions{Transport: none}).Discover(t.Context(), issuer); !errors.Is(err, oauth.ErrRequest) {
			t.Errorf("%s: %v", issuer, err)
		}
	}
	var asked []string
	insecure := oauth.CallerOptions{AllowInsecureHTTP: true, Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
		asked = append(asked, r.URL.String())
		text := `{"issuer":"http://as.example","token_endpoint":"http://as.example/t"}`
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(text))}, nil
	})}
	if m, err := newCaller(t, insecure).Discover(t.Context(), "http://as.example"); err != nil || m.TokenEndpoint != "http://as.example/t" {
		t.Errorf("%+v, %v after %v", m, err, asked)
	}
	server := tlsServer(t, func(*httptest.Server) {})
	var e *oauth.DiscoveryError
	if _, err := newCaller(t, oauth.CallerOptions{}).Discover(t.Context(), server.URL); !errors.As(err, &e) || !e.Transient || len(e.Tried) != 2 {
		t.Errorf("unknown CA: %v", err)
	}
}

// TestMetadataLeadNowhereInClearText: a server behind https cannot lead tokens to whoever listens on this machine.
func TestMetadataLeadNowhereInClearText(t *testing.T) {
	for _, insecure := range []bool{false, true} {
		text := `{"issuer":"https://as.example","token_endpoint":"https://as.example/t","revocation_endpoint":"http://127.0.0.1:6379/x"}`
		if m, err := oauth.ParseMetadata(text, "https://as.example", insecure); err == nil {
			t.Errorf("%t: %+v", insecure, m)
		}
	}
	text := `{"issuer":"http://127.0.0.1:8080","token_endpoint":"http://127.0.0.1:8080/t"}`
	if _, err := oauth.ParseMetadata(text, "http://127.0.0.1:8080", false); err != nil {
		t.Error(err)
	}
}

func TestDiscoverThatGetsNoAnswer(t *testing.T) {
	for name, answer := range map[string]string{
		"closed": "", "cut": "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"issuer\":", "not HTTP": "SSH-2.0\r\n\r\n",
	} {
		url, stop := rawServer(t, func(c net.Conn) {
			readRequest(t, c)
			_, _ = io.WriteString(c, answer)
		})
		_, err := newCaller(t, oauth.CallerOptions{}).Discover(t.Context(), strings.TrimSuffix(url, "/token"))
		var e *oauth.DiscoveryError
		if n := stop(); n != 2 || !errors.As(err, &e) || !e.Transient || len(e.Tried) != 2 {
			t.Errorf("%s: %v after %d connections", name, err, n)
		}
	}

	// Both questions share the time of one call.
	release := make(chan struct{})
	silent, stop := rawServer(t, func(net.Conn) { <-release })
	_, err := newCaller(t, oauth.CallerOptions{Timeout: 50 * time.Millisecond}).Discover(t.Context(), strings.TrimSuffix(silent, "/token"))
	close(release)
	var e *oauth.DiscoveryError
	if n := stop(); n != 1 || !errors.As(err, &e) || !e.Transient || !strings.Contains(err.Error(), "no complete answer within the time allowed") ||
		!strings.Contains(err.Error(), "not asked: the time was over") || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("silence: %v after %d connections", err, n)
	}

	ctx, cancel := context.WithCancel(t.Context())
	impatient, stop := rawServer(t, func(c net.Conn) {
		readRequest(t, c)
		cancel()
		<-ctx.Done()
	})
	_, err = newCaller(t, oauth.CallerOptions{}).Discover(ctx, strings.TrimSuffix(impatient, "/token"))
	if n := stop(); n != 1 || !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v after %d connections", err, n)
	}
}

func TestParseMetadata(t *testing.T) {
	const text = `{
		"issuer": "https://as.example/t1", "authorization_endpoint": "https://as.example/a?x=y", "token_endpoint": "https://api.example/t",
		"revocation_endpoint": "https://as.example/r", "introspection_endpoint": "https://as.example/i", "registration_endpoint": null,
		"device_authorization_endpoint": "https://as.example/d", "pushed_authorization_request_endpoint": "https://as.example/p",
		"userinfo_endpoint": "", "jwks_uri": "https://as.example/k", "claims_supported": 7, "x": {"issuer": "https://evil.example"},
		"grant_types_supported": ["authorization_code"], "response_types_supported": ["code", "code id_token"], "scopes_supported": [],
		"token_endpoint_auth_methods_supported": ["client_secret_post"], "revocation_endpoint_auth_methods_supported": ["none"],
		"code_challenge_methods_supported": ["S256"], "authorization_response_iss_parameter_supported": true,
		"mtls_endpoint_aliases": {"token_endpoint": "https://mtls.as.example/t"}
	}`
	want := oauth.Metadata{
		Issuer: "https://as.example/t1", AuthorizationEndpoint: "https://as.example/a?x=y", TokenEndpoint: "https://api.example/t",
		RevocationEndpoint: "https://as.example/r", IntrospectionEndpoint: "https://as.example/i",
		DeviceAuthorizationEndpoint: "https://as.example/d", PushedAuthorizationRequestEndpoint: "https://as.example/p",
		JWKSURI: "https://as.example/k", GrantTypes: []string{"authorization_code"}, ResponseTypes: []string{"code", "code id_token"},
		Scopes: []string{}, TokenEndpointAuthMethods: []string{"client_secret_post"}, RevocationEndpointAuthMethods: []string{"none"},
		CodeChallengeMethods: []string{"S256"}, IssuerInResponses: true,
		MTLSEndpointAliases: map[string]string{"token_endpoint": "https://mtls.as.example/t"},
	}
	got, err := oauth.ParseMetadata(text, "https://as.example/t1", false)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v\nwant %+v", got, err, want)
	}
}

// A client with a certificate takes what it calls itself to the addresses for certificates (RFC 8705 §5), and nobody's browser.
func TestAliases(t *testing.T) {
	t.Parallel()
	m := oauth.Metadata{
		AuthorizationEndpoint: "https://as.example/a", TokenEndpoint: "https://as.example/t", RevocationEndpoint: "https://as.example/r",
		MTLSEndpointAliases: map[string]string{
			"authorization_endpoint": "https://mtls.as.example/a", "token_endpoint": "https://mtls.as.example/t", "other": "https://mtls.as.example/o",
		},
	}
	got := m.ByCertificate()
	if got.AuthorizationEndpoint != "https://as.example/a" || got.TokenEndpoint != "https://mtls.as.example/t" ||
		got.RevocationEndpoint != "https://as.example/r" || m.TokenEndpoint != "https://as.example/t" {
		t.Errorf("%+v", got)
	}
}

// Whatever a server writes: what is used is of the issuer that was asked for, and goes nowhere in the clear.
func FuzzParseMetadata(f *testing.F) {
	f.Add(`{"issuer":"https://as.example","token_endpoint":"https://as.example/t","scopes_supported":["a"]}`)
	f.Add(`{"issuer":"https://as.example","issuer":"https://evil.example","revocation_endpoint":"http://as.example/r"}`)
	f.Add(`{"issuer":"https://as.example","mtls_endpoint_aliases":{"token_endpoint":"ftp://x"},"jwks_uri":"https://u:p@x/"}`)
	f.Add("\uFEFF{\"issuer\":\"https:\\u002f/as.example\"}")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := oauth.ParseMetadata(text, "https://as.example", false)
		if err != nil {
			return
		}
		if m.Issuer != "https://as.example" {
			t.Errorf("issuer %q", m.Issuer)
		}
		endpoints := []string{
			m.AuthorizationEndpoint, m.TokenEndpoint, m.RevocationEndpoint, m.IntrospectionEndpoint, m.RegistrationEndpoint,
			m.DeviceAuthorizationEndpoint, m.PushedAuthorizationRequestEndpoint, m.UserinfoEndpoint, m.JWKSURI,
		}
		for _, alias := range m.MTLSEndpointAliases {
			endpoints = append(endpoints, alias)
		}
		for _, endpoint := range endpoints {
			if endpoint != "" && oauth.CheckEndpoint(endpoint, false) != nil {
				t.Errorf("endpoint %q", endpoint)
			}
		}
	})
}
