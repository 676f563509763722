//go:build unix

package acceptance_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// onRejection has the sandbox's API judge the access token.
func (s *server) onRejection() string {
	return fmt.Sprintf("refresh = {\n    strategy = \"on_rejection\"\n    probe    = { url = \"%s/api/me?fields=id\" }\n  }", s.base)
}

// untold leaves expires_in out. The tokens live until somebody ends them.
func untold(s *sandbox.Settings) { s.AccessTokenLifetime = 0 }

// endAccess ends the access tokens, as a platform does whose sessions time out.
func (s *server) endAccess() {
	s.t.Helper()
	if _, err := s.RevokeFamily(sandbox.Revocation{All: true, Only: "access_tokens"}); err != nil {
		s.t.Fatal(err)
	}
}

// expectProbes compares how often the API has taken a token, and how often it has not.
func (s *server) expectProbes(ok, unauthorized int) {
	s.t.Helper()
	c := s.Counters()
	if c.APIOK != ok || c.APIUnauthorized != unauthorized {
		s.t.Errorf("the API took %d tokens and refused %d; want %d and %d\nlog: %+v", c.APIOK, c.APIUnauthorized, ok, unauthorized, s.Log())
	}
}

// on_rejection: a token of which nobody knows how long it lives is used for as long as the API takes it, and refreshed by
// whoever meets the 401. All askers of a process share one probe.
func TestStrategyOnRejection(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, untold), newWorkspace(t)
	trace := filepath.Join(filepath.Dir(w.dir), "trace.log")
	for name, value := range map[string]string{"TF_LOG": "TRACE", "TF_LOG_PROVIDER": "TRACE", "TF_LOG_PATH": trace} {
		w.env[name] = value
	}
	config := s.pair("asked", s.issue().RefreshToken, strict, s.onRejection())
	w.write(config)
	w.apply()
	s.expect(1, 0)
	s.expectProbes(0, 0) // a token that has just come is good
	w.expect(this, values{"expires_at": nil})
	w.write(config + consumers)
	w.apply()
	ok := s.Counters().APIOK // a probe for each process that asks
	if ok < 1 || ok > 2 {
		t.Errorf("the API was asked %d times", ok)
	}
	s.later(30*day, w)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.") // one process reads resource, data source and ephemeral
	s.expect(1, 0)
	s.expectProbes(ok+1, 0)

	s.endAccess()
	r := w.plan("-detailed-exitcode")
	r.mustSay(t, "No changes.")
	r.mustNotSay(t, "Warning: Token", "Warning: Access", "Warning: Refresh")
	s.expect(2, 0)
	s.expectProbes(ok+2, 1)
	w.write(config)
	w.apply()
	s.expect(2, 0)
	s.expectProbes(ok+3, 1)
	w.expectLive(s, 3)

	log := readFile(t, trace)
	for _, secret := range s.Secrets() {
		if secret.Kind == sandbox.SecretAccess && strings.Contains(log, secret.Value) {
			t.Error("the log shows an access token")
		}
	}
	if !strings.Contains(log, "probed") {
		t.Error("the log does not tell of the probe")
	}
}

// Where the server has told the expiry, a 401 that is certain is not asked for.
func TestOnRejectionOfAKnownExpiry(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t) // ten minutes
	w.write(s.pair("told", s.issue().RefreshToken, strict, s.onRejection()))
	w.apply()
	s.later(9*time.Minute+50*time.Second, w)
	w.plan() // within the margin of other strategies
	s.expect(1, 0)
	s.expectProbes(1, 0)
	s.later(time.Hour, w)
	w.plan()
	s.expect(2, 0)
	s.expectProbes(1, 0)
}

