package sandbox_test

import (
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// control sends body, if it is not empty, to the control API, and decodes the answer into out.
func (r *rig) control(method, path, body string, out any) int {
	r.Helper()
	request, err := http.NewRequestWithContext(r.Context(), method, r.running.ControlURL+path, strings.NewReader(body))
	if err != nil {
		r.Fatal(err)
	}
	got := r.do(request)
	if out != nil {
		if err := json.Unmarshal([]byte(got.body), out); err != nil {
			r.Fatalf("%s %s: %v in %s", method, path, err, got.body)
		}
	}
	return got.status
}

type object = map[string]any

func TestControlRunsAWholeCycle(t *testing.T) {
	r := newRig(t)
	var out object

	equal(t, "settings", r.control("POST", "settings", `{"rotation":"none","access_token_lifetime":"90s","earliest_refresh":60}`, &out), 200)
	equal(t, "rotation", out["rotation"], any("none"))
	equal(t, "on_reuse is untouched", out["on_reuse"], any("revoke_family"))
	equal(t, "lifetime", r.Settings().AccessTokenLifetime, 90*time.Second)
	equal(t, "earliest", r.Settings().EarliestRefresh, time.Minute)

	address := r.authorizationURL("response_type", "code", "client_id", "app", "redirect_uri", redirect)
	body, err := json.Marshal(object{"authorization_url": address})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "approve", r.control("POST", "approve", string(body), &out), 200)
	callback, _ := out["callback_url"].(string)
	code := r.query(callback).Get("code")
	tokens := r.post("/token", asApp("grant_type", "authorization_code", "code", code, "redirect_uri", redirect)...)
	equal(t, "exchange", tokens.status, 200)
	equal(t, "expires_in", tokens.json["expires_in"], any(90.0))
	body, err = json.Marshal(object{"authorization_url": address, "deny": true})
	if err != nil {
		t.Fatal(err)
	}
	r.control("POST", "approve", string(body), &out)
	callback, _ = out["callback_url"].(string)
	equal(t, "deny", r.query(callback).Get("error"), "access_denied")

	equal(t, "clock", r.control("POST", "clock", `{"advance":"1m30s"}`, &out), 200)
	equal(t, "now", out["now"], any("2026-01-02T03:05:35Z"))
	equal(t, "offset", out["offset"], any("1m30s"))
	equal(t, "expired", r.me(tokens.text("access_token")), 401)

	equal(t, "issue", r.control("POST", "issue", `{"client_id":"app","scopes":["a"]}`, &out), 200)
	equal(t, "family", out["family"], any("family-2"))
	equal(t, "expires_in", out["expires_in"], any(90.0))
	equal(t, "expires_at", out["expires_at"], any("2026-01-02T03:07:05Z"))
	accessToken, _ := out["access_token"].(string)
	equal(t, "resource", r.me(accessToken), 200)

	var families []object
	r.control("GET", "current", "", &families)
	equal(t, "families", len(families), 2)
	equal(t, "live access tokens of the first", families[0]["live_access_tokens"], any(0.0))
	equal(t, "live access tokens of the second", families[1]["live_access_tokens"], any(1.0))
	equal(t, "refresh token id", families[0]["refresh_token_id"], any(sandbox.TokenID(tokens.text("refresh_token"))))
	equal(t, "no token is shown", strings.Contains(r.get("/_sandbox/current").body, tokens.text("refresh_token")), false)

	equal(t, "revoke_family", r.control("POST", "revoke_family", `{"family":"family-2"}`, &out), 200)
	equal(t, "families hit", out["families"], any(1.0))
	equal(t, "resource", r.me(accessToken), 401)

	equal(t, "fault", r.control("POST", "faults", `{"action":"mutate","set":{"expires_in":1e300},"count":-1}`, &out), 200)
	var faults []object
	r.control("GET", "faults", "", &faults)
	equal(t, "faults", len(faults), 1)
	equal(t, "path", faults[0]["path"], any("/token"))
	equal(t, "when", faults[0]["when"], any("after"))
	equal(t, "mutated", strings.Contains(r.refresh(tokens.text("refresh_token")).body, `"expires_in":1e300`), true)
	equal(t, "clear", r.control("DELETE", "faults", "", nil), 200)
	equal(t, "faults", len(r.Faults()), 0)

	var held object
	r.control("GET", "held", "", &held)
	equal(t, "held", held["count"], any(0.0))
	equal(t, "release", r.control("POST", "release", "", &out), 200)

	var counters object
	r.control("GET", "counters", "", &counters)
	for name, want := range map[string]float64{
		"exchanges": 1, "refreshes": 1, "api_ok": 1, "api_unauthorized": 2, "consents": 1, "authorize_views": 2,
		"families_revoked": 1, "faults_fired": 1, "token_requests": 2, "token_arrivals": 2,
		"connections": 6, // to the main listener: the control API has its own
	} {
		equal(t, name, counters[name], any(want))
	}
	equal(t, "reset", r.control("POST", "reset_counters", "", nil), 200)
	equal(t, "everything is zero", reflect.DeepEqual(r.Counters(), sandbox.Counters{Errors: map[string]int{}}), true)

	var entries []object
	r.control("GET", "log", "", &entries)
	equal(t, "first entry", entries[0]["path"], any("/authorize"))
	equal(t, "seq", entries[0]["seq"], any(1.0))
	all := len(entries)
	r.control("GET", "log?since=2", "", &entries)
	equal(t, "since", len(entries), all-2)
	equal(t, "since, first", entries[0]["seq"], any(3.0))
	equal(t, "help", strings.Contains(r.get("/_sandbox/").body, "reset_counters"), true)
}

