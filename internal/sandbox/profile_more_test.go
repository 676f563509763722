package sandbox_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// basicPair is pair for an app that authenticates by Basic.
func (r *rig) basicPair(pairs ...string) answer {
	r.Helper()
	callback, err := r.consentWith(pairs...)
	if err != nil || callback.Get("code") == "" {
		r.Fatalf("no code: %v, %v", callback.Get("error_description"), err)
	}
	return r.basicPost("/token", "grant_type", "authorization_code", "code", callback.Get("code"), "redirect_uri", redirect)
}

func (r *rig) basicRefresh(token string) answer {
	r.Helper()
	return r.basicPost("/token", "grant_type", "refresh_token", "refresh_token", token)
}

// denied is what a consent with these parameters fails with; empty if it does not.
func (r *rig) denied(pairs ...string) string {
	r.Helper()
	callback, err := r.consentWith(pairs...)
	if err != nil {
		r.Fatal(err)
	}
	return callback.Get("error_description")
}

func TestProfileSlack(t *testing.T) {
	t.Parallel()
	r := newProfileRig(t, "slack")
	equal(t, "PKCE", r.denied("code_challenge", challenge, "code_challenge_method", "S256"), "code_challenge is not known here")
	equal(t, "scopes with a space between", r.denied("scope", "chat:write users:read"), "a scope has a space in it")
	bot := r.basicPair("scope", "chat:write,users:read", "user_scope", "search:read")
	if bot.json["expires_in"] != 43200.0 || bot.text("scope") != "chat:write,users:read" || bot.json["ok"] != true || bot.json["authed_user"] != nil {
		t.Errorf("the bot's reply: %s", bot.body)
	}
	next := r.refresh(bot.text("refresh_token")).text("refresh_token")
	r.says("reuse", r.refresh(bot.text("refresh_token")), 200, `{"error":"invalid_refresh_token","ok":false}`)
	equal(t, "the newest lives", r.refresh(next).json["ok"], any(true))
	r.says("an unknown one", r.refresh("x"), 200, `{"error":"invalid_refresh_token","ok":false}`)
	r.says("wrong secret", r.post("/token", "grant_type", "refresh_token", "refresh_token", "x", "client_id", "app", "client_secret", "no"), 200,
		`{"error":"invalid_client","error_description":"wrong client secret","ok":false}`)
	equal(t, "revocation", r.post("/revoke", asApp("token", next)...).status, 404)

	user := func(a answer) map[string]any {
		t.Helper()
		inner, ok := a.json["authed_user"].(map[string]any)
		if !ok || a.json["access_token"] != nil || a.json["refresh_token"] != nil || a.json["ok"] != true {
			t.Fatalf("the user's reply: %s", a.body)
		}
		return inner
	}
	first := user(r.pair("user_scope", "search:read,users:read"))
	equal(t, "scopes of the user", first["scope"], any("search:read,users:read"))
	token, _ := first["refresh_token"].(string)
	if second := user(r.refresh(token)); second["refresh_token"] == any(token) || second["access_token"] == nil {
		t.Errorf("the refresh: %v", second)
	}

	r = newProfileRig(t, "slack:user_refreshed_at_top")
	token, _ = user(r.pair("user_scope", "search:read"))["refresh_token"].(string)
	equal(t, "the refresh", r.refresh(token).text("access_token") != "", true)

	r = newProfileRig(t, "slack:rotation_off")
	for _, name := range []string{"expires_in", "refresh_token"} {
		if got, there := r.pair("scope", "chat:write").json[name]; there {
			t.Errorf("without rotation: %s %v", name, got)
		}
	}
}

