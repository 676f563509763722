//go:build unix

package acceptance_test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// quick makes device codes that are polled every second.
func quick(s *sandbox.Settings) { s.DeviceInterval = time.Second }

// device is a pair "this" that a person authorizes on another device. grant is the body of device_code.
func (s *server) device(grant, more string) string {
	client := strings.Replace(s.client(strict), "token_endpoint  ", fmt.Sprintf("device_authorization_endpoint = \"%s/device_authorization\"\n    token_endpoint  ", s.base), 1)
	return fmt.Sprintf(`
resource "oauth_token_pair" "this" {
  name        = "tv"
  client      = %s
  device_code = { %s }
  %s
}
output "user_code" {
  value = oauth_token_pair.this.user_code
}
`, client, grant, more)
}

// expectDevices compares the device codes that were given, and how often they were asked about: at least so often.
func (s *server) expectDevices(codes, polls int) {
	s.t.Helper()
	if c := s.Counters(); c.DeviceCodes != codes || c.Polls != polls {
		s.t.Errorf("%d device codes and %d polls, want %d and %d\nlog: %+v", c.DeviceCodes, c.Polls, codes, polls, s.Log())
	}
}

// consumersThatMayWait read the pair, if it has a token.
const consumersThatMayWait = `
data "oauth_access_token" "x" {
  token_pair         = oauth_token_pair.this.id
  allow_unauthorized = true
}
ephemeral "oauth_access_token" "x" {
  token_pair         = oauth_token_pair.this.id
  allow_unauthorized = true
}
`

func (w *workspace) userCode() string { return w.string(this, "user_code") }

// The first apply shows a code; the person enters it; the second apply collects the tokens. Plans in between spend nothing, and
// consumers by .id wait. What came is refreshed like any other pair.
func TestDeviceCode(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, quick), newWorkspace(t)
	w.write(s.device(`scopes = ["read"]`, "") + consumersThatMayWait)
	w.plan().mustSay(t, "oauth_token_pair.this will be created")
	s.expectDevices(0, 0)
	first := w.apply()
	code := w.userCode()
	first.mustSay(t, "Authorization Required", `Token pair "tv" has not been authorized yet.`, "This is the first of two steps; nothing is wrong.",
		"enter the code "+code, s.base+"/device", s.base+"/device?user_code="+code, fmt.Sprintf("user_code = %q", code))
	w.expect(this, values{
		"status": "authorization_required", "generation": 0, "access_token": nil, "id": "tv", "verification_uri": s.base + "/device",
		"verification_uri_complete": s.base + "/device?user_code=" + code, "authorization_url": nil,
	})
	s.expectDevices(1, 0)
	// Whoever asks for a token meanwhile is told what to do.
	other := w.sibling()
	other.write(reader("tv", ""))
	other.fails([]string{"has not been authorized yet", "enter the code " + code, s.base + "/device"}, "plan", "-no-color", "-input=false")
	for range 2 {
		w.plan().mustSay(t, "oauth_token_pair.this will be updated in-place", "tv\" -> (known after apply)", "enter the code "+code)
	}
	s.expectDevices(1, 0)

	if err := s.ConfirmDevice(code); err != nil {
		t.Fatal(err)
	}
	second := w.apply()
	second.mustSay(t, "1 changed")
	second.mustNotSay(t, "Device Code Offered", "Device Code Not Confirmed", "This apply waited")
	s.expectDevices(1, 1)
	w.expect(this, values{"status": "active", "generation": 1, "user_code": nil, "verification_uri": nil, "verification_uri_complete": nil})
	if got, want := w.attributes("data.oauth_access_token.x")["access_token"], w.string(this, "access_token"); got != want {
		t.Errorf("the data source gives %v, want %s", got, want)
	}
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.later(time.Hour, w)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	if c := s.Counters(); c.Refreshes != 1 || c.ReuseDetected != 0 {
		t.Errorf("%d refreshes, %d reuses", c.Refreshes, c.ReuseDetected)
	}
	w.ok("destroy", "-auto-approve", "-no-color")
	s.expectDevices(1, 1)
}