func TestControlRefuses(t *testing.T) {
	r := newRig(t)
	for _, test := range []struct{ method, path, body string }{
		{"POST", "clock", `{"advance":"-1h"}`},
		{"POST", "clock", `{"advance":"soon"}`},
		{"POST", "clock", `{"advance":[]}`},
		{"POST", "clock", `{"advance":1e300}`},
		{"POST", "clock", `{"retreat":"1h"}`},
		{"POST", "clock", `{"advance":"1h"} {}`},
		{"POST", "clock", `{`},
		{"POST", "settings", `{"rotation":"sometimes"}`},
		{"POST", "settings", `{"on_reuse":"shrug"}`},
		{"POST", "settings", `{"rotations":"none"}`},
		{"POST", "settings", `{"grace_period":"-1s"}`},
		{"POST", "settings", `{"too_early_status":200}`},
		{"POST", "settings", `{"too_early_error":""}`},
		{"POST", "approve", `{"authorization_url":"https://elsewhere.example/authorize"}`},
		{"POST", "issue", `{"client_id":"nobody"}`},
		{"POST", "issue", `{"client_id":"public","scopes":["admin"]}`},
		{"POST", "revoke_family", ``},
		{"POST", "revoke_family", `{"refresh_token":"unknown"}`},
		{"POST", "revoke_family", `{"family":"family-9"}`},
		{"POST", "revoke_family", `{"all":true,"family":"family-1"}`},
		{"POST", "revoke_family", `{"all":true,"only":"codes"}`},
		{"POST", "faults", `{"action":"explode"}`},
		{"POST", "faults", `{"action":"drop","wen":"after"}`},
		{"GET", "log?since=x", ``},
		{"GET", "log?since=-1", ``},
	} {
		var out object
		equal(t, test.path+" "+test.body, r.control(test.method, test.path, test.body, &out), 400)
		if text, _ := out["error"].(string); text == "" {
			t.Errorf("%s %s: no error text", test.path, test.body)
		}
	}
	equal(t, "settings", r.Settings(), sandbox.DefaultSettings())
	equal(t, "clock", r.Now().UTC().Format(time.RFC3339), testMoment)
	equal(t, "method", r.control("DELETE", "clock", "", nil), 405)
	equal(t, "path", r.control("GET", "nothing", "", nil), 404)
}

func TestRevokeFamily(t *testing.T) {
	for name, test := range map[string]struct {
		only    string
		access  int
		refresh string // the reason of the refusal; empty if it works
		killed  int
	}{
		"everything":     {"", 401, "refresh_revoked", 2},
		"refresh tokens": {"refresh_tokens", 200, "refresh_revoked", 0},
		"access tokens":  {"access_tokens", 401, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(s *sandbox.Settings) { s.OnReuse = sandbox.ReuseReject })
			first, second := r.issue(), r.issue()
			spent := second.RefreshToken
			second.RefreshToken = r.refresh(spent).text("refresh_token")
			n, err := r.RevokeFamily(sandbox.Revocation{RefreshToken: first.RefreshToken, Only: test.only})
			equal(t, "error", err, nil)
			equal(t, "families", n, 1)
			equal(t, "the other family", r.me(second.AccessToken), 200)
			n, err = r.RevokeFamily(sandbox.Revocation{All: true, Only: test.only})
			equal(t, "error", err, nil)
			equal(t, "families", n, 2)
			for _, issued := range []sandbox.Issued{first, second} {
				equal(t, "access", r.me(issued.AccessToken), test.access)
				r.refresh(issued.RefreshToken)
				equal(t, "refresh", r.lastEntry().Reason, test.refresh)
			}
			r.refresh(spent)
			equal(t, "a spent token stays spent", r.lastEntry().Reason, "refresh_reused")
			equal(t, "families_revoked", r.Counters().FamiliesRevoked, test.killed)
		})
	}
}

