//go:build unix

package acceptance_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// Another store than the state's: a wrong one, a new one, a default one, one whose key is not given, one that it was moved to.
func TestScreensStores(t *testing.T) {
	t.Parallel()
	sc := newScreens(t, "stores", nil)
	s, w := sc.s, sc.w
	sc.write(s.pair("crm", s.issue().RefreshToken, strict, ""))
	sc.quietly("apply")
	sc.store("else")
	sc.show("A plan on a store that does not hold it", "plan")
	sc.show("A destroy on a store that does not hold it", "destroy")
	delete(w.env, "OAUTH_TOKEN_STORE")
	w.env["XDG_STATE_HOME"] = filepath.Join(sc.folder, "default")
	sc.show("A plan on the default store", "plan")
	sc.show("An apply on the default store", "apply")
	sc.store("else")
	sc.show("An apply that puts it into a new store", "apply")
	sc.store("main")
	sc.show("A plan on the former store", "plan")
	from, to := "file://"+filepath.Join(sc.folder, "else"), "file://"+filepath.Join(sc.folder, "third")
	if code, text := w.command("move", "--from", from, "--to", to, "--name", "crm"); code != 0 {
		t.Fatalf("move: exit code %d\n%s", code, text)
	}
	sc.store("else")
	sc.show("A plan on the store that it was moved from", "plan")
	other := sc.sibling()
	other.write(reader("crm", ""))
	other.show("A consumer of the store that it was moved from", "plan")
	sc.show("A destroy on the store that it was moved from", "destroy")
	sc.store("third")
	sc.show("A plan on the store that it was moved to", "plan")
	sc.quietly("apply")
	sc.show("A destroy there", "destroy")

	sealed := sc.sibling()
	sealed.store("sealed")
	sealed.w.env["OAUTH_TOKEN_STORE_KEY"] = newKey(t)
	sealed.write(s.pair("erp", s.issue().RefreshToken, strict, ""))
	sealed.quietly("apply")
	delete(sealed.w.env, "OAUTH_TOKEN_STORE_KEY")
	sealed.show("A plan without the key of the store", "plan")
	sc.compare()
}

// The state as the only store.
func TestScreensStateOnly(t *testing.T) {
	t.Parallel()
	sc := newScreens(t, "state-only", nil)
	s, w := sc.s, sc.w
	sc.write(stateOnly(w, "") + s.pair("crm", s.issue().RefreshToken, strict, ""))
	sc.show("The first apply", "apply")
	sc.later(time.Hour)
	sc.show("A plan that refreshes", "plan")
	sc.write(stateOnly(w, "") + s.pair("crm", "used", strict, strategy("at_apply")) + reader("crm", ""))
	sc.show("A consumer by name", "plan")
	sc.compare()
}

// No secrets in the state.
func TestScreensSecretless(t *testing.T) {
	t.Parallel()
	sc := newScreens(t, "secrets-in-state-false", nil)
	sc.w.tf = cliWith(t, writeOnlyArguments).path
	s := sc.s
	sc.write(secretless + s.pair("crm", s.issue().RefreshToken, strict, ""))
	sc.show("A plan with plain secrets", "plan")
	sc.write(secretless + s.secretlessPair("crm", s.issue().RefreshToken, 1))
	sc.show("A plan with write-only ones", "plan")
	sc.show("Its apply", "apply")
	sc.write(secretless + s.secretlessPair("crm", "used", 1) + reader("crm", ""))
	sc.show("A data source that would put a token into the state", "plan")
	sc.compare()
}

// The client's secret is wrong, the server is down or asks to wait, the error budget is used up.
func TestScreensClient(t *testing.T) {
	t.Parallel()
	sc := newScreens(t, "client", nil)
	s := sc.s
	config := s.pair("crm", s.issue().RefreshToken, budget, "")
	wrong := strings.Replace(config, clientSecret, "mistyped", 1)
	sc.write(wrong)
	sc.show("The first apply, with a wrong client secret", "apply")
	sc.write(config)
	sc.show("The apply of the right one", "apply")
	sc.later(2 * time.Hour)
	s.fault(sandbox.Fault{Action: sandbox.ActionStatus, Status: 429, Headers: map[string]string{"Retry-After": "120"}, Count: -1})
	sc.show("The server asks to wait", "plan")
	s.ClearFaults()
	sc.later(2 * time.Hour)
	s.fault(sandbox.Fault{Action: sandbox.ActionStatus, Status: 503, Body: "the server is being serviced", Count: -1})
	sc.show("The server is in trouble", "plan")
	s.ClearFaults()
	sc.later(24 * time.Hour)
	sc.write(wrong)
	sc.show("A wrong client secret in an apply", "apply -refresh=false")
	sc.show("Another one", "apply -refresh=false")
	sc.show("The error budget is used up", "plan")
	other := sc.sibling()
	other.write(reader("crm", ""))
	other.show("A consumer elsewhere", "plan")
	sc.write(strings.ReplaceAll(config, s.base+"/token", "http://127.0.0.1:9/token"))
	sc.show("A server that is not there", "apply")
	sc.compare()
}

