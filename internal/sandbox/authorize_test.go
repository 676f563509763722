package sandbox_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)

func TestABrowserGetsACode(t *testing.T) {
	r := newRig(t)
	page := r.get("/authorize?" + form("response_type", "code", "client_id", "app", "redirect_uri", redirect, "scope", "read <all>",
		"state", `"><script>`, "code_challenge", challenge, "code_challenge_method", "S256", "prompt", "login").Encode())
	equal(t, "status", page.status, 200)
	equal(t, "content type", page.header.Get("Content-Type"), "text/html; charset=utf-8")
	for _, want := range []string{"<strong>app</strong>", "<li>read</li>", "<li>&lt;all&gt;</li>", "https://app.example/cb?tenant=7", ">Allow<", ">Deny<"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(page.body, "<script>") {
		t.Error("the page does not escape the request")
	}
	answers := url.Values{"decision": {"allow"}}
	for _, m := range hiddenField.FindAllStringSubmatch(page.body, -1) {
		answers.Set(html.UnescapeString(m[1]), html.UnescapeString(m[2]))
	}
	equal(t, "unknown parameters travel along", answers.Get("prompt"), "login")
	decided := r.do(r.postRequest("/authorize", answers))
	equal(t, "status", decided.status, 302)
	location := decided.header.Get("Location")
	if !strings.HasPrefix(location, "https://app.example/cb?tenant=7&code=sbxcode%21%252B%2B") {
		t.Errorf("the redirect does not keep the query, or does not encode the code: %s", location)
	}
	query := r.query(location)
	equal(t, "state", query.Get("state"), `"><script>`)
	equal(t, "iss", query.Get("iss"), r.running.BaseURL)

	tokens := r.exchange(query.Get("code"))
	equal(t, "exchange", tokens.status, 200)
	equal(t, "scope", tokens.text("scope"), "read <all>")
	equal(t, "token_type", tokens.text("token_type"), "Bearer")
	equal(t, "expires_in", tokens.json["expires_in"], any(600.0))
	equal(t, "cache control", tokens.header.Get("Cache-Control"), "no-store")
	equal(t, "resource", r.me(tokens.text("access_token")), 200)
	equal(t, "refresh", r.refresh(tokens.text("refresh_token")).status, 200)

	got := r.Counters()
	equal(t, "authorize_views", got.AuthorizeViews, 1)
	equal(t, "consents", got.Consents, 1)
	equal(t, "exchanges", got.Exchanges, 1)
	equal(t, "token_requests", got.TokenRequests, 2)
}

func TestDenying(t *testing.T) {
	r := newRig(t)
	for name, location := range map[string]string{
		"by form": r.post("/authorize", "response_type", "code", "client_id", "app", "redirect_uri", redirect, "state", "s 1",
			"decision", "deny").header.Get("Location"),
		"by method": must(r.Deny(r.authorizationURL("response_type", "code", "client_id", "app", "redirect_uri", redirect, "state", "s 1"))),
	} {
		query := r.query(location)
		equal(t, name+": error", query.Get("error"), "access_denied")
		equal(t, name+": state", query.Get("state"), "s 1")
		equal(t, name+": iss", query.Get("iss"), r.running.BaseURL)
		equal(t, name+": code", query.Has("code"), false)
	}
	equal(t, "consents", r.Counters().Consents, 0)
	equal(t, "errors", r.Counters().Errors["access_denied"], 2)
}

func must(text string, err error) string {
	if err != nil {
		return "error: " + err.Error()
	}
	return text
}

// Nothing is sent to an address that is not known to be the client's.
func TestAuthorizeErrorsOnAPage(t *testing.T) {
	r := newRig(t)
	for name, query := range map[string]string{
		"no client":         "response_type=code&redirect_uri=" + url.QueryEscape(redirect),
		"unknown client":    "response_type=code&client_id=nobody&redirect_uri=" + url.QueryEscape(redirect),
		"client twice":      "response_type=code&client_id=app&client_id=app&redirect_uri=" + url.QueryEscape(redirect),
		"redirect twice":    "response_type=code&client_id=app&redirect_uri=https%3A%2F%2Fa.example&redirect_uri=" + url.QueryEscape(redirect),
		"foreign redirect":  "response_type=code&client_id=app&redirect_uri=https%3A%2F%2Fevil.example",
		"longer redirect":   "response_type=code&client_id=app&redirect_uri=" + url.QueryEscape(redirect+"7"),
		"no query":          "response_type=code&client_id=app&redirect_uri=https%3A%2F%2Fapp.example%2Fcb",
		"two to choose":     "response_type=code&client_id=app",
		"broken encoding":   "response_type=code&client_id=app&redirect_uri=%zz",
		"none is registred": "response_type=code&client_id=post-only",
	} {
		t.Run(name, func(t *testing.T) {
			got := r.get("/authorize?" + query)
			equal(t, "status", got.status, 400)
			equal(t, "location", got.header.Get("Location"), "")
			if !strings.Contains(got.body, "invalid_request") {
				t.Error("the page does not say what is wrong")
			}
			if _, err := r.Approve(r.running.BaseURL + "/authorize?" + query); err == nil {
				t.Error("Approve went through")
			}
		})
	}
	equal(t, "views", r.Counters().AuthorizeViews, 0)
}

func TestAuthorizeErrorsSentBack(t *testing.T) {
	base := []string{"client_id", "app", "redirect_uri", redirect, "state", "st"}
	for name, test := range map[string]struct {
		params []string
		want   string
	}{
		"no response type":       {nil, "invalid_request"},
		"implicit":               {[]string{"response_type", "token"}, "unsupported_response_type"},
		"plain PKCE":             {[]string{"response_type", "code", "code_challenge", challenge, "code_challenge_method", "plain"}, "invalid_request"},
		"PKCE without method":    {[]string{"response_type", "code", "code_challenge", challenge}, "invalid_request"},
		"PKCE without challenge": {[]string{"response_type", "code", "code_challenge_method", "S256"}, "invalid_request"},
		"short challenge":        {[]string{"response_type", "code", "code_challenge", challenge[1:], "code_challenge_method", "S256"}, "invalid_request"},
		"padded challenge":       {[]string{"response_type", "code", "code_challenge", challenge + "=", "code_challenge_method", "S256"}, "invalid_request"},
		"scope twice":            {[]string{"response_type", "code", "scope", "a", "scope", "b"}, "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			params := append(append([]string{}, base...), test.params...)
			got := r.get("/authorize?" + form(params...).Encode())
			equal(t, "status", got.status, 302)
			query := r.query(got.header.Get("Location"))
			equal(t, "error", query.Get("error"), test.want)
			equal(t, "state", query.Get("state"), "st")
			equal(t, "iss", query.Get("iss"), r.running.BaseURL)
			equal(t, "logged", r.lastEntry().Error, test.want)

			callback, err := r.Approve(r.authorizationURL(params...))
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "approve", r.query(callback).Get("error"), test.want)
			equal(t, "views", r.Counters().AuthorizeViews, 0)
		})
	}
}