func TestSecretsAreAllThere(t *testing.T) {
	r := newRig(t)
	code := r.code()
	tokens := r.exchange(code)
	next := r.refresh(tokens.text("refresh_token"))
	issued := r.issue()
	got := map[string]sandbox.SecretKind{}
	for _, s := range r.Secrets() {
		got[s.Value] = s.Kind
	}
	for value, kind := range map[string]sandbox.SecretKind{
		secret: sandbox.SecretClient, "other-secret": sandbox.SecretClient, code: sandbox.SecretCode,
		tokens.text("access_token"): sandbox.SecretAccess, tokens.text("refresh_token"): sandbox.SecretRefresh,
		next.text("access_token"): sandbox.SecretAccess, next.text("refresh_token"): sandbox.SecretRefresh,
		issued.AccessToken: sandbox.SecretAccess, issued.RefreshToken: sandbox.SecretRefresh,
	} {
		equal(t, "kind of a secret", got[value], kind)
	}
	equal(t, "secrets", len(got), 9)
	var out struct{ Secrets []sandbox.Secret }
	r.control("GET", "secrets", "", &out)
	equal(t, "over HTTP", reflect.DeepEqual(out.Secrets, r.Secrets()), true)
}

// Log, counters, faults and families can be shown to anybody.
func TestTheLogHoldsNoSecret(t *testing.T) {
	r := newRig(t)
	code := r.code()
	tokens := r.exchange(code)
	r.exchange(code)
	r.me(tokens.text("access_token"))
	r.refresh(tokens.text("refresh_token"))
	r.post("/revoke", asApp("token", tokens.text("refresh_token"))...)
	shown := ""
	for _, path := range []string{"log", "counters", "faults", "current", "held", "settings"} {
		shown += r.get("/_sandbox/" + path).body
	}
	for _, s := range r.Secrets() {
		if strings.Contains(shown, s.Value) {
			t.Errorf("a %s is shown", s.Kind)
		}
	}
	log := r.Log()
	equal(t, "entries", len(log), 6)
	for i, want := range []sandbox.Entry{
		{Method: "POST", Path: "/authorize", Status: 302, TokenID: sandbox.TokenID(code)},
		{Method: "POST", Path: "/token", GrantType: "authorization_code", AuthMethod: "client_secret_post", Parameters: "client_id client_secret code code_verifier grant_type redirect_uri", Status: 200, TokenID: sandbox.TokenID(code)},
		{Method: "POST", Path: "/token", GrantType: "authorization_code", AuthMethod: "client_secret_post", Parameters: "client_id client_secret code code_verifier grant_type redirect_uri", Status: 400, TokenID: sandbox.TokenID(code), Error: "invalid_grant", Reason: "code_replayed"},
		{Method: "GET", Path: "/api/me", Status: 401, Error: "invalid_token", TokenID: sandbox.TokenID(tokens.text("access_token"))},
		{Method: "POST", Path: "/token", GrantType: "refresh_token", AuthMethod: "client_secret_post", Parameters: "client_id client_secret grant_type refresh_token", Status: 400, TokenID: sandbox.TokenID(tokens.text("refresh_token")), Error: "invalid_grant", Reason: "refresh_revoked"},
		{Method: "POST", Path: "/revoke", AuthMethod: "client_secret_post", Parameters: "client_id client_secret token", Status: 200, TokenID: sandbox.TokenID(tokens.text("refresh_token"))},
	} {
		want.Seq, want.Processed, want.Time, want.ClientID = i+1, true, r.Now().UTC(), "app"
		if want.Path == "/api/me" {
			want.ClientID = "" // the token was dead
		}
		equal(t, want.Path, log[i], want)
	}
}

