package credential

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// fakeServer is an authorization server behind an http.RoundTripper. It follows RFC 6749 §4.1.3, §5 and §6, RFC 7009 and
// RFC 7636, and rotates as its settings say.
type fakeServer struct {
	clock interface{ Now() time.Time }
	wait  func() // before each answer; nil: none

	rotates    bool          // a refresh kills the token that was sent and returns a successor
	grace      time.Duration // … but that one may be sent again for so long
	killsReuse bool          // a spent token that comes again ends its family
	lifetime   time.Duration // of access tokens; 0: an hour, and the reply does not say

	minting  minting // of tokens for a client itself
	granting granting

	mu        sync.Mutex
	down      bool       // nothing reaches the server
	plan      []callPlan // for the next calls; further ones go well
	during    []func()   // run in the next calls, after the request was read and before it is processed
	behind    []func()   // run in the next calls, after they were processed and before the answer
	issued    int
	refreshes map[string]*fakeRefresh
	accesses  map[string]fakeAccess
	codes     map[string]*fakeCode
	dead      map[string]bool // families
	newest    string          // the refresh token issued last

	calls     int // requests whose body was read
	rotations int
	reuses    int             // spent tokens that came again, past any grace
	delivered bool            // the last answer with tokens reached its process
	arrived   map[string]bool // refresh tokens in answers that reached their process
	secrets   []string
}

type fakeRefresh struct {
	family  string
	spentAt time.Time // zero: good
}

type fakeAccess struct {
	family string
	until  time.Time
}

type fakeCode struct {
	challenge, redirectURI string
	used                   bool
}

// callPlan is what happens to one request.
type callPlan int

const (
	callGood       callPlan = iota // processed, answered
	callNotSent                    // the connection fails before the first byte
	callLostDone                   // processed, and the answer is lost
	callLostUndone                 // read, not processed, no answer
	callBrokenDone                 // processed, answered 502 with a page
	callBusyUndone                 // not processed, 503
	callCutLate                    // processed, the answer cut behind the refresh token
	callCutEarly                   // processed, the answer cut before it
	callTooMany                    // 429, not processed
	callTooEarly                   // the error code too_early
	callBadClient                  // the error code invalid_client
	callNoPath                     // 404
)

const (
	fakeHost       = "https://as.example"
	fakeClientID   = "the-client"
	fakeSecret     = "client-secret-7f3a"
	fakeRedirect   = "https://app.example/callback"
	fakeLifetime   = time.Hour
	fakeRetryAfter = 90 * time.Second
)

var errReset = errors.New("connection reset by peer")

func newFakeServer(c *fakeClock) *fakeServer {
	return &fakeServer{
		clock: c, rotates: true, killsReuse: true, lifetime: fakeLifetime,
		refreshes: map[string]*fakeRefresh{}, accesses: map[string]fakeAccess{}, codes: map[string]*fakeCode{}, dead: map[string]bool{},
		arrived: map[string]bool{},
		secrets: []string{fakeSecret},
	}
}

// RoundTrip implements http.RoundTripper.
func (s *fakeServer) RoundTrip(r *http.Request) (*http.Response, error) {
	plan, during, behind := s.next()
	if plan == callNotSent || r.Context().Err() != nil {
		return nil, errReset
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err // the body refused to be read: nothing has been sent
	}
	s.count()
	if during != nil {
		during()
	}
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return nil, err
	}
	response, err := s.respond(plan, r, form)
	if s.wait != nil {
		s.wait()
	}
	if behind != nil {
		behind()
	}
	return response, err
}

func (s *fakeServer) respond(plan callPlan, r *http.Request, form url.Values) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch plan {
	case callLostUndone:
		return nil, errReset
	case callBusyUndone:
		return answer(503, "<html>busy</html>", ""), nil
	case callTooMany:
		return answer(429, `{}`, fmt.Sprint(fakeRetryAfter.Seconds())), nil
	case callTooEarly:
		return answer(400, `{"error":"too_early"}`, ""), nil
	case callBadClient:
		return answer(401, `{"error":"invalid_client"}`, ""), nil
	case callNoPath:
		return answer(404, "not here", ""), nil
	}
	status, reply := s.process(r, form)
	switch plan {
	case callLostDone:
		return nil, errReset
	case callBrokenDone:
		return answer(502, "<html>bad gateway</html>", ""), nil
	case callCutEarly:
		return cut(status, reply, `"refresh_token"`), nil
	}
	s.delivered = status == 200 && (plan == callGood || strings.Contains(reply, `"refresh_token"`))
	s.arrived[s.newest] = s.delivered
	if plan == callCutLate {
		return cut(status, reply, `"scope"`), nil
	}
	return answer(status, reply, ""), nil
}

func (s *fakeServer) next() (plan callPlan, during, behind func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return callNotSent, nil, nil
	}
	if len(s.plan) > 0 {
		plan, s.plan = s.plan[0], s.plan[1:]
	}
	if plan == callNotSent {
		return plan, nil, nil
	}
	if len(s.during) > 0 {
		during, s.during = s.during[0], s.during[1:]
	}
	if len(s.behind) > 0 {
		behind, s.behind = s.behind[0], s.behind[1:]
	}
	return plan, during, behind
}

func (s *fakeServer) count() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
}

