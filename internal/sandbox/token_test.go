package sandbox_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

func TestClientAuthentication(t *testing.T) {
	r := newRig(t)
	basic := func(id, secret string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
	}
	const encoded = "s%2Be+%25c%3Ar%2F%C3%A9" // secret, form-encoded by hand
	for name, test := range map[string]struct {
		header string
		body   []string
		status int
		code   string
		reason string
	}{
		"any by basic":             {basic("app", encoded), nil, 200, "", ""},
		"any by basic, lower case": {strings.Replace(basic("app", encoded), "Basic", "basic", 1), nil, 200, "", ""},
		"any by post":              {"", []string{"client_id", "app", "client_secret", secret}, 200, "", ""},
		"basic":                    {basic("basic%3Aonly", encoded), nil, 200, "", ""},
		"basic, id in body too":    {basic("basic%3Aonly", encoded), []string{"client_id", "basic:only"}, 200, "", ""},
		"post":                     {"", []string{"client_id", "post-only", "client_secret", secret}, 200, "", ""},
		"empty body secret":        {basic("app", encoded), []string{"client_secret", ""}, 200, "", ""},

		"public, for this grant":    {"", []string{"client_id", "public"}, 400, "unauthorized_client", "client_is_public"},
		"both":                      {basic("app", encoded), []string{"client_id", "app", "client_secret", secret}, 400, "invalid_request", "client_two_methods"},
		"two ids":                   {basic("app", encoded), []string{"client_id", "other"}, 400, "invalid_request", "client_two_ids"},
		"nothing":                   {"", nil, 401, "invalid_client", "client_missing"},
		"no secret":                 {"", []string{"client_id", "app"}, 401, "invalid_client", "client_bad_method"},
		"wrong secret":              {"", []string{"client_id", "app", "client_secret", "x"}, 401, "invalid_client", "client_bad_secret"},
		"wrong secret by basic":     {basic("app", "x"), nil, 401, "invalid_client", "client_bad_secret"},
		"unknown":                   {basic("nobody", encoded), nil, 401, "invalid_client", "client_unknown"},
		"basic where only post":     {basic("post-only", encoded), nil, 401, "invalid_client", "client_bad_method"},
		"post where only basic":     {"", []string{"client_id", "basic:only", "client_secret", secret}, 401, "invalid_client", "client_bad_method"},
		"secret of a public one":    {"", []string{"client_id", "public", "client_secret", "x"}, 401, "invalid_client", "client_bad_method"},
		"basic not form-encoded":    {basic("app", secret), nil, 401, "invalid_client", "client_bad_header"},
		"basic without a colon":     {"Basic " + base64.StdEncoding.EncodeToString([]byte("app")), nil, 401, "invalid_client", "client_bad_header"},
		"basic without padding":     {"Basic YXBwOnM", nil, 401, "invalid_client", "client_bad_header"},
		"bearer":                    {"Bearer abc", nil, 401, "invalid_client", "client_bad_header"},
		"id with a colon unescaped": {basic("basic:only", encoded), nil, 401, "invalid_client", "client_unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			request := r.postRequest("/token", form(append(test.body, "grant_type", "client_credentials")...))
			if test.header != "" {
				request.Header.Set("Authorization", test.header)
			}
			got := r.do(request)
			equal(t, "status", got.status, test.status)
			equal(t, "error", got.text("error"), test.code)
			equal(t, "reason", r.lastEntry().Reason, test.reason)
			equal(t, "no-store", got.header.Get("Cache-Control"), "no-store")
			challenge := ""
			if test.status == 401 {
				challenge = `Basic realm="sandbox"`
			}
			equal(t, "challenge", got.header.Get("WWW-Authenticate"), challenge)
			equal(t, "secret in the reply", strings.Contains(got.body, secret), false)
		})
	}
	equal(t, "client_credentials", r.Counters().ClientCredentials, 7)
}

func TestClientCredentialsTokens(t *testing.T) {
	r := newRig(t)
	got := r.post("/token", asApp("grant_type", "client_credentials", "scope", "a b")...)
	equal(t, "refresh token", got.text("refresh_token"), "")
	equal(t, "scope", got.text("scope"), "a b")
	equal(t, "live", r.me(got.text("access_token")), 200)
	r.advance(10 * time.Minute)
	equal(t, "expired", r.me(got.text("access_token")), 401)
}

