//go:build unix

package acceptance_test

import (
	"fmt"
	"testing"
	"time"
)

// lateProvider is a provider whose setting is known only at apply whenever n changes.
func lateProvider(n int, setting, value string) string {
	return fmt.Sprintf(`
resource "terraform_data" "late" {
  triggers_replace = %d
  input            = %s
}
provider "oauth" {
  %s = terraform_data.late.output
}
`, n, value, setting)
}

// Rule 9: with a provider that is known only at apply, Read returns the state unchanged with a warning, everything
// computed is unknown, and data sources and ephemerals fail with the attribute's name. It never falls back to the
// default store.
func TestRule9UnknownProvider(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	store := fmt.Sprintf("%q", "file://"+w.store)
	w.env["OAUTH_TOKEN_STORE"] = ""
	pair := s.pair("late", s.issue().RefreshToken, strict, "")
	app := s.registration("app", "")
	w.write(lateProvider(1, "token_store", store) + app + pair)
	w.plan().mustSay(t, "3 to add", "oauth_token_pair.this will be created")
	s.expectCalls(calls{})
	w.apply().mustSay(t, "3 added")
	s.expect(1, 0)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	state := w.attributes(this)

	s.later(time.Hour, w)
	w.write(lateProvider(2, "token_store", store) + app + pair)
	r := w.plan()
	r.mustSay(t, "Warning: Provider Configuration Not Known Yet", "The provider's token_store is known only after apply", "was neither read nor refreshed. Its state is used as it is.",
		`id = "late" -> (known after apply)`, `store_id = "`+state["store_id"].(string)+`" -> (known after apply)`, "1 to add, 2 to change, 1 to destroy")
	s.expect(1, 0)
	w.apply().mustSay(t, "1 added, 2 changed, 1 destroyed")
	s.expect(2, 0)
	w.expectLive(s, 3)
	w.expect(this, values{"store_id": state["store_id"], "id": "late"})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")

	s.later(time.Hour, w)
	for what, config := range map[string]string{"data.oauth_access_token": reader("late", ""), "ephemeral.oauth_access_token": ephemeral("late", ""),
		"data.oauth_token_pair": "data \"oauth_token_pair\" \"x\" {\n  name = \"late\"\n}\n"} {
		w.write(lateProvider(3, "token_store", store) + app + pair + config)
		w.fails([]string{"Error: Provider Configuration Not Known Yet", what + " needs the provider's token_store, which is known only after apply. Nothing was read or sent."},
			"plan", "-no-color", "-input=false")
	}
	s.expect(2, 0)
}

// Rule 9 for the settings beside the store: a pair is not touched while they are unknown.
func TestRule9UnknownKey(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	pair := s.secretlessPair("late", s.issue().RefreshToken, 1)
	w.write(lateProvider(1, "secrets_in_state", "false") + pair)
	w.apply()
	w.expect(this, values{"status": "active", "access_token": nil, "refresh_token": nil})
	s.later(time.Hour, w)
	w.write(lateProvider(2, "secrets_in_state", "false") + pair)
	w.plan().mustSay(t, "The provider's secrets_in_state is known only after apply")
	s.expect(1, 0)
	w.apply().mustSay(t, "1 added, 1 changed, 1 destroyed")
	s.expect(2, 0)
	w.expect(this, values{"status": "active", "generation": 3, "access_token": nil, "refresh_token": nil})

	key := newKey(t)
	sealed := w.sibling()
	sealed.store = ""
	sealed.moveStore(w.dir + "-sealed")
	sealed.write(lateProvider(1, "token_store_key", fmt.Sprintf("%q", key)) + s.pair("sealed", s.issue().RefreshToken, strict, ""))
	sealed.apply().mustNotSay(t, "Token Store Not Sealed")
	s.expect(3, 0)
	sealed.write(lateProvider(2, "token_store_key", fmt.Sprintf("%q", key)) + s.pair("sealed", "unused", strict, ""))
	sealed.plan().mustSay(t, "The provider's token_store_key is known only after apply")
	s.expect(3, 0)
}
