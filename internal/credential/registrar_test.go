package credential

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// fakeRegistrar registers clients (RFC 7591) and lets them manage that (RFC 7592). Every answer brings another registration
// access token and another secret, and the former ones are dead at once.
type fakeRegistrar struct {
	w *world

	mu        sync.Mutex
	plan      []callPlan
	steady    bool // nothing is ever replaced
	unmanaged bool
	uri       string // of the management; empty: as it should be
	issued    int
	clients   map[string]*fakeClient // by id
	calls     map[string]int         // by method, of requests that were read
	refused   int                    // requests with a token that is dead
	newest    string                 // the token issued last
	delivered bool                   // the last answer with a token reached its process
	bodies    []map[string]any       // of the updates
}

type fakeClient struct {
	token, secret string
	metadata      map[string]any
}

func newRegistrar(w *world) *fakeRegistrar {
	return &fakeRegistrar{w: w, clients: map[string]*fakeClient{}, calls: map[string]int{}}
}

func (s *fakeRegistrar) fresh(kind string) string {
	s.issued++
	text := fmt.Sprintf("%s-%d-b41c", kind, s.issued)
	s.w.server.secrets = append(s.w.server.secrets, text)
	return text
}

// RoundTrip implements http.RoundTripper.
func (s *fakeRegistrar) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	plan := callGood
	if len(s.plan) > 0 {
		plan, s.plan = s.plan[0], s.plan[1:]
	}
	s.w.server.mu.Lock()
	down := s.w.server.down
	s.w.server.mu.Unlock()
	if down || plan == callNotSent || r.Context().Err() != nil {
		return nil, errReset
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	s.calls[r.Method]++
	switch plan {
	case callLostUndone:
		return nil, errReset
	case callBusyUndone:
		return answer(503, "<html>busy</html>", ""), nil
	case callTooMany:
		return answer(429, `{}`, fmt.Sprint(fakeRetryAfter.Seconds())), nil
	case callNoPath:
		return answer(404, "not here", ""), nil
	}
	status, reply := s.process(r, text)
	switch plan {
	case callLostDone:
		return nil, errReset
	case callBrokenDone:
		return answer(502, "<html>bad gateway</html>", ""), nil
	case callCutEarly:
		return cut(status, reply, `"registration_access_token"`), nil
	}
	s.delivered = status < 300 && strings.Contains(reply, s.newest)
	if plan == callCutLate {
		return cut(status, reply, `"zz"`), nil
	}
	return answer(status, reply, ""), nil
}

func (s *fakeRegistrar) process(r *http.Request, text []byte) (int, string) {
	var metadata map[string]any
	_ = json.Unmarshal(text, &metadata)
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if r.Method == http.MethodPost {
		if token != "initial" {
			return 401, `{"error":"invalid_token"}`
		}
		id := fmt.Sprintf("client-%d", len(s.clients)+1)
		s.clients[id] = &fakeClient{metadata: metadata, secret: s.fresh("secret"), token: s.fresh("token")}
		return s.describe(201, id)
	}
	id := strings.TrimPrefix(r.URL.Path, "/register/")
	c := s.clients[id]
	if c == nil || c.token != token {
		s.refused++
		return 401, `{"error":"invalid_token"}`
	}
	switch r.Method {
	case http.MethodDelete:
		delete(s.clients, id)
		return 204, ""
	case http.MethodPut:
		s.bodies = append(s.bodies, metadata)
		if metadata["client_id"] != id || metadata["client_secret"] != c.secret {
			return 400, `{"error":"invalid_request"}`
		}
		delete(metadata, "client_id")
		delete(metadata, "client_secret")
		c.metadata = metadata
	}
	if !s.steady {
		c.secret, c.token = s.fresh("secret"), s.fresh("token")
	}
	return s.describe(200, id)
}

func (s *fakeRegistrar) describe(status int, id string) (int, string) {
	c := s.clients[id]
	s.newest = c.token
	metadata, _ := json.Marshal(c.metadata) // of what was JSON
	managed := fmt.Sprintf(`"registration_access_token":%q,"registration_client_uri":%q,`, c.token, cmp.Or(s.uri, fakeHost+"/register/"+id))
	if s.unmanaged {
		managed = ""
	}
	return status, fmt.Sprintf(`{"client_id":%q,"client_secret":%q,"client_secret_expires_at":0,%s%s,"zz":1}`, id, c.secret, managed,
		strings.Trim(string(metadata), "{}"))
}

// accepts tells whether the registration can be managed with what the record holds.
func (s *fakeRegistrar) accepts(r Record) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.clients[r.Client.ClientID]
	return c != nil && r.Registered.Dynamic.Token.Reveal() == c.token && r.Client.ClientSecret.Reveal() == c.secret
}

var appKey = RegistrationKey(theName)

// registering starts a process that registers at s.
func (s *fakeRegistrar) start(t testing.TB, change ...func(*Options)) *Manager {
	t.Helper()
	caller, err := oauth.NewCaller(oauth.CallerOptions{Transport: s})
	if err != nil {
		t.Fatal(err)
	}
	return s.w.start(append([]func(*Options){func(o *Options) { o.Caller = caller }}, change...)...)
}

func theWish(attachment string, names ...string) Wish {
	w := Wish{
		Client:       Client{TokenEndpoint: fakeHost + "/token", RegistrationEndpoint: fakeHost + "/register"},
		Metadata:     map[string]secret.String{"client_name": secret.New(`"books"`)},
		InitialToken: secret.New("initial"), Attachment: attachment,
	}
	for _, name := range names {
		w.Metadata["client_name"] = secret.New(oauth.JSONText(name))
	}
	return w
}

// app reads the registration past all processes; the zero record stands for none.
func (w *world) app() Record {
	w.t.Helper()
	e, err := w.plain.Get(context.Background(), appKey)
	if errors.Is(err, store.ErrNotFound) {
		return Record{}
	}
	if err != nil {
		w.t.Fatal(err)
	}
	r, err := decodeKind(e.Value, kindRegistration)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}
