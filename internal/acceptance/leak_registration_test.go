//go:build unix

package acceptance_test

import (
	"fmt"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// No token of a registration and no client secret of it is found anywhere, whatever the server quotes and breaks off.
func TestNoSecretOfARegistrationIsLeftBehind(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	const initial, statement = "initial-token-0c55f1a9e2", "software-statement-77d1c20b"
	l.needles = append(l.needles, needle{"initial access token", initial}, needle{"software statement", statement})
	if err := l.s.UpdateSettings(func(s *sandbox.Settings) {
		s.Registration = sandbox.Registration{
			Enabled: true, InitialAccessToken: initial, RotateTokenOnRead: true, RotateSecretOnRead: true, RotateTokenOnUpdate: true, RotateSecretOnUpdate: true,
		}
	}); err != nil {
		t.Fatal(err)
	}
	l.set("initial", "not-"+initial)
	l.set("statement", statement)
	write := func(more string) {
		l.w.write(`
variable "initial" {
  type      = string
  ephemeral = true
}
variable "statement" {
  type      = string
  ephemeral = true
}
variable "store_key" {
  type      = string
  ephemeral = true
}
provider "oauth" {
  secrets_in_state = false
  token_store_key  = var.store_key
}
` + l.s.registering(`
  initial_access_token_wo         = var.initial
  initial_access_token_wo_version = 1
  software_statement_wo           = var.statement
  software_statement_wo_version   = 1
  `+more))
	}
	quoting := func(status int, method, code string, words ...any) {
		f := registerFault(method, sandbox.Before, sandbox.ActionStatus)
		f.Status, f.Body = status, fmt.Sprintf(`{"error":%q,"error_description":"no: %s"}`, code, fmt.Sprint(words...))
		l.s.fault(f)
	}
	write("")
	quoting(401, "POST", "invalid_token", "not-"+initial)
	l.run(false, "apply", "-input=false", "-no-color", "-auto-approve").mustSay(t, "wants an initial access token", "(redacted)")
	l.set("initial", initial)
	quoting(400, "POST", "invalid_software_statement", statement)
	l.run(false, "apply", "-input=false", "-no-color", "-auto-approve").mustSay(t, "Give a software_statement", "(redacted)")
	l.apply()
	l.plan("-out=read.plan")
	l.run(true, "show", "-json", "read.plan")

	quoting(401, "GET", "invalid_token", l.s.registered().Token, " ", l.s.registered().Secret)
	l.plan().mustSay(t, "Registration Refused by the Server", "(redacted)")
	cut := registerFault("GET", sandbox.After, sandbox.ActionTruncate)
	l.s.fault(cut)
	l.plan()
	write(`rotate_when_changed = { a = "1" }`)
	quoting(400, "PUT", "invalid_client_metadata", l.s.registered().Token)
	l.run(false, "apply", "-input=false", "-no-color", "-auto-approve", "-refresh=false")
	l.apply()
	l.run(true, "show", "-json")
	l.run(true, "state", "rm", theApp)
	l.run(true, "import", "-input=false", "-no-color", theApp, "app")
	l.run(true, "destroy", "-input=false", "-no-color", "-auto-approve")

	left, needles := l.finish()
	look := newSearcher(t, needles)
	for _, n := range needles {
		if len(look.search(t, artefact{"file", "planted", []byte("x" + n.secret)})) == 0 {
			t.Errorf("the search does not find a planted %s", n.name)
		}
	}
	report(t, look.search(t, left...))
}
