package sandbox_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// basicPost is a request of app to a path, authenticated by Basic.
func (r *rig) basicPost(path string, pairs ...string) answer {
	r.Helper()
	request := r.postRequest(path, form(pairs...))
	request.SetBasicAuth("app", url.QueryEscape(secret))
	return r.do(request)
}

// consentWith lets a person consent to an authorization request with more parameters, and returns the callback's.
func (r *rig) consentWith(pairs ...string) (url.Values, error) {
	r.Helper()
	callback, err := r.Approve(r.authorizationURL(append([]string{"response_type", "code", "client_id", "app", "redirect_uri", redirect, "state", "xyz"}, pairs...)...))
	return r.query(callback), err
}

// swap exchanges the code of a consent without PKCE.
func (r *rig) swap(callback url.Values) answer {
	r.Helper()
	return r.post("/token", asApp("grant_type", "authorization_code", "code", callback.Get("code"), "redirect_uri", redirect)...)
}

// pair is what a whole authorization yields.
func (r *rig) pair(pairs ...string) answer {
	r.Helper()
	callback, err := r.consentWith(pairs...)
	if err != nil || callback.Get("code") == "" {
		r.Fatalf("no code: %v, %v", callback.Get("error_description"), err)
	}
	got := r.swap(callback)
	if got.status != 200 {
		r.Fatalf("the exchange: %d %s", got.status, got.body)
	}
	return got
}

func (r *rig) says(what string, got answer, status int, body string) {
	r.Helper()
	if got.status != status || got.body != body {
		r.Errorf("%s: %d %s, want %d %s", what, got.status, got.body, status, body)
	}
}

func TestProfileExactOnline(t *testing.T) {
	t.Parallel()
	r := newProfileRig(t, "exact_online")
	callback, err := r.consentWith("scope", "whatever")
	if err != nil || callback.Has("iss") || !strings.Contains(callback.Get("code"), "!") {
		t.Fatalf("callback %v, %v", callback, err)
	}
	first := r.swap(callback)
	if !strings.Contains(first.body, `"expires_in":"600"`) || strings.Contains(first.body, `"scope"`) {
		t.Errorf("the reply: %s", first.body)
	}
	token := first.text("refresh_token")

	r.advance(569 * time.Second)
	early := r.refresh(token)
	r.says("too early", early, 400, `{"error":"access_denied","error_description":"Rate limit exceeded: access_token not expired"}`)
	equal(t, "Reason", early.header.Get("Reason"), "TooEarlyToRefreshTokens: the access token has not expired")
	r.advance(time.Second)
	next := r.basicPost("/token", "grant_type", "refresh_token", "refresh_token", token)
	equal(t, "at 570 s, by Basic", next.status, 200)
	r.says("reuse", r.refresh(token), 401, `{"error":"unauthorized_client","error_description":"Old refresh token used."}`)
	r.advance(600 * time.Second)
	next = r.refresh(next.text("refresh_token"))
	equal(t, "after the reuse the newest lives", next.status, 200)

	r.says("wrong secret", r.post("/token", "grant_type", "refresh_token", "refresh_token", "x", "client_id", "app", "client_secret", "no"), 400, `{"error":"invalid_client"}`)
	r.says("wrong code", r.exchange("x"), 400, `{"error":"invalid_request","error_description":"Signed data extraction has failed"}`)
	equal(t, "revocation", r.post("/revoke", asApp("token", "x")...).status, 404)

	// One chain for a user and a client.
	second := r.pair()
	r.advance(600 * time.Second)
	r.says("the first chain", r.refresh(next.text("refresh_token")), 400, `{"error":"invalid_grant","error_description":"Token is not allowed, because of invalid or empty chainId"}`)
	equal(t, "revoked by", r.Current()[0].RevokedBy, sandbox.RevokedByLimit)
	second = r.refresh(second.text("refresh_token"))
	equal(t, "the second chain", second.status, 200)
	r.advance(30 * 24 * time.Hour)
	r.says("expiry", r.refresh(second.text("refresh_token")), 400,
		`{"error":"invalid_request","error_description":"The refresh token expired at 2026-02-01 03:33:35Z and it is now 2026-02-01 03:33:35Z"}`)
}