func TestScopesOfARegistration(t *testing.T) {
	r := newRig(t)
	ask := func(pairs ...string) url.Values {
		callback, err := r.Approve(r.authorizationURL(append(pairs, "response_type", "code", "client_id", "public")...))
		if err != nil {
			t.Fatal(err)
		}
		return r.query(callback)
	}
	equal(t, "beyond", ask("scope", "read admin").Get("error"), "invalid_scope")
	for want, asked := range map[string]string{"read write": "", "write": "write"} {
		got := r.post("/token", "grant_type", "authorization_code", "client_id", "public", "code", ask("scope", asked).Get("code"))
		equal(t, "granted for "+asked, got.text("scope"), want)
	}
}

func TestPKCERequired(t *testing.T) {
	r := newRig(t, func(s *sandbox.Settings) { s.RequirePKCE = true })
	got := r.get("/authorize?" + form("response_type", "code", "client_id", "app", "redirect_uri", redirect).Encode())
	equal(t, "error", r.query(got.header.Get("Location")).Get("error"), "invalid_request")
	equal(t, "with PKCE", r.exchange(r.code()).status, 200)
}

func TestApproveComesOnlyHere(t *testing.T) {
	r := newRig(t)
	good := "?" + form("response_type", "code", "client_id", "app", "redirect_uri", redirect).Encode()
	for _, address := range []string{
		"https://elsewhere.example/authorize" + good, r.running.BaseURL + "/authorise" + good, "/authorize" + good, ":", r.running.BaseURL + "/authorize?%zz",
	} {
		if got, err := r.Approve(address); err == nil {
			t.Errorf("Approve(%q) = %q", address, got)
		}
	}
	equal(t, "consents", r.Counters().Consents, 0)
}

