//go:build unix

package acceptance_test

import (
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// register is a fault of a call about a registration.
func registerFault(method, when, action string) sandbox.Fault {
	path := "/register/"
	if method == "POST" {
		path = "/register"
	}
	return sandbox.Fault{Path: path, Method: method, When: when, Action: action}
}

var applyIt = []string{"apply", "-auto-approve", "-no-color", "-input=false"}

// The reply to a registration is lost: nobody knows whether there is a client. The next apply registers again and says so.
func TestRegistrationReplyLost(t *testing.T) {
	t.Parallel()
	for when, clients := range map[string]int{sandbox.Before: 1, sandbox.After: 2} {
		t.Run(when, func(t *testing.T) {
			s, w := newRegistrar(t, nil), newWorkspace(t)
			w.write(s.registering(""))
			s.fault(registerFault("POST", when, sandbox.ActionDrop))
			w.fails([]string{"Unable to Register App", "The server may have made a client whose client_id nobody knows.", "Apply again: it registers another client."}, applyIt...)
			w.apply().mustSay(t, "1 added", "A Client May Have Been Left at the Server", "have the one of that time deleted")
			if n := len(s.Registrations()); n != clients {
				t.Errorf("the server knows %d clients, want %d", n, clients)
			}
			w.plan("-detailed-exitcode").mustSay(t, "No changes.")
		})
	}
}

// A reply is lost that would have brought another token. Where it was not made the same token goes on; where it was, the
// client goes on and its management is lost.
func TestRegistrationReadLost(t *testing.T) {
	t.Parallel()
	rotating := func(r *sandbox.Registration) { r.RotateTokenOnRead, r.RotateTokenOnUpdate = true, true }
	t.Run("not done", func(t *testing.T) {
		s, w := newRegistrar(t, rotating), newWorkspace(t)
		w.write(s.registering(""))
		w.apply()
		s.fault(registerFault("GET", sandbox.Before, sandbox.ActionDrop))
		w.plan("-detailed-exitcode").mustSay(t, "No changes.", "Registration Not Checked", "no usable reply came")
		w.plan("-detailed-exitcode").mustNotSay(t, "Registration Not Checked")
		s.expectManaged(managed{registrations: 1, reads: 1})
	})
	t.Run("done", func(t *testing.T) {
		s, w := newRegistrar(t, rotating), newWorkspace(t)
		w.write(s.registering(""))
		w.apply()
		s.fault(registerFault("GET", sandbox.After, sandbox.ActionDrop))
		w.plan().mustSay(t, "No changes.", "Registration Not Checked")
		w.plan("-detailed-exitcode").mustSay(t, "No changes.", "Management of the Registration Lost", "that reply may have brought another one, which nobody has", "token pairs use its client_id and client_secret as before", "deregister_on_destroy = false")
		w.write(s.registering(`client_name = "New"`))
		w.fails([]string{"Unable to Update App Registration", "refuses the registration access token", "It cannot be read, updated or deleted from here any more."}, applyIt...)
		w.fails([]string{"Unable to Deregister App", "deregister_on_destroy = false"}, "destroy", "-auto-approve", "-no-color")
		w.write(s.registering("deregister_on_destroy = false"))
		w.apply().mustSay(t, "1 changed")
		w.ok("destroy", "-auto-approve", "-no-color").mustSay(t, "1 destroyed")
		if n := len(s.Registrations()); n != 1 {
			t.Errorf("the server knows %d clients, want the one that is left to a person", n)
		}
	})
}

// An update whose reply is lost is repeated by the next apply.
func TestRegistrationUpdateLost(t *testing.T) {
	t.Parallel()
	for _, when := range []string{sandbox.Before, sandbox.After} {
		t.Run(when, func(t *testing.T) {
			s, w := newRegistrar(t, nil), newWorkspace(t)
			w.write(s.registering(`client_name = "Books"`))
			w.apply()
			w.write(s.registering(`client_name = "Ledger"`))
			s.fault(registerFault("PUT", when, sandbox.ActionDrop))
			w.fails([]string{"Unable to Update App Registration", "no usable reply came", "Apply again: the same is sent once more."}, applyIt...)
			w.apply()
			w.expect(theApp, values{"client_name": "Ledger"})
			w.expectRegistered(s)
			if got := string(s.registered().Metadata["client_name"]); got != `"Ledger"` {
				t.Errorf("the server knows %s", got)
			}
			w.plan("-detailed-exitcode").mustSay(t, "No changes.")
		})
	}
}

// A deletion whose reply is lost can be repeated; a client that is gone by then is what was wanted.
func TestRegistrationDeleteLost(t *testing.T) {
	t.Parallel()
	for when, says := range map[string]string{sandbox.Before: "1 destroyed", sandbox.After: "Client Was Gone Already"} {
		t.Run(when, func(t *testing.T) {
			s, w := newRegistrar(t, nil), newWorkspace(t)
			w.write(s.registering(""))
			w.apply()
			for range map[string]int{sandbox.Before: 3, sandbox.After: 1}[when] { // one run tries three times
				s.fault(registerFault("DELETE", when, sandbox.ActionDrop))
			}
			if when == sandbox.Before {
				w.fails([]string{"Unable to Deregister App", "Whether the client is deleted is not known.", "Destroy again"}, "destroy", "-auto-approve", "-no-color")
				s.ClearFaults()
			}
			w.ok("destroy", "-auto-approve", "-no-color").mustSay(t, says)
			if n := len(s.Registrations()); n != 0 {
				t.Errorf("%d clients are left", n)
			}
		})
	}
}

// A reply that breaks off gives what could be read; the rest is asked for.
func TestRegistrationReplyCut(t *testing.T) {
	t.Parallel()
	s, w := newRegistrar(t, nil), newWorkspace(t)
	w.write(s.registering(`client_name = "Books"`))
	f := registerFault("POST", sandbox.After, sandbox.ActionTruncate)
	f.Fraction = new(float64)
	*f.Fraction = 0.95
	s.fault(f)
	w.apply().mustSay(t, "1 added", "Broken Reply About a Registration")
	w.expectRegistered(s)
	s.expectManaged(managed{registrations: 1, reads: 1})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
}

// The server says that the client is gone: a warning, and nothing is removed, for it may be a fault.
func TestRegistrationGone(t *testing.T) {
	t.Parallel()
	s, w := newRegistrar(t, nil), newWorkspace(t)
	w.write(s.registering(""))
	w.apply()
	s.fault(sandbox.Fault{Path: "/register/", Action: sandbox.ActionStatus, Status: 403})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.", "Registration Refused by the Server", "somebody has deleted it or reset its token there", "-replace=ADDRESS", "HTTP 403")
	w.plan("-detailed-exitcode").mustNotSay(t, "Registration Refused")
	was := s.registered().ID
	s.changeRegistration(sandbox.RegistrationChange{Delete: true})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.", "Registration Refused by the Server", "invalid_token")
	w.apply("-replace="+theApp).mustSay(t, "1 added, 0 changed, 1 destroyed", "Client Was Gone Already")
	if now := s.registered().ID; now == was {
		t.Error("it is the same client")
	}
	w.expectRegistered(s)
}

// The end of a secret is told, planned for, and never run into.
func TestRegistrationSecretExpires(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(s *sandbox.Settings) {
		s.Registration.Enabled, s.Registration.RotateSecretOnUpdate, s.ClientSecretLifetime = true, true, 40*24*time.Hour
	})
	w := newWorkspace(t)
	pair := "\nresource \"oauth_token_pair\" \"this\" {\n  name = \"pair\"\n  client = " + theApp + ".client\n  client_credentials = {}\n}\n"
	grants := func(more string) string {
		return s.registering("rotate_before = \"120h\"\n" + more)
	}
	w.write(grants("") + pair)
	w.apply().mustSay(t, "2 added")
	first := s.registered().Secret
	w.plan("-detailed-exitcode").mustNotSay(t, "Expires Soon")
	s.later(20*24*time.Hour, w)
	w.plan("-detailed-exitcode").mustSay(t, "Client Secret Expires Soon", "change a value of rotate_when_changed")
	s.later(16*24*time.Hour, w)
	w.plan().mustSay(t, "The next apply asks the server for another one", "client_secret_expires_at", "(known after apply)", "0 to add")
	w.apply()
	second := s.registered().Secret
	if second == first {
		t.Error("the secret is the same")
	}
	w.expectRegistered(s)
	w.plan("-detailed-exitcode").mustNotSay(t, "Expires Soon")

	w.write(grants(`rotate_when_changed = { month = "7" }`) + pair)
	w.apply()
	if s.registered().Secret == second {
		t.Error("rotate_when_changed did not rotate")
	}

	s.later(50*24*time.Hour, w)
	before := s.Counters().TokenRequests
	w.plan().mustSay(t, "Client Secret Has Expired", `The client_secret of app registration "app" expired at`, "Nothing is sent with it")
	if n := s.Counters().TokenRequests - before; n != 0 {
		t.Errorf("%d token requests with an expired secret", n)
	}
	w.apply()
	w.apply()
	w.expect(this, values{"status": "active"})

	if err := s.UpdateSettings(func(s *sandbox.Settings) { s.Registration.RotateSecretOnUpdate = false }); err != nil {
		t.Fatal(err)
	}
	w.write(grants(`rotate_when_changed = { month = "8" }`) + pair)
	w.apply().mustSay(t, "Client Secret Not Rotated", "kept the one in use")
}