// A token that the API refuses although it is fresh: a plan warns, and who asks gets an error. One refresh in each run.
func TestOnRejectionOfAFreshToken(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, untold), newWorkspace(t)
	w.write(s.pair("refused", s.issue().RefreshToken, strict, s.onRejection()))
	w.apply()
	s.fault(sandbox.Fault{Path: "/api/me", Action: sandbox.ActionStatus, Status: 401, Count: 4})
	w.plan().mustSay(t, "No changes.", "Warning: Fresh Access Token Refused", "refresh.probe.url answered 401 before and after", "Check that refresh.probe.url belongs to this platform")
	s.expect(2, 0)
	other := w.sibling()
	other.write(reader("refused", "") + strings.ReplaceAll(ephemeral("refused", ""), `"x"`, `"y"`))
	other.fails([]string{"Error: Unable to Get Access Token", `The API refuses the access token of token pair "refused", although it has just been refreshed`}, "plan", "-no-color", "-input=false")
	s.expect(3, 0)
	w.apply().mustNotSay(t, "Warning: Fresh")
	s.expect(3, 0)
	w.expectLive(s, 4)
}

// Any other answer tells nothing: the token is used, with a warning, and nothing is spent. No redirect takes it elsewhere.
func TestOnRejectionWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, untold), newWorkspace(t)
	w.write(s.pair("silent", s.issue().RefreshToken, strict, s.onRejection()))
	w.apply()
	for says, fault := range map[string]sandbox.Fault{
		"it answered 403.": {Action: sandbox.ActionStatus, Status: 403},
		"it answered 500.": {Action: sandbox.ActionStatus, Status: 500},
		"it answered 302.": {Action: sandbox.ActionRedirect},
		"the server closed the connection before its answer was complete": {Action: sandbox.ActionDrop},
	} {
		fault.Path = "/api/me"
		s.fault(fault)
		w.plan("-detailed-exitcode").mustSay(t, "No changes.", "Warning: Access Token Not Probed", says, "Only a 2xx or a 401 does.", "The token is used as it is.")
		s.fault(fault)
		other := w.sibling()
		other.write(reader("silent", ""))
		other.apply().mustSay(t, "Warning: Access Token Not Probed", says)
		if got, want := other.outputs()["access_token"], w.string(this, "access_token"); got != want {
			t.Errorf("%s: another token is served", says)
		}
	}
	s.expect(1, 0)
	s.expectProbes(0, 0)
	for _, e := range s.Log() {
		if e.Path == "/redirected" {
			t.Error("a redirect was followed")
		}
	}
}

// A probe may bring a refusal that counts. It is not made when that one would lock the client out.
func TestOnRejectionKeepsToTheErrorBudget(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, untold), newWorkspace(t)
	w.write(s.pair("thrifty", s.issue().RefreshToken, strict+`, error_budget = "2/1h"`, s.onRejection()))
	w.apply()
	s.fault(sandbox.Fault{Path: "/api/me", Action: sandbox.ActionStatus, Status: 403})
	w.plan().mustSay(t, "it answered 403.")
	s.endAccess()
	w.plan("-detailed-exitcode").mustSay(t, "No changes.", "Warning: Access Token Not Probed", `refresh.probe.url is not called for token pair "thrifty" before`,
		"one more refusal would make the server lock the client out", "pair/thrifty 403 (probe of the API)")
	s.expectProbes(0, 0)
	s.expect(1, 0)
	s.later(time.Hour, w)
	w.plan().mustSay(t, "Warning: Token Pair Not Refreshed", "one more refusal would make the server lock the client out", "pair/thrifty 401 (probe of the API)")
	s.expectProbes(0, 1)
	s.expect(1, 0)
	w.replace(`"2/1h"`, `"4/1h"`)
	w.apply("-refresh=false")
	s.expectProbes(1, 2)
	s.expect(2, 0)
	w.expectLive(s, 3)
}

// The state-only mode asks too. An apply keeps what a rejection led to.
func TestOnRejectionStateOnly(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, untold), newWorkspace(t)
	w.write(stateOnly(w, "") + s.pair("plain", s.issue().RefreshToken, strict, s.onRejection()))
	w.apply()
	s.later(day, w)
	w.apply().mustSay(t, "No changes.")
	s.expect(1, 0)
	s.expectProbes(1, 0)
	s.endAccess()
	w.apply().mustSay(t, "No changes.")
	s.expect(2, 0)
	s.expectProbes(2, 1)
	w.expectLive(s, 3)
}
