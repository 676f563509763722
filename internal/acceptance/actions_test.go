//go:build unix

package acceptance_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// acting is a workspace that drives a Terraform which has actions.
func acting(t testing.TB) *workspace {
	t.Helper()
	return newWorkspaceOn(t, cliWith(t, actionsAndLists))
}

// action is an action "now" on a token pair, an expression.
func action(kind, pair, more string) string {
	return "action \"oauth_" + kind + "\" \"now\" {\n  config {\n    token_pair = " + pair + "\n    " + more + "\n  }\n}\n"
}

func (w *workspace) invoke(kind string) result {
	w.t.Helper()
	return w.apply("-invoke=action.oauth_" + kind + ".now")
}

func (w *workspace) invokeFails(kind string, wants ...string) {
	w.t.Helper()
	w.fails(wants, "apply", "-input=false", "-no-color", "-auto-approve", "-invoke=action.oauth_"+kind+".now")
}

// A pair is refreshed on demand, while its token is good, and the state catches up with the next apply.
func TestRotateAction(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), acting(t)
	w.write(s.pair("rotated", s.issue().RefreshToken, strict, "") + action("rotate", this+".id", ""))
	w.apply()
	w.expectLive(s, 2)
	for _, level := range []string{"", "TRACE"} {
		w.env["TF_LOG"] = level
		r := w.invoke("rotate")
		for _, token := range []string{s.live().RefreshToken, w.string(this, "refresh_token"), w.string(this, "access_token")} {
			if strings.Contains(r.stdout+r.stderr, token) {
				t.Errorf("at level %q the action shows a token", level)
			}
		}
		r.mustSay(t, `Refreshing token pair "rotated".`, `Token pair "rotated" was refreshed: generation`, "Its access token expires at", "Actions: 1 invoked")
	}
	delete(w.env, "TF_LOG")
	s.expect(3, 0)
	w.expect(this, values{"generation": 3}) // what the run of the second one has read first
	w.plan().mustSay(t, "No changes.")
	w.apply()
	w.expectLive(s, 4)
	s.expect(3, 0)
}

// An action runs when a resource changes: here the pair itself, and only then.
func TestRotateActionTriggered(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), acting(t)
	config := func(before string) string {
		return s.pair("triggered", s.family(0, 1).RefreshToken, strict, `
  refresh = { strategy = "at_apply", before_expiry = "`+before+`" }
  lifecycle {
    action_trigger {
      events  = [after_update]
      actions = [action.oauth_rotate.now]
    }
  }`) + action("rotate", `"triggered"`, "")
	}
	s.issue()
	first := config("10s")
	w.write(first)
	w.apply().mustNotSay(t, "Action started")
	w.write(strings.Replace(first, "10s", "20s", 1))
	w.apply().mustSay(t, "1 changed", `Token pair "triggered" was refreshed: generation 3.`)
	s.expect(2, 0)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	w.apply()
	w.expectLive(s, 3)
}

// What keeps a pair from being refreshed is told, and nothing is sent.
func TestRotateActionRefused(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), acting(t)
	pair := func(name, more string) string {
		return strings.Replace(s.pair(name, s.issue().RefreshToken, strict, more), `"this"`, `"`+name+`"`, 1)
	}
	w.write(pair("early", `refresh = { earliest = "5m" }`) + pair("never", `refresh = { strategy = "never" }`) +
		strings.Replace(s.codePair("pending", ""), `"this"`, `"pending"`, 1) + `
variable "pair" {
  default = "nobody"
}
` + action("rotate", "var.pair", ""))
	w.apply()
	refuses := func(pair string, wants ...string) {
		t.Helper()
		w.env["TF_VAR_pair"] = pair
		w.invokeFails("rotate", append(wants, "Unable to Rotate Token Pair")...)
	}
	refuses("nobody", "holds no token pair \"nobody\"", "nothing was sent")
	refuses("early", `Token pair "early" cannot be refreshed before`, "The stored credential was not used up and still works.", "Run again after that time.")
	refuses("never", `Token pair "never" is not refreshed: its refresh.strategy is never`, "choose another refresh.strategy and apply")
	refuses("pending", `Token pair "pending" has not been authorized yet.`, "Open this URL")
	s.expect(1, 0) // of "early", whose first token is as old as it is
	w.env["TF_VAR_pair"] = "no/body"
	w.fails([]string{"Invalid Attribute Value", "token_pair must"}, "plan", "-no-color", "-input=false", "-invoke=action.oauth_rotate.now")
}

