//go:build unix

package acceptance_test

import (
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

const (
	alive = "active"
	dead  = "authorization_required"
	open  = "outcome_unknown"
)

// What is not confirmed of a platform, and what the operator of an app decides, may be either way: no reading of it costs a
// refresh token. Three things happen to it. A request is lost on its way to the platform; a reply is lost on the way back;
// somebody else uses the token. A person is only called where the token is gone on the platform, too.
func TestPlatformReadings(t *testing.T) {
	t.Parallel()
	const (
		moment = time.Second
		leeway = 10 * time.Second // within that of Atlassian, and sooner than without one
		after  = 2 * time.Hour    // the leeway, in which it is sent again at once, was missed
		long   = 13 * time.Hour   // longer than any access token lives
	)
	for _, tt := range []struct {
		app
		wait    time.Duration // after a loss, until the next apply
		request string        // the status after a lost request, and the wait
		reply   string        // likewise after a lost reply
		other   string        // after somebody else used the token
	}{
		{exactOnline(), long, alive, dead, dead},
		{exactOnline().as("old_token_400", ""), long, alive, dead, dead},
		{exactOnline().as("old_token_until_successor_used", ""), long, alive, alive, alive},
		{exactOnline().as("old_token_stays", ""), long, alive, alive, alive},

		{twinfield(), moment, alive, alive, alive},
		{twinfield().as("credentials_in_body", ""), moment, alive, alive, alive},
		{twinfield().as("value_changes", ""), moment, alive, alive, alive},

		{vismaConnect(), long, open, open, dead},
		{vismaConnect().as("reuse", `rotation = "none"`), moment, alive, alive, alive},
		{vismaConnect().as("longest_grace", ""), long, open, open, dead},
		{vismaConnect().as("other_errors", ""), long, open, open, open},

		{salesforce(), long, alive, alive, alive},
		{salesforce().as("idle_limit", `rotation = "none"`), moment, alive, alive, alive},
		{salesforce().as("rotating", ""), long, alive, dead, dead},
		{salesforce().as("rotating_grace", ""), long, alive, dead, dead},

		{teamleader(), long, alive, dead, dead},
		{teamleader().as("reuse_revokes_family", ""), long, alive, dead, dead},
		{teamleader().as("grace", ""), long, alive, dead, dead},
		{teamleader().as("errors_list", ""), long, alive, open, open},

		{atlassian(), leeway, alive, alive, dead},
		{atlassian(), after, alive, dead, dead},
		{atlassian().as("reuse_rejected", ""), after, alive, dead, dead},
		{atlassian().as("dead_token_unauthorized_client", ""), leeway, alive, alive, dead},

		{microsoft(), moment, alive, alive, alive},

		{slack(), long, alive, dead, dead},
		{slack().as("reuse_revokes_family", ""), long, alive, dead, dead},

		{zoho(), moment, alive, alive, alive},
		{zoho().as("refresh_token_once", ""), moment, alive, alive, alive},

		{quickBooks(), moment, alive, alive, alive},
		{quickBooks().as("new_value_each_time", ""), moment, alive, alive, alive},

		{shopify(), moment, alive, alive, alive},

		{xero(), leeway, alive, alive, dead},
		{xero(), after, alive, dead, dead},
		{xero().as("reuse_revokes_family", ""), after, alive, dead, dead},

		{gitHubApp(), long, alive, dead, dead},

		{hubSpot(), moment, alive, alive, alive},
		{hubSpot().as("refresh_token_once", ""), moment, alive, alive, alive},
	} {
		t.Run(tt.profile+" "+tt.policy+" "+tt.wait.String(), func(t *testing.T) {
			t.Parallel()
			s := newTenancy(t, tt.app)
			fresh := func() {
				s.bring()
				s.w.apply()
				s.expectStored(alive, "")
				s.later(s.lifetime, s.w)
			}
			lose := func(when, status string) {
				t.Helper()
				before := s.w.string(this, "refresh_token")
				s.fault(sandbox.Fault{Action: sandbox.ActionDrop, When: when, Count: -1})
				s.w.plan()
				s.ClearFaults()
				if tt.wait == long { // it must not be sent again at once
					sent := s.Counters().TokenRequests
					s.w.plan()
					if got := s.Counters().TokenRequests - sent; got != 0 {
						t.Errorf("%d requests were sent at once", got)
					}
				}
				s.later(tt.wait, s.w)
				s.w.apply()
				s.expectStored(status, before)
			}
			fresh()
			lose(sandbox.Before, tt.request)
			if tt.request != alive {
				fresh()
			}
			s.later(s.lifetime, s.w)
			lose(sandbox.After, tt.reply)
			if tt.reply != alive {
				fresh()
			}
			before := s.w.string(this, "refresh_token")
			s.later(s.lifetime, s.w)
			s.spend(before)
			s.later(s.lifetime, s.w)
			s.w.apply()
			s.expectStored(tt.other, before)
		})
	}
}
