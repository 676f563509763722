//go:build unix

package acceptance_test

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

const (
	clientID     = "demo-client"
	clientSecret = "demo-Secret/+% 1"
	redirectURI  = "https://app.example.com/callback"
)

// server is a sandbox authorization server that runs.
type server struct {
	*sandbox.Server
	base    string
	running *sandbox.Running
	t       testing.TB
}

// newServer starts a sandbox. change adjusts its settings; it may be nil.
func newServer(t testing.TB, change func(*sandbox.Settings)) *server {
	return newServerOn(t, sandbox.Listen{}, change)
}

// newServerOn starts a sandbox that knows more clients of these ids, with the same secret.
func newServerOn(t testing.TB, listen sandbox.Listen, change func(*sandbox.Settings), more ...string) *server {
	t.Helper()
	var clients []sandbox.Client
	for _, id := range append([]string{clientID}, more...) {
		clients = append(clients, sandbox.Client{ID: id, Secret: clientSecret, RedirectURIs: []string{redirectURI}})
	}
	settings := sandbox.DefaultSettings()
	if change != nil {
		change(&settings)
	}
	return startServer(t, sandbox.Options{Clients: clients, Settings: settings}, listen)
}

// startServer runs a sandbox until the test ends.
func startServer(t testing.TB, o sandbox.Options, listen sandbox.Listen) *server {
	t.Helper()
	s, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	running, err := s.Start(listen)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Close(); err != nil {
			t.Error(err)
		}
	})
	return &server{Server: s, base: running.BaseURL, running: running, t: t}
}

// client is the client object of a configuration. policy is the body of its refresh_token_policy.
func (s *server) client(policy string) string {
	return fmt.Sprintf(`{
    client_id              = %q
    client_secret          = %q
    authorization_endpoint = "%[3]s/authorize"
    token_endpoint         = "%[3]s/token"
    revocation_endpoint    = "%[3]s/revoke"
    refresh_token_policy   = { %[4]s }
  }`, clientID, clientSecret, s.base, policy)
}

// pair is a token pair "this" of the given name whose tokens were obtained elsewhere. more are further attributes.
func (s *server) pair(name, refreshToken, policy, more string) string {
	return fmt.Sprintf(`
resource "oauth_token_pair" "this" {
  name   = %q
  client = %s
  preauthenticated = { refresh_token = %q }
  %s
}
`, name, s.client(policy), refreshToken, more)
}

// issue makes a token pair outside of any flow.
func (s *server) issue() sandbox.Issued {
	s.t.Helper()
	return s.issueTo(clientID)
}

func (s *server) issueTo(client string) sandbox.Issued {
	s.t.Helper()
	issued, err := s.Issue(client)
	if err != nil {
		s.t.Fatal(err)
	}
	return issued
}

// later moves the clocks of the server and of the workspaces' provider processes.
func (s *server) later(d time.Duration, ws ...*workspace) {
	s.t.Helper()
	if _, err := s.AdvanceClock(d); err != nil {
		s.t.Fatal(err)
	}
	for _, w := range ws {
		w.advance(d)
	}
}

// fault plants a fault.
func (s *server) fault(f sandbox.Fault) {
	s.t.Helper()
	if _, err := s.AddFault(f); err != nil {
		s.t.Fatal(err)
	}
}

// consent does what a person does with an authorization URL, and returns the address that the browser ends up at.
func (s *server) consent(authorizationURL string) string {
	s.t.Helper()
	callback, err := s.Approve(authorizationURL)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := url.Parse(callback); err != nil {
		s.t.Fatal(err)
	}
	return callback
}

// expect compares the counters that tell whether tokens are spent rightly.
func (s *server) expect(refreshes, reuse int) {
	s.t.Helper()
	c := s.Counters()
	if c.Refreshes != refreshes || c.ReuseDetected != reuse {
		s.t.Errorf("the server counted %d refreshes and %d reuses; want %d and %d\nlog: %+v", c.Refreshes, c.ReuseDetected, refreshes, reuse, s.Log())
	}
}