// Nobody enters the code in time: each apply waits for the person, and says so; when the code is over the next one gets another, which
// the plan says beforehand.
func TestDeviceCodeTakesTime(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, quick), newWorkspace(t)
	w.write(s.device("", ""))
	w.apply()
	first := w.userCode()
	s.PlanPolls("authorization_pending", "slow_down", "authorization_pending")
	done := make(chan result, 1)
	r := w.start("apply", "-auto-approve", "-no-color", "-input=false")
	go func() { done <- r.wait() }()
	for s.Counters().Polls < 2 {
		time.Sleep(50 * time.Millisecond)
	}
	if err := s.ConfirmDevice(first); err != nil {
		t.Fatal(err)
	}
	if got := <-done; got.code != 0 {
		t.Fatal(got.text())
	}
	w.expect(this, values{"status": "active", "generation": 1})
	// pending, slow_down, pending (planned), and the tokens: the last two came 6 seconds apart (RFC 8628 §3.5).
	s.expectDevices(1, 4)
	var polls []time.Time
	for _, e := range s.Log() {
		if e.GrantType == "urn:ietf:params:oauth:grant-type:device_code" {
			polls = append(polls, e.Time)
		}
	}
	if gap := polls[3].Sub(polls[2]); gap < 5*time.Second || gap > 9*time.Second {
		t.Errorf("%s after slow_down", gap)
	}
	if s.Counters().Errors["slow_down"] != 1 {
		t.Errorf("errors: %v", s.Counters().Errors)
	}
}

func TestDeviceCodeExpires(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, quick), newWorkspace(t)
	w.write(s.device("", ""))
	w.apply()
	first := w.userCode()
	s.later(time.Hour, w)
	w.plan().mustSay(t, "has not been authorized yet. Its device code expired at", "Apply: that gets a new device code and shows it as user_code", "will be updated in-place")
	s.expectDevices(1, 0)
	offered := w.apply()
	second := w.userCode()
	offered.mustSay(t, "1 changed", "Warning: Device Code Offered", "enter the code "+second)
	if second == first || second == "" {
		t.Errorf("codes %s and %s", first, second)
	}
	s.expectDevices(2, 0)
	// The server calls it over before its time: the apply that learns of it gets the next one at once.
	s.PlanPolls("expired_token")
	last := w.apply()
	third := w.userCode()
	last.mustSay(t, "Device Code Expired", "was over before anybody had confirmed it. A new one was asked for.", "1 changed", "Warning: Device Code Offered", "enter the code "+third)
	s.expectDevices(3, 1)
	if err := s.ConfirmDevice(third); err != nil {
		t.Fatal(err)
	}
	w.apply()
	w.expect(this, values{"status": "active", "generation": 1})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
}

// A refusal is an error that says what to do; the next apply gets another code.
func TestDeviceCodeRefused(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, quick), newWorkspace(t)
	w.write(s.device("", ""))
	w.apply()
	if err := s.RefuseDevice(w.userCode()); err != nil {
		t.Fatal(err)
	}
	w.fails([]string{"Unable to Authorize Token Pair", "The device authorization of token pair \"tv\" was refused", "Apply again: that gets a new device code", "access_denied: the user said no"},
		"apply", "-auto-approve", "-no-color", "-input=false")
	w.plan().mustSay(t, "Apply: that gets a new device code", "will be updated in-place")
	w.apply()
	if err := s.ConfirmDevice(w.userCode()); err != nil {
		t.Fatal(err)
	}
	w.apply()
	w.expect(this, values{"status": "active", "generation": 1})
	s.expectDevices(2, 2)
}

// The reply that held the tokens was lost, with its process: what the next apply learns is told as it is, and it gets another code. A
// reply to a poll that held none costs nothing.
func TestDeviceCodeLost(t *testing.T) {
	t.Parallel()
	for name, confirmed := range map[string]bool{"with the tokens": true, "still pending": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, w := newServer(t, quick), newWorkspace(t)
			w.write(s.device("", ""))
			w.apply()
			code := w.userCode()
			confirm := func() {
				t.Helper()
				if err := s.ConfirmDevice(code); err != nil {
					t.Fatal(err)
				}
			}
			if confirmed {
				confirm()
			}
			stop := w.stopAt("reply")
			r := w.start("apply", "-auto-approve", "-no-color", "-input=false")
			if err := syscall.Kill(stop.reached(r, "reply"), syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			r.wait()
			w.noStop()
			if !confirmed {
				confirm()
				w.apply().mustNotSay(t, "Device Code Lost")
				w.expect(this, values{"status": "active", "generation": 1})
				s.expectDevices(1, 2)
				return
			}
			w.apply().mustSay(t, "Device Code Lost", "The reply to an earlier request for the tokens of token pair \"tv\" never came",
				"the tokens were in that reply and nobody has them", "a new one was asked for")
			if code = w.userCode(); code == "" {
				t.Fatal("no new code")
			}
			confirm()
			w.apply()
			w.expect(this, values{"status": "active", "generation": 1})
			s.expectDevices(2, 3)
		})
	}
}

