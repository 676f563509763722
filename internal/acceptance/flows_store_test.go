//go:build unix

package acceptance_test

import (
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

// The state is pushed back to an old copy: the store is further on, and wins.
func TestStatePushedBack(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.pair("old-copy", s.issue().RefreshToken, strict, ""))
	w.apply()
	old := w.stateText()
	for range 2 {
		s.later(time.Hour, w)
		w.apply()
	}
	s.expect(3, 0)
	w.pushState(old)
	w.expect(this, values{"generation": 2})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.expect(3, 0) // the store's access token is fresh
	s.later(time.Hour, w)
	w.apply().mustSay(t, "No changes.")
	s.expect(4, 0)
	w.expectLive(s, 5)
}

// The state is lost: create refuses the name and says how to import, and the import works.
func TestStateLost(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.pair("orphan", s.issue().RefreshToken, strict, ""))
	w.apply()
	s.later(time.Hour, w)
	w.plan()
	s.expect(2, 0)
	w.loseState()
	s.later(time.Hour, w)
	w.fails([]string{"Unable to Create Token Pair", "a lost or new state", "terraform import ADDRESS orphan"}, "apply", "-no-color", "-auto-approve")
	s.expect(2, 0)
	w.ok("import", "-no-color", this, "orphan")
	s.expect(3, 0)
	w.apply().mustSay(t, "1 changed")
	w.expectLive(s, 4)
	s.expect(3, 0)
}

// The store is lost: a plan spends nothing and shows store_id changing, an apply writes the state's credential into the
// new store, and rotation goes on. The input that was used in the old store is not sent again.
func TestStoreLost(t *testing.T) {
	t.Parallel()
	for name, expired := range map[string]bool{"fresh access token": false, "expired access token": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, w := newServer(t, nil), newWorkspace(t)
			w.write(s.pair("lost", s.issue().RefreshToken, strict, ""))
			w.apply()
			w.plan()
			was, refreshes := w.string(this, "store_id"), 1
			w.loseStore()
			if expired {
				s.later(time.Hour, w)
				refreshes = 2 // the apply makes it, from the new store
			}
			for range 2 {
				w.plan().mustSay(t, "Credential Not in the Token Store", "Nothing was refreshed or sent", "apply: that writes the credential of the state into it",
					`store_id = "`+was+`" -> (known after apply)`, "will be updated in-place")
				s.expect(1, 0)
			}
			w.expect(this, values{"store_id": was, "generation": 2})

			w.apply().mustSay(t, "1 changed")
			s.expect(refreshes, 0)
			w.expectLive(s, refreshes+1)
			if is := w.string(this, "store_id"); is == was {
				t.Errorf("store_id is still %s", is)
			}
			w.plan("-detailed-exitcode").mustSay(t, "No changes.")
			s.later(time.Hour, w)
			w.apply().mustSay(t, "No changes.")
			s.expect(refreshes+1, 0)
			w.expectLive(s, refreshes+2)

			// Made again, it adopts no token that was used in the store that was lost.
			w.apply("-replace="+this).mustSay(t, "1 added, 0 changed, 1 destroyed", "is not sent again")
			s.expect(refreshes+1, 0)
			w.expect(this, values{"status": "authorization_required", "refresh_token": nil})
		})
	}
}

// The store is lost, and the state does not make up for it: its token was used in a plan that nobody applied, or it holds none. The apply
// says what became of the credential, and the server is asked about a token at most once.
func TestStoreLostForGood(t *testing.T) {
	t.Parallel()
	t.Run("the state is behind", func(t *testing.T) {
		t.Parallel()
		s, w := newServer(t, nil), newWorkspace(t)
		w.write(s.pair("behind", s.issue().RefreshToken, strict, ""))
		w.apply()
		s.later(time.Hour, w)
		w.plan() // refreshes, and is thrown away
		s.expect(2, 0)
		w.loseStore()
		w.apply().mustSay(t, "Credential Not in the Token Store", "Authorization Required: behind", "no longer works: the authorization server refused it", "was used before")
		s.expect(2, 1)
	})
	t.Run("the state holds no tokens", func(t *testing.T) {
		t.Parallel()
		s, w := newServer(t, nil), newWorkspace(t)
		w.write("provider \"oauth\" {\n  secrets_in_state = false\n}\n" + s.secretlessPair("empty", s.issue().RefreshToken, 1))
		w.apply()
		w.plan()
		w.loseStore()
		w.plan().mustSay(t, "Credential Not in the Token Store", "its tokens are not in the state either", "put a copy of the former store back")
		w.apply().mustSay(t, "Authorization Required: empty", "from a state that keeps no tokens (secrets_in_state = false)", "If a copy of it is left, put it back")
		s.expect(1, 0)
	})
}

