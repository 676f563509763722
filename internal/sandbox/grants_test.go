package sandbox_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

const (
	deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"
	bearerGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
)

// ask posts a form as the client "app", and returns the error code, or nothing.
func (r *rig) ask(path string, form url.Values) answer {
	r.Helper()
	request, err := http.NewRequestWithContext(r.Context(), http.MethodPost, r.running.BaseURL+path, strings.NewReader(form.Encode()))
	if err != nil {
		r.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(url.QueryEscape("app"), url.QueryEscape(secret))
	a, err := r.try(request)
	if err != nil {
		r.Fatal(err)
	}
	return a
}

func (r *rig) later(d time.Duration) {
	r.Helper()
	if _, err := r.AdvanceClock(d); err != nil {
		r.Fatal(err)
	}
}

func TestDeviceFlow(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	begin := func() (code, user string) {
		t.Helper()
		a := r.ask("/device_authorization", url.Values{"scope": {"read"}})
		if a.status != 200 || a.json["expires_in"] != 600.0 || a.json["interval"] != 5.0 || a.text("verification_uri") != r.running.BaseURL+"/device" {
			t.Fatalf("begun: %d %s", a.status, a.body)
		}
		return a.text("device_code"), a.text("user_code")
	}
	poll := func(code string) answer {
		t.Helper()
		return r.ask("/token", url.Values{"grant_type": {deviceGrant}, "device_code": {code}})
	}
	want := func(code, want string) {
		t.Helper()
		if a := poll(code); a.text("error") != want {
			t.Errorf("polled: %d %s, want %q", a.status, a.body, want)
		}
	}
	code, user := begin()
	want(code, "slow_down") // too soon
	r.later(5 * time.Second)
	want(code, "slow_down") // the interval is 10 seconds by now, and grows
	r.later(15 * time.Second)
	want(code, "authorization_pending")
	if err := r.ConfirmDevice("nobody's"); err == nil {
		t.Error("an unknown code was confirmed")
	}
	if err := r.ConfirmDevice(strings.ToLower(user)); err != nil {
		t.Error(err)
	}
	if err := r.RefuseDevice(user); err == nil {
		t.Error("a code was decided on twice")
	}
	r.later(15 * time.Second)
	a := poll(code)
	if a.text("access_token") == "" || a.text("refresh_token") == "" || a.text("scope") != "read" {
		t.Fatalf("collected: %s", a.body)
	}
	want(code, "invalid_grant") // and the tokens are dead
	if c := r.Counters(); c.CodeReplays != 1 || c.FamiliesRevoked != 1 || c.DeviceCodes != 1 || c.Polls != 5 {
		t.Errorf("counters %+v", c)
	}

	code, user = begin()
	if err := r.RefuseDevice(user); err != nil {
		t.Error(err)
	}
	r.later(5 * time.Second)
	want(code, "access_denied")
	code, user = begin()
	r.later(10 * time.Minute)
	want(code, "expired_token")
	if err := r.ConfirmDevice(user); err == nil {
		t.Error("an expired code was confirmed")
	}
	code, _ = begin()
	r.PlanPolls("authorization_pending", "expired_token")
	r.later(5 * time.Second)
	want(code, "authorization_pending")
	want(code, "expired_token")
	want("", "invalid_request")
	want("unknown", "invalid_grant")
}

func TestFurtherGrants(t *testing.T) {
	t.Parallel()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t)
	for _, grant := range []string{"password", bearerGrant, "urn:ietf:params:oauth:grant-type:token-exchange", "urn:x"} {
		if a := r.ask("/token", url.Values{"grant_type": {grant}}); a.text("error") != "unsupported_grant_type" {
			t.Errorf("%s is offered by itself: %s", grant, a.body)
		}
	}
	r.UpdateGrants(func(g *sandbox.Grants) {
		*g = sandbox.Grants{
			Users: map[string]string{"u": "p"}, AssertionKeys: map[string]crypto.PublicKey{"me": public}, Exchange: true,
			Extensions: map[string]map[string]string{"urn:x": {"pin": "1", "who": ""}},
		}
	})
	now := r.Now().Unix()
	sign := func(claims map[string]any) string {
		t.Helper()
		encode := func(v any) string {
			text, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			return base64.RawURLEncoding.EncodeToString(text)
		}
		signed := encode(map[string]any{"alg": "EdDSA"}) + "." + encode(claims)
		return signed + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(key, []byte(signed)))
	}
	claims := func(change func(map[string]any)) url.Values {
		c := map[string]any{"iss": "me", "aud": r.running.BaseURL + "/token", "jti": rand.Text(), "iat": now, "exp": now + 60, "sub": "you"}
		if change != nil {
			change(c)
		}
		return url.Values{"grant_type": {bearerGrant}, "assertion": {sign(c)}}
	}
	good := claims(nil)
	issued, err := r.Issue("app", "read", "write")
	if err != nil {
		t.Fatal(err)
	}
	exchange := func(token, scope string, more ...string) url.Values {
		v := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:token-exchange"}, "subject_token": {token}, "subject_token_type": {"urn:x"}, "scope": {scope}}
		for i := 0; i+1 < len(more); i += 2 {
			v.Set(more[i], more[i+1])
		}
		return v
	}
	for _, tt := range []struct {
		name string
		form url.Values
		want string
	}{
		{"password", url.Values{"grant_type": {"password"}, "username": {"u"}, "password": {"p"}}, ""},
		{"wrong password", url.Values{"grant_type": {"password"}, "username": {"u"}, "password": {"q"}}, "invalid_grant"},
		{"no password", url.Values{"grant_type": {"password"}, "username": {"u"}}, "invalid_request"},
		{"assertion", good, ""},
		{"the same assertion", good, "invalid_grant"},
		{"no jti", claims(func(c map[string]any) { delete(c, "jti") }), "invalid_grant"},
		{"expired", claims(func(c map[string]any) { c["exp"] = now - 61 }), "invalid_grant"},
		{"too long", claims(func(c map[string]any) { c["exp"] = now + 7200 }), "invalid_grant"},
		{"for somebody else", claims(func(c map[string]any) { c["aud"] = "https://other.example" }), "invalid_grant"},
		{"for several", claims(func(c map[string]any) { c["aud"] = []string{"x", r.running.BaseURL} }), ""},
		{"of somebody else", claims(func(c map[string]any) { c["iss"] = "you" }), "invalid_grant"},
		{"changed", url.Values{"grant_type": {bearerGrant}, "assertion": {good.Get("assertion") + "AA"}}, "invalid_grant"},
		{"rubbish", url.Values{"grant_type": {bearerGrant}, "assertion": {"a.b"}}, "invalid_grant"},
		{"exchange", exchange(issued.AccessToken, "read"), ""},
		{"exchange for more", exchange(issued.AccessToken, "admin"), "invalid_scope"},
		{"exchange of the dead", exchange("x", "read"), "invalid_request"},
		{"actor without its type", exchange(issued.AccessToken, "read", "actor_token", issued.AccessToken), "invalid_request"},
		{"extension", url.Values{"grant_type": {"urn:x"}, "pin": {"1"}, "who": {"me"}}, ""},
		{"extension refused", url.Values{"grant_type": {"urn:x"}, "pin": {"2"}, "who": {"me"}}, "invalid_grant"},
		{"repeated resource", url.Values{"grant_type": {"urn:x"}, "pin": {"1"}, "who": {"me"}, "resource": {"urn:a", "urn:b"}}, ""},
		{"repeated pin", url.Values{"grant_type": {"urn:x"}, "pin": {"1", "1"}, "who": {"me"}}, "invalid_request"},
	} {
		if a := r.ask("/token", tt.form); a.text("error") != tt.want || (a.text("access_token") == "") == (tt.want == "") {
			t.Errorf("%s: %d %s, want %q", tt.name, a.status, a.body, tt.want)
		}
	}
	if log := r.Log(); log[len(log)-2].Resource != "urn:a urn:b" {
		t.Errorf("logged %+v", log[len(log)-2])
	}
}