// Destroys.
func TestScreensDestroy(t *testing.T) {
	t.Parallel()
	sc := newScreens(t, "destroy", nil)
	s, w := sc.s, sc.w
	again := func(name, more string) {
		sc.write(s.pair(name, s.issue().RefreshToken, strict, more))
		sc.quietly("apply")
	}
	again("crm", "")
	s.fault(sandbox.Fault{Path: "/revoke", Action: sandbox.ActionStatus, Status: 503, Count: -1})
	sc.show("The server does not revoke", "destroy")
	s.ClearFaults()
	s.fault(sandbox.Fault{Path: "/revoke", Action: sandbox.ActionDrop, When: sandbox.After, Count: -1})
	sc.show("The server does not answer", "destroy")
	s.ClearFaults()
	sc.show("The server revokes", "destroy")
	sc.show("Made again with tokens that were used", "apply")
	sc.quietly("destroy")
	again("by-hand", "")
	w.replace(`    revocation_endpoint    = "`+s.base+`/revoke"`+"\n", "")
	sc.quietly("apply")
	sc.show("The server has no revocation endpoint", "destroy")
	again("left", "revoke_on_destroy = false")
	sc.show("It is asked to leave the tokens alone", "destroy")
	again("shared", "")
	other := sc.sibling()
	other.write(s.pair("shared", "used", strict, ""))
	other.show("Another configuration imports it", "import oauth_token_pair.this shared")
	other.quietly("destroy")
	sc.show("A plan after it was destroyed from elsewhere", "plan")
	sc.compare()
}

// Imports, and names that are taken.
func TestScreensImport(t *testing.T) {
	t.Parallel()
	sc := newScreens(t, "import", nil)
	s, w := sc.s, sc.w
	config := s.pair("crm", s.issue().RefreshToken, strict, "")
	sc.write(config)
	sc.show("A name that the store does not hold", "import oauth_token_pair.this crm")
	sc.show("A name that cannot be one", "import oauth_token_pair.this c/rm")
	sc.quietly("apply")
	w.plan()
	other := sc.sibling()
	other.write(s.pair("crm", "another-token", strict, ""))
	other.show("A second resource of the same name", "apply")
	w.loseState()
	sc.show("The state was lost", "apply")
	sc.show("An import", "import oauth_token_pair.this crm")
	sc.show("The plan after it", "plan")
	sc.show("Its apply", "apply")
	sc.show("A plan after that", "plan")
	sc.compare()
}

// A client that the server registers.
func TestScreensRegistration(t *testing.T) {
	t.Parallel()
	sc := newScreens(t, "registration", func(s *sandbox.Settings) {
		s.Registration.Enabled, s.Registration.GrantScope, s.ClientSecretLifetime = true, "read write", 40*day
	})
	s := sc.s
	sc.write(s.registering(`client_name = "Books"` + "\n  scope = \"read write admin\""))
	sc.show("A plan of a new registration", "plan")
	sc.show("Its apply", "apply")
	sc.show("A plan after that", "plan")
	s.changeRegistration(sandbox.RegistrationChange{Set: map[string]json.RawMessage{"client_name": json.RawMessage(`"Stolen"`)}})
	sc.show("Somebody has changed it at the server", "plan")
	sc.write(s.registering(`client_name = "Ledger"` + "\n  scope = \"read write admin\""))
	sc.show("An update", "apply")
	sc.later(20 * day)
	sc.show("Its client secret ends soon", "plan")
	sc.write(s.registering(`client_name = "Ledger"` + "\n  scope = \"read write admin\"\n  rotate_before = \"720h\""))
	sc.show("A plan that asks for another secret", "plan")
	sc.later(21 * day)
	sc.show("Its client secret has ended", "plan")
	s.changeRegistration(sandbox.RegistrationChange{Delete: true})
	sc.show("Somebody has deleted it at the server", "plan")
	sc.show("A destroy after that", "destroy")
	s.fault(sandbox.Fault{Path: "/register", Action: sandbox.ActionDrop, When: sandbox.After})
	sc.show("A registration whose reply is lost", "apply")
	sc.show("The next apply", "apply")
	sc.compare()
}

// A client's own token, and one that is derived from a pair's.
func TestScreensMint(t *testing.T) {
	t.Parallel()
	sc := newScreens(t, "client-credentials", nil)
	s := sc.s
	sc.write(s.minting("", ""))
	sc.show("The first apply", "apply")
	sc.later(time.Hour)
	sc.show("A plan that gets another token", "plan")
	sc.later(time.Hour)
	s.fault(sandbox.Fault{Action: sandbox.ActionStatus, Status: 400, Body: `{"error":"unauthorized_client","error_description":"not for this app"}`, Count: -1})
	sc.show("The server gives the client none", "plan")
	sc.compare()
}
