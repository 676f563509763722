//go:build unix

package acceptance_test

import (
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// What is known of each platform's deadlines stands in the state, counted from the authorization.
func TestPlatformDeadlines(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for _, tt := range []struct {
		app
		idle, absolute time.Duration // 0: none is known
	}{
		{exactOnline(), 30 * day, 0},
		{twinfield(), 0, 25 * 365 * day},
		{vismaConnect(), 0, 0},
		{salesforce(), 30 * day, 0},
		{teamleader(), 0, 0},
		{atlassian(), 90 * day, 365 * day},
		{microsoft(), 90 * day, 0},
	} {
		t.Run(tt.profile, func(t *testing.T) {
			t.Parallel()
			s := newTenancy(t, tt.app)
			s.authorize()
			all := s.w.attributes(this)
			issued := moment(t, all["issued_at"])
			for name, want := range map[string]time.Duration{"refresh_token_expires_at": tt.idle, "reauthorize_by": tt.absolute} {
				switch at := all[name]; {
				case want == 0 && at != nil:
					t.Errorf("%s is %v, and nothing is known", name, at)
				case want != 0 && moment(t, at).Sub(issued) != want:
					t.Errorf("%s is %v, want %s after %s", name, at, want, issued)
				}
			}
		})
	}
}

func moment(t testing.TB, value any) time.Time {
	t.Helper()
	text, _ := value.(string)
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatalf("%v is no time", value)
	}
	return at
}

// Atlassian ends an authorization after a year, however often it is refreshed: a month before, plans warn, and then a person is called.
func TestPlatformAbsoluteEnd(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	s := newTenancy(t, atlassian())
	s.authorize()
	for range 4 { // day 320
		s.later(80*day, s.w)
		s.w.apply().mustNotSay(t, "Warning: Authorization Ends Soon")
	}
	s.expectStored(alive, "")
	s.later(20*day, s.w)
	s.w.apply().mustSay(t, "Warning: Authorization Ends Soon", "A person must authorize")
	before := s.w.string(this, "refresh_token")
	s.later(25*day, s.w)
	s.w.apply().mustSay(t, "Warning: Authorization Required", "Unknown or invalid refresh token.")
	s.expectStored(dead, before)
}

// A reply is lost while the access token still lives. What may be done then follows from what a second use of the refresh token
// costs, and from how long the platform forgives one.
func TestPlatformLostReplyBesideALiveToken(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		app
		refresh string
		due     time.Duration // after the first refresh
		wait    time.Duration // after the loss
		want    string
		sent    int
	}{
		{exactOnline(), `refresh = { earliest = "1m", before_expiry = "8m" }`, 570 * time.Second, 3 * time.Minute, dead, 1},
		{teamleader(), `refresh = { before_expiry = "50m" }`, 20 * time.Minute, 3 * time.Minute, open, 0},
		{teamleader().as("reuse_revokes_family", ""), `refresh = { before_expiry = "50m" }`, 20 * time.Minute, 3 * time.Minute, open, 0},
		{salesforce().as("rotating", ""), `refresh = { before_expiry = "50m" }`, 100 * time.Minute, 3 * time.Minute, open, 0},
		{atlassian(), `refresh = { before_expiry = "50m" }`, 20 * time.Minute, 5 * time.Minute, alive, 1},
		{atlassian(), `refresh = { before_expiry = "50m" }`, 20 * time.Minute, 15 * time.Minute, open, 0},
	} {
		t.Run(tt.profile+" "+tt.wait.String(), func(t *testing.T) {
			t.Parallel()
			s := newTenancy(t, tt.app)
			s.hold(s.bring(), tt.refresh)
			s.w.apply()
			s.expectStored(alive, "")
			s.later(tt.due, s.w)
			before := s.w.string(this, "refresh_token")
			s.fault(sandbox.Fault{Action: sandbox.ActionDrop, When: sandbox.After, Count: -1})
			s.w.plan()
			s.ClearFaults()
			s.later(tt.wait, s.w)
			had := s.Counters().TokenRequests
			s.w.apply()
			if got := s.Counters().TokenRequests - had; got != tt.sent {
				t.Errorf("%d sent, want %d", got, tt.sent)
			}
			s.expectStored(tt.want, before)
		})
	}
}
