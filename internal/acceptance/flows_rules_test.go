//go:build unix

package acceptance_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// The Terraform rules of DESIGN.md. Rule 5 is in flows_client_test.go, rule 9 in flows_unknown_test.go. Rule 7 is tested
// where the provider is spoken to without a CLI, since not every CLI knows identities.

// Rule 1: ModifyPlan is pure. It runs again at apply, in another process, when the clock and the store say something
// else than at plan; the plan is kept to.
func TestRule1ModifyPlanIsPure(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	config := s.pair("pure", s.issue().RefreshToken, strict, strategy("at_apply"))
	w.write(config)
	w.apply()
	other := w.sibling()
	other.write(config)
	other.ok("import", "-no-color", this, "pure")
	other.apply()
	s.expect(1, 0)

	// Not due at plan, due at apply: the plan holds nothing to do, and nothing is done.
	w.plan("-out=early").mustSay(t, "No changes.")
	s.later(time.Hour, w)
	w.applySaved("early").mustSay(t, "0 added, 0 changed, 0 destroyed")
	s.expect(1, 0)

	// Due at plan, and at apply no more, because others have rotated.
	w.plan("-out=late").mustSay(t, "oauth_token_pair.this will be updated in-place")
	other.env[envClock] = w.env[envClock]
	other.apply().mustSay(t, "1 changed")
	s.expect(2, 0)
	w.applySaved("late").mustSay(t, "1 changed")
	s.expect(2, 0)
	w.expectLive(s, 3)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
}

// Rule 2: id is unknown on create, and on any plan that will authorize or rotate at apply; else it is kept. Consumers
// refer to it, so they wait.
func TestRule2IDIsUnknownUntilAuthorized(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.codePair("waits", "") + consumers)
	r := w.terraform("apply", "-no-color", "-auto-approve", "-input=false")
	r.mustSay(t, "id = (known after apply)", "data.oauth_access_token.x will be read during apply", "Unable to Get Access Token", "has not been authorized yet")
	offered := w.string(this, "authorization_url")

	w.write(s.codePair("waits", attribute("callback_url", s.consent(offered))) + consumers)
	w.plan().mustSay(t, `id = "waits" -> (known after apply)`, "data.oauth_access_token.x will be read during apply")
	w.apply()
	s.expectCalls(calls{exchanges: 1})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")

	w.replace("authorization_code = {", "revoke_on_destroy = false\n  authorization_code = {")
	r = w.plan()
	r.mustSay(t, "oauth_token_pair.this will be updated in-place", "0 to add, 1 to change")
	r.mustNotSay(t, `id = "waits" -> (known after apply)`)
}

// Rule 3: any in-place update leaves every volatile attribute unknown, and the values that stay are returned verbatim.
func TestRule3VolatileAttributesUnknown(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.pair("volatile", s.issue().RefreshToken, strict, "revoke_on_destroy = true"))
	w.apply()
	w.replace("revoke_on_destroy = true", "revoke_on_destroy = false")
	w.plan("-out=saved")
	change := w.plannedChange("saved", this)
	for _, name := range []string{"status", "authorization_url", "access_token", "refresh_token", "id_token", "token_type", "issued_at", "expires_at",
		"refresh_token_expires_at", "reauthorize_by", "last_rotated_at", "scopes", "generation", "extra"} {
		if change.AfterUnknown[name] != true {
			t.Errorf("%s is planned as %v", name, change.After[name])
		}
	}
	for name, want := range map[string]any{"id": "volatile", "name": "volatile", "store_id": w.string(this, "store_id"), "revoke_on_destroy": false} {
		if change.After[name] != want {
			t.Errorf("%s is planned as %v, want %v", name, change.After[name], want)
		}
	}
	s.later(time.Hour, w)
	w.applySaved("saved")
	s.expect(2, 0)
	w.expectLive(s, 3)
}

