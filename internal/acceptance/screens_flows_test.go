//go:build unix

package acceptance_test

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// A person authorizes in a browser: before, meanwhile, refused, done, refreshed, ended at the server.
func TestScreensAuthorizationCode(t *testing.T) {
	t.Parallel()
	sc := newScreens(t, "authorization-code", nil)
	s, w := sc.s, sc.w
	sc.write(s.codePair("crm", ""))
	sc.show("A plan of a new pair", "plan")
	sc.show("The first apply", "apply")
	sc.show("A plan before anybody has consented", "plan")
	other := sc.sibling()
	other.write(reader("crm", ""))
	other.show("A consumer elsewhere, before that", "plan")
	offered := w.string(this, "authorization_url")
	_, state, _ := strings.Cut(offered, "state=")
	state, _, _ = strings.Cut(state, "&")
	sc.write(s.codePair("crm", attribute("callback_url", redirectURI+"?error=access_denied&error_description=The+user+said+no&state="+state)))
	sc.show("The person has said no", "apply")
	sc.write(s.codePair("crm", attribute("callback_url", redirectURI+"?code=abcdefgh&state=1234567890abcdefghijkl")))
	sc.show("The callback of another authorization", "apply")
	sc.write(s.codePair("crm", attribute("callback_url", redirectURI+"?code=abcdefgh12345678&state="+state)))
	sc.show("A code that the server does not know", "apply")
	sc.quietly("apply", "-refresh-only")
	sc.write(s.codePair("crm", attribute("callback_url", s.consent(w.string(this, "authorization_url")))))
	sc.show("The plan that brings the callback", "plan")
	sc.show("The apply that brings the callback", "apply")
	sc.show("A plan after that", "plan")
	sc.later(time.Hour)
	sc.show("A plan that refreshes", "plan")
	sc.show("An apply after that", "apply")
	sc.later(time.Hour)
	s.revoke()
	sc.show("A plan after the authorization was ended at the server", "plan")
	sc.show("The next plan", "plan")
	sc.show("A plan that only refreshes", "plan -refresh-only")
	other.show("A consumer elsewhere, after that", "plan")
	sc.write(s.codePair("crm", attribute("callback_url", s.consent(w.string(this, "authorization_url")))))
	sc.show("The apply that authorizes again", "apply")
	sc.compare()
}

// A request that is pushed gives a URL that lives for a minute.
func TestScreensPushed(t *testing.T) {
	t.Parallel()
	sc := newScreens(t, "pushed", func(s *sandbox.Settings) { s.RequirePushedRequests, s.PushedRequestLifetime = true, time.Minute })
	sc.write(sc.s.pushing("crm", ""))
	sc.show("The first apply", "apply")
	sc.later(time.Hour)
	sc.show("A plan after the URL has expired", "plan")
	sc.show("An apply after the URL has expired", "apply")
	sc.compare()
}

// A person confirms on another device.
func TestScreensDeviceCode(t *testing.T) {
	t.Parallel()
	sc := newScreens(t, "device-code", nil)
	s, w := sc.s, sc.w
	sc.write(s.device("", ""))
	sc.show("The first apply", "apply")
	sc.show("A plan before anybody has confirmed", "plan")
	sc.show("An apply before anybody has confirmed", "apply")
	if err := s.RefuseDevice(w.userCode()); err != nil {
		t.Fatal(err)
	}
	sc.later(time.Minute)
	sc.show("An apply after the person has said no", "apply")
	sc.show("The next apply", "apply")
	sc.later(time.Hour)
	sc.show("A plan after the code has expired", "plan")
	sc.show("An apply after the code has expired", "apply")
	if err := s.ConfirmDevice(w.userCode()); err != nil {
		t.Fatal(err)
	}
	sc.later(time.Minute)
	sc.show("An apply after the person has confirmed", "apply")
	sc.show("A plan after that", "plan")
	sc.compare()
}