// TestProfileExactOnlineCalls: each call counts by client and user, and a refusal for that says until when in milliseconds.
func TestProfileExactOnlineCalls(t *testing.T) {
	t.Parallel()
	r := newProfileRig(t, "exact_online")
	equal(t, "calls a day", r.Settings().TokenCalls, 200)
	r.set(func(s *sandbox.Settings) { s.TokenCalls = 2 })
	token := r.issue().RefreshToken
	r.refresh(token)
	r.advance(600 * time.Second)
	token = r.refresh(token).text("refresh_token")
	for range 2 {
		r.advance(600 * time.Second)
		got := r.refresh(token)
		r.says("calls used up", got, 429, `{"error":"slow_down"}`)
		equal(t, "limit", got.header.Get("X-RateLimit-Limit")+" "+got.header.Get("X-RateLimit-Remaining"), "2 0")
		equal(t, "reset", got.header.Get("X-RateLimit-Reset"), "1767409445000") // a day after the first call
	}
	r.advance(24*time.Hour - 1200*time.Second)
	equal(t, "a day later", r.refresh(token).status, 200)
	equal(t, "no window", r.UpdateSettings(func(s *sandbox.Settings) { s.TokenCallsWindow = 0 }) != nil, true)
}

func TestProfileExactOnlineVariants(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body   string
		status int
		header string
		after  time.Duration // the refresh is still too early
	}{
		"exact_online:too_early_401":             {`{"error":"access_denied","error_description":"Access Token not expired"}`, 401, "", 569 * time.Second},
		"exact_online:too_early_invalid_request": {`{"error":"invalid_request","error_description":"Rate limit exceeded: access_token not expired"}`, 400, "TooEarlyToRefreshTokens: the access token has not expired", 569 * time.Second},
		"exact_online:too_early_until_expiry":    {`{"error":"access_denied","error_description":"Rate limit exceeded: access_token not expired"}`, 400, "TooEarlyToRefreshTokens: the access token has not expired", 599 * time.Second},
	} {
		r := newProfileRig(t, name)
		token := r.issue().RefreshToken
		r.advance(tt.after)
		got := r.refresh(token)
		r.says(name, got, tt.status, tt.body)
		equal(t, name, got.header.Get("Reason"), tt.header)
	}
	r := newProfileRig(t, "exact_online:old_token_400")
	token := r.issue().RefreshToken
	r.advance(time.Hour)
	r.refresh(token)
	r.says("reuse", r.refresh(token), 400, `{"error":"unauthorized_client","error_description":"Old refresh token used."}`)

	r = newProfileRig(t, "exact_online:too_early_brings_token")
	token = r.issue().RefreshToken
	early := r.refresh(token)
	equal(t, "too early", early.status, 400)
	r.advance(600 * time.Second)
	equal(t, "the old one", r.refresh(token).text("error_description"), "Old refresh token used.")
	equal(t, "the one that came", r.refresh(early.text("refresh_token")).status, 200)

	r = newProfileRig(t, "exact_online:pkce_ignored")
	equal(t, "without the verifier", r.swap(url.Values{"code": {r.code()}}).status, 200)
}

// Ten refusals within an hour shut the client out for an hour. Nine do not, nor do ten in more time.
func TestProfileLockOut(t *testing.T) {
	t.Parallel()
	r := newProfileRig(t, "exact_online")
	token := r.issue().RefreshToken
	r.advance(600 * time.Second)
	refused := func(n int) {
		for range n {
			equal(t, "refused", r.post("/token", "grant_type", "refresh_token", "refresh_token", "x", "client_id", "app", "client_secret", "no").status, 400)
		}
	}
	refused(1)
	r.advance(time.Hour)
	refused(9)
	token = r.refresh(token).text("refresh_token")
	equal(t, "lock-outs after nine", r.Counters().LockOuts, 0)
	refused(1)
	equal(t, "lock-outs after ten", r.Counters().LockOuts, 1)
	r.advance(time.Hour - 1)
	equal(t, "locked out", r.refresh(token).status, 429)
	equal(t, "why", r.lastEntry().Reason, "locked_out")
	equal(t, "another client", r.post("/token", "grant_type", "x", "client_id", "other", "client_secret", "other-secret").text("error"), "unsupported_grant_type")
	r.advance(1)
	equal(t, "after the hour", r.refresh(token).status, 200)
}

