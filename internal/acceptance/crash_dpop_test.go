//go:build unix

package acceptance_test

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// killAt runs a command whose provider is killed when it stands at the step for the first time.
func (w *workspace) killAt(step string, args ...string) {
	w.t.Helper()
	st := w.stopAt(step)
	r := w.start(args...)
	if err := syscall.Kill(st.reached(r, step), syscall.SIGKILL); err != nil {
		w.t.Fatal(err)
	}
	r.wait()
	w.noStop()
}

// A process dies between its two requests, or before the first: the key is in the store by then, and no token is ever bound to
// one that is lost. What was certainly not used is not told apart from what may have been: nobody is left to say so.
func TestKilledAroundTheNonce(t *testing.T) {
	t.Parallel()
	apply := []string{"apply", "-auto-approve", "-input=false", "-no-color"}
	for _, step := range []string{"dial", "headers"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			s, w := newBinder(t, true, func(s *sandbox.Settings) { s.Nonces, s.OnReuse = sandbox.NonceSingleUse, sandbox.ReuseReject }), newWorkspace(t)
			config := func(grant string) string {
				return withoutSecret(strings.Replace(s.bound("killed", grant, ""), strict, `rotation = "single_use", on_reuse = "reject"`, 1))
			}
			w.write(config(""))
			w.apply()
			w.write(config(attribute("callback_url", s.consent(w.string(this, "authorization_url")))))
			w.killAt(step, apply...)
			if got := s.Counters().Exchanges; got != 0 {
				t.Fatalf("%d exchanges were done", got)
			}
			// The code counts as sent: a person has to authorize once more. The URL, and its key, are those of before.
			w.fails([]string{"was used before. It is not sent again."}, apply...)
			w.write(config(attribute("callback_url", s.consent(w.string(this, "authorization_url")))))
			w.apply()
			key := w.string(this, "dpop_private_key")

			s.later(time.Hour, w)
			s.ChangeNonce()
			w.killAt(step, "plan", "-input=false", "-no-color")
			if got := s.Counters().Refreshes; got != 0 {
				t.Fatalf("%d refreshes were done", got)
			}
			w.plan() // takes the claim over: the outcome is unknown
			s.later(time.Hour, w)
			w.apply()
			s.expect(1, 0)
			w.expect(this, values{"status": "active", "dpop_private_key": key, "generation": 2})
			s.refusedProofs()
		})
	}
}
