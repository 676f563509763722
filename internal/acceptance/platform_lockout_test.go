//go:build unix

package acceptance_test

import (
	"net/url"
	"testing"
	"time"
)

// Somebody else locks the client out, and the platform says so in one way or another: the refresh token is kept, whatever it says,
// and works when the lock has ended.
func TestPlatformLockedOut(t *testing.T) {
	t.Parallel()
	for _, a := range []app{exactOnline(), exactOnline().as("locked_out_403", "")} {
		t.Run(a.profile, func(t *testing.T) {
			t.Parallel()
			s := newTenancy(t, a)
			s.bring()
			s.w.apply()
			token := s.w.string(this, "refresh_token")
			s.later(s.lifetime, s.w)
			for range 10 {
				s.post(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}, "client_id": {clientID}, "client_secret": {"wrong"}}, false)
			}
			if n := s.Counters().LockOuts; n != 1 {
				t.Fatalf("the client is locked out %d times", n)
			}
			s.w.plan().mustSay(t, "Warning: Token Pair Not Refreshed")
			s.w.apply()
			s.w.expect(this, values{"status": "active", "refresh_token": token})
			s.later(2*time.Hour, s.w)
			s.w.apply()
			s.expectStored(alive, "")
		})
	}
}
