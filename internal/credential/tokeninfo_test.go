package credential

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/memstore"
)

// teller answers introspections beside the fake server's other endpoints (RFC 7662).
type teller struct {
	*fakeServer
	tell  sync.Mutex
	asked []url.Values
	say   func(form url.Values) (int, string) // nil: what the server knows
	ahead func()                              // runs before each answer
}

func (s *teller) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path != "/introspect" {
		return s.fakeServer.RoundTrip(r)
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return nil, err
	}
	if s.ahead != nil {
		s.ahead()
	}
	s.tell.Lock()
	defer s.tell.Unlock()
	s.asked = append(s.asked, form)
	if s.say != nil {
		status, body := s.say(form)
		return answer(status, body, ""), nil
	}
	if token := form.Get("token"); s.opens(token) || s.accepts(token) {
		return answer(200, `{"active":true,"scope":"read"}`, ""), nil
	}
	return answer(200, `{"active":false,"scope":"read"}`, ""), nil
}

func newTeller(w *world) *teller { return &teller{fakeServer: w.server} }

func (s *teller) process(w *world) *Manager {
	return w.start(func(o *Options) { o.Caller = s.caller(w.t) })
}

func (s *teller) caller(t testing.TB) Poster {
	caller, err := oauth.NewCaller(oauth.CallerOptions{Transport: s})
	if err != nil {
		t.Fatal(err)
	}
	return caller
}

func (w *world) introspecting() func(*Record) {
	return func(r *Record) { r.Client.IntrospectionEndpoint = fakeHost + "/introspect" }
}

// TestIntrospectPairUsesNothing: either token of a pair is asked about, and nothing else is sent or written.
func TestIntrospectPairUsesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.authorized(w.introspecting()) // its access token has expired
	s := newTeller(w)
	m := s.process(w)
	for _, tt := range []struct {
		hint, sent string
		token      secret.String
		active     bool
	}{
		{"", "refresh_token", r.Tokens.Refresh, true},
		{"refresh_token", "refresh_token", r.Tokens.Refresh, true},
		{"access_token", "access_token", r.Tokens.Access, false},
	} {
		info, err := m.IntrospectPair(t.Context(), theName, tt.hint, nil)
		if err != nil || info.Active != tt.active || tt.active && info.Scope != "read" {
			t.Errorf("%q: %+v, %v", tt.hint, info, err)
		}
		last := s.asked[len(s.asked)-1]
		if last.Get("token") != tt.token.Reveal() || last.Get("token_type_hint") != tt.sent {
			t.Errorf("%q: sent %v", tt.hint, last)
		}
	}
	w.wantServer(0, 0, 0)
	if after := w.record(); len(s.asked) != 3 || len(after.History) != len(r.History) || after.Generation != 1 {
		t.Errorf("%d calls; the record is at %d", len(s.asked), after.Generation)
	}
}

// TestIntrospectPairWithoutToken: a pair that waits for a person is not active, and nobody is asked; a name that the store does not
// hold is an error.
func TestIntrospectPairWithoutToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized(w.introspecting(), func(r *Record) { r.Tokens, r.Status = Tokens{}, StatusAuthorizationRequired })
	s := newTeller(w)
	m := s.process(w)
	for _, hint := range []string{"", "access_token", "refresh_token"} {
		if info, err := m.IntrospectPair(t.Context(), theName, hint, nil); err != nil || info.Active {
			t.Errorf("%q: %+v, %v", hint, info, err)
		}
	}
	_, err := m.IntrospectPair(t.Context(), "nobody", "", nil)
	w.wantKind(err, KindNotFound)
	if _, err := m.Delete(t.Context(), theName, "f1", false); err != nil {
		t.Fatal(err)
	}
	_, err = m.IntrospectPair(t.Context(), theName, "", nil)
	w.wantKind(err, KindNotFound)
	if len(s.asked) != 0 {
		t.Errorf("%d questions", len(s.asked))
	}
}