func TestProfileTwinfield(t *testing.T) {
	t.Parallel()
	r := newProfileRig(t, "twinfield")
	const scopes = "openid twf.user twf.organisation twf.organisationUser"
	for name, tt := range map[string]struct {
		pairs []string
		want  string
	}{
		"no nonce":    {[]string{"scope", scopes}, "nonce is missing or wrong"},
		"no state":    {[]string{"scope", scopes, "nonce", "n", "state", ""}, `"state" is there more than once`},
		"one less":    {[]string{"scope", "openid twf.user twf.organisation", "nonce", "n"}, "a required scope is missing"},
		"PKCE":        {[]string{"scope", scopes, "nonce", "n", "code_challenge", challenge, "code_challenge_method", "S256"}, "code_challenge is not known here"},
		"no scope":    {[]string{"nonce", "n"}, "a required scope is missing"},
		"all of them": {[]string{"scope", scopes, "nonce", "n"}, ""},
	} {
		callback, err := r.consentWith(tt.pairs...)
		if err != nil || callback.Get("error_description") != tt.want {
			t.Errorf("%s: %v, %v", name, callback, err)
		}
	}
	exchange := func(scopes string) answer {
		callback, err := r.consentWith("scope", scopes, "nonce", "n")
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "credentials in the body", r.swap(callback).status, 401)
		return r.basicPost("/token", "grant_type", "authorization_code", "code", callback.Get("code"), "redirect_uri", redirect)
	}
	equal(t, "without offline_access", exchange(scopes).text("refresh_token"), "")
	token := exchange(scopes + " offline_access").text("refresh_token")
	for range 3 {
		r.advance(24 * 365 * time.Hour)
		equal(t, "the same token again", r.basicPost("/token", "grant_type", "refresh_token", "refresh_token", token).text("refresh_token"), token)
	}
	r.advance(22 * 24 * 365 * time.Hour)
	equal(t, "after 25 years", r.basicPost("/token", "grant_type", "refresh_token", "refresh_token", token).text("error"), "invalid_grant")
}

func TestProfileVismaConnect(t *testing.T) {
	t.Parallel()
	r := newProfileRig(t, "visma_connect")
	if _, err := r.consentWith("scope", "offline_access"); err == nil || !strings.Contains(err.Error(), "by HTTP POST") {
		t.Errorf("without response_mode: %v", err)
	}
	page := r.post("/authorize", "response_type", "code", "client_id", "app", "redirect_uri", redirect, "state", "xyz", "decision", "allow")
	if page.status != 200 || !strings.Contains(page.body, `action="https://app.example/cb?tenant=7"`) || !strings.Contains(page.body, `name="code"`) || !strings.Contains(page.body, `name="state" value="xyz"`) {
		t.Errorf("the form: %d %s", page.status, page.body)
	}
	equal(t, "without offline_access", r.pair("response_mode", "query", "scope", "read").text("refresh_token"), "")
	other := r.pair("response_mode", "query", "scope", "offline_access").text("refresh_token")
	first := r.pair("response_mode", "query", "scope", "offline_access").text("refresh_token")
	second := r.refresh(first).text("refresh_token")
	r.advance(4 * time.Second)
	equal(t, "within the grace", r.refresh(first).status, 200)
	equal(t, "by Basic", r.basicPost("/token", "grant_type", "refresh_token", "refresh_token", second).status, 401)
	equal(t, "revocation in the body", r.post("/revoke", asApp("token", other)...).status, 401)
	r.advance(time.Second)
	equal(t, "after the grace", r.refresh(first).text("error"), "invalid_grant")
	equal(t, "the successor", r.refresh(second).text("error"), "invalid_grant")
	equal(t, "another chain of the user", r.refresh(other).text("error"), "invalid_grant")

	client := asApp("grant_type", "client_credentials")
	r.says("client credentials without a tenant", r.post("/token", client...), 400, `{"error":"invalid_request","error_description":"a required parameter is missing"}`)
	equal(t, "client credentials", r.post("/token", append(client, "tenant_id", "t1")...).status, 200)

	last := r.pair("response_mode", "query", "scope", "offline_access").text("refresh_token")
	equal(t, "revocation by Basic", r.basicPost("/revoke", "token", last).status, 200)
	equal(t, "revocations", r.Counters().Revocations, 1)

	r = newProfileRig(t, "visma_connect:revokes_refresh_tokens_only")
	issued := r.issue()
	r.says("an access token", r.basicPost("/revoke", "token", issued.AccessToken), 400, `{"error":"unsupported_token_type","error_description":"tokens of this kind are not revoked here"}`)
	equal(t, "it lives", r.me(issued.AccessToken), 200)
}