func TestTokenID(t *testing.T) {
	equal(t, "abc", sandbox.TokenID("abc"), "ba7816bf") // FIPS 180-2, appendix B.1
	equal(t, "nothing", sandbox.TokenID(""), "")
}

func TestSettingsAsJSON(t *testing.T) {
	got, err := json.Marshal(sandbox.DefaultSettings())
	equal(t, "error", err, nil)
	equal(t, "defaults", string(got), `{"rotation":"single_use","on_reuse":"revoke_family","grace_period":"30s",`+
		`"access_token_lifetime":"10m0s","refresh_token_idle_lifetime":"0s","refresh_token_absolute_lifetime":"0s",`+
		`"code_lifetime":"10m0s","earliest_refresh":"0s","too_early_status":400,"too_early_error":"too_early",`+
		`"too_early_body":"","token_calls":0,"token_calls_window":"0s","omit_refresh_token":false,"keep_access_on_revocation":false,"require_pkce":false,"require_pushed_requests":false,"pushed_request_lifetime":"0s","nonces":"","nonces_at_api":"","ignore_proofs":false}`)
	want := sandbox.Settings{
		Rotation: "none", OnReuse: "reject", GracePeriod: 1, AccessTokenLifetime: 2, RefreshTokenIdleLifetime: 3,
		RefreshTokenAbsoluteLifetime: 4, CodeLifetime: 5, EarliestRefresh: 6, TooEarlyStatus: 401, TooEarlyError: "a",
		TooEarlyBody: "b", TokenCalls: 7, TokenCallsWindow: 8, OmitRefreshToken: true, KeepAccessOnRevocation: true, RequirePKCE: true,
	}
	encoded, err := json.Marshal(want)
	equal(t, "error", err, nil)
	var back sandbox.Settings
	equal(t, "error", json.Unmarshal(encoded, &back), nil)
	equal(t, "round trip", back, want)
	equal(t, "error", json.Unmarshal([]byte(`{"grace_period":null,"code_lifetime":1.5}`), &back), nil)
	equal(t, "null changes nothing", back.GracePeriod, 1)
	equal(t, "seconds", back.CodeLifetime, 1500*time.Millisecond)
}

func TestTheSameRandomnessGivesTheSameTokens(t *testing.T) {
	run := func() []sandbox.Secret {
		server, err := sandbox.New(sandbox.Options{
			Clients: []sandbox.Client{{ID: "app"}}, Random: rand.NewChaCha8([32]byte{1}), Issuer: "https://as.example/",
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if _, err := server.Issue("app"); err != nil {
				t.Fatal(err)
			}
		}
		return server.Secrets()
	}
	first := run()
	equal(t, "secrets", len(first), 6)
	equal(t, "repeatable", reflect.DeepEqual(first, run()), true)
}

// Without randomness nothing is issued, and nothing is spent.
func TestRandomnessFails(t *testing.T) {
	random := &switchable{Reader: rand.NewChaCha8([32]byte{1})}
	server, err := sandbox.New(sandbox.Options{Clients: []sandbox.Client{
		{ID: "app", Secret: secret, RedirectURIs: []string{redirect}},
	}, Random: random})
	if err != nil {
		t.Fatal(err)
	}
	running, err := server.Start(sandbox.Listen{})
	if err != nil {
		t.Fatal(err)
	}
	defer running.Close()
	r := &rig{T: t, Server: server, running: running, client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
	issued, code := r.issue(), r.code()
	random.broken = true
	equal(t, "refresh", r.refresh(issued.RefreshToken).text("error"), "server_error")
	equal(t, "exchange", r.exchange(code).status, 500)
	equal(t, "client credentials", r.post("/token", asApp("grant_type", "client_credentials")...).status, 500)
	callback, err := r.Approve(r.authorizationURL("response_type", "code", "client_id", "app"))
	equal(t, "approve", err, nil)
	equal(t, "error", r.query(callback).Get("error"), "server_error")
	if _, err := r.Issue("app"); err == nil {
		t.Error("tokens were issued")
	}
	random.broken = false
	equal(t, "exchange afterwards", r.exchange(code).status, 200)
}

type switchable struct {
	io.Reader
	broken bool
}

func (s *switchable) Read(p []byte) (int, error) {
	if s.broken {
		return 0, errors.New("no entropy")
	}
	return s.Reader.Read(p)
}
