package credential

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// minting is how the server answers client credentials (RFC 6749 §4.4).
type minting struct {
	refusal  string // the error code; empty: none
	generous bool   // a refresh token comes along
	body     string // the whole reply; empty: a good one
	asked    []url.Values
}

func (s *fakeServer) mint(form url.Values) (int, string) {
	s.minting.asked = append(s.minting.asked, form)
	switch refresh := ""; {
	case s.minting.refusal != "":
		return 400, `{"error":"` + s.minting.refusal + `","error_description":"not you"}`
	case s.minting.body != "":
		return 200, s.minting.body
	default:
		s.issued++
		if s.minting.generous {
			refresh = s.newRefresh("minted")
		}
		return 200, s.issue("minted", refresh)
	}
}

// mints counts the tokens that clients have asked for.
func (s *fakeServer) mints() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.minting.asked)
}

// mintSetup is the configuration of a client that gets its tokens for itself.
func (w *world) mintSetup() Setup {
	return Setup{Client: w.client(), Grant: &Grant{Type: oauth.GrantClientCredentials, Scopes: []string{"read"}, Parameters: map[string]string{"tenant_id": "t1"}}}
}

// attached makes the record of such a client. It has no token yet.
func (w *world) attached(change ...func(*Setup)) Record {
	w.t.Helper()
	s := w.mintSetup()
	for _, f := range change {
		f(&s)
	}
	m := w.start(func(o *Options) { o.Store = w.plain })
	r, err := m.Attach(context.Background(), theName, "a1", s)
	if err == nil {
		r, err = m.MarkAttached(context.Background(), theName, "a1")
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// minted makes one whose token has just expired.
func (w *world) minted(change ...func(*Setup)) Record {
	w.t.Helper()
	w.attached(change...)
	w.mustApply(w.start(func(o *Options) { o.Store = w.plain }))
	w.clock.pass(fakeLifetime)
	return w.record()
}

func (w *world) mustApply(m *Manager) Result {
	w.t.Helper()
	res, err := m.Token(context.Background(), theName, Ask{DefaultMargin: 30 * time.Second, Asker: AskerApply})
	if err != nil {
		w.t.Fatalf("Token of an apply: %v", err)
	}
	return res
}

func (w *world) configure(m *Manager, s Setup) Record {
	w.t.Helper()
	r, err := m.Configure(context.Background(), theName, s)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// wantMints compares the tokens that the client has asked for.
func (w *world) wantMints(want int) {
	w.t.Helper()
	if got := w.server.mints(); got != want {
		w.t.Fatalf("the client asked for %d tokens, want %d", got, want)
	}
}

// mustServe checks that the record is good, and that what was served opens the API.
func mustServe(t *testing.T, w *world, res Result) {
	t.Helper()
	r := w.record()
	if !w.server.opens(res.Record.Tokens.Access.Reveal()) || !res.Record.Tokens.Refresh.IsEmpty() {
		t.Errorf("what was served does not open the API, or holds a refresh token")
	}
	if r.Status != StatusActive || r.Unknown != nil || !r.Tokens.Refresh.IsEmpty() || !r.AuthorizedAt.IsZero() {
		t.Errorf("the record is %s, with a refresh token: %v, unknown: %v", r.Status, !r.Tokens.Refresh.IsEmpty(), r.Unknown)
	}
}