// Tokens that were obtained elsewhere, and how they end.
func TestScreensDead(t *testing.T) {
	t.Parallel()
	sc := newScreens(t, "dead", nil)
	s := sc.s
	sc.write(s.pair("crm", "nobody-knows-this-refresh-token", strict, ""))
	sc.show("Tokens that the server does not know", "apply")
	sc.write(s.pair("crm", s.issue().RefreshToken, strict, ""))
	sc.show("The apply of the right ones", "apply")
	sc.write(s.pair("crm", "nobody-knows-this-refresh-token-either", strict, ""))
	sc.show("An apply with mistyped tokens while others work", "apply")
	sc.show("A plan after that", "plan")
	if _, err := s.RevokeFamily(sandbox.Revocation{All: true, Only: "refresh_tokens"}); err != nil {
		t.Fatal(err)
	}
	sc.later(10*time.Minute - 20*time.Second)
	sc.show("The refresh token is dead, the access token is not", "plan")
	sc.later(time.Minute)
	sc.show("Both are dead", "plan")
	sc.write(s.pair("crm", "nor-this-refresh-token-is-known", strict, ""))
	sc.show("An apply with tokens that the server does not know", "apply")
	sc.write(s.pair("crm", s.issue().RefreshToken, strict, ""))
	sc.show("An apply with new tokens", "apply")
	sc.compare()
}

// A refresh whose reply never came.
func TestScreensUnknown(t *testing.T) {
	t.Parallel()
	sc := newScreens(t, "unknown", nil)
	s := sc.s
	sc.write(s.pair("crm", s.issue().RefreshToken, strict, ""))
	sc.quietly("apply")
	sc.later(10*time.Minute - 20*time.Second)
	s.fault(sandbox.Fault{Action: sandbox.ActionDrop, When: sandbox.After})
	sc.show("A plan whose refresh got no reply, with an access token that works", "plan")
	sc.later(30 * time.Second)
	sc.show("The next plan, when it has expired", "plan")
	other := sc.sibling()
	other.write(reader("crm", ""))
	other.show("A consumer elsewhere", "plan")
	if other.w.knows(ephemeralResources) {
		other.write(ephemeral("crm", ""))
		other.show("An ephemeral consumer elsewhere", "plan")
	}
	other.write("data \"oauth_token_pair\" \"crm\" {\n  name = \"crm\"\n}\noutput \"crm\" {\n  value = data.oauth_token_pair.crm\n}\n")
	other.show("The status elsewhere", "plan")
	sc.later(10 * time.Minute)
	sc.show("A plan that sends it once more, and is refused", "plan")
	sc.later(10 * time.Minute)
	sc.show("A plan after that", "plan")
	sc.write(s.pair("crm", s.issue().RefreshToken, strict, ""))
	sc.show("An apply with new tokens", "apply")
	never := sc.sibling()
	never.write(s.pair("erp", s.issue().RefreshToken, `rotation = "single_use", on_reuse = "revoke_client_user"`, ""))
	never.quietly("apply")
	sc.later(time.Hour)
	s.fault(sandbox.Fault{Action: sandbox.ActionDrop, When: sandbox.After})
	never.show("A plan whose refresh got no reply, where nothing may be sent again", "plan")
	sc.compare()
}

// What is about to end.
func TestScreensDeadlines(t *testing.T) {
	t.Parallel()
	sc := newScreens(t, "deadlines", nil)
	s, w := sc.s, sc.w
	policy := strict + `, idle_lifetime = "720h", absolute_lifetime = "8760h"`
	config := func(grant, refresh string) {
		sc.write(strings.Replace(s.codePair("crm", grant), strict, policy, 1))
		w.replace("authorization_code = {", refresh+"\n  authorization_code = {")
	}
	config("", strategy("at_apply"))
	sc.quietly("apply")
	callback := attribute("callback_url", s.consent(w.string(this, "authorization_url")))
	config(callback, strategy("at_apply"))
	sc.quietly("apply")
	sc.show("Under at_apply, while the access token works", "plan")
	sc.later(time.Hour)
	sc.show("Under at_apply, when it has expired", "plan")
	other := sc.sibling()
	other.write(reader("crm", ""))
	other.show("A consumer elsewhere, before the apply", "plan")
	sc.show("Its apply", "apply")
	sc.later(24 * day)
	sc.show("A week before the refresh token dies idle, under at_apply", "plan")
	config(callback, strategy("never"))
	sc.show("The apply of another strategy", "apply")
	sc.show("A week before the refresh token dies idle, under never", "plan")
	other.show("A consumer elsewhere, under never", "plan")
	sc.later(7 * day)
	sc.show("After it has died, under never", "plan")
	config(callback, "")
	sc.show("An apply that tries it all the same", "apply")
	sc.later(305 * day)
	sc.show("A month before a person has to authorize again", "plan")
	sc.compare()
}