// TestIntrospectPairDuringARefresh: a token that was used up between look and question is no dead credential.
func TestIntrospectPairDuringARefresh(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized(w.introspecting())
	s := newTeller(w)
	refresher, looker := s.process(w), s.process(w)
	first := true
	s.ahead = func() {
		if first {
			first = false
			w.mustToken(refresher)
		}
	}
	info, err := looker.IntrospectPair(t.Context(), theName, "", nil)
	if err != nil || !info.Active || len(s.asked) != 2 {
		t.Errorf("%+v, %v after %d questions", info, err, len(s.asked))
	}

	// The refresh is under way, and its successor not stored yet: wait for it, but not for ever.
	r := w.record()
	used := r.Tokens.Refresh
	r.Claim = &Claim{Attempt: "other", Purpose: PurposeRefresh, Base: r.Generation, TTL: time.Hour, ClaimedAt: w.clock.Now()}
	r.Tokens.Refresh = secret.New("refresh-that-was-spent")
	w.put(r)
	s.asked, s.ahead = nil, nil
	w.clock.after(2*time.Second, func() {
		done := r
		done.Claim, done.Tokens.Refresh = nil, used
		w.put(done)
	})
	if info, err = looker.IntrospectPair(t.Context(), theName, "", nil); err != nil || !info.Active || len(s.asked) != 2 {
		t.Errorf("%+v, %v after %d questions", info, err, len(s.asked))
	}
	r.Claim, r.Tokens.Refresh = &Claim{Attempt: "dead", Purpose: PurposeRefresh, Base: r.Generation, TTL: time.Hour, ClaimedAt: w.clock.Now()}, secret.New("refresh-that-was-spent")
	w.put(r)
	began := w.clock.Now()
	if info, err = looker.IntrospectPair(t.Context(), theName, "", nil); err != nil || info.Active || len(s.asked) != 3 {
		t.Errorf("%+v, %v after %d questions", info, err, len(s.asked))
	}
	if waited := w.clock.Now().Sub(began); waited < DefaultTimings().RequestTimeout || waited > 2*DefaultTimings().RequestTimeout {
		t.Errorf("waited %s", waited)
	}
}

// TestIntrospectRefused: why nothing is known.
func TestIntrospectRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		body   string
		want   Kind
	}{
		"client":    {401, `{"error":"invalid_client"}`, KindBadClient},
		"forbidden": {403, `{"error":"access_denied"}`, KindConfiguration},
		"often":     {429, `{}`, KindLater},
		"broken":    {500, `{}`, KindUnknown},
		"no answer": {200, `<html>`, KindUnknown},
	} {
		w := newWorld(t)
		s := newTeller(w)
		s.say = func(url.Values) (int, string) { return tt.status, tt.body }
		c := w.client()
		c.IntrospectionEndpoint = fakeHost + "/introspect"
		info, err := s.process(w).Introspect(t.Context(), c, secret.New("t0ken-1"), "")
		e := w.wantKind(err, tt.want)
		if info.Active || strings.Contains(e.Error(), "t0ken-1") || strings.Contains(w.logs.String(), "t0ken-1") || len(s.asked) != 1 || s.asked[0].Has("token_type_hint") {
			t.Errorf("%s: %+v %v", name, info, err)
		}
	}
	w := newWorld(t)
	s := newTeller(w)
	_, err := s.process(w).Introspect(t.Context(), w.client(), secret.New("t"), "")
	if e := w.wantKind(err, KindConfiguration); !errors.Is(e, ErrNoIntrospection) || len(s.asked) != 0 {
		t.Errorf("%v", err)
	}
}

// TestIntrospectionIsBooked: refused questions count in the error budget of the client, and end before they lock a refresh out.
func TestIntrospectionIsBooked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy.ErrorBudget = ErrorBudget{Limit: 10, Window: time.Hour}
	w.authorized(w.introspecting())
	s := newTeller(w)
	s.say = func(url.Values) (int, string) { return 400, `{"error":"invalid_request"}` }
	m := s.process(w)
	var last error
	for range 10 {
		_, last = m.IntrospectPair(context.Background(), theName, "", nil)
	}
	if e := w.wantKind(last, KindLater); e.Reason != ReasonBudget || len(s.asked) != 5 {
		t.Errorf("%v after %d questions", last, len(s.asked))
	}
	w.mustToken(m)
	w.wantServer(1, 1, 0)
}

// TestIntrospectNeedsNoStore: a token of somebody else is asked about without any record.
func TestIntrospectNeedsNoStore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	access, _ := w.server.begin()
	s := newTeller(w)
	m := w.start(func(o *Options) { o.Caller, o.Store = s.caller(t), memstore.New("memory:") })
	c := w.client()
	c.IntrospectionEndpoint = fakeHost + "/introspect"
	if info, err := m.Introspect(t.Context(), c, secret.New(access), oauth.HintAccessToken); err != nil || !info.Active {
		t.Errorf("%+v, %v", info, err)
	}
}
