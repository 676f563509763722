//go:build unix

package acceptance_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Rule 5: name, client_id and issuer replace where both values are known and differ, and nothing else does.
func TestRule5WhatReplaces(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	config := s.pair("replaces", s.issue().RefreshToken, strict, "")
	issuer := func(url string) string {
		return strings.Replace(config, "client_id ", attribute("issuer", url)+"\n    client_id ", 1)
	}
	w.write(config)
	w.apply()
	for name, tt := range map[string]struct{ config, want string }{
		"name":      {strings.Replace(config, `"replaces"`, `"another"`, 1), `name = "replaces" -> "another" # forces replacement`},
		"client_id": {strings.Replace(config, `"`+clientID+`"`, `"another"`, 1), `client_id = "` + clientID + `" -> "another" # forces replacement`},
	} {
		w.write(tt.config)
		w.plan().mustSay(t, "must be replaced", tt.want, "1 to add, 0 to change, 1 to destroy")
		if t.Failed() {
			t.Fatalf("in case %q", name)
		}
	}
	w.write(issuer("https://one.example.com"))
	w.plan().mustSay(t, "0 to add, 1 to change, 0 to destroy") // it was null before
	w.apply()
	w.write(issuer("https://two.example.com"))
	w.plan().mustSay(t, `"https://one.example.com" -> "https://two.example.com" # forces replacement`, "1 to add, 0 to change, 1 to destroy")
	w.write(config)
	w.plan().mustSay(t, "0 to add, 1 to change, 0 to destroy") // and is null again

	for name, tt := range map[string]struct{ old, with string }{
		"secret":   {fmt.Sprintf("%q", clientSecret), `"another"`},
		"endpoint": {"/revoke", "/revoke2"},
		"policy":   {`"revoke_family"`, `"reject"`},
	} {
		w.write(strings.Replace(config, tt.old, tt.with, 1))
		w.plan().mustSay(t, "0 to add, 1 to change, 0 to destroy")
		if t.Failed() {
			t.Fatalf("in case %q", name)
		}
	}
	s.expectCalls(calls{refreshes: 1})

	// An update in place would be wrong for tokens of the old client; a replacement revokes them.
	another := strings.Replace(config, `"`+clientID+`"`, `"another"`, 1)
	w.write(another)
	w.plan("-refresh=false").mustSay(t, "0 to add, 1 to change, 0 to destroy") // what is not read is not revoked
	w.apply().mustSay(t, "1 added, 0 changed, 1 destroyed", "is not sent again")
	w.expect(this, values{"status": "authorization_required", "refresh_token": nil})
	s.expectCalls(calls{refreshes: 1, revocations: 1})
}

