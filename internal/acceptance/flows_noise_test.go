//go:build unix

package acceptance_test

import (
	"path/filepath"
	"testing"
	"time"
)

// A rotation in Read makes no noise: no difference on the pair, on consumers of its id, or on outputs of what stays; no
// warning is repeated. Consumers of the access token differ by nature.
func TestRotationMakesNoNoise(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	quiet := s.pair("quiet", s.issue().RefreshToken, strict, "") + consumers + `
output "id" {
  value = oauth_token_pair.this.id
}
output "status" {
  value = oauth_token_pair.this.status
}
`
	w.write(quiet)
	w.apply().mustSay(t, "Token Store Not Sealed") // once, where somebody acts
	for n := 2; n <= 3; n++ {
		s.later(time.Hour, w)
		r := w.plan("-detailed-exitcode")
		r.mustSay(t, "No changes.")
		r.mustNotSay(t, "Objects have changed outside of Terraform", "Warning: Token", "Warning: Refresh", "Warning: Authorization")
		s.expect(n, 0)
	}
	w.write(quiet + "output \"token\" {\n  value     = oauth_token_pair.this.access_token\n  sensitive = true\n}\n")
	w.apply()
	s.later(time.Hour, w)
	r := w.terraform("plan", "-detailed-exitcode", "-no-color", "-input=false")
	if r.code != 2 {
		t.Errorf("a plan with a consumer of the access token exits with %d, want 2", r.code)
	}
	r.mustSay(t, "Changes to Outputs")
	s.expect(4, 0)
}

// Without a setting the store is a folder of the user. In a CI job that may be gone with the runner, which is told while
// the token is there; elsewhere nothing is told.
func TestDefaultStore(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	delete(w.env, "OAUTH_TOKEN_STORE")
	folder := filepath.Join(w.env["HOME"], ".local", "state", "terraform-provider-oauth")
	w.write(s.pair("default", s.issue().RefreshToken, strict, ""))
	w.apply().mustNotSay(t, "CI Runner")
	w.expect(this, values{"status": "active", "store_location": "file://" + folder})
	expectIn(t, folder, "the refresh token", s.live().RefreshToken, true)
	w.plan().mustNotSay(t, "CI Runner")
	w.env["CI"] = "true"
	w.plan("-detailed-exitcode").mustSay(t, "No changes.", "Warning: Token Store on a CI Runner's Own Disk", "Set token_store (or OAUTH_TOKEN_STORE) to a place that all runners share.")
	w.env["OAUTH_TOKEN_STORE"] = "file://" + folder
	w.plan().mustNotSay(t, "CI Runner")
	w.env["OAUTH_TOKEN_STORE"] = "" // empty is not set
	w.env["CI"] = "false"
	w.plan("-detailed-exitcode").mustNotSay(t, "CI Runner")
	s.expect(1, 0)
}

// Deadlines that come near are told while somebody can act on them, and not before.
func TestDeadlineWarnings(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	policy := strict + `, idle_lifetime = "720h", absolute_lifetime = "8760h"`
	w.write(s.codePair("deadlines", ""))
	w.replace(strict, policy)
	w.apply()
	callback := attribute("callback_url", s.consent(w.string(this, "authorization_url")))
	w.write(s.codePair("deadlines", callback))
	w.replace(strict, policy)
	w.apply().mustNotSay(t, "Refresh Token Dies Soon", "Authorization Ends Soon")
	for name, attribute := range map[string]string{"idle": "refresh_token_expires_at", "absolute": "reauthorize_by"} {
		if _, err := time.Parse(time.RFC3339, w.string(this, attribute)); err != nil {
			t.Errorf("the %s deadline: %v", name, err)
		}
	}
	const day = 24 * time.Hour
	s.later(24*day, w)
	w.plan("-refresh=false").mustNotSay(t, "Refresh Token Dies Soon")            // told by Read alone
	w.plan().mustNotSay(t, "Refresh Token Dies Soon", "Authorization Ends Soon") // Read has just refreshed
	s.expect(1, 0)
	w.write(s.codePair("deadlines", callback+"\n  }\n  refresh = {\n    strategy = \"never\""))
	w.replace(strict, policy)
	w.apply()
	s.later(24*day, w)
	w.plan().mustSay(t, "Refresh Token Dies Soon", "unless it is used before")
	w.write(s.codePair("deadlines", callback))
	w.replace(strict, policy)
	w.apply()
	s.expect(2, 0)
	s.later(290*day, w)
	r := w.plan()
	r.mustSay(t, "Authorization Ends Soon", "A person must authorize token pair \"deadlines\" again by", "however often it is refreshed", "Open this URL")
	s.expect(3, 0)
}