// Rule 4: what is looked up at run time is planned into no optional attribute: a redirect URI and a secret that come from
// the registration stay null in the pair.
func TestRule4RunTimeValuesAreNotPlanned(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.registration("app", "client_secret_wo_version = 1") + `
resource "oauth_token_pair" "this" {
  name               = "derived"
  client             = oauth_app_registration.this.client
  authorization_code = {}
}
`)
	w.replace("client_secret  ", "client_secret_wo  ")
	w.apply()
	grant := w.attributes(this)["authorization_code"].(map[string]any)
	client := w.attributes(this)["client"].(map[string]any)
	for name, got := range map[string]any{"redirect_uri": grant["redirect_uri"], "scopes": grant["scopes"], "client_secret": client["client_secret"],
		"token_endpoint_auth_method": client["token_endpoint_auth_method"]} {
		if got != nil {
			t.Errorf("%s is %v in the state", name, got)
		}
	}
	if client["registration"] != "app" {
		t.Errorf("the registration is %v", client["registration"])
	}
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	w.replace("authorization_code = {}", "authorization_code = { "+attribute("callback_url", s.consent(w.string(this, "authorization_url")))+" }")
	w.apply()
	s.expectCalls(calls{exchanges: 1})
	w.expectLive(s, 1)
}

// Rule 6: authorization_url is stable until it is used or its inputs change; the last three stay valid; an older one is
// an error before the exchange.
func TestRule6AuthorizationURLIsStable(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	grant := func(n int, callback string) string {
		if callback != "" {
			callback = attribute("callback_url", callback)
		}
		return fmt.Sprintf("scopes = [\"s%d\"]\n    %s", n, callback)
	}
	var callbacks []string
	for n := range 4 {
		w.write(s.codePair("stable", grant(n, "")))
		w.apply()
		offered := w.string(this, "authorization_url")
		w.apply("-refresh-only")
		w.replace("authorization_code", "revoke_on_destroy = "+fmt.Sprint(n%2 == 1)+"\n  authorization_code")
		w.apply().mustSay(t, "changed")
		if again := w.string(this, "authorization_url"); again != offered {
			t.Errorf("the URL changed from %s to %s", offered, again)
		}
		callbacks = append(callbacks, s.consent(offered))
	}
	w.write(s.codePair("stable", grant(3, callbacks[0])))
	w.fails([]string{"is not one that is waiting", "It may come from an older URL"}, "apply", "-no-color", "-auto-approve")
	s.expectCalls(calls{})
	w.write(s.codePair("stable", grant(3, callbacks[1])))
	w.apply().mustSay(t, "1 changed")
	s.expectCalls(calls{exchanges: 1})
	w.write(s.codePair("stable", grant(3, callbacks[3])))
	w.apply().mustSay(t, "1 changed")
	s.expectCalls(calls{exchanges: 2})
}

// Rule 8: whether secrets may enter the state is checked when the provider is configured, not by validate, which does
// not know; nothing that was there before blocks the way out.
func TestRule8SecretsLeaveTheState(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspaceOn(t, cliWith(t, writeOnlyArguments))
	input := s.issue().RefreshToken
	plain := s.pair("leaves", input, strict, "")
	w.write(plain)
	w.apply()
	w.write(secretless + plain)
	w.ok("validate")
	w.fails([]string{"Error: Secret Would Enter the State", "Use refresh_token_wo and refresh_token_wo_version instead"}, "plan", "-no-color", "-input=false")
	w.write(secretless + s.secretlessPair("leaves", input, 1))
	w.apply().mustSay(t, "1 changed")
	w.expect(this, values{"status": "active", "generation": 2, "access_token": nil, "refresh_token": nil})
	for what, secret := range map[string]string{"input": input, "refresh token": s.live().RefreshToken, "client secret": clientSecret} {
		if text := w.ok("state", "pull").stdout; text == "" || strings.Contains(text, secret) {
			t.Errorf("the %s is still in the state", what)
		}
	}
	s.later(time.Hour, w)
	w.apply().mustSay(t, "No changes.")
	s.expectCalls(calls{refreshes: 2})
}
