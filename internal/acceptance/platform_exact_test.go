//go:build unix

package acceptance_test

import (
	"testing"
	"time"
)

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
			input := s.bring()
			s.w.apply()
			token := s.w.string(this, "refresh_token")

			s.later(5*time.Minute, s.w)
			s.hold(input, `refresh = { before_expiry = "8m" }`)
			s.w.apply()
			s.expectCalls(calls{refreshes: 1})

			s.hold(input, `refresh = { before_expiry = "8m", earliest = "1m" }`)
			s.w.apply().mustSay(t, "Warning: Token Pair Not Refreshed", "The stored credential was not used up and still works.", tt.words)
			s.w.apply()
			s.expectCalls(calls{refreshes: 1, tokenRequests: 2})
			s.w.expect(this, values{"status": "active", "refresh_token": token})

			s.later(5*time.Minute, s.w)
			s.w.apply()
			s.expectStored(alive, "")
			s.expectCalls(calls{refreshes: 2, tokenRequests: 3})
		})
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
		s.w.fails([]string{"one more refusal would make the server lock the client out", "10 refusals within 1h0m0s"}, "apply", "-no-color", "-auto-approve", "-input=false")
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
