//go:build unix

package acceptance_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// with is a parameter of a callback changed, or removed if the value is empty.
func with(t testing.TB, callback, name, value string) string {
	t.Helper()
	u, err := url.Parse(callback)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set(name, value)
	if value == "" {
		q.Del(name)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// codeOf is the authorization code of a callback.
func codeOf(t testing.TB, callback string) string {
	t.Helper()
	u, err := url.Parse(callback)
	if err != nil || u.Query().Get("code") == "" {
		t.Fatalf("no code in the callback: %v", err)
	}
	return u.Query().Get("code")
}

func attribute(name, value string) string { return fmt.Sprintf("%s = %q", name, value) }

// The first authorization takes two applies: one gives a URL, the other takes what the browser showed. Consumers by .id
// wait for it. A new callback authorizes again, in place.
func TestAuthorizeInTwoApplies(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	config := func(grant string) string {
		return s.registration("app", "") + fmt.Sprintf(`
resource "oauth_token_pair" "this" {
  name               = "two-steps"
  client             = oauth_app_registration.this.client
  authorization_code = {
    scopes = ["read", "write"]
    %s
  }
}
data "oauth_access_token" "x" {
  token_pair         = oauth_token_pair.this.id
  allow_unauthorized = true
}
ephemeral "oauth_access_token" "x" {
  token_pair         = oauth_token_pair.this.id
  allow_unauthorized = true
}
`, grant)
	}
	w.write(config(""))
	first := w.apply()
	w.expect(this, values{"status": "authorization_required", "generation": 0, "access_token": nil, "refresh_token": nil, "id": "two-steps"})
	offered := w.string(this, "authorization_url")
	first.mustSay(t, "Warning: Authorization Required", `Token pair "two-steps" has not been authorized yet.`, "Open this URL, consent", offered)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.", offered)

	w.write(config(attribute("callback_url", s.consent(offered))))
	w.plan().mustSay(t, "oauth_token_pair.this will be updated in-place", `id = "two-steps" -> (known after apply)`,
		"data.oauth_access_token.x will be read during apply", "0 to add, 1 to change, 0 to destroy")
	s.expectCalls(calls{})
	done := w.apply()
	done.mustSay(t, "1 changed")
	s.expectCalls(calls{exchanges: 1})
	w.expectLive(s, 1)
	if got, want := w.attributes("data.oauth_access_token.x")["access_token"], w.string(this, "access_token"); got != want {
		t.Errorf("the data source gives %v, want %s", got, want)
	}
	if scopes := fmt.Sprint(w.attributes(this)["scopes"]); scopes != "[read write]" {
		t.Errorf("the scopes are %s", scopes)
	}
	w.plan("-detailed-exitcode").mustNotSay(t, "Warning: Authorization", "Warning: Used Before")

	// Life goes on, and then a person authorizes again before a deadline.
	s.later(time.Hour, w)
	w.apply().mustSay(t, "No changes.")
	s.expectCalls(calls{refreshes: 1, exchanges: 1})
	again := w.string(this, "authorization_url")
	if again == offered {
		t.Error("the URL that was used is offered again")
	}
	w.write(config(attribute("callback_url", s.consent(again))))
	w.apply().mustSay(t, "1 changed")
	s.expectCalls(calls{refreshes: 1, exchanges: 2})
	w.expect(this, values{"status": "active", "generation": 1, "refresh_token": s.family(1, 2).RefreshToken})
	if s.family(0, 2).Revoked {
		t.Error("the earlier authorization was revoked")
	}
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
}

// A bare code uses the verifier of the newest URL, or the one that is given with it.
func TestAuthorizeByCode(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, func(s *sandbox.Settings) { s.RequirePKCE = true }), newWorkspace(t)
	w.write(s.codePair("by-code", ""))
	w.apply()
	w.write(s.codePair("by-code", attribute("code", codeOf(t, s.consent(w.string(this, "authorization_url"))))))
	w.apply().mustSay(t, "1 changed")
	s.expectCalls(calls{exchanges: 1})
	w.expectLive(s, 1)

	const verifier = "a-verifier-that-was-made-elsewhere-0123456789"
	sum := sha256.Sum256([]byte(verifier))
	elsewhere := s.base + "/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {redirectURI}, "state": {"elsewhere"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}.Encode()
	other := newWorkspace(t)
	other.write(s.codePair("by-code", attribute("code", codeOf(t, s.consent(elsewhere)))+"\n"+attribute("code_verifier", verifier)))
	other.apply().mustSay(t, "1 added")
	s.expectCalls(calls{exchanges: 2})
	other.expect(this, values{"status": "active", "generation": 1, "refresh_token": s.family(1, 2).RefreshToken})
}

// Callbacks that are not to be exchanged: nothing is sent, the state stays, and the URL stays good.
func TestCallbackRefused(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	config := func(callback string) string {
		grant := ""
		if callback != "" {
			grant = attribute("callback_url", callback)
		}
		return strings.Replace(s.codePair("refused", grant), "client_id ", attribute("issuer", s.base)+"\n    client_id ", 1)
	}
	w.write(config(""))
	w.apply()
	offered := w.string(this, "authorization_url")
	denied, err := s.Deny(offered)
	if err != nil {
		t.Fatal(err)
	}
	callback := s.consent(offered)
	if !strings.Contains(callback, "iss=") {
		t.Fatalf("the callback names no issuer")
	}
	for name, tt := range map[string]struct {
		callback string
		wants    []string
	}{
		"denied":                   {denied, []string{"Unable to Authorize Token Pair", "answered the visit", "with an error instead of a code: access_denied, "}},
		"denied by another issuer": {with(t, denied, "iss", "https://attacker.example.com"), []string{"Unable to Authorize Token Pair", "another issuer than the client's"}},
		"foreign state": {with(t, callback, "state", "somebody-else"), []string{"Unable to Exchange Authorization Code",
			"The state of the callback URL is not one that is waiting.", "from another token pair, or from somebody else's browser"}},
		"no state":     {with(t, callback, "state", ""), []string{"The state of the callback URL is not one that is waiting."}},
		"other issuer": {with(t, callback, "iss", "https://attacker.example.com"), []string{"Unable to Exchange Authorization Code", "another issuer than the client's"}},
	} {
		w.write(config(tt.callback))
		w.fails(append(tt.wants, "Nothing was sent.", offered), "apply", "-no-color", "-auto-approve")
		w.expect(this, values{"status": "authorization_required", "authorization_url": offered})
		if t.Failed() {
			t.Fatalf("in case %q", name)
		}
	}
	for name, tt := range map[string]struct{ callback, want string }{
		"no code": {redirectURI + "?state=x", "callback_url must be the whole address that the browser showed after the consent"},
		"a code":  {codeOf(t, callback), "callback_url must be the whole address that the browser showed after the consent"},
	} {
		// By a variable: with an error Terraform 1.15 shows the line of the configuration that it is about.
		w.write(strings.Replace(config("x"), `"x"`, "var.callback", 1) + "variable \"callback\" {}\n")
		w.env["TF_VAR_callback"] = tt.callback
		r := w.fails([]string{tt.want}, "plan", "-no-color", "-input=false")
		r.mustNotSay(t, codeOf(t, callback))
		if t.Failed() {
			t.Fatalf("in case %q", name)
		}
	}
	s.expectCalls(calls{})
	w.write(config(callback))
	w.apply().mustSay(t, "1 changed")
	s.expectCalls(calls{exchanges: 1})
	w.expectLive(s, 1)
}

// A callback that was used is never sent again: not when it is pasted again, and not by a resource that is made again.
func TestCallbackReplayed(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	write := func(callback string) { w.write(s.codePair("replayed", attribute("callback_url", callback))) }
	w.write(s.codePair("replayed", ""))
	w.apply()
	first := s.consent(w.string(this, "authorization_url"))
	write(first)
	w.apply()
	second := s.consent(w.string(this, "authorization_url"))
	write(second)
	w.apply()
	s.expectCalls(calls{exchanges: 2})

	write(first)
	w.apply().mustSay(t, "authorization_code.callback_url was used before and is not sent again", "1 changed")
	w.expect(this, values{"status": "active", "generation": 1, "refresh_token": s.family(1, 2).RefreshToken})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")

	w.apply("-replace="+this).mustSay(t, "1 added, 0 changed, 1 destroyed", "was used before and is not sent again", "Open this URL")
	w.expect(this, values{"status": "authorization_required", "refresh_token": nil})
	write(second)
	w.fails([]string{"Unable to Authorize Token Pair", "was used before. It is not sent again.", w.string(this, "authorization_url")}, "apply", "-no-color", "-auto-approve")
	write(s.consent(w.string(this, "authorization_url")))
	w.apply().mustSay(t, "1 changed")
	s.expectCalls(calls{exchanges: 3, revocations: 1})
	if n := s.Counters().CodeReplays; n != 0 {
		t.Errorf("%d codes were replayed", n)
	}
	w.expect(this, values{"status": "active", "generation": 1, "refresh_token": s.family(2, 3).RefreshToken})
}

// A failed exchange is an error with a fresh URL. On create it leaves no state, on update the prior one.
func TestExchangeFailed(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.codePair("failed", attribute("code", "made-up")))
	r := w.fails([]string{"Unable to Exchange Authorization Code", "did not accept the code", "invalid_grant", s.base + "/authorize?"}, "apply", "-no-color", "-auto-approve")
	r.mustNotSay(t, "tainted")
	if got := w.attributes(this); got != nil {
		t.Fatalf("the state holds %v", got)
	}
	w.write(s.codePair("failed", ""))
	w.apply().mustSay(t, "1 added") // the record that was left is adopted
	old := w.string(this, "authorization_url")

	// The code has expired at the server.
	callback := s.consent(old)
	s.later(time.Hour, w)
	w.write(s.codePair("failed", attribute("callback_url", callback)))
	r = w.fails([]string{"Unable to Exchange Authorization Code", "A code works once and lives for minutes."}, "apply", "-no-color", "-auto-approve")
	w.expect(this, values{"status": "authorization_required", "generation": 0})
	w.write(s.codePair("failed", ""))
	w.apply()
	fresh := w.string(this, "authorization_url")
	r.mustSay(t, fresh)
	if fresh == old {
		t.Error("the URL that was used is offered again")
	}

	// The reply is lost: a code is never sent twice.
	s.fault(sandbox.Fault{Action: sandbox.ActionDrop, When: sandbox.After})
	w.write(s.codePair("failed", attribute("callback_url", s.consent(fresh))))
	w.fails([]string{"no usable reply came", "A code is never sent twice"}, "apply", "-no-color", "-auto-approve")
	w.fails([]string{"was used before. It is not sent again."}, "apply", "-no-color", "-auto-approve")
	s.expectCalls(calls{exchanges: 1, tokenRequests: 3})
	w.write(s.codePair("failed", ""))
	w.apply()
	w.write(s.codePair("failed", attribute("callback_url", s.consent(w.string(this, "authorization_url")))))
	w.apply()
	s.expectCalls(calls{exchanges: 2, tokenRequests: 4})
	w.expect(this, values{"status": "active", "generation": 1, "refresh_token": s.family(1, 2).RefreshToken})
}

// An apply died after its exchange, and its state with it: no Read has seen the credential, and the next apply adopts it
// without sending the code again.
func TestApplyDiedAfterExchange(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.codePair("died", ""))
	w.apply()
	offered := w.string(this, "authorization_url")
	w.loseState()
	w.apply().mustSay(t, "1 added", offered) // stable even so
	w.loseState()

	w.write(s.codePair("died", attribute("callback_url", s.consent(offered))))
	w.apply().mustSay(t, "1 added")
	s.expectCalls(calls{exchanges: 1})
	w.loseState()
	w.apply().mustSay(t, "1 added")
	w.expectLive(s, 1)
	s.expectCalls(calls{exchanges: 1})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")

	// The same with tokens from elsewhere.
	w.write(s.pair("died-too", s.issue().RefreshToken, strict, ""))
	w.loseState()
	w.apply()
	w.loseState()
	w.apply().mustSay(t, "1 added")
	s.expectCalls(calls{refreshes: 1, exchanges: 1})
	w.expect(this, values{"status": "active", "generation": 2, "refresh_token": s.family(1, 2).RefreshToken})
}