func TestProfileSalesforce(t *testing.T) {
	t.Parallel()
	r := newProfileRig(t, "salesforce")
	first := r.pair("scope", "api refresh_token")
	for name, want := range map[string]string{
		"instance_url": "https://sandbox.my.salesforce.com", "id": "https://login.salesforce.com/id/00D000000000000AAA/005000000000000AAA",
		"issued_at": "1767323045000", "signature": "c2FuZGJveA==", "scope": "api refresh_token",
	} {
		equal(t, name, first.text(name), want)
	}
	if _, there := first.json["expires_in"]; there {
		t.Error("the reply tells a lifetime")
	}
	token := first.text("refresh_token")
	equal(t, "without the scope", r.pair("scope", "api").text("refresh_token"), "")
	equal(t, "a scope at the refresh", r.post("/token", asApp("grant_type", "refresh_token", "refresh_token", token, "scope", "api")...).text("error"), "invalid_request")
	again := r.refresh(token)
	if again.status != 200 || again.text("refresh_token") != "" {
		t.Errorf("the refresh: %d %s", again.status, again.body)
	}
	for range 3 { // with the two above these are five approvals
		r.pair("scope", "refresh_token")
	}
	equal(t, "the first of five", r.refresh(token).status, 200)
	newest := r.pair("scope", "refresh_token").text("refresh_token")
	r.says("the first of six", r.refresh(token), 400, `{"error":"invalid_grant","error_description":"expired access/refresh token"}`)
	equal(t, "revocation", r.post("/revoke", asApp("token", newest)...).status, 200)
	for _, unknown := range []string{"x", token} {
		r.says("revocation of a token that is not there", r.post("/revoke", asApp("token", unknown)...), 400, `{"error":"invalid_token","error_description":"unknown token"}`)
	}

	r = newProfileRig(t, "salesforce:rotating")
	issued := r.issue()
	next := r.refresh(issued.RefreshToken).text("refresh_token")
	r.says("reuse", r.refresh(issued.RefreshToken), 400, `{"error":"invalid_grant","error_description":"expired access/refresh token"}`)
	equal(t, "the newest", r.refresh(next).status, 400)
	equal(t, "an access token", r.me(issued.AccessToken), 401)
}

func TestProfileTeamleader(t *testing.T) {
	t.Parallel()
	r := newProfileRig(t, "teamleader")
	first := r.pair("scope", "ignored")
	if strings.Contains(first.body, `"scope"`) || first.json["expires_in"] != 3600.0 {
		t.Errorf("the reply: %s", first.body)
	}
	token := first.text("refresh_token")
	equal(t, "by Basic", r.basicPost("/token", "grant_type", "refresh_token", "refresh_token", token).status, 401)
	next := r.refresh(token).text("refresh_token")
	equal(t, "reuse", r.refresh(token).text("error"), "invalid_grant")
	equal(t, "the newest lives", r.refresh(next).status, 200)
	equal(t, "revocation", r.post("/revoke", asApp("token", "x")...).status, 404)

	r = newProfileRig(t, "teamleader:reuse_revokes_family")
	token = r.issue().RefreshToken
	next = r.refresh(token).text("refresh_token")
	r.refresh(token)
	equal(t, "the newest died", r.refresh(next).status, 400)
}

