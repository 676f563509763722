//go:build unix

package acceptance_test

import (
	"testing"
	"time"
)

// An import by name takes over what the store holds. The consumed input that the configuration still has is not sent
// again; the plan is an update in place at most.
func TestImport(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	config := s.pair("taken-over", s.issue().RefreshToken, strict, "")
	w.write(config)
	w.apply()
	s.later(time.Hour, w)
	w.plan()
	s.expect(2, 0)

	for name, take := range map[string]func(*workspace){
		"command": func(w *workspace) {
			w.write(config)
			w.ok("import", "-no-color", this, "taken-over").mustSay(t, "Import successful!")
			w.expectLive(s, 3)
			w.plan().mustSay(t, "will be updated in-place", "0 to add, 1 to change, 0 to destroy")
			w.apply().mustSay(t, "preauthenticated.refresh_token was used before and is not sent again", "1 changed")
		},
		"block": func(w *workspace) {
			w.write(config + "import {\n  to = " + this + "\n  id = \"taken-over\"\n}\n")
			w.plan().mustSay(t, "1 to import, 0 to add, 1 to change, 0 to destroy")
			w.apply().mustSay(t, "1 imported, 0 added, 1 changed")
		},
	} {
		t.Run(name, func(t *testing.T) {
			other := w.sibling()
			take(other)
			other.expectLive(s, 3)
			other.plan("-detailed-exitcode").mustSay(t, "No changes.")
			s.expect(2, 0)
		})
	}

	// A configuration without the input's diff: what was imported is what is written.
	other := w.sibling()
	other.write(config)
	other.ok("import", "-no-color", this, "taken-over")
	s.later(time.Hour, w)
	other.env[envClock] = w.env[envClock]
	other.apply().mustSay(t, "1 changed")
	other.expectLive(s, 4)
	s.expect(3, 0)
}

// An import of a name that the store does not hold is an error, whether it never was there or was destroyed.
func TestImportAbsent(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	config := s.pair("nobody", s.issue().RefreshToken, strict, "")
	w.write(config)
	wants := []string{"Unable to Import Token Pair", "The token store file://" + w.store + ` holds no token pair "nobody".`, "nothing was sent"}
	w.fails(wants, "import", "-no-color", this, "nobody")
	w.fails([]string{"Invalid Import ID"}, "import", "-no-color", this, "no/body")
	w.write(config + "import {\n  to = " + this + "\n  id = \"nobody\"\n}\n")
	w.fails(wants, "plan", "-no-color", "-input=false")
	s.expectCalls(calls{})

	w.write(config)
	w.apply()
	w.ok("destroy", "-no-color", "-auto-approve")
	w.fails(wants, "import", "-no-color", this, "nobody")
	s.expectCalls(calls{refreshes: 1, revocations: 1})
}

// Two resources cannot have one name: the second is told how to import.
func TestNameTaken(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.pair("taken", s.issue().RefreshToken, strict, ""))
	w.apply()
	w.plan() // the Read that marks the record as managed
	other := w.sibling()
	other.write(s.pair("taken", s.issue().RefreshToken, strict, ""))
	other.fails([]string{"Unable to Create Token Pair", `holds a token pair "taken" already, and another resource manages it.`,
		"It was left alone and still works.", "terraform import ADDRESS taken"}, "apply", "-no-color", "-auto-approve")
	s.expect(1, 0)

	// A new one cannot be made before the old one is destroyed.
	w.replace("preauthenticated", "lifecycle {\n    create_before_destroy = true\n  }\n  preauthenticated")
	w.fails([]string{"A resource with create_before_destroy cannot be replaced under the same name."}, "apply", "-no-color", "-auto-approve", "-replace="+this)
	s.expectCalls(calls{refreshes: 1})
	w.apply()
	w.expect(this, values{"status": "active", "generation": 2, "refresh_token": s.family(0, 2).RefreshToken})
}

// The registration is imported by its name as well; its secret stays in the store.
func TestImportRegistration(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	const address = "oauth_app_registration.this"
	config := s.registration("app", "")
	w.write(config)
	w.apply()
	w.plan()
	other := w.sibling()
	other.write(config)
	other.fails([]string{"Unable to Import App Registration", `holds no app registration "other"`}, "import", "-no-color", address, "other")
	other.ok("import", "-no-color", address, "app").mustSay(t, "Import successful!")
	other.expect(address, values{"client_id": clientID, "token_endpoint": s.base + "/token", "client_secret": nil})
	other.plan().mustSay(t, "0 to add, 1 to change, 0 to destroy")
	other.apply()
	other.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.expectCalls(calls{})
}