func TestProfileZoho(t *testing.T) {
	t.Parallel()
	r := newProfileRig(t, "zoho")
	offline := []string{"access_type", "offline", "prompt", "consent"}
	equal(t, "scopes with a space between", r.denied("scope", "a.READ b.READ"), "a scope has a space in it")
	callback, err := r.consentWith(append(offline, "scope", "a.READ,b.READ")...)
	if err != nil || callback.Get("location") != "eu" || callback.Get("accounts-server") != "https://accounts.zoho.eu" || callback.Has("iss") {
		t.Fatalf("callback %v, %v", callback, err)
	}
	first := r.swap(callback)
	equal(t, "api_domain", first.text("api_domain"), "https://www.zohoapis.eu")
	equal(t, "scope", first.text("scope"), "a.READ,b.READ")
	r.says("the code again", r.swap(callback), 200, `{"error":"invalid_code"}`)
	for name, less := range map[string][]string{"access_type": offline[2:], "prompt": offline[:2]} {
		if got := r.pair(less...); got.text("access_token") == "" || got.text("refresh_token") != "" {
			t.Errorf("without %s: %s", name, got.body)
		}
	}
	callback, err = r.consentWith(offline...)
	if err != nil {
		t.Fatal(err)
	}
	r.advance(2 * time.Minute)
	r.says("the code after two minutes", r.swap(callback), 200, `{"error":"invalid_code"}`)
	equal(t, "by Basic", r.basicRefresh("x").text("error"), "invalid_client")

	// The 21st ends the oldest.
	token := r.pair(offline...).text("refresh_token")
	for range 19 {
		r.pair(offline...)
	}
	again := r.refresh(token)
	equal(t, "the first of twenty", again.text("refresh_token"), token)
	equal(t, "it is told where the API is", again.text("api_domain"), "https://www.zohoapis.eu")
	newest := r.pair(offline...).text("refresh_token")
	r.says("the first of twenty-one", r.refresh(token), 200, `{"error":"invalid_code"}`)
	r.advance(100 * 365 * 24 * time.Hour)
	equal(t, "it never ends", r.refresh(newest).text("refresh_token"), newest)
	equal(t, "revocation", r.post("/revoke", asApp("token", newest)...).status, 200)
	r.says("after the revocation", r.refresh(newest), 200, `{"error":"invalid_code"}`)

	r = newProfileRig(t, "zoho:refresh_token_once")
	equal(t, "a refresh repeats no token", r.refresh(r.issue().RefreshToken).text("refresh_token"), "")
}

// TestProfileZohoCalls: a refresh token gives ten access tokens in ten minutes; another of the same user is counted by itself.
func TestProfileZohoCalls(t *testing.T) {
	t.Parallel()
	const words = `{"error":"Access Denied","error_description":"You have made too many requests continuously.","status":"failure"}`
	for name, status := range map[string]int{"zoho": 200, "zoho:throttled_400": 400} {
		r := newProfileRig(t, name)
		token, other := r.issue().RefreshToken, r.issue().RefreshToken
		for range 10 {
			equal(t, "within the limit", r.refresh(token).text("refresh_token"), token)
		}
		r.advance(10*time.Minute - 1)
		r.says("the eleventh", r.refresh(token), status, words)
		equal(t, "why", r.lastEntry().Reason, "too_many_calls")
		equal(t, "another token", r.refresh(other).text("refresh_token"), other)
		for range 20 {
			r.pair()
		}
		r.advance(1)
		equal(t, "ten minutes later", r.refresh(r.pair("access_type", "offline", "prompt", "consent").text("refresh_token")).status, 200)
	}
}

func TestProfileQuickBooks(t *testing.T) {
	t.Parallel()
	r := newProfileRig(t, "quickbooks")
	const scope = "com.intuit.quickbooks.accounting"
	equal(t, "no scope", r.denied(), "a required scope is missing")
	callback, err := r.Approve(r.authorizationURL("response_type", "code", "client_id", "app", "redirect_uri", redirect, "scope", scope))
	if err != nil || r.query(callback).Get("error_description") != "state is missing or wrong" {
		t.Errorf("no state: %s, %v", callback, err)
	}
	params, err := r.consentWith("scope", scope)
	if err != nil || params.Get("realmId") != "9130350000000001" {
		t.Fatalf("callback %v, %v", params, err)
	}
	equal(t, "credentials in the body", r.swap(params).status, 401)
	first := r.basicPair("scope", scope)
	if first.json["expires_in"] != 3600.0 || first.json["x_refresh_token_expires_in"] != 8640000.0 || first.json["x_refresh_token_hard_expires_in"] != 157680000.0 {
		t.Errorf("the reply: %s", first.body)
	}
	token := first.text("refresh_token")
	r.advance(99 * 24 * time.Hour)
	same := r.basicRefresh(token)
	equal(t, "the same value", same.text("refresh_token"), token)
	equal(t, "a hundred days more", same.json["x_refresh_token_expires_in"], any(8640000.0))
	equal(t, "of the five years", same.json["x_refresh_token_hard_expires_in"], any(157680000.0-99*86400))
	changed := r.basicRefresh(token).text("refresh_token")
	equal(t, "the value changed", changed != token, true)
	equal(t, "the one before", r.basicRefresh(token).status, 200)
	dead := r.basicRefresh("x")
	r.says("an unknown one", dead, 400, `{"error":"invalid_grant","error_description":"unknown refresh token"}`)
	equal(t, "intuit_tid", dead.header.Get("intuit_tid") != "" && same.header.Get("intuit_tid") != "", true)
	r.advance(100 * 24 * time.Hour)
	equal(t, "after a hundred days", r.basicRefresh(changed).text("error_description"), "the refresh token has expired")

	token = r.basicPair("scope", scope).text("refresh_token")
	for range 18 {
		r.advance(99 * 24 * time.Hour)
		token = r.basicRefresh(token).text("refresh_token")
	}
	equal(t, "the end of the five years is nearer", r.basicRefresh(token).json["x_refresh_token_expires_in"], any((1825-18*99)*86400.0))
	equal(t, "revocation", r.basicPost("/revoke", "token", token).status, 200)

	r = newProfileRig(t, "quickbooks:no_hard_end")
	if got, there := r.basicPair("scope", scope).json["x_refresh_token_hard_expires_in"]; there {
		t.Errorf("a hard end: %v", got)
	}
}

