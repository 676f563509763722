//go:build unix

package acceptance_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// byCode is the pair of minting with authorization_code in the place of its grant.
func (s *server) byCode(more string) string {
	return fmt.Sprintf(`
resource "oauth_token_pair" "this" {
  name               = "machine"
  client             = %s
  authorization_code = {
    redirect_uri = %q
    %s
  }
}
`, s.client(strict), redirectURI, more)
}

// authorizedPair takes a person through an authorization of byCode, below the configuration of a provider.
func authorizedPair(t *testing.T, provider func(*workspace) string) (s *server, w *workspace, head, callback string) {
	t.Helper()
	s, w = newServer(t, nil), newWorkspace(t)
	if provider != nil {
		head = provider(w)
	}
	w.write(head + s.byCode(""))
	w.apply()
	callback = attribute("callback_url", s.consent(w.string(this, "authorization_url")))
	w.write(head + s.byCode(callback))
	w.apply()
	w.expect(this, values{"status": "active", "generation": 1})
	return s, w, head, callback
}

// The state did not learn of a change of grant, as after a crash, and the configuration goes back: a plan shows it, and the
// tokens of the authorization are in use again.
func TestGrantThatTheStateDidNotLearnOf(t *testing.T) {
	t.Parallel()
	s, w, _, callback := authorizedPair(t, nil)
	token := w.string(this, "refresh_token")
	before := w.stateText()
	w.write(s.minting("", ""))
	w.apply()
	w.pushState(before)
	w.write(s.byCode(callback))
	w.plan().mustSay(t, "oauth_token_pair.this will be updated in-place")
	w.apply()
	w.expect(this, values{"status": "active", "refresh_token": token})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
}

// With the state as store, tokens that wait beside those in use would be lost on the way into another one.
func TestGrantAsideStaysInTheState(t *testing.T) {
	t.Parallel()
	s, w, head, callback := authorizedPair(t, func(w *workspace) string { return stateOnly(w, "") })
	token := w.string(this, "refresh_token")
	w.write(head + s.minting("", ""))
	w.apply()
	file := fmt.Sprintf("provider \"oauth\" {\n  token_store = \"file://%s/st\"\n}\n", w.dir)
	w.write(file + s.minting("", ""))
	w.fails([]string{"Tokens Wait Beside the State", "Nothing was sent, and nothing changed."}, "apply", "-auto-approve", "-no-color", "-input=false")
	w.write(head + s.byCode(callback))
	w.apply()
	w.expect(this, values{"status": "active", "refresh_token": token})
	w.write(file + s.byCode(callback))
	w.apply()
	w.expect(this, values{"status": "active", "refresh_token": token})
}

// A change of grant that the server refuses is taken back, and the URL that a person has opened meanwhile is still good.
func TestURLAfterAFailedChangeOfGrant(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.byCode(""))
	w.apply()
	s.fault(sandbox.Fault{Action: sandbox.ActionStatus, Status: 400, Body: `{"error":"unauthorized_client"}`})
	w.write(s.minting("", ""))
	w.fails([]string{"Unable to Get Access Token"}, "apply", "-auto-approve", "-no-color", "-input=false")
	url := w.string(this, "authorization_url")
	w.write(s.byCode(""))
	w.apply()
	w.expect(this, values{"authorization_url": url})
	w.write(s.byCode(attribute("callback_url", s.consent(url))))
	w.apply()
	w.expect(this, values{"status": "active", "generation": 1})
}

// The URL that the error of a failed exchange names is good, also where the grant was changed with it.
func TestURLOfAFailedExchangeAfterAChangeOfGrant(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.minting("", ""))
	w.apply()
	w.write(s.byCode(`code = "nonsense"`))
	r := w.fails([]string{"Unable to Exchange Authorization Code"}, "apply", "-auto-approve", "-no-color", "-input=false")
	_, text, _ := strings.Cut(r.stdout+r.stderr, "http://127.0.0.1")
	url := "http://127.0.0.1" + strings.Fields(text)[0]
	w.write(s.byCode(attribute("callback_url", s.consent(url))))
	w.apply()
	w.expect(this, values{"status": "active", "refresh_token": s.family(0, 1).RefreshToken})
}

// Tokens that a configuration brought and that were rotated since are not sent again, also where the grant was another one
// meanwhile and the store is a new one, which has never seen them.
func TestBroughtAgainInAnotherStore(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	brought := s.pair("machine", s.issue().RefreshToken, strict, "")
	w.write(brought)
	w.apply()
	s.expect(1, 0)
	w.write(s.minting("", ""))
	w.apply()
	w.env["OAUTH_TOKEN_STORE"] += "-new"
	w.write(brought)
	w.apply().mustSay(t, "Warning: ")
	s.expect(1, 0)
	w.expect(this, values{"status": "authorization_required", "refresh_token": nil})
	w.env["OAUTH_TOKEN_STORE"] = strings.TrimSuffix(w.env["OAUTH_TOKEN_STORE"], "-new")
}