func TestMalformedTokenRequests(t *testing.T) {
	r := newRig(t)
	const formType = "application/x-www-form-urlencoded"
	good := form(asApp("grant_type", "client_credentials")...).Encode()
	for name, test := range map[string]struct {
		path, contentType, body string
		code, reason            string
	}{
		"JSON":             {"/token", "application/json", `{"grant_type":"client_credentials"}`, "invalid_request", "bad_body"},
		"no content type":  {"/token", "", good, "invalid_request", "bad_body"},
		"bad escape":       {"/token", formType, good + "&x=%zz", "invalid_request", "bad_body"},
		"query":            {"/token?a=b", formType, good, "invalid_request", "parameters_in_query"},
		"twice":            {"/token", formType, good + "&scope=a&scope=b", "invalid_request", "repeated_parameter"},
		"no grant type":    {"/token", formType, form(asApp()...).Encode(), "invalid_request", "missing_parameter"},
		"no code":          {"/token", formType, form(asApp("grant_type", "authorization_code")...).Encode(), "invalid_request", "missing_parameter"},
		"no refresh token": {"/token", formType, form(asApp("grant_type", "refresh_token", "refresh_token", "")...).Encode(), "invalid_request", "missing_parameter"},
		"password":         {"/token", formType, form(asApp("grant_type", "password")...).Encode(), "unsupported_grant_type", "grant_unsupported"},
		"revoke nothing":   {"/revoke", formType, form(asApp()...).Encode(), "invalid_request", "missing_parameter"},
		"ask of nothing":   {"/introspect", formType, form(asApp()...).Encode(), "invalid_request", "missing_parameter"},
		"revoke JSON":      {"/revoke", "application/json", `{}`, "invalid_request", "bad_body"},
	} {
		t.Run(name, func(t *testing.T) {
			request := r.newRequest("POST", test.path, strings.NewReader(test.body))
			request.Header.Set("Content-Type", test.contentType)
			got := r.do(request)
			equal(t, "status", got.status, 400)
			equal(t, "error", got.text("error"), test.code)
			equal(t, "reason", r.lastEntry().Reason, test.reason)
		})
	}
	equal(t, "exchange errors", r.Counters().ExchangeErrors, 1)
	equal(t, "refresh errors", r.Counters().RefreshErrors, 1)
	equal(t, "unsupported_grant_type", r.Counters().Errors["unsupported_grant_type"], 1)
}

func TestCodeIsBoundToItsRequest(t *testing.T) {
	for name, test := range map[string]struct {
		change []string // added to a good request; an empty value takes the parameter out
		reason string
	}{
		"redirect missing":   {[]string{"redirect_uri", ""}, "redirect_uri_mismatch"},
		"redirect differs":   {[]string{"redirect_uri", redirect + "/"}, "redirect_uri_mismatch"},
		"verifier missing":   {[]string{"code_verifier", ""}, "pkce_missing"},
		"verifier differs":   {[]string{"code_verifier", strings.Repeat("a", 43)}, "pkce_mismatch"},
		"verifier too short": {[]string{"code_verifier", strings.Repeat("a", 42)}, "pkce_malformed"},
		"verifier too long":  {[]string{"code_verifier", strings.Repeat("a", 129)}, "pkce_malformed"},
		"verifier foreign":   {[]string{"code_verifier", verifier + "+"}, "pkce_malformed"},
		"another client":     {[]string{"client_id", "other", "client_secret", "other-secret"}, "code_foreign_client"},
		"code decoded twice": {[]string{"code", "sbxcode!++AAAA"}, "code_unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			code := r.code()
			values := form(asApp("grant_type", "authorization_code", "code", code, "redirect_uri", redirect, "code_verifier", verifier)...)
			for i := 0; i < len(test.change); i += 2 {
				values.Set(test.change[i], test.change[i+1])
			}
			got := r.do(r.postRequest("/token", values))
			equal(t, "status", got.status, 400)
			equal(t, "error", got.text("error"), "invalid_grant")
			equal(t, "reason", r.lastEntry().Reason, test.reason)
			equal(t, "exchange_errors", r.Counters().ExchangeErrors, 1)
			equal(t, "the right request afterwards", r.exchange(code).status, 200)
		})
	}
}

func TestCodeWithoutPKCEOrRedirect(t *testing.T) {
	r := newRig(t)
	code := func() string {
		callback, err := r.Approve(r.authorizationURL("response_type", "code", "client_id", "other"))
		if err != nil {
			t.Fatal(err)
		}
		return r.query(callback).Get("code")
	}
	asOther := []string{"grant_type", "authorization_code", "client_id", "other", "client_secret", "other-secret"}
	equal(t, "plain", r.post("/token", append(asOther, "code", code())...).status, 200)
	equal(t, "redirect given", r.post("/token", append(asOther, "code", code(), "redirect_uri", redirect)...).status, 200)
	// RFC 9700 §4.8.2: a verifier for a code that was asked for without a challenge shows a stripped challenge.
	got := r.post("/token", append(asOther, "code", code(), "code_verifier", verifier)...)
	equal(t, "verifier", got.text("error"), "invalid_grant")
	equal(t, "reason", r.lastEntry().Reason, "pkce_unexpected")
}