func TestProfileShopify(t *testing.T) {
	t.Parallel()
	r := newProfileRig(t, "shopify")
	if callback, err := r.consentWith(); err != nil || !callback.Has("hmac") {
		t.Errorf("callback %v, %v", callback, err)
	}
	endless := r.pair()
	if _, there := endless.json["expires_in"]; there || endless.text("refresh_token") != "" {
		t.Errorf("without expiring=1: %s", endless.body)
	}
	r.advance(10 * 365 * 24 * time.Hour)
	equal(t, "it never ends", r.me(endless.text("access_token")), 200)
	expiring := func() answer {
		callback, err := r.consentWith()
		if err != nil {
			t.Fatal(err)
		}
		return r.post("/token", asApp("grant_type", "authorization_code", "code", callback.Get("code"), "redirect_uri", redirect, "expiring", "1")...)
	}
	first := expiring()
	equal(t, "expires_in", first.json["expires_in"], any(3600.0))
	token := first.text("refresh_token")
	equal(t, "by Basic", r.basicRefresh(token).status, 401)
	r.refresh(token)
	second := r.refresh(token)
	equal(t, "the old one until the successor is used", second.status, 200)
	equal(t, "the successor", r.me(second.text("access_token")), 200)
	equal(t, "the old one after that", r.refresh(token).text("error"), "invalid_grant")
	r.advance(90 * 24 * time.Hour)
	equal(t, "after ninety days", r.refresh(second.text("refresh_token")).text("error_description"), "the refresh token has expired")
	equal(t, "revocation", r.post("/revoke", asApp("token", "x")...).status, 404)

	r = newProfileRig(t, "shopify:tells_refresh_end")
	equal(t, "refresh_token_expires_in", expiring().json["refresh_token_expires_in"], any(7776000.0))
}

func TestProfileXero(t *testing.T) {
	t.Parallel()
	r := newProfileRig(t, "xero")
	equal(t, "without offline_access", r.basicPair("scope", "accounting.transactions").text("refresh_token"), "")
	first := r.basicPair("scope", "offline_access accounting.transactions")
	equal(t, "expires_in", first.json["expires_in"], any(1800.0))
	token := first.text("refresh_token")
	equal(t, "credentials in the body", r.refresh(token).status, 401)
	next := r.basicRefresh(token).text("refresh_token")
	r.advance(30*time.Minute - 1)
	equal(t, "the same one within the grace", r.basicRefresh(token).status, 200)
	r.advance(1)
	equal(t, "after the grace", r.basicRefresh(token).text("error"), "invalid_grant")
	newest := r.basicRefresh(next)
	equal(t, "the successor lives", newest.status, 200)

	request := r.newRequest("GET", "/connections", nil)
	request.Header.Set("Authorization", "Bearer "+newest.text("access_token"))
	if got := r.do(request); got.status != 200 || !strings.Contains(got.body, `"tenantId": "70784a63-d24b-46a9-a4db-0e70a274b056"`) {
		t.Errorf("connections: %d %s", got.status, got.body)
	}
	equal(t, "connections without a token", r.get("/connections").status, 401)
	r.advance(60 * 24 * time.Hour)
	equal(t, "after sixty days", r.basicRefresh(newest.text("refresh_token")).text("error_description"), "the refresh token has expired")
}

