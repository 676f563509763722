//go:build unix

package acceptance_test

import (
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// An attempt to authorize again fails. The credential that works stays in use, and the message says so: what goes for a
// refresh that failed does not go for a code.
func TestReauthorizationFailed(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	write := func(callback string) { w.write(s.codePair("again", callback)) }
	url := func() string {
		t.Helper()
		write("")
		w.apply()
		return w.string(this, "authorization_url")
	}
	write(attribute("callback_url", s.consent(url())))
	w.apply()

	status := func(code int, text string) sandbox.Fault {
		return sandbox.Fault{Action: sandbox.ActionStatus, When: sandbox.Before, Status: code, Body: text}
	}
	for name, tt := range map[string]struct {
		fault sandbox.Fault
		says  string
	}{
		"refused":    {status(400, `{"error":"invalid_grant"}`), "did not accept the code"},
		"bad client": {status(401, `{"error":"invalid_client"}`), "does not accept the client"},
		"too many":   {status(429, ""), "takes no code"},
		"not found":  {status(404, ""), "Check the client's endpoints and settings."},
		"lost reply": {sandbox.Fault{Action: sandbox.ActionDrop, When: sandbox.After}, "was sent, or may have been, and no usable reply came."},
	} {
		write(attribute("callback_url", s.consent(url())))
		s.fault(tt.fault)
		r := w.fails([]string{"Unable to Exchange Authorization Code", tt.says, "A code is never sent twice, so a new one is needed.",
			"The tokens of the earlier authorization are unchanged and still in use.", "Open this URL"}, "apply", "-no-color", "-auto-approve")
		r.mustNotSay(t, "no longer works", "A refresh of", "refresh token", "Run again")
		w.expect(this, values{"status": "active", "generation": 1})
		if t.Failed() {
			t.Fatalf("in case %q", name)
		}
	}
	write(attribute("callback_url", s.consent(url())))
	w.apply()
	w.expect(this, values{"status": "active", "generation": 1})
}