// The store is restored from a backup that is older than the state: the state's tokens heal it, and nothing old is sent.
func TestStoreRestoredFromBackup(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	backup := filepath.Join(t.TempDir(), "backup")
	w.write(s.pair("restored", s.issue().RefreshToken, strict, ""))
	w.apply()
	w.plan()
	w.copyStore(backup)
	for range 2 {
		s.later(time.Hour, w)
		w.apply()
	}
	s.expect(3, 0)
	w.restoreStore(backup)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.expect(3, 0) // the state's access token is fresh
	expectIn(t, w.store, "the refresh token of the state", s.live().RefreshToken, true)
	s.later(time.Hour, w)
	w.restoreStore(backup)
	w.apply().mustSay(t, "No changes.")
	s.expect(4, 0)
	w.expectLive(s, 5)
}

// The backup is from before the credential was made: the same store_id, and no record. A plan spends nothing, an apply
// puts the credential back.
func TestStoreRestoredWithoutRecord(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	backup := filepath.Join(t.TempDir(), "backup")
	w.write(s.registration("app", ""))
	w.apply()
	w.copyStore(backup)
	w.write(s.registration("app", "") + s.pair("younger", s.issue().RefreshToken, strict, ""))
	w.apply()
	w.plan()
	was := w.string(this, "store_id")
	w.restoreStore(backup)
	s.later(time.Hour, w)
	r := w.plan()
	r.mustSay(t, "no longer holds token pair", "may have been restored from an older backup", "Nothing was refreshed or sent", "will be updated in-place")
	s.expect(1, 0)
	w.apply().mustSay(t, "1 changed")
	s.expect(2, 0)
	w.expectLive(s, 3)
	w.expect(this, values{"store_id": was})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
}

// A state without tokens cannot heal a restored store: the outcome is unknown, and what the backup holds is not sent.
func TestStoreRestoredWithoutSecretsInState(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	backup := filepath.Join(t.TempDir(), "backup")
	w.write("provider \"oauth\" {\n  secrets_in_state = false\n}\n" + s.secretlessPair("restored", s.issue().RefreshToken, 1))
	w.apply()
	w.plan()
	w.copyStore(backup)
	s.later(time.Hour, w)
	w.apply()
	s.expect(2, 0)
	w.restoreStore(backup)
	w.plan().mustSay(t, "No changes.", "Outcome of a Refresh Unknown", "may have been restored from an older backup", "put it back")
	w.apply()
	w.expect(this, values{"status": "outcome_unknown", "refresh_token": nil, "access_token": nil})
	s.expect(2, 0)
}

// Store and state are of one age, and neither knows of the refresh since: nobody can tell. The spent token is sent, and the server says so.
func TestStoreRestoredBesideAStateOfItsAge(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	backup := filepath.Join(t.TempDir(), "backup")
	w.write(s.pair("alike", s.issue().RefreshToken, strict, ""))
	w.apply()
	w.copyStore(backup)
	s.later(time.Hour, w)
	w.plan() // refreshes, and is thrown away
	s.expect(2, 0)
	w.restoreStore(backup)
	w.plan().mustSay(t, "Authorization Required: alike", "was used before")
	s.expect(2, 1)
}

// A wrong, empty store: a plan spends nothing, changes nothing and says where the credential lives. An apply on the
// implicit default store is an error.
func TestWrongStore(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.pair("elsewhere", s.issue().RefreshToken, strict, ""))
	w.apply()
	w.plan()
	right, state := w.store, w.attributes(this)
	s.later(time.Hour, w)

	w.moveStore(filepath.Join(t.TempDir(), "wrong"))
	w.plan().mustSay(t, "Warning: Credential Not in the Token Store", "The token store file://"+w.store+` does not hold token pair "elsewhere"`,
		"which the state says is in file://"+right, "Nothing was refreshed or sent", "If this is the wrong store, set token_store or OAUTH_TOKEN_STORE to the right one.")

	delete(w.env, "OAUTH_TOKEN_STORE")
	implicit := "file://" + filepath.Join(w.env["HOME"], ".local", "state", "terraform-provider-oauth")
	w.plan().mustSay(t, "This is the default store, because neither token_store nor OAUTH_TOKEN_STORE is set.", implicit)
	w.fails([]string{"Error: Credential Lives in Another Token Store", "The state says that it lives in file://" + right, "Nothing was sent. The credential still works where it is.",
		`set token_store = "` + implicit + `" and apply again`}, "apply", "-no-color", "-auto-approve")
	s.expect(1, 0)
	if got := w.attributes(this); !reflect.DeepEqual(got, state) {
		t.Errorf("the state has changed from %v to %v", state, got)
	}

	w.moveStore(right)
	w.apply().mustSay(t, "No changes.")
	s.expect(2, 0)
	w.expectLive(s, 3)
}