// Rule 5: a client, or a client_id, that is known only at apply never replaces. If it then is the same, nothing happens;
// if it is another, the old tokens are left unrevoked, and a person must authorize. They come back with their client_id.
func TestRule5UnknownClientNeverReplaces(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	input := s.issue().RefreshToken
	pair := func(client string) string {
		return fmt.Sprintf(`
resource "oauth_token_pair" "this" {
  name             = "late"
  client           = %s
  preauthenticated = { refresh_token = %q }
}
`, client, input)
	}
	late := func(n int, input, client string) string {
		return fmt.Sprintf("resource \"terraform_data\" \"late\" {\n  triggers_replace = %d\n  input = %s\n}\n", n, input) + pair(client)
	}
	id := strings.Replace(s.client(strict), `"`+clientID+`"`, "terraform_data.late.output", 1)
	w.write(late(1, `"`+clientID+`"`, id))
	w.apply()
	s.expectCalls(calls{refreshes: 1})

	w.write(late(2, `"`+clientID+`"`, id))
	w.plan().mustSay(t, "oauth_token_pair.this will be updated in-place", "1 to add, 1 to change, 1 to destroy")
	w.apply().mustSay(t, "1 added, 0 changed, 1 destroyed") // it was the same
	w.expectLive(s, 2)

	w.write(late(3, s.client(strict), "terraform_data.late.output")) // the whole client
	w.plan().mustSay(t, "oauth_token_pair.this will be updated in-place", "1 to add, 1 to change, 1 to destroy")
	w.apply()
	w.expectLive(s, 2)

	w.write(late(4, `"another"`, id))
	w.plan().mustSay(t, "oauth_token_pair.this will be updated in-place", "1 to add, 1 to change, 1 to destroy")
	w.apply().mustSay(t, "Warning: Another Client", "They were not revoked; they are kept aside, and used again if the old client_id returns. Authorize again.")
	w.expect(this, values{"status": "authorization_required", "refresh_token": nil, "access_token": nil, "generation": 0})
	s.expectCalls(calls{refreshes: 1})
	if s.live().Revoked {
		t.Error("the old tokens were revoked")
	}
	w.plan("-detailed-exitcode").mustSay(t, "No changes.", "Authorization Required")

	w.write(late(5, `"`+clientID+`"`, id))
	w.plan().mustSay(t, "oauth_token_pair.this will be updated in-place", "(known after apply)")
	w.apply().mustSay(t, "Warning: Another Client", "are in use again")
	w.expectLive(s, 2)
	s.later(time.Hour, w)
	w.apply()
	w.expectLive(s, 3)
	s.expectCalls(calls{refreshes: 2})
}

// Rule 5: a client_id that was changed without a read, and is changed back in the ordinary way, finds its tokens again. A
// replacement would drop them.
func TestRule5ClientChangedBack(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	config := s.pair("back", s.issue().RefreshToken, strict, "")
	w.write(config)
	w.apply()
	w.write(strings.Replace(config, `"`+clientID+`"`, `"mistyped"`, 1))
	w.apply("-refresh=false").mustSay(t, "Warning: Another Client")
	w.expect(this, values{"status": "authorization_required", "refresh_token": nil})
	w.write(config)
	w.apply().mustSay(t, "1 changed", "are in use again")
	w.expectLive(s, 2)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.expectCalls(calls{refreshes: 1})
}

// Rule 5: an unknown name of an existing resource is an error of the plan, since a replacement would revoke.
func TestRule5UnknownName(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	config := func(n int) string {
		return fmt.Sprintf("resource \"terraform_data\" \"name\" {\n  triggers_replace = %d\n  input = \"late-name\"\n}\n", n) +
			strings.Replace(s.pair("late-name", "", strict, ""), `"late-name"`, "terraform_data.name.output", 1)
	}
	input := s.issue().RefreshToken
	write := func(n int) {
		w.write(strings.Replace(config(n), `refresh_token = ""`, attribute("refresh_token", input), 1))
	}
	write(1)
	w.apply().mustSay(t, "2 added") // on create it may be unknown
	write(2)
	w.fails([]string{"Error: Name Not Known Yet", "is known only after apply", "nothing is planned"}, "plan", "-no-color", "-input=false")
	s.expectCalls(calls{refreshes: 1})
	write(1)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
}

// Rule 5 after an import: the state then knows of no secret and no grant, and nothing replaces.
func TestRule5AfterImport(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	config := s.pair("imported", s.issue().RefreshToken, strict, "")
	w.write(config)
	w.apply()
	other := w.sibling()
	other.write(config)
	other.ok("import", "-no-color", this, "imported")
	s.later(time.Hour, w)
	other.env[envClock] = w.env[envClock]
	other.replace(`"`+clientID+`"`, "terraform_data.id.output")
	other.replace("\nresource", "\nresource \"terraform_data\" \"id\" {\n  input = \""+clientID+"\"\n}\nresource")
	other.apply().mustSay(t, "1 added, 1 changed, 0 destroyed")
	s.expectCalls(calls{refreshes: 2})
	other.expectLive(s, 3)
}