func TestCodeExpires(t *testing.T) {
	r := newRig(t, func(s *sandbox.Settings) { s.CodeLifetime = time.Minute })
	early, late := r.code(), r.code()
	r.advance(time.Minute - time.Nanosecond)
	equal(t, "just in time", r.exchange(early).status, 200)
	r.advance(time.Nanosecond)
	equal(t, "too late", r.exchange(late).text("error"), "invalid_grant")
	equal(t, "reason", r.lastEntry().Reason, "code_expired")
}

func TestCodeReplayRevokesItsTokens(t *testing.T) {
	r := newRig(t)
	bystander := r.issue()
	code := r.code()
	tokens := r.exchange(code)
	successor := r.refresh(tokens.text("refresh_token"))
	equal(t, "before", r.me(successor.text("access_token")), 200)

	equal(t, "replay", r.exchange(code).text("error"), "invalid_grant")
	equal(t, "reason", r.lastEntry().Reason, "code_replayed")
	equal(t, "first access token", r.me(tokens.text("access_token")), 401)
	equal(t, "second access token", r.me(successor.text("access_token")), 401)
	equal(t, "refresh", r.refresh(successor.text("refresh_token")).text("error"), "invalid_grant")
	equal(t, "somebody else's", r.me(bystander.AccessToken), 200)

	got := r.Counters()
	equal(t, "code_replays", got.CodeReplays, 1)
	equal(t, "reuse_detected", got.ReuseDetected, 0)
	equal(t, "families_revoked", got.FamiliesRevoked, 1)
	equal(t, "revoked by", r.Current()[1].RevokedBy, sandbox.RevokedByCodeReplay)
}

func TestRevocation(t *testing.T) {
	r := newRig(t)
	issued := r.issue()
	second := r.refresh(issued.RefreshToken)

	foreign := r.post("/revoke", "token", second.text("refresh_token"), "client_id", "other", "client_secret", "other-secret")
	equal(t, "by another client", foreign.text("error"), "invalid_grant")
	unauthenticated := r.post("/revoke", "token", second.text("refresh_token"))
	equal(t, "without a client", unauthenticated.status, 401)
	equal(t, "unknown", r.post("/revoke", asApp("token", "nothing")...).status, 200)
	equal(t, "nothing revoked", r.Counters().Revocations, 0)

	equal(t, "access token", r.post("/revoke", asApp("token", issued.AccessToken, "token_type_hint", "refresh_token")...).status, 200)
	equal(t, "it alone", r.me(issued.AccessToken), 401)
	equal(t, "the other", r.me(second.text("access_token")), 200)

	got := r.post("/revoke", asApp("token", second.text("refresh_token"))...)
	equal(t, "refresh token", got.status, 200)
	equal(t, "body", got.body, "")
	equal(t, "its access token", r.me(second.text("access_token")), 401)
	equal(t, "itself", r.refresh(second.text("refresh_token")).text("error"), "invalid_grant")
	equal(t, "reason", r.lastEntry().Reason, "refresh_revoked")
	equal(t, "again", r.post("/revoke", asApp("token", second.text("refresh_token"))...).status, 200)
	equal(t, "revocations", r.Counters().Revocations, 2)
	equal(t, "families_revoked", r.Counters().FamiliesRevoked, 1)
	equal(t, "reuse_detected", r.Counters().ReuseDetected, 0)
}

func TestResource(t *testing.T) {
	r := newRig(t)
	issued, err := r.Issue("app", "a", "b")
	if err != nil {
		t.Fatal(err)
	}
	for header, want := range map[string]string{
		"":             `Bearer realm="sandbox"`,
		"Basic abc":    `Bearer realm="sandbox"`,
		"Bearer":       `Bearer realm="sandbox"`,
		"Bearer wrong": `Bearer realm="sandbox", error="invalid_token"`,
	} {
		request := r.newRequest("GET", "/api/me?access_token="+issued.AccessToken, nil)
		request.Header.Set("Authorization", header)
		got := r.do(request)
		equal(t, header+" status", got.status, 401)
		equal(t, header+" challenge", got.header.Get("WWW-Authenticate"), want)
	}
	r.advance(time.Minute)
	request := r.newRequest("GET", "/api/me", nil)
	request.Header.Set("Authorization", "bearer "+issued.AccessToken)
	got := r.do(request)
	equal(t, "status", got.status, 200)
	equal(t, "body", got.body, `{"client_id":"app","scope":"a b","user":"sandbox-user","expires_in":540}`)
	r.advance(9 * time.Minute)
	equal(t, "expired", r.me(issued.AccessToken), 401)
	equal(t, "api_ok", r.Counters().APIOK, 1)
	equal(t, "api_unauthorized", r.Counters().APIUnauthorized, 5)
}
