package login

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/memstore"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

const (
	theName = "exact"
	anyPort = "http://127.0.0.1/callback"
	remote  = "https://example.com/callback"
)

// world is an authorization server, a store and a clock, for as many runs as a test starts.
type world struct {
	t      *testing.T
	server *sandbox.Server
	base   string
	clock  *handClock
	plain  *memstore.Store
	store  store.Store  // what runs see of it
	writes atomic.Int32 // the storetest.Fault of every write
	runs   atomic.Int32
}

func newWorld(t *testing.T, change ...func(*sandbox.Settings)) *world {
	t.Helper()
	settings := sandbox.DefaultSettings()
	settings.RequirePKCE = true
	for _, f := range change {
		f(&settings)
	}
	clock := &handClock{wall: time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC), mono: time.Hour}
	server, err := sandbox.New(sandbox.Options{Settings: settings, Now: clock.Now, Clients: []sandbox.Client{
		{ID: "app", Secret: "app-secret-5d1c", RedirectURIs: []string{anyPort, "http://[::1]/callback", "http://localhost:8913/callback", remote}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	running, err := server.Start(sandbox.Listen{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{t: t, server: server, base: running.BaseURL, clock: clock, plain: memstore.New("memory:")}
	w.store = storetest.NewFaulty(w.plain, storetest.Hooks{Fault: func(op storetest.Op, _ string, _ int) storetest.Fault {
		if op != storetest.OpCreate && op != storetest.OpReplace {
			return storetest.None
		}
		return storetest.Fault(w.writes.Load())
	}}).Store()
	return w
}

func (w *world) manager(clock credential.Clock) *credential.Manager {
	w.t.Helper()
	transport := &http.Transport{}
	w.t.Cleanup(transport.CloseIdleConnections)
	caller, err := oauth.NewCaller(oauth.CallerOptions{Transport: transport})
	if err != nil {
		w.t.Fatal(err)
	}
	m, err := credential.New(credential.Options{Store: w.store, Caller: caller, Clock: clock, Owner: "host1", Random: &lockedRandom{source: rand.NewChaCha8([32]byte{byte(w.runs.Add(1))})}})
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

func (w *world) setup() *credential.Setup {
	return &credential.Setup{Client: credential.Client{
		ClientID: "app", ClientSecret: secret.New("app-secret-5d1c"), AuthorizationEndpoint: w.base + "/authorize",
		TokenEndpoint: w.base + "/token", DeviceAuthorizationEndpoint: w.base + "/device_authorization",
	}}
}

func code(redirectURI string) *credential.Authorization {
	return &credential.Authorization{RedirectURI: redirectURI, Scopes: []string{"read"}}
}

// run is an authorization that is under way.
type run struct {
	t     *testing.T
	said  chan string
	clock *handClock
	stop  context.CancelFunc
	done  chan struct{}
	out   Outcome
	err   error
	mu    sync.Mutex
	all   []string
}

// authorize starts a run. change adjusts what it works with.
func (w *world) authorize(r Request, change ...func(*Options)) *run {
	w.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	u := &run{t: w.t, said: make(chan string, 100), clock: w.clock, stop: stop, done: make(chan struct{})}
	o := Options{Manager: w.manager(w.clock), Clock: w.clock, Say: func(text string) {
		u.mu.Lock()
		u.all = append(u.all, text)
		u.mu.Unlock()
		u.said <- text
	}}
	for _, f := range change {
		f(&o)
	}
	r.Name = theName
	go func() {
		defer close(u.done)
		u.out, u.err = Authorize(ctx, o, r)
	}()
	w.t.Cleanup(func() {
		stop()
		<-u.done
	})
	return u
}

// hear waits until something is said that holds text.
func (u *run) hear(text string) string {
	u.t.Helper()
	for {
		select {
		case said := <-u.said:
			if strings.Contains(said, text) {
				return said
			}
		case <-u.done:
			u.t.Fatalf("it ended without saying %q: %v\n%s", text, u.err, strings.Join(u.all, "\n"))
		case <-time.After(time.Minute):
			u.t.Fatalf("it does not say %q:\n%s", text, strings.Join(u.all, "\n"))
		}
	}
}

// address is what is to be opened.
func (u *run) address() string {
	u.t.Helper()
	said := u.hear("open this address")
	return said[strings.LastIndex(said, " ")+1:]
}

// end lets time pass until the run ends.
func (u *run) end() (Outcome, error) {
	u.t.Helper()
	for {
		select {
		case <-u.done:
			return u.out, u.err
		case <-time.After(20 * time.Millisecond):
			u.clock.pass(settling)
		}
	}
}

func (u *run) mustEnd() Outcome {
	u.t.Helper()
	out, err := u.end()
	if err != nil {
		u.t.Fatalf("%v\n%s", err, strings.Join(u.all, "\n"))
	}
	return out
}

// fails ends the run with an Error of that reason.
func (u *run) fails(want Reason) *Error {
	u.t.Helper()
	_, err := u.end()
	var e *Error
	if !errors.As(err, &e) || e.Reason != want {
		u.t.Fatalf("error %v, want %s", err, want)
	}
	return e
}

// shown is what a browser got.
type shown struct {
	status int
	header http.Header
	text   string
	url    string // where it ended up
}

// get is a browser that opens an address.
func (w *world) get(address string, change ...func(*http.Request)) shown {
	w.t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range change {
		f(r)
	}
	resp, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return shown{resp.StatusCode, resp.Header, string(text), resp.Request.URL.String()}
}

// consent is the address that the browser of a person who says yes is sent to.
func (w *world) consent(address string) string {
	w.t.Helper()
	callback, err := w.server.Approve(address)
	if err != nil {
		w.t.Fatal(err)
	}
	return callback
}

func (w *world) record() credential.Record {
	w.t.Helper()
	e, err := w.plain.Get(w.t.Context(), credential.PairKey(theName))
	if err != nil {
		w.t.Fatal(err)
	}
	r, err := credential.DecodeRecord(e.Value)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// exchanges are the codes that the server has been sent, and those that it has seen before.
func (w *world) exchanges(want, replays int) {
	w.t.Helper()
	got := 0
	for _, e := range w.server.Log() {
		if e.GrantType == "authorization_code" {
			got++
		}
	}
	if r := w.server.Counters().CodeReplays; got != want || r != replays {
		w.t.Errorf("%d codes were sent, %d of them again; want %d and %d", got, r, want, replays)
	}
}

func parameter(t *testing.T, address, name string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get(name)
}

// mustHold fails unless text holds all of the others.
func mustHold(t *testing.T, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
}

// maxPause is what engine waits between two tries; nobody has to let that pass.
const maxPause = 1200 * time.Millisecond

// handClock is a Clock whose time passes when a test says so; with auto, also when somebody sleeps.
type handClock struct {
	mu     sync.Mutex
	wall   time.Time
	mono   time.Duration
	auto   bool
	sleeps []sleep
}

type sleep struct {
	until time.Duration
	over  chan struct{}
}

func (c *handClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wall
}

func (c *handClock) Monotonic() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mono
}

func (c *handClock) Sleep(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	c.mu.Lock()
	s := sleep{c.mono + d, make(chan struct{})}
	c.sleeps = append(c.sleeps, s)
	auto := c.auto
	c.mu.Unlock()
	if auto || d <= maxPause {
		c.pass(max(d, 0))
	}
	select {
	case <-s.over:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *handClock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wall, c.mono = c.wall.Add(d), c.mono+d
	c.sleeps = slices.DeleteFunc(c.sleeps, func(s sleep) bool {
		if s.until <= c.mono {
			close(s.over)
			return true
		}
		return false
	})
}

// lockedRandom is a source that several runs may share.
type lockedRandom struct {
	mu     sync.Mutex
	source *rand.ChaCha8
}

func (r *lockedRandom) Read(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.source.Read(b)
}

// freePort is a port that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