func TestProfileGitHubApp(t *testing.T) {
	t.Parallel()
	r := newProfileRig(t, "github_app")
	values, err := url.ParseQuery(r.pair("scope", "ignored").body)
	if err != nil || values.Get("expires_in") != "28800" || values.Get("refresh_token_expires_in") != "15811200" || values.Has("scope") {
		t.Fatalf("the reply: %v, %v", values, err)
	}
	asJSON := func(token string) answer {
		request := r.refreshRequest(token)
		request.Header.Set("Accept", "application/json")
		return r.do(request)
	}
	next := asJSON(values.Get("refresh_token"))
	equal(t, "the token before, at once", r.me(values.Get("access_token")), 200)
	r.advance(1)
	equal(t, "the token before", r.me(values.Get("access_token")), 401)
	equal(t, "the new one", r.me(next.text("access_token")), 200)
	r.says("reuse", asJSON(values.Get("refresh_token")), 200, `{"error":"bad_refresh_token"}`)
	equal(t, "the newest lives", asJSON(next.text("refresh_token")).text("error"), "")
	r.says("reuse, in a form", r.refresh(values.Get("refresh_token")), 200, "error=bad_refresh_token")
	r.says("wrong secret", r.post("/token", "grant_type", "refresh_token", "refresh_token", "x", "client_id", "app", "client_secret", "no"), 200, "error=incorrect_client_credentials")
	r.says("wrong code", r.exchange("x"), 200, "error=bad_verification_code")
	equal(t, "revocation", r.post("/revoke", asApp("token", "x")...).status, 404)

	r = newProfileRig(t, "github_app:idle_180_days")
	token := r.issue().RefreshToken
	r.advance(180 * 24 * time.Hour)
	r.says("after 180 days", asJSON(token), 200, `{"error":"bad_refresh_token"}`)
}

func TestProfileHubSpot(t *testing.T) {
	t.Parallel()
	r := newProfileRig(t, "hubspot")
	first := r.pair("scope", "crm.objects.contacts.read")
	equal(t, "expires_in", first.json["expires_in"], any(1800.0))
	token := first.text("refresh_token")
	r.advance(100 * 365 * 24 * time.Hour)
	equal(t, "the same one, at any time", r.refresh(token).text("refresh_token"), token)
	equal(t, "by Basic", r.basicRefresh(token).status, 401)
	r.says("an unknown one", r.refresh("x"), 400, `{"status":"BAD_REFRESH_TOKEN","message":"missing or unknown refresh token"}`)
	r.says("an unknown code", r.exchange("x"), 400, `{"status":"BAD_AUTH_CODE","message":"missing or unknown auth code"}`)
	equal(t, "revocation", r.post("/revoke", asApp("token", token)...).status, 404)
}

// TestProfileResources: what the APIs of platforms tell of a token, and that they want one.
func TestProfileResources(t *testing.T) {
	t.Parallel()
	r := newProfileRig(t, "twinfield")
	const path = "/auth/authentication/connect/accesstokenvalidation?token="
	got := r.get(path + r.issue().AccessToken)
	equal(t, "the cluster", got.text("twf.clusterUrl"), "https://api.accounting1.twinfield.com")
	equal(t, "a token that is no good", r.get(path+"x").status, 400)
	equal(t, "counted", r.Counters().APIOK+r.Counters().APIUnauthorized, 2)

	r = newProfileRig(t, "atlassian")
	request := r.newRequest("GET", "/oauth/token/accessible-resources", nil)
	request.Header.Set("Authorization", "Bearer "+r.issue().AccessToken)
	if got := r.do(request); got.status != 200 || !strings.HasPrefix(strings.TrimLeft(got.body, "[ \n\t"), `{"id": "1324a887-45db-1bf4-1e99-ef0ff456d421"`) {
		t.Errorf("sites: %d %s", got.status, got.body)
	}
	r = newRig(t, func(*sandbox.Settings) {})
	equal(t, "without a profile", r.get("/connections").status, 404)
}
