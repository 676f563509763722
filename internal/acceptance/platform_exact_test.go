//go:build unix

package acceptance_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// Where the platform says in which administration a user works, and what it says to one who may not see that.
const (
	pathDivision = "/api/v1/current/Me"
	forbidden    = `{"error":{"code":"","message":{"lang":"","value":"Forbidden"}}}`
)

// lookUps counts how often somebody asked for the division.
func (s *tenancy) lookUps() int {
	n := 0
	for _, e := range s.Log() {
		if e.Path == pathDivision {
			n++
		}
	}
	return n
}

// By the preset's own margin a refresh is tried after nine and a half minutes. Where the server takes none before the end of the
// access token, it says so, the token is used to its end, and nothing is lost.
func TestPlatformTooEarlyUntilExpiry(t *testing.T) {
	t.Parallel()
	s := newTenancy(t, exactOnline().as("too_early_until_expiry", ""))
	s.bring()
	s.w.apply()
	token := s.w.string(this, "refresh_token")
	s.later(580*time.Second, s.w)
	s.w.apply().mustSay(t, "Warning: Token Pair Not Refreshed", "The stored credential was not used up and still works.", "access_token not expired")
	s.w.expect(this, values{"status": "active", "refresh_token": token})
	s.expectCalls(calls{refreshes: 1, tokenRequests: 2})
	s.later(2*time.Minute, s.w)
	s.w.apply()
	s.expectStored(alive, "")
	s.expectCalls(calls{refreshes: 2, tokenRequests: 3})
}

// Exact Online wants nobody before a time that its sources do not agree about, and says so in several ways. By the preset
// nobody comes before the earliest of them; who does, by a setting of his own or with tokens that he brings along, is told to
// wait and loses nothing.
func TestPlatformTooEarly(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		app
		words string
	}{
		{exactOnline(), "access_denied: Rate limit exceeded: access_token not expired (HTTP 400)"},
		{exactOnline().as("too_early_401", ""), "access_denied: Access Token not expired (HTTP 401)"},
		{exactOnline().as("too_early_invalid_request", ""), "invalid_request: Rate limit exceeded: access_token not expired (HTTP 400)"},
		{exactOnline().as("too_early_until_expiry", ""), "access_denied: Rate limit exceeded: access_token not expired (HTTP 400)"},
	} {
		t.Run(tt.profile, func(t *testing.T) {
			t.Parallel()
			s := newTenancy(t, tt.app)
			input := s.issue().RefreshToken
			s.hold(input)
			s.w.fails([]string{"Unable to Refresh Token Pair", "The stored credential was not used up and still works.", tt.words},
				"apply", "-no-color", "-auto-approve", "-input=false")
			s.later(s.lifetime, s.w)
			s.w.apply()
			s.expectStored(alive, "")
			token := s.w.string(this, "refresh_token")

			s.later(5*time.Minute, s.w)
			s.hold(input, `refresh = { before_expiry = "8m" }`)
			s.w.apply()
			s.expectCalls(calls{refreshes: 1, tokenRequests: 2})

			s.hold(input, `refresh = { before_expiry = "8m", earliest = "1m" }`)
			s.w.apply().mustSay(t, "Warning: Token Pair Not Refreshed", "The stored credential was not used up and still works.", tt.words)
			s.w.apply()
			s.expectCalls(calls{refreshes: 1, tokenRequests: 3})
			s.w.expect(this, values{"status": "active", "refresh_token": token})

			s.later(5*time.Minute, s.w)
			s.w.apply()
			s.expectStored(alive, "")
			s.expectCalls(calls{refreshes: 2, tokenRequests: 4})
		})
	}
}

