//go:build unix

package acceptance_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A renamed pair keeps the configuration's refresh token, which was used under the old name. So does a second pair.
func TestInputUsedUnderAnotherName(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	token := s.issue().RefreshToken
	w.write(s.pair("old-name", token, strict, "revoke_on_destroy = false"))
	w.apply()
	w.plan()
	other := w.sibling()
	other.write(s.pair("second", token, strict, ""))
	other.apply().mustSay(t, "was used before and is not sent again")
	other.expect(this, values{"status": "authorization_required", "refresh_token": nil})
	s.expect(1, 0)

	w.write(s.pair("new-name", token, strict, "revoke_on_destroy = false"))
	w.apply().mustSay(t, "was used before and is not sent again")
	w.expect(this, values{"status": "authorization_required", "refresh_token": nil})
	s.expect(1, 0)
	if s.live().Revoked {
		t.Error("the authorization was revoked")
	}
}

// Until the first Read after its apply a record looks as if that apply had died. Another configuration must not take it.
func TestNameTakenBeforeTheFirstRead(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.pair("crm", s.issue().RefreshToken, strict, ""))
	w.apply()
	other := w.sibling()
	other.write(s.pair("crm", s.issue().RefreshToken, strict, ""))
	other.fails([]string{"with other tokens than these: an apply that failed has left it", "terraform import"}, "apply", "-no-color", "-input=false", "-auto-approve")
	s.expect(1, 0)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	w.expect(this, values{"status": "active", "generation": 2})
}

// The state holds the last copy of a live token, and something of its name was once destroyed in the store at hand.
func TestTombstoneDoesNotEraseTheState(t *testing.T) {
	t.Parallel()
	s, w, other := newServer(t, nil), newWorkspace(t), newWorkspace(t)
	w.write(s.pair("same", s.issue().RefreshToken, strict, ""))
	w.apply()
	w.plan()
	live := w.string(this, "refresh_token")
	other.write(s.pair("same", s.issue().RefreshToken, strict, ""))
	other.env["HOME"] = w.env["HOME"]
	delete(other.env, "OAUTH_TOKEN_STORE")
	other.apply()
	other.ok("destroy", "-no-color", "-auto-approve")

	// The default store, by mistake: nothing is moved there.
	explicit := w.env["OAUTH_TOKEN_STORE"]
	delete(w.env, "OAUTH_TOKEN_STORE")
	w.fails([]string{"Credential Lives in Another Token Store"}, "apply", "-no-color", "-input=false", "-auto-approve")
	w.expect(this, values{"refresh_token": live, "status": "active"})

	// On purpose, after the old store was lost: the state's copy goes over the tombstone.
	w.loseStore()
	w.env["OAUTH_TOKEN_STORE"] = "file://" + filepath.Join(w.env["HOME"], ".local", "state", "terraform-provider-oauth")
	w.apply()
	w.expect(this, values{"refresh_token": live, "status": "active", "generation": 2})
	s.expectCalls(calls{refreshes: 2, revocations: 1})
	w.env["OAUTH_TOKEN_STORE"] = explicit
}

// An old copy of the state, and the name was made anew by another resource since: nothing of that one is taken or revoked.
func TestOldStateOfARemadeName(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.pair("shared", s.issue().RefreshToken, strict, ""))
	w.apply()
	w.plan()
	state := w.stateText()
	w.ok("destroy", "-no-color", "-auto-approve")
	other := w.sibling()
	other.write(s.pair("shared", s.issue().RefreshToken, strict, ""))
	other.apply()
	other.plan()
	w.pushState(state)
	w.fails([]string{"Another Resource Manages the Name", "Nothing was sent or changed."}, "destroy", "-no-color", "-auto-approve")
	s.expectCalls(calls{refreshes: 2, revocations: 1})
	other.plan("-detailed-exitcode").mustSay(t, "No changes.")
}

// A saved plan is applied where the store lies at another path. What was planned as known is returned.
func TestSavedPlanInAMovedStore(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	token := s.issue().RefreshToken
	w.write(s.pair("moved", token, strict, ""))
	w.apply()
	w.plan()
	was := w.string(this, "store_location")
	w.write(s.pair("moved", token, strict, `refresh = { before_expiry = "40s" }`))
	w.plan("-out=saved")
	to := filepath.Join(filepath.Dir(w.store), "elsewhere")
	if err := os.Rename(w.store, to); err != nil {
		t.Fatal(err)
	}
	w.moveStore(to)
	w.ok("apply", "-no-color", "-input=false", "saved")
	w.expect(this, values{"status": "active", "store_location": was})
	w.apply()
	w.expect(this, values{"status": "active", "store_location": "file://" + to})
	s.expect(1, 0)
}

// The private state of the state-only mode does not outlive it.
func TestStateOnlyLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	token := s.issue().RefreshToken
	file := w.env["OAUTH_TOKEN_STORE"]
	w.env["OAUTH_TOKEN_STORE"] = "state"
	w.write(s.pair("x", token, strict, ""))
	w.apply()
	live := s.live().RefreshToken
	if !strings.Contains(w.privateState(), live) {
		t.Fatal("the search does not find the token where it belongs")
	}
	w.env["OAUTH_TOKEN_STORE"] = file
	w.apply()
	w.expect(this, values{"refresh_token": live, "status": "active"})
	for what, text := range map[string]string{"refresh token": live, "client secret": clientSecret} {
		if strings.Contains(w.privateState(), text) {
			t.Errorf("the private state still holds the %s", what)
		}
	}
	s.expect(1, 0)
}

// privateState is what the state keeps besides attributes, decoded.
func (w *workspace) privateState() string {
	w.t.Helper()
	var all strings.Builder
	for rest := w.stateText(); ; {
		_, after, found := strings.Cut(rest, `"private":`)
		after = strings.TrimPrefix(strings.TrimSpace(after), `"`) // OpenTofu writes no space
		if !found {
			return strings.ReplaceAll(all.String(), `\u0026`, "&")
		}
		encoded, more, _ := strings.Cut(after, `"`)
		outer, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			w.t.Fatal(err)
		}
		all.Write(outer)
		for _, word := range strings.Split(string(outer), `"`) {
			if inner, err := base64.StdEncoding.DecodeString(word); err == nil {
				all.Write(inner)
			}
		}
		rest = more
	}
}

// A store that was restored without the record leaves a destroy nothing to revoke. It says so.
func TestDestroyWithoutRecord(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.pair("gone", s.issue().RefreshToken, strict, ""))
	w.apply()
	w.plan()
	if err := os.Remove(filepath.Join(w.store, "pair", "gone")); err != nil {
		t.Fatal(err)
	}
	w.ok("destroy", "-no-color", "-auto-approve").mustSay(t, "Tokens Not Revoked", "the token store no longer holds them")
	s.expectCalls(calls{refreshes: 1, revocations: 0})
}
