//go:build unix

package acceptance_test

import (
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// threeCalls is an app whose server takes three calls of a user within a day.
func threeCalls(t *testing.T, policy string) *tenancy {
	t.Helper()
	a := exactOnline()
	a.policy = policy
	s := newTenancy(t, a)
	if err := s.UpdateSettings(func(set *sandbox.Settings) { set.TokenCalls = 3 }); err != nil {
		t.Fatal(err)
	}
	return s
}

// The provider counts the calls of a day and stays away by itself, and its own count outlives every process. A token that
// works is used meanwhile.
func TestTokenCalls(t *testing.T) {
	t.Parallel()
	s := threeCalls(t, `token_calls = "3/24h"`)
	s.bring()
	for range 3 {
		s.w.apply().mustNotSay(t, "Warning: Refresh Put Off")
		s.later(s.lifetime, s.w)
	}
	s.expectCalls(calls{refreshes: 3})
	const why = "the platform takes no more calls of its token endpoint, by refresh_token_policy.token_calls or by what is known of it"
	for range 2 {
		s.w.plan().mustSay(t, "Warning: Token Pair Not Refreshed", "cannot be refreshed before", why, "The stored credential was not used up and still works.")
	}
	s.expectCalls(calls{refreshes: 3})
	s.later(24*time.Hour, s.w)
	s.w.apply()
	s.expectStored(alive, "")
	s.expectCalls(calls{refreshes: 4})
}

// Where the count of the provider is another than that of the server, because somebody else calls for the same user, the
// server says until when, in a header and milliseconds, and is believed.
func TestTokenCallsByTheServer(t *testing.T) {
	t.Parallel()
	s := threeCalls(t, "")
	s.bring()
	for range 3 {
		s.w.apply()
		s.later(s.lifetime, s.w)
	}
	putOff := func() {
		t.Helper()
		s.w.plan().mustSay(t, "Token Pair Not Refreshed", "The stored credential was not used up and still works.")
		s.expectCalls(calls{refreshes: 3, tokenRequests: 4}) // it was asked once, and not again before the time that it named
	}
	putOff()
	s.later(24*time.Hour-3*s.lifetime-time.Minute, s.w) // a day after the first of the three, and no sooner
	putOff()
	s.later(2*time.Minute, s.w)
	s.w.apply()
	s.expectStored(alive, "")
	s.expectCalls(calls{refreshes: 4, tokenRequests: 5})
}
