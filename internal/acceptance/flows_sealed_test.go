//go:build unix

package acceptance_test

import (
	"regexp"
	"testing"
	"time"

	"filippo.io/age"
)

func newKey(t testing.TB) string {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id.String()
}

var sealedRecord = regexp.MustCompile(`(?m)^terraform-provider-oauth record v1 sealed ([0-9a-f]{16})$`)

// fingerprint names the key that the one token pair in the store is sealed with.
func fingerprint(w *workspace) string {
	w.t.Helper()
	for _, path := range findIn(w.t, w.store+"/pair", "terraform-provider-oauth record v1 ") {
		if found := sealedRecord.FindStringSubmatch(readFile(w.t, path)); found != nil {
			return found[1]
		}
	}
	w.t.Fatal("the token pair is not sealed")
	return ""
}

// With a key no secret is in any file of the store. Keys are rotated by "new,old"; a wrong key is an error that names
// fingerprints, and spends nothing.
func TestSealedStore(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	old, next, wrong := newKey(t), newKey(t), newKey(t)
	input := s.issue().RefreshToken
	w.env["OAUTH_TOKEN_STORE_KEY"] = old
	w.write(s.registration("app", "") + s.pair("sealed", input, strict, ""))
	w.apply().mustNotSay(t, "Token Store Not Sealed")
	w.plan()
	s.expect(1, 0)

	// A wrong key, and none at all.
	s.later(time.Hour, w)
	first := fingerprint(w)
	for name, key := range map[string]string{"wrong": wrong, "none": ""} {
		w.env["OAUTH_TOKEN_STORE_KEY"] = key
		wants := []string{"Error: Unable to Read Token Pair", "no key opens the record", first, "Nothing was sent. The record is there and unchanged.", "list the new one first and the old one behind it"}
		r := w.fails(wants, "plan", "-no-color", "-input=false")
		r.mustNotSay(t, "not in the token store", "holds no token pair", old, wrong)
		w.fails([]string{"no key opens the record", first}, "apply", "-no-color", "-auto-approve", "-refresh=false", "-replace="+this)
		other := w.sibling()
		other.write(reader("sealed", "allow_unauthorized = true"))
		other.fails([]string{"no key opens the record", first}, "plan", "-no-color", "-input=false")
		if t.Failed() {
			t.Fatalf("in case %q", name)
		}
	}
	s.expectCalls(calls{refreshes: 1})

	// The new key seals what is written from now on; the old one still opens.
	w.env["OAUTH_TOKEN_STORE_KEY"] = next + "," + old
	w.apply().mustSay(t, "No changes.")
	s.expect(2, 0)
	w.expectLive(s, 3)
	if fingerprint(w) == first {
		t.Error("the record is still sealed with the old key")
	}
	w.env["OAUTH_TOKEN_STORE_KEY"] = next
	w.plan("-target="+this).mustSay(t, "No changes.")
	for _, secret := range append(s.Secrets(), s.Secrets()[0]) {
		expectIn(t, w.store, string(secret.Kind), secret.Value, false)
	}
	expectIn(t, w.store, "the input", input, false)

	w.env["OAUTH_TOKEN_STORE_KEY"] = "AGE-SECRET-KEY-NONSENSE"
	r := w.fails([]string{"Error: Invalid Token Store Key", "OAUTH_TOKEN_STORE_KEY cannot be used", "Nothing was read, written or sent."}, "plan", "-no-color", "-input=false")
	r.mustNotSay(t, "NONSENSE")
	s.expect(2, 0)
}

// A key that comes later: plain records are read, and sealed with their next write.
func TestPlainStoreGetsAKey(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.pair("later", s.issue().RefreshToken, strict, ""))
	w.apply().mustSay(t, "Warning: Token Store Not Sealed", "Set token_store_key (or OAUTH_TOKEN_STORE_KEY) to an age key")
	expectIn(t, w.store, "the refresh token", s.live().RefreshToken, true)
	w.env["OAUTH_TOKEN_STORE_KEY"] = newKey(t)
	s.later(time.Hour, w)
	w.apply().mustSay(t, "No changes.")
	s.expect(2, 0)
	w.expectLive(s, 3)
	expectIn(t, w.store, "the refresh token", s.live().RefreshToken, false)
}