// Whether a refusal as too early takes the refresh token and brings another is not confirmed. By the preset nobody comes to
// find out.
func TestPlatformTooEarlyByPreset(t *testing.T) {
	t.Parallel()
	s := newTenancy(t, exactOnline().as("too_early_brings_token", ""))
	input := s.bring()
	s.hold(input, `refresh = { before_expiry = "8m" }`)
	s.w.apply()
	s.later(5*time.Minute, s.w)
	s.w.apply()
	s.expectCalls(calls{refreshes: 1})
	s.later(5*time.Minute, s.w)
	s.w.apply()
	s.expectStored(alive, "")
	s.expectCalls(calls{refreshes: 2})
}

// Who comes too early all the same keeps what the refusal brings, if it brings another refresh token.
func TestPlatformTooEarlyWithASuccessor(t *testing.T) {
	t.Parallel()
	s := newTenancy(t, exactOnline().as("too_early_brings_token", ""))
	s.hold(s.bring(), `refresh = {
    before_expiry = "8m"
    earliest      = "1s"
  }`)
	s.w.apply()
	access, refresh := s.w.string(this, "access_token"), s.w.string(this, "refresh_token")
	s.later(5*time.Minute, s.w)
	s.w.apply()
	if got := s.w.string(this, "refresh_token"); got == refresh {
		t.Error("the refresh token that came with the refusal was dropped")
	}
	s.w.expect(this, values{"status": "active", "access_token": access})
	s.later(10*time.Minute, s.w)
	s.w.apply()
	s.expectStored(alive, "")
}

// API calls need the number of an administration. It is looked up with the first token, kept, and looked up anew for another
// authorization.
func TestPlatformDivision(t *testing.T) {
	t.Parallel()
	s := newTenancy(t, exactOnline())
	s.w.env[envPresets] = s.base
	division := func(want any, lookUps int) {
		t.Helper()
		details, ok := s.w.attributes(this)["connection_details"].(map[string]any)
		if !ok || details["division"] != want || s.lookUps() != lookUps {
			t.Errorf("details %v after %d look-ups, want %v after %d", details, s.lookUps(), want, lookUps)
		}
	}
	s.fault(sandbox.Fault{Path: pathDivision, Action: sandbox.ActionStatus, Status: 503, Body: forbidden})
	s.authorize()
	s.expectStored(alive, "")
	division(nil, 1)
	s.w.apply().mustNotSay(t, "Warning: Connection Details Incomplete")
	division("7095", 2)
	s.w.plan("-detailed-exitcode").mustSay(t, "No changes.")

	s.later(10*time.Minute, s.w)
	s.w.apply()
	s.expectStored(alive, "")
	division("7095", 2)

	s.answer()
	s.expectStored(alive, "")
	division("7095", 3)
	s.expectCalls(calls{exchanges: 2, refreshes: 1})
}

// A user without the right to see it gets a warning in each run, and is asked for it once an hour: each refusal counts where
// ten lock the client out.
func TestPlatformDivisionForbidden(t *testing.T) {
	t.Parallel()
	s := newTenancy(t, exactOnline())
	s.w.env[envPresets] = s.base
	s.fault(sandbox.Fault{Path: pathDivision, Action: sandbox.ActionStatus, Status: 403, Body: forbidden, Count: -1})
	s.authorize()
	for range 6 {
		s.w.plan().mustSay(t, "Warning: Connection Details Incomplete", "(division)", "The token works all the same.", "It is asked for again from")
	}
	if n := s.lookUps(); n != 1 {
		t.Errorf("%d look-ups", n)
	}
	s.later(10*time.Minute, s.w)
	s.w.apply()
	s.expectStored(alive, "")
	s.expectCalls(calls{exchanges: 1, refreshes: 1})
	s.later(time.Hour, s.w)
	s.w.apply()
	if n := s.lookUps(); n != 2 {
		t.Errorf("%d look-ups, the second an hour later", n)
	}
}