func TestProfileAtlassian(t *testing.T) {
	t.Parallel()
	r := newProfileRig(t, "atlassian")
	for name, tt := range map[string]struct {
		pairs []string
		want  string
	}{
		"audience": {[]string{"prompt", "consent"}, "audience is missing or wrong"},
		"prompt":   {[]string{"audience", "api.atlassian.com", "prompt", "none"}, "prompt is missing or wrong"},
	} {
		if callback, err := r.consentWith(tt.pairs...); err != nil || callback.Get("error_description") != tt.want {
			t.Errorf("%s: %v, %v", name, callback, err)
		}
	}
	first := r.pair("audience", "api.atlassian.com", "prompt", "consent", "scope", "read:x offline_access")
	token := first.text("refresh_token")
	next := r.refresh(token).text("refresh_token")
	r.advance(10*time.Minute - 1)
	equal(t, "the old access token within the leeway", r.me(first.text("access_token")), 200)
	equal(t, "the old refresh token within the leeway", r.refresh(token).status, 200)
	r.advance(1)
	equal(t, "the old access token after it", r.me(first.text("access_token")), 401)
	r.says("wrong secret", r.post("/token", "grant_type", "refresh_token", "refresh_token", next, "client_id", "app", "client_secret", "no"), 401, `{"error":"access_denied","error_description":"Unauthorized"}`)
	r.says("after the leeway", r.refresh(token), 403, `{"error":"invalid_grant","error_description":"Unknown or invalid refresh token."}`)
	r.says("the family", r.refresh(next), 403, `{"error":"invalid_grant","error_description":"Unknown or invalid refresh token."}`)
}

func TestProfileMicrosoft(t *testing.T) {
	t.Parallel()
	r := newProfileRig(t, "microsoft")
	first := r.pair("scope", "Mail.Read offline_access")
	equal(t, "expires_in", first.json["expires_in"], any(3599.0))
	token := first.text("refresh_token")
	next := r.refresh(token).text("refresh_token")
	if next == "" || next == token {
		t.Error("no new token came")
	}
	equal(t, "the old one", r.refresh(token).status, 200)
	got := r.post("/token", "grant_type", "refresh_token", "refresh_token", next, "client_id", "app", "client_secret", "no")
	equal(t, "wrong secret", got.status, 401)
	if !strings.HasPrefix(got.text("error_description"), "AADSTS7000215: ") || !strings.Contains(got.body, `"error_codes":[7000215]`) || got.text("trace_id") == "" || got.text("timestamp") != "2026-01-02 03:04:05Z" {
		t.Errorf("wrong secret: %s", got.body)
	}
	r.advance(90 * 24 * time.Hour)
	if got = r.refresh(next); got.text("error") != "invalid_grant" || !strings.Contains(got.body, `"error_codes":[700082]`) {
		t.Errorf("expiry: %s", got.body)
	}
	equal(t, "revocation", r.post("/revoke", asApp("token", token)...).status, 404)
}

// Every row of the table makes a server, a variant does not touch its profile, and a wrong name is told.
func TestProfiles(t *testing.T) {
	t.Parallel()
	names := []string{
		"exact_online", "twinfield", "visma_connect", "salesforce", "teamleader", "atlassian", "microsoft",
		"slack", "zoho", "quickbooks", "shopify", "xero", "github_app", "hubspot",
	}
	if got := sandbox.Profiles(); !slices.Equal(got, names) {
		t.Fatalf("profiles %q", got)
	}
	for _, name := range names {
		before, err := sandbox.ProfileSettings(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(sandbox.Variants(name)) < 2 {
			t.Errorf("%s has hardly a variant", name)
		}
		for _, v := range append(sandbox.Variants(name), name) {
			if _, err := sandbox.New(sandbox.Options{Profile: v}); err != nil {
				t.Errorf("%s: %v", v, err)
			}
		}
		if after, err := sandbox.ProfileSettings(name); err != nil || after != before {
			t.Errorf("%s became %+v", name, after)
		}
	}
	for name, want := range map[string]string{
		"nobody":         `unknown profile "nobody"; there are exact_online, twinfield`,
		"teamleader:odd": `unknown profile "teamleader:odd"; of teamleader there are teamleader:reuse_revokes_family`,
	} {
		if _, err := sandbox.New(sandbox.Options{Profile: name}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s, err := sandbox.ProfileSettings(""); err != nil || s != sandbox.DefaultSettings() {
		t.Errorf("no profile: %+v, %v", s, err)
	}
}
