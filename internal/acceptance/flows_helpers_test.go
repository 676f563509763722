//go:build unix

package acceptance_test

import (
	"context"
	"encoding/json"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// this is the address of the token pair of most tests.
const this = "oauth_token_pair.this"

// values are attributes as JSON has them. A nil stands for null.
type values map[string]any

// expect compares some attributes of a resource in the state.
func (w *workspace) expect(address string, want values) {
	w.t.Helper()
	got := w.attributes(address)
	if got == nil {
		w.t.Errorf("the state holds no %s", address)
		return
	}
	for name, value := range want {
		if n, ok := value.(int); ok {
			value = float64(n)
		}
		if got[name] != value {
			w.t.Errorf("%s.%s is %v, want %v", address, name, got[name], value)
		}
	}
}

// text returns an attribute that is a string.
func (w *workspace) string(address, attribute string) string {
	w.t.Helper()
	text, ok := w.attributes(address)[attribute].(string)
	if !ok {
		w.t.Fatalf("the state holds no text in %s.%s", address, attribute)
	}
	return text
}

// expectLive checks that the state holds the refresh token that the server takes now, as the given generation.
func (w *workspace) expectLive(s *server, generation int) {
	w.t.Helper()
	w.expect(this, values{"status": "active", "generation": generation, "refresh_token": s.live().RefreshToken})
}

// outputs returns the outputs of the state, the sensitive ones too.
func (w *workspace) outputs() values {
	w.t.Helper()
	got := values{}
	for name, o := range w.state().Outputs {
		got[name] = o.Value
	}
	return got
}

// applySaved applies a saved plan.
func (w *workspace) applySaved(path string) result {
	w.t.Helper()
	return w.ok("apply", "-input=false", "-no-color", path)
}

// calls checks what the server was asked in all. What is not named was asked 0 times; refreshes and reuse come first.
type calls struct{ refreshes, reuse, exchanges, revocations, tokenRequests int }

// expectCalls compares every counter that a flow may move. tokenRequests of zero stands for the sum of the others.
func (s *server) expectCalls(want calls) {
	s.t.Helper()
	c := s.Counters()
	if want.tokenRequests == 0 {
		want.tokenRequests = want.refreshes + want.exchanges
	}
	got := calls{c.Refreshes, c.ReuseDetected, c.Exchanges, c.Revocations, c.TokenRequests}
	if got != want {
		s.t.Errorf("the server counted %+v; want %+v\nlog: %+v", got, want, s.Log())
	}
}

// family returns the authorization that a token pair belongs to, the first being 0.
func (s *server) family(n, of int) sandbox.Family {
	s.t.Helper()
	families := s.Current()
	if len(families) != of {
		s.t.Fatalf("the server knows %d authorizations, want %d", len(families), of)
	}
	return families[n]
}

// waitHeld waits until the server holds n requests.
func (s *server) waitHeld(n int) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.WaitHeld(ctx, n); err != nil {
		s.t.Fatalf("the server does not hold %d requests: %v", n, err)
	}
}

// revoke ends every authorization as an administrator of the server would.
func (s *server) revoke() {
	s.t.Helper()
	if _, err := s.RevokeFamily(sandbox.Revocation{All: true}); err != nil {
		s.t.Fatal(err)
	}
}

// plannedChange is what a saved plan does to a resource.
func (w *workspace) plannedChange(path, address string) (change struct {
	After        values
	AfterUnknown values `json:"after_unknown"`
}) {
	w.t.Helper()
	var plan struct {
		ResourceChanges []struct {
			Address string
			Change  json.RawMessage
		} `json:"resource_changes"`
	}
	if err := json.Unmarshal([]byte(w.ok("show", "-json", path).stdout), &plan); err != nil {
		w.t.Fatal(err)
	}
	for _, r := range plan.ResourceChanges {
		if r.Address == address {
			if err := json.Unmarshal(r.Change, &change); err != nil {
				w.t.Fatal(err)
			}
			return change
		}
	}
	w.t.Fatalf("the plan does not change %s", address)
	return change
}
