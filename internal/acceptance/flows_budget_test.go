//go:build unix

package acceptance_test

import (
	"strings"
	"testing"
	"time"
)

// The error budget of a client stops every run and every pair before the server would lock it out, and says until when and
// which calls spent it. It recovers by itself.
func TestErrorBudget(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	const budget = strict + `, error_budget = "3/1h"`
	config := s.pair("first", s.issue().RefreshToken, budget, "")
	w.write(config)
	w.apply()
	s.later(2*time.Hour, w) // the access token has expired

	w.write(strings.Replace(config, clientSecret, "mistyped", 1))
	w.fails([]string{"does not accept the client"}, "apply", "-no-color", "-auto-approve", "-refresh=false")
	other := w.sibling()
	wrong := strings.Replace(s.pair("second", s.issue().RefreshToken, budget, ""), clientSecret, "mistyped", 1)
	other.write(wrong)
	other.fails([]string{"does not accept the client"}, "apply", "-no-color", "-auto-approve")
	s.expectCalls(calls{refreshes: 1, tokenRequests: 3})

	for range 2 {
		w.plan().mustSay(t, "Warning: Token Pair Not Refreshed", `Nothing is sent for token pair "first" before`,
			"one more refusal would make the server lock the client out", "3 refusals within 1h0m0s lock the client "+clientID+" out",
			"pair/first 401 invalid_client", "pair/second 401 invalid_client")
	}
	other.fails([]string{"one more refusal would make the server lock the client out"}, "apply", "-no-color", "-auto-approve")
	s.expectCalls(calls{refreshes: 1, tokenRequests: 3})

	s.later(time.Hour, w)
	w.write(config)
	w.apply()
	w.expect(this, values{"status": "active", "generation": 3, "refresh_token": s.family(0, 2).RefreshToken})
	s.expectCalls(calls{refreshes: 2, tokenRequests: 4})
}