func (s *fakeServer) process(r *http.Request, form url.Values) (int, string) {
	id, password, ok := r.BasicAuth()
	if !ok || id != fakeClientID || password != fakeSecret {
		return 401, `{"error":"invalid_client"}`
	}
	if r.URL.Path == "/revoke" {
		return s.revoke(form.Get("token"))
	}
	switch form.Get("grant_type") {
	case "refresh_token":
		return s.refresh(form.Get("refresh_token"))
	case "authorization_code":
		return s.exchange(form)
	case "client_credentials", "urn:example:person":
		return s.mint(form)
	}
	if status, reply, ok := s.further(r.URL.Path, form); ok {
		return status, reply
	}
	return 400, `{"error":"unsupported_grant_type"}`
}

func (s *fakeServer) refresh(token string) (int, string) {
	t, ok := s.refreshes[token]
	switch {
	case !ok || s.dead[t.family]:
		return 400, `{"error":"invalid_grant","error_description":"no such token: ` + token + `"}`
	case !s.rotates:
		s.rotations++
		return 200, s.issue(t.family, "")
	case !t.spentAt.IsZero() && !s.clock.Now().Before(t.spentAt.Add(s.grace)):
		s.reuses++
		if s.killsReuse {
			s.dead[t.family] = true
		}
		return 400, `{"error":"invalid_grant","error_description":"token was used before"}`
	}
	if t.spentAt.IsZero() {
		t.spentAt = s.clock.Now()
	}
	s.rotations++
	return 200, s.issue(t.family, s.newRefresh(t.family))
}

func (s *fakeServer) exchange(form url.Values) (int, string) {
	c, ok := s.codes[form.Get("code")]
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	switch {
	case !ok || c.redirectURI != form.Get("redirect_uri"):
		return 400, `{"error":"invalid_grant"}`
	case c.used:
		s.reuses++
		return 400, `{"error":"invalid_grant","error_description":"code was used before"}`
	case c.challenge != "" && c.challenge != base64.RawURLEncoding.EncodeToString(sum[:]):
		return 400, `{"error":"invalid_grant","error_description":"code_verifier"}`
	}
	c.used = true
	s.issued++
	family := fmt.Sprintf("grant%d", s.issued)
	return 200, s.issue(family, s.newRefresh(family))
}

// revoke follows RFC 7009 §2.2: an unknown token is as good as revoked.
func (s *fakeServer) revoke(token string) (int, string) {
	if t, ok := s.refreshes[token]; ok {
		s.dead[t.family] = true
	}
	delete(s.accesses, token)
	return 200, ""
}

// begin makes a family and returns its first tokens. The caller need not hold the mutex.
func (s *fakeServer) begin() (access, refresh string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.issued++
	family := fmt.Sprintf("grant%d", s.issued)
	refresh = s.newRefresh(family)
	return s.newAccess(family), refresh
}

// code makes an authorization code for a pending authorization's URL.
func (s *fakeServer) code(authorizationURL string) string {
	u, err := url.Parse(authorizationURL)
	if err != nil {
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.issued++
	code := fmt.Sprintf("code-%d-9d1e", s.issued)
	s.codes[code] = &fakeCode{challenge: u.Query().Get("code_challenge"), redirectURI: u.Query().Get("redirect_uri")}
	s.secrets = append(s.secrets, code)
	return code
}

func (s *fakeServer) newRefresh(family string) string {
	s.issued++
	token := fmt.Sprintf("refresh-%d-5b0c", s.issued)
	s.refreshes[token] = &fakeRefresh{family: family}
	s.newest = token
	s.secrets = append(s.secrets, token)
	return token
}

func (s *fakeServer) newAccess(family string) string {
	s.issued++
	token := fmt.Sprintf("access-%d-a28f", s.issued)
	lifetime := s.lifetime
	if lifetime == 0 {
		lifetime = fakeLifetime
	}
	s.accesses[token] = fakeAccess{family, s.clock.Now().Add(lifetime)}
	s.secrets = append(s.secrets, token)
	return token
}

func (s *fakeServer) issue(family, refresh string) string {
	expires, successor := "", ""
	if s.lifetime > 0 {
		expires = fmt.Sprintf(`"expires_in":%d,`, int(s.lifetime.Seconds()))
	}
	if refresh != "" {
		successor = fmt.Sprintf(`"refresh_token":%q,`, refresh)
	}
	return fmt.Sprintf(`{"access_token":%q,"token_type":"Bearer",%s%s"scope":"read write"}`, s.newAccess(family), expires, successor)
}

// accepts tells whether a refresh with token would be answered with tokens.
func (s *fakeServer) accepts(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.refreshes[token]
	return ok && !s.dead[t.family] && (!s.rotates || t.spentAt.IsZero() || s.clock.Now().Before(t.spentAt.Add(s.grace)))
}

// opens tells whether an access token works.
func (s *fakeServer) opens(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.accesses[token]
	return ok && !s.dead[t.family] && s.clock.Now().Before(t.until)
}

func answer(status int, body, retryAfter string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}}
	if retryAfter != "" {
		h.Set("Retry-After", retryAfter)
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

// cut is an answer that ends, with an error, where mark begins.
func cut(status int, body, mark string) *http.Response {
	text, _, _ := strings.Cut(body, mark)
	r := answer(status, "", "")
	r.Body = io.NopCloser(io.MultiReader(bytes.NewReader([]byte(text)), brokenReader{}))
	return r
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
