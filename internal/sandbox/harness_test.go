package sandbox_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// The PKCE pair of RFC 7636, appendix B.
const (
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

const (
	secret     = "s+e %c:r/é" // characters that Basic and forms treat in a special way
	redirect   = "https://app.example/cb?tenant=7"
	testMoment = "2026-01-02T03:04:05Z"
)

// rig is a running sandbox with a stopped clock, and a client that follows no redirect and keeps no connection.
type rig struct {
	*testing.T
	*sandbox.Server
	running *sandbox.Running
	client  *http.Client
}

func newRig(t *testing.T, change ...func(*sandbox.Settings)) *rig {
	t.Helper()
	return startRig(t, sandbox.Listen{}, change...)
}

func startRig(t *testing.T, where sandbox.Listen, change ...func(*sandbox.Settings)) *rig {
	t.Helper()
	settings := sandbox.DefaultSettings()
	for _, c := range change {
		c(&settings)
	}
	return startWith(t, where, sandbox.Options{Settings: settings})
}

// newProfileRig is a rig that behaves like a platform.
func newProfileRig(t *testing.T, profile string) *rig {
	t.Helper()
	return startWith(t, sandbox.Listen{}, sandbox.Options{Profile: profile})
}

// startWith fills in clients and clock.
func startWith(t *testing.T, where sandbox.Listen, options sandbox.Options) *rig {
	t.Helper()
	moment, err := time.Parse(time.RFC3339, testMoment)
	if err != nil {
		t.Fatal(err)
	}
	options.Clients = append([]sandbox.Client{
		{ID: "app", Secret: secret, RedirectURIs: []string{redirect, "/callback"}},
		{ID: "other", Secret: "other-secret", RedirectURIs: []string{redirect}},
		{ID: "basic:only", Secret: secret, AuthMethod: sandbox.AuthBasic},
		{ID: "post-only", Secret: secret, AuthMethod: sandbox.AuthPost},
		{ID: "public", RedirectURIs: []string{redirect}, Scopes: []string{"read", "write"}},
	}, options.Clients...)
	options.Now = func() time.Time { return moment }
	server, err := sandbox.New(options)
	if err != nil {
		t.Fatal(err)
	}
	running, err := server.Start(where)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	if where.TLS {
		transport.TLSClientConfig = trusting(t, running.CAPEM)
	}
	r := &rig{T: t, Server: server, running: running, client: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	t.Cleanup(func() {
		if err := running.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return r
}

// answer is a whole reply.
type answer struct {
	status int
	header http.Header
	body   string
	json   map[string]any // nil if the body is not a JSON object
}

func (a answer) text(name string) string {
	value, _ := a.json[name].(string)
	return value
}

// try sends a request and returns what came, or the transport's error.
func (r *rig) try(request *http.Request) (answer, error) {
	response, err := r.client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	got := answer{status: response.StatusCode, header: response.Header, body: string(body)}
	if json.Unmarshal(body, &got.json) != nil {
		got.json = nil
	}
	return got, err
}

func (r *rig) do(request *http.Request) answer {
	r.Helper()
	got, err := r.try(request)
	if err != nil {
		r.Fatalf("%s %s: %v", request.Method, request.URL.Path, err)
	}
	return got
}

func (r *rig) newRequest(method, path string, body io.Reader) *http.Request {
	r.Helper()
	request, err := http.NewRequestWithContext(context.Background(), method, r.running.BaseURL+path, body)
	if err != nil {
		r.Fatal(err)
	}
	return request
}

func (r *rig) get(path string) answer {
	r.Helper()
	return r.do(r.newRequest("GET", path, nil))
}

// form makes values from names and values in turn.
func form(pairs ...string) url.Values {
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Add(pairs[i], pairs[i+1])
	}
	return values
}

func (r *rig) postRequest(path string, values url.Values) *http.Request {
	r.Helper()
	request := r.newRequest("POST", path, strings.NewReader(values.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return request
}

func (r *rig) post(path string, pairs ...string) answer {
	r.Helper()
	return r.do(r.postRequest(path, form(pairs...)))
}

// asApp adds the client credentials of app to a form.
func asApp(pairs ...string) []string {
	return append(pairs, "client_id", "app", "client_secret", secret)
}

func (r *rig) refreshRequest(token string) *http.Request {
	r.Helper()
	return r.postRequest("/token", form(asApp("grant_type", "refresh_token", "refresh_token", token)...))
}

func (r *rig) refresh(token string) answer {
	r.Helper()
	return r.do(r.refreshRequest(token))
}

func (r *rig) issue() sandbox.Issued {
	r.Helper()
	issued, err := r.Issue("app")
	if err != nil {
		r.Fatal(err)
	}
	return issued
}

// me asks the resource and returns the status.
func (r *rig) me(accessToken string) int {
	r.Helper()
	request := r.newRequest("GET", "/api/me", nil)
	request.Header.Set("Authorization", "Bearer "+accessToken)
	return r.do(request).status
}

func (r *rig) authorizationURL(pairs ...string) string {
	return r.running.BaseURL + "/authorize?" + form(pairs...).Encode()
}

// code lets a person consent for app, with PKCE, and returns the code.
func (r *rig) code() string {
	r.Helper()
	callback, err := r.Approve(r.authorizationURL("response_type", "code", "client_id", "app", "redirect_uri", redirect,
		"code_challenge", challenge, "code_challenge_method", "S256", "state", "xyz"))
	if err != nil {
		r.Fatal(err)
	}
	return r.query(callback).Get("code")
}

func (r *rig) exchange(code string) answer {
	r.Helper()
	return r.post("/token", asApp("grant_type", "authorization_code", "code", code, "redirect_uri", redirect, "code_verifier", verifier)...)
}

func (r *rig) query(address string) url.Values {
	r.Helper()
	u, err := url.Parse(address)
	if err != nil {
		r.Fatal(err)
	}
	return u.Query()
}

func (r *rig) advance(d time.Duration) {
	r.Helper()
	if _, err := r.AdvanceClock(d); err != nil {
		r.Fatal(err)
	}
}

func (r *rig) plant(f sandbox.Fault) {
	r.Helper()
	if _, err := r.AddFault(f); err != nil {
		r.Fatal(err)
	}
}

// waitHeld fails the test if n are not held soon. The limit only ends a test that has failed already.
func (r *rig) waitHeld(n int) {
	r.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := r.WaitHeld(ctx, n); err != nil {
		r.Fatalf("wait until %d are held: %v", n, err)
	}
}

func (r *rig) lastEntry() sandbox.Entry {
	r.Helper()
	entries := r.Log()
	if len(entries) == 0 {
		r.Fatal("the log is empty")
	}
	return entries[len(entries)-1]
}

func (r *rig) set(change func(*sandbox.Settings)) {
	r.Helper()
	if err := r.UpdateSettings(change); err != nil {
		r.Fatal(err)
	}
}

func equal[V comparable](t *testing.T, what string, got, want V) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// cancellable returns request with a context of its own, and what cancels it.
func cancellable(request *http.Request) (*http.Request, context.CancelFunc) {
	ctx, cancel := context.WithCancel(request.Context())
	return request.WithContext(ctx), cancel
}

// waitNotHeld waits until nothing is held.
func (r *rig) waitNotHeld() {
	for len(r.Held()) > 0 {
		yield()
	}
}

// yield lets others run while a test waits for what must come; if it does not, go test's own time limit ends the test.
func yield() { time.Sleep(time.Millisecond) }