// A revoked pair is no use to anybody, says so in plans, and can be authorized again.
func TestRevokeAction(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), acting(t)
	pending := s.codePair("revoked", "")
	w.write(pending)
	w.apply()
	config := s.codePair("revoked", "callback_url = \""+s.consent(w.string(this, "authorization_url"))+"\"")
	w.write(config + action("revoke", this+".id", ""))
	w.apply()
	w.expectLive(s, 1)

	w.invoke("revoke").mustSay(t, `Revoking the tokens of token pair "revoked".`,
		`The server has revoked the tokens of token pair "revoked". It has to be authorized again; the next plan says how.`)
	if f := s.family(0, 1); f.LiveRefreshTokens != 0 || f.LiveAccessTokens != 0 {
		t.Errorf("the server still takes tokens: %+v", f)
	}
	w.plan().mustSay(t, "Warning: Token Pair Revoked", `Token pair "revoked" was revoked at`, "by an oauth_revoke on host",
		"Its tokens do not work any more", "Open this URL, consent")
	w.apply()
	w.expect(this, values{"status": "revoked", "access_token": nil, "refresh_token": nil, "generation": 1})
	w.invoke("revoke").mustSay(t, `Token pair "revoked" was revoked before. Nothing was sent.`)

	asking := w.sibling()
	asking.write(reader("revoked", ""))
	asking.fails([]string{"Unable to Get Access Token", `Token pair "revoked" was revoked at`}, "plan", "-no-color", "-input=false")

	w.write(s.codePair("revoked", "callback_url = \""+s.consent(w.string(this, "authorization_url"))+"\""))
	w.apply()
	w.expect(this, values{"status": "active", "generation": 1, "refresh_token": s.family(1, 2).RefreshToken})
}

// The access token alone can be revoked. A client that needs no person gets another token with the next apply.
func TestRevokeActionOfOneToken(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), acting(t)
	w.write(s.pair("leaked", s.issue().RefreshToken, strict, "") + action("revoke", this+".id", `token = "access_token"`))
	w.apply()
	w.invoke("revoke").mustSay(t, `Revoking the access token of token pair "leaked".`, "The next run that needs one refreshes the pair.")
	s.expectCalls(calls{refreshes: 1, revocations: 1})
	w.apply()
	w.expectLive(s, 3)
	w.write("variable \"token\" {\n  default = \"id_token\"\n}\n" + action("revoke", `"leaked"`, `token = var.token`))
	w.fails([]string{`value must be one of: ["access_token"]`}, "plan", "-no-color", "-input=false", "-invoke=action.oauth_revoke.now")
	w.write(action("revoke", `"leaked"`, `token = "id_token"`))
	w.fails([]string{`value must be one of: ["access_token"]`}, "validate", "-no-color")

	m := acting(t)
	m.write(s.minting("", "") + action("revoke", this+".id", ""))
	m.apply()
	m.invoke("revoke").mustSay(t, `The server has revoked the token of token pair "machine". The next apply gets another.`)
	m.plan().mustSay(t, "1 to change", `Token pair "machine" was revoked at`, "Apply the oauth_token_pair, which asks for one.")
	m.apply()
	m.expect(this, values{"status": "active", "generation": 2})
	m.plan("-detailed-exitcode").mustSay(t, "No changes.")
}

// What keeps the server from revoking is told, and the pair goes on.
func TestRevokeActionRefused(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), acting(t)
	config := s.pair("kept", s.issue().RefreshToken, strict, "")
	w.write(strings.Replace(config, "revocation_endpoint", "# revocation_endpoint", 1) + action("revoke", this+".id", ""))
	w.apply()
	w.invokeFails("revoke", "Unable to Revoke Token Pair", `Token pair "kept" cannot be revoked from here: the client has no revocation_endpoint.`,
		"Nothing was sent, and the stored credential still works.", "set client.revocation_endpoint and apply")
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.later(time.Hour, w)
	w.apply()
	w.expectLive(s, 3)
	s.expectCalls(calls{refreshes: 2})

	// Where the state is the store there is nothing that an action could find by name.
	for _, kind := range []string{"rotate", "revoke"} {
		w.write("provider \"oauth\" {\n  token_store = \"state\"\n}\n" + action(kind, `"kept"`, ""))
		w.fails([]string{"No Token Store", "action.oauth_" + kind + " looks tokens up by name in a token store"},
			"plan", "-no-color", "-input=false", "-invoke=action.oauth_"+kind+".now")
	}
}

// At a server that others wrote: a rotation takes the former refresh token out of use, a revocation ends both tokens, and a person can
// authorize again.
func TestIndependentServerActions(t *testing.T) {
	t.Parallel()
	w := acting(t)
	p := independentAuthorized(t, w)
	first := w.string(this, "refresh_token")
	writeFile(t, filepath.Join(w.dir, "actions.tf"), action("rotate", this+".id", "")+action("revoke", this+".id", ""))
	w.invoke("rotate").mustSay(t, "was refreshed: generation 2.")
	mustBe(t, "the former refresh token", p.introspect(first)["active"], false)
	w.apply()
	mustBe(t, "the refresh token", w.active(p.introspect, "refresh_token"), true)

	access, refresh := w.string(this, "access_token"), w.string(this, "refresh_token")
	w.invoke("revoke").mustSay(t, "It has to be authorized again; the next plan says how.")
	for _, token := range []string{access, refresh} {
		mustBe(t, "after the revocation", p.introspect(token)["active"], false)
	}
	w.apply().mustSay(t, "Token Pair Revoked")
	w.write(independentPair(p, p.browse(w.string(this, "authorization_url"))))
	w.apply()
	w.expect(this, values{"status": "active", "generation": 1})
	mustBe(t, "token requests that were refused", p.counters().Refused, 0)
}