func TestTheSandboxsOwnCallbackPage(t *testing.T) {
	r := newRig(t)
	callback, err := r.Approve(r.authorizationURL("response_type", "code", "client_id", "app",
		"redirect_uri", r.running.BaseURL+"/callback", "state", "<b>"))
	if err != nil {
		t.Fatal(err)
	}
	page := r.get(strings.TrimPrefix(callback, r.running.BaseURL))
	equal(t, "status", page.status, 200)
	if !strings.Contains(page.body, ">"+html.EscapeString(callback)+"</textarea>") {
		t.Errorf("the page does not show %s", callback)
	}
	equal(t, "referrer policy", page.header.Get("Referrer-Policy"), "no-referrer")
	refused := r.get("/callback?error=access_denied")
	if !strings.Contains(refused.body, "No access was given") {
		t.Error("the page does not tell of the error")
	}
}

func TestMetadata(t *testing.T) {
	r := newRig(t)
	got := r.get("/.well-known/oauth-authorization-server")
	equal(t, "the same for OpenID", r.get("/.well-known/openid-configuration").body, got.body)
	equal(t, "status", got.status, 200)
	for name, path := range map[string]string{
		"issuer": "", "authorization_endpoint": "/authorize", "token_endpoint": "/token", "revocation_endpoint": "/revoke",
		"introspection_endpoint": "/introspect",
	} {
		equal(t, name, got.text(name), r.running.BaseURL+path)
	}
	equal(t, "iss supported", got.json["authorization_response_iss_parameter_supported"], any(true))
	methods, _ := got.json["code_challenge_methods_supported"].([]any)
	if len(methods) != 1 || methods[0] != "S256" {
		t.Errorf("code_challenge_methods_supported: %v", methods)
	}
}

func TestMetadataOfProfiles(t *testing.T) {
	for profile, want := range map[string][3]string{
		"visma_connect": {"/revoke", "[client_secret_post]", "[client_secret_basic]"}, "teamleader": {"", "[client_secret_post]", "<nil>"},
	} {
		r := newProfileRig(t, profile)
		got := r.get("/.well-known/oauth-authorization-server")
		equal(t, "revocation", strings.TrimPrefix(got.text("revocation_endpoint"), r.running.BaseURL), want[0])
		equal(t, "token methods", fmt.Sprint(got.json["token_endpoint_auth_methods_supported"]), want[1])
		equal(t, "revocation methods", fmt.Sprint(got.json["revocation_endpoint_auth_methods_supported"]), want[2])
	}
}

func TestOtherAddressesAndMethods(t *testing.T) {
	r := newRig(t)
	for _, test := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/token", 405, "POST"},
		{"GET", "/revoke", 405, "POST"},
		{"GET", "/introspect", 405, "POST"},
		{"POST", "/api/me", 405, "GET"},
		{"PUT", "/authorize", 405, "GET, POST"},
		{"GET", "/nowhere", 404, ""},
		{"GET", "/", 404, ""},
	} {
		got := r.do(r.newRequest(test.method, test.path, http.NoBody))
		equal(t, test.method+" "+test.path, got.status, test.status)
		equal(t, test.method+" "+test.path+" allow", got.header.Get("Allow"), test.allow)
		equal(t, test.method+" "+test.path+" processed", r.lastEntry().Processed, false)
	}
}