// The gateway before the token endpoint has words of its own, which say nothing about the token: it is kept, and sent again
// when that is safe.
func TestPlatformGateway(t *testing.T) {
	t.Parallel()
	const fault = `{"fault":{"faultstring":"Identifier cannot be resolved","detail":{"errorcode":"messaging.adaptors.http.flow.ApplicationNotFound"}}}`
	s := newTenancy(t, exactOnline())
	s.bring()
	s.w.apply()
	before := s.w.string(this, "refresh_token")
	for _, status := range []int{401, 500} {
		s.later(time.Hour, s.w)
		s.fault(sandbox.Fault{Action: sandbox.ActionStatus, Status: status, Body: fault})
		s.w.apply().mustSay(t, "Warning: Outcome of a Refresh Unknown")
		s.w.expect(this, values{"status": open, "refresh_token": before})
		s.later(time.Hour, s.w)
		s.w.apply()
		s.expectStored(alive, "")
		before = s.w.string(this, "refresh_token")
	}
}

// The client is not locked out, however often somebody applies with a wrong secret.
func TestPlatformErrorBudget(t *testing.T) {
	t.Parallel()
	s := newTenancy(t, exactOnline())
	s.secret = "mistyped"
	token := s.bring()
	for range 9 {
		s.w.fails([]string{"does not accept the client"}, "apply", "-no-color", "-auto-approve", "-input=false")
	}
	for range 2 {
		s.w.fails([]string{"one more refusal would make the server lock the client out", "10 refusals within 1h"}, "apply", "-no-color", "-auto-approve", "-input=false")
	}
	s.expectCalls(calls{tokenRequests: 9})
	s.secret = clientSecret
	s.hold(token)
	s.later(time.Hour, s.w)
	s.w.apply()
	s.expectStored(alive, "")
	if n := s.Counters().LockOuts; n != 0 {
		t.Errorf("the client was locked out %d times", n)
	}
}

// Through the proxy Exact Online is asked no more once as many refusals have come as it takes within an hour, and is waited for where its
// limit by the minute says so.
func TestPlatformExactThroughTheProxy(t *testing.T) {
	t.Parallel()
	s := newTenancy(t, exactOnline())
	s.bring()
	s.w.apply()
	user := s.w.sibling()
	p := user.open(t, func(mark string) string {
		return strings.Replace(s.proxied("on-a-platform", "10m", mark), `path = "/me"`, fmt.Sprintf("path = %q", strings.TrimPrefix(pathDivision, "/api")), 1)
	})
	division := strings.TrimPrefix(pathDivision, "/api")
	s.fault(sandbox.Fault{Path: pathDivision, Action: sandbox.ActionStatus, Status: http.StatusTooManyRequests, Headers: map[string]string{
		"X-RateLimit-Minutely-Limit": "60", "X-RateLimit-Minutely-Remaining": "0",
		"X-RateLimit-Minutely-Reset": strconv.FormatInt(s.Now().Add(2*time.Second).UnixMilli(), 10),
	}})
	asked, began := s.lookUps(), time.Now()
	if status, _, text := p.call(division); status != http.StatusOK || s.lookUps() != asked+2 || time.Since(began) < time.Second {
		t.Errorf("%d %s after %s and %d requests", status, text, time.Since(began), s.lookUps()-asked)
	}
	refused := 0
	for range 20 {
		if status, header, _ := p.call("/nothing"); status == http.StatusNotFound && header.Get("Proxy-Status") == "" {
			refused++
		}
	}
	if n := s.Counters().LockOuts; n != 0 || refused < 5 || refused > 9 {
		t.Errorf("the API refused %d requests and locked the client out %d times", refused, n)
	}
	p.problem(division, http.StatusTooManyRequests, "Error Budget Spent")
	s.later(time.Hour+time.Minute, user)
	if status, _, text := p.call(division); status != http.StatusOK {
		t.Errorf("an hour later: %d %s", status, text)
	}
	p.interrupt()
	s.w.apply()
	s.expectStored(alive, "")
	s.expectCalls(calls{refreshes: 2})
}
