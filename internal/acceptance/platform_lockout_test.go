//go:build unix

package acceptance_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
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
				s.refusedElsewhere()
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

// refusedElsewhere is a token request of another program, with a wrong secret.
func (s *tenancy) refusedElsewhere() {
	s.t.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}, "client_id": {clientID}, "client_secret": {"wrong"}}
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, s.base+"/token", strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = response.Body.Close()
}