// A credential that dies: the plan says that an apply gets a code, and none is asked for before. Other scopes offer a code too, while
// the tokens at hand go on.
func TestDeviceCodeAgain(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, quick), newWorkspace(t)
	authorize := func() {
		t.Helper()
		if err := s.ConfirmDevice(w.userCode()); err != nil {
			t.Fatal(err)
		}
		w.apply()
	}
	w.write(s.device("", ""))
	w.apply()
	authorize()
	w.write(s.device(`scopes = ["more"]`, ""))
	w.apply().mustSay(t, "Device Code Offered", "go on until a person has confirmed it")
	w.expect(this, values{"status": "active", "generation": 1})
	authorize()
	w.expect(this, values{"status": "active", "generation": 1, "user_code": nil})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.expectDevices(2, 2)

	if _, err := s.RevokeFamily(sandbox.Revocation{All: true}); err != nil {
		t.Fatal(err)
	}
	s.later(time.Hour, w)
	w.plan().mustSay(t, "Authorization Required", "no longer works: the authorization server refused it", "Apply: that gets a new device code")
	s.expectDevices(2, 2)
	w.apply()
	w.expect(this, values{"status": "authorization_required"})
	authorize()
	w.expect(this, values{"status": "active", "generation": 1})
}

// With the state as store everything is as above, but for what knows the name alone.
func TestDeviceCodeStateOnly(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, quick), newWorkspace(t)
	w.write(stateOnly(w, "") + s.device("", ""))
	w.apply()
	if err := s.ConfirmDevice(w.userCode()); err != nil {
		t.Fatal(err)
	}
	w.apply()
	w.expect(this, values{"status": "active", "generation": 1})
	s.expectDevices(1, 1)
}

// A code that waits is for what it was asked for. Whoever asks for something else gets another, and the former one is not collected, even
// if the person has confirmed it: its tokens would pass for what was asked for since.
func TestDeviceCodeForSomethingElse(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, quick), newWorkspace(t)
	w.write(s.device(`scopes = ["read"]`, ""))
	w.apply()
	first := w.userCode()
	if err := s.ConfirmDevice(first); err != nil {
		t.Fatal(err)
	}
	w.write(s.device(`scopes = ["write"]`, ""))
	w.apply().mustSay(t, "This is the first of two steps", "Open this page")
	second := w.userCode()
	if second == first || second == "" {
		t.Fatalf("codes %s and %s", first, second)
	}
	w.expect(this, values{"status": "authorization_required", "generation": 0})
	s.expectDevices(2, 0)
	if err := s.ConfirmDevice(second); err != nil {
		t.Fatal(err)
	}
	w.apply()
	w.expect(this, values{"status": "active", "generation": 1})
	if scopes := w.attributes(this)["scopes"]; fmt.Sprint(scopes) != "[write]" {
		t.Errorf("scopes %v", scopes)
	}
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.expectDevices(2, 1)
}

// An apply that comes before the server wants to be asked says so, and what it says is not hidden behind the plan's words.
func TestDeviceCodeTooEarly(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, func(s *sandbox.Settings) { s.DeviceInterval = 2 * time.Minute }), newWorkspace(t)
	w.write(s.device("", ""))
	w.apply()
	if err := s.ConfirmDevice(w.userCode()); err != nil {
		t.Fatal(err)
	}
	w.apply().mustSay(t, "Warning: Device Code Not Confirmed Yet", "This apply could not ask yet whether the device code was confirmed: the server wants to be asked no earlier than", "enter the code "+w.userCode())
	s.expectDevices(1, 0)
	s.later(2*time.Minute, w)
	w.apply()
	w.expect(this, values{"status": "active", "generation": 1})
	s.expectDevices(1, 1)
}
