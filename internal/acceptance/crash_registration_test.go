//go:build unix

package acceptance_test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// registrationCrash is a call about a registration whose process is killed at a step, and what is true after that. before and
// after tell the steps that lie before and behind the sending.
type registrationCrash struct {
	command []string
	prepare func(*server, *workspace) // brings it to where the command does the call
	writes  int                       // of the registration, before it is claimed
	again   func(t *testing.T, s *server, w *workspace, step string, done bool)
}

// The steps at which a process is killed, and whether the server has done by then what it was asked for.
var registrationSteps = []struct {
	name, step string
	done       bool
}{
	{"after-claim", "replace-1-after", false},
	{"body", "body", false},
	{"sent", "sent", true},
	{"reply", "reply", true},
	{"before-commit", "replace-2-before", true},
	{"after-commit", "replace-2-after", true},
}

const nothingLost = "after-commit" // the only one of them that loses nothing which the server has done

var registrationCrashes = map[string]registrationCrash{
	"register": {
		command: applyIt, prepare: func(s *server, w *workspace) { w.write(s.registering("")) },
		again: func(t *testing.T, s *server, w *workspace, step string, done bool) {
			says, clients := w.apply(), 1
			if done && step != nothingLost {
				clients = 2
			}
			if step == nothingLost {
				says.mustNotSay(t, "A Client May Have Been Left")
			} else {
				says.mustSay(t, "A Client May Have Been Left at the Server")
			}
			if n := len(s.Registrations()); n != clients {
				t.Errorf("the server knows %d clients, want %d", n, clients)
			}
			w.plan("-detailed-exitcode").mustSay(t, "No changes.")
			if n := s.Counters().RegistrationTokensRefused; n != 0 {
				t.Errorf("%d calls came with a dead token", n)
			}
		},
	},
	"read": {
		command: []string{"plan", "-no-color", "-input=false"},
		prepare: func(s *server, w *workspace) { w.write(s.registering("")); w.apply(); w.plan() },
		again: func(t *testing.T, s *server, w *workspace, step string, done bool) {
			says := w.plan("-detailed-exitcode")
			if done && step != nothingLost {
				says.mustSay(t, "No changes.", "Management of the Registration Lost")
				return
			}
			says.mustNotSay(t, "Management of the Registration Lost", "Registration Not Checked")
			w.apply()
			w.expectRegistered(s)
		},
	},
	"update": {
		command: append(applyIt, "-refresh=false"), writes: 1,
		prepare: func(s *server, w *workspace) {
			w.write(s.registering(`client_name = "Books"`))
			w.apply()
			w.plan()
			w.write(s.registering(`client_name = "Ledger"`))
		},
		again: func(t *testing.T, s *server, w *workspace, step string, done bool) {
			if done && step != nothingLost {
				w.fails([]string{"Unable to Update App Registration", "refuses the registration access token"}, append(applyIt, "-refresh=false")...)
				return
			}
			w.apply()
			w.expectRegistered(s)
			w.expect(theApp, values{"client_name": "Ledger"})
			w.plan("-detailed-exitcode").mustSay(t, "No changes.")
		},
	},
	"delete": {
		command: []string{"destroy", "-auto-approve", "-no-color", "-input=false", "-refresh=false"},
		prepare: func(s *server, w *workspace) { w.write(s.registering("")); w.apply(); w.plan() },
		again: func(t *testing.T, s *server, w *workspace, step string, done bool) {
			says := w.ok("destroy", "-auto-approve", "-no-color")
			says.mustSay(t, "1 destroyed")
			if done && step != nothingLost {
				says.mustSay(t, "Client Was Gone Already")
			} else {
				says.mustNotSay(t, "Client Was Gone Already")
			}
			if n := len(s.Registrations()); n != 0 {
				t.Errorf("%d clients are left", n)
			}
			w.apply().mustSay(t, "1 added") // the name can be used again
		},
	},
}

// Real processes are killed at every step of each call. What the server had done by then, and nobody has heard of, is told;
// all else goes on as if nothing had happened.
func TestRegistrationCrashes(t *testing.T) {
	t.Parallel()
	for op, crash := range registrationCrashes {
		for _, at := range registrationSteps {
			t.Run(op+", "+at.name, func(t *testing.T) {
				t.Parallel()
				s, w := rotatingRegistrar(t), newWorkspace(t)
				crash.prepare(s, w)
				crash.kill(t, s, w, at.step)
				crash.again(t, s, w, at.name, at.done)
			})
		}
	}
}

func rotatingRegistrar(t *testing.T) *server {
	t.Helper()
	return newRegistrar(t, func(r *sandbox.Registration) { r.RotateTokenOnRead, r.RotateTokenOnUpdate = true, true })
}

// kill runs the command until its provider process stands at the step, and ends it there.
func (c registrationCrash) kill(t *testing.T, s *server, w *workspace, step string) {
	t.Helper()
	var n int
	var side string
	if _, err := fmt.Sscanf(step, "replace-%d-%s", &n, &side); err == nil {
		step = fmt.Sprintf("replace-%d-%s", n+c.writes, side)
	}
	stop := w.stopAt(step)
	run := w.start(c.command...)
	w.noStop()
	pid := stop.reached(run, step)
	run.signalGroup(syscall.SIGKILL)
	run.wait()
	waitGone(t, pid)
}

// On a store across a network the reply lies in a rescue file before it is stored: a process that dies then loses nothing.
func TestRegistrationCrashesWithRescueFile(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"register", "read", "update"} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			s, w := rotatingRegistrar(t), newWorkspace(t)
			w.onPostgres(sharedPostgres(t))
			crash := registrationCrashes[op]
			crash.prepare(s, w)
			crash.kill(t, s, w, "replace-2-before")
			command := []string{"plan", "-no-color", "-input=false"}
			if op != "read" {
				command = applyIt
			}
			w.ok(command...).mustSay(t, "Registration Recovered")
			w.apply().mustNotSay(t, "Left at the Server", "Lost")
			w.expectRegistered(s)
			if n := s.Counters().RegistrationTokensRefused; n != 0 {
				t.Errorf("%d calls came with a dead token", n)
			}
			if got := string(s.registered().Metadata["client_name"]); op == "update" && !strings.Contains(got, "Ledger") {
				t.Errorf("the server knows %s", got)
			}
		})
	}
}