// Destroy against a foreign store is an error, and revokes nothing.
func TestDestroyInWrongStore(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.pair("not-here", s.issue().RefreshToken, strict, ""))
	w.apply()
	w.plan()
	right := w.store
	wants := []string{"Error: Credential Lives in Another Token Store", "lives in the token store file://" + right, "Nothing was revoked or removed.", "terraform state rm"}

	w.moveStore(filepath.Join(t.TempDir(), "wrong"))
	w.fails(wants, "destroy", "-no-color", "-auto-approve")
	// The same with a store that is another's: it has an id and a credential of that name.
	other := newWorkspace(t)
	other.write(s.pair("not-here", s.issue().RefreshToken, strict, ""))
	other.apply()
	w.moveStore(other.store)
	w.fails(wants, "destroy", "-no-color", "-auto-approve", "-refresh=false")
	s.expectCalls(calls{refreshes: 2})

	w.moveStore(right)
	w.expect(this, values{"status": "active", "generation": 2})
	w.ok("destroy", "-no-color", "-auto-approve").mustSay(t, "1 destroyed")
	s.expectCalls(calls{refreshes: 2, revocations: 1})
	if f := s.family(0, 2); !f.Revoked {
		t.Error("the authorization of the right store was not revoked")
	}
}

// An apply that reads nothing first is as careful as one that does: it heals a restored store from the state, and keeps
// its hands off another's credential.
func TestUpdateWithoutRead(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	backup := filepath.Join(t.TempDir(), "backup")
	w.write(s.pair("unread", s.issue().RefreshToken, strict, "revoke_on_destroy = true"))
	w.apply()
	w.plan()
	w.copyStore(backup)
	s.later(time.Hour, w)
	w.apply()
	s.expect(2, 0)
	w.restoreStore(backup)
	s.later(time.Hour, w)
	w.replace("revoke_on_destroy = true", "revoke_on_destroy = false")
	w.apply("-refresh=false").mustSay(t, "1 changed")
	s.expect(3, 0)
	w.expectLive(s, 4)

	right, other := w.store, newWorkspace(t)
	other.write(s.pair("unread", s.issue().RefreshToken, strict, strategy("never")))
	other.apply()
	other.plan()
	w.replace("revoke_on_destroy = false", "revoke_on_destroy = true")
	w.plan("-out=saved")
	w.moveStore(other.store)
	for _, args := range [][]string{{"apply", "-no-color", "saved"}, {"apply", "-no-color", "-auto-approve", "-refresh=false"}} {
		w.fails([]string{"Error: Credential Lives in Another Token Store", "lives in the token store file://" + right, "Nothing was sent or changed."}, args...)
	}
	other.plan("-detailed-exitcode").mustSay(t, "No changes.")

	// A store that was lost after the plan: the plan does not show store_id changing, so nothing is moved.
	w.moveStore(right)
	w.plan("-out=saved")
	w.loseStore()
	for _, args := range [][]string{{"apply", "-no-color", "saved"}, {"apply", "-no-color", "-auto-approve", "-refresh=false"}} {
		w.fails([]string{"Error: Token Store Changed Since the Plan", "Nothing was sent or changed.", "plan again without -refresh=false"}, args...)
	}
	s.expectCalls(calls{refreshes: 3})
	w.apply().mustSay(t, "1 changed")
	s.expectCalls(calls{refreshes: 3})
	w.expect(this, values{"status": "active", "generation": 4, "refresh_token": s.family(0, 2).RefreshToken})
}

// A store that the credential once lived in keeps an old copy. A plan against it spends nothing; only an apply, whose plan
// shows the store changing, goes on there.
func TestPlanAgainstFormerStore(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.pair("moved", s.issue().RefreshToken, strict, ""))
	w.apply()
	former := w.store
	w.moveStore(filepath.Join(t.TempDir(), "second"))
	second := w.store
	w.apply().mustSay(t, "1 changed")
	s.later(time.Hour, w)
	w.apply()
	s.expect(2, 0)
	s.later(time.Hour, w)

	w.moveStore(former)
	for range 2 {
		w.plan().mustSay(t, "Warning: Credential in Another Token Store", "an older copy, whose refresh token may be used up", "store_id", "1 to change")
	}
	s.expect(2, 0)

	w.moveStore(second)
	w.apply().mustNotSay(t, "Credential in Another Token Store")
	s.expect(3, 0)
	w.expectLive(s, 4)

	w.moveStore(former) // on purpose: the state is ahead, and heals it
	w.apply().mustSay(t, "1 changed")
	w.expectLive(s, 4)
	s.later(time.Hour, w)
	w.apply()
	s.expect(4, 0)
	w.expectLive(s, 5)
}

// A mistyped token in the configuration does not replace a credential that works.
func TestMistypedToken(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	first := s.issue().RefreshToken
	w.write(s.pair("typo", first, strict, ""))
	w.apply()
	w.replace(first, "mistyped")
	w.apply().mustSay(t, "Warning: Brought Tokens Refused", "still work and are in use again")
	w.expectLive(s, 2)
	s.later(time.Hour, w)
	w.apply().mustSay(t, "No changes.")
	w.expectLive(s, 3)
}
