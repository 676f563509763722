package sandbox_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

func pushedParams(more ...string) url.Values {
	return form(append([]string{
		"client_id", "app", "client_secret", secret, "response_type", "code", "redirect_uri", redirect, "state", "s", "scope", "read",
		"code_challenge", challenge, "code_challenge_method", "S256",
	}, more...)...)
}

// A pushed request is good for one answer, within its time, from its client, and with nothing beside it.
func TestPushedRequest(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(s *sandbox.Settings) { s.RequirePushedRequests, s.PushedRequestLifetime = true, 90*time.Second })
	pushed := r.do(r.postRequest("/par", pushedParams()))
	reference := pushed.text("request_uri")
	if pushed.status != 201 || !strings.HasPrefix(reference, "urn:ietf:params:oauth:request_uri:") || pushed.json["expires_in"] != float64(90) {
		t.Fatalf("%d %s", pushed.status, pushed.body)
	}
	address := func(pairs ...string) string { return r.running.BaseURL + "/authorize?" + form(pairs...).Encode() }
	for name, test := range map[string]struct{ address, want string }{
		"another client":   {address("client_id", "other", "request_uri", reference), "of another client"},
		"unknown":          {address("client_id", "app", "request_uri", "urn:x"), "unknown"},
		"a scope beside":   {address("client_id", "app", "request_uri", reference, "scope", "admin"), "scope stands beside a request_uri"},
		"not pushed":       {address("client_id", "app", "response_type", "code", "redirect_uri", redirect), "have to be pushed"},
		"not even a state": {address("client_id", "app"), "have to be pushed"},
	} {
		if _, err := r.Approve(test.address); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	good := address("client_id", "app", "request_uri", reference)
	if page := r.get(strings.TrimPrefix(good, r.running.BaseURL)); page.status != 200 {
		t.Errorf("the page: %d %s", page.status, page.body)
	}
	callback, err := r.Approve(good)
	if u, parseErr := url.Parse(callback); err != nil || parseErr != nil || u.Query().Get("state") != "s" || u.Query().Get("code") == "" {
		t.Fatalf("%s %v %v", callback, err, parseErr)
	}
	if _, err := r.Approve(good); err == nil || !strings.Contains(err.Error(), "used before") {
		t.Errorf("a second time: %v", err)
	}
	late := address("client_id", "app", "request_uri", r.do(r.postRequest("/par", pushedParams())).text("request_uri"))
	if _, err := r.AdvanceClock(90 * time.Second); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Approve(late); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("too late: %v", err)
	}
	if got := r.Counters().Pushes; got != 2 {
		t.Errorf("%d requests were pushed", got)
	}
}

func TestPushedRequestRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	without := func(name string) url.Values { v := pushedParams(); v.Del(name); return v }
	with := func(name, value string) url.Values { v := pushedParams(); v.Set(name, value); return v }
	for name, test := range map[string]struct {
		params url.Values
		status int
		code   string
	}{
		"no client":          {without("client_secret"), 401, "invalid_client"},
		"wrong secret":       {with("client_secret", "wrong"), 401, "invalid_client"},
		"a reference":        {with("request_uri", "urn:x"), 400, "invalid_request"},
		"redirect URI":       {with("redirect_uri", "https://elsewhere.example/"), 400, "invalid_request"},
		"response type":      {with("response_type", "token"), 400, "unsupported_response_type"},
		"challenge":          {with("code_challenge", "short"), 400, "invalid_request"},
		"thumbprint":         {with("dpop_jkt", "short"), 400, "invalid_request"},
		"said twice":         {form("client_id", "app", "client_secret", secret, "state", "a", "state", "b"), 400, "invalid_request"},
		"nothing but client": {form("client_id", "app", "client_secret", secret, "redirect_uri", redirect), 400, "invalid_request"},
	} {
		if got := r.do(r.postRequest("/par", test.params)); got.status != test.status || got.text("error") != test.code || got.text("request_uri") != "" {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	if got := r.Counters().Pushes; got != 0 {
		t.Errorf("%d requests were pushed", got)
	}
}
