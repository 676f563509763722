package sandbox_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

func trusting(t *testing.T, caPEM []byte) *tls.Config {
	t.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(caPEM) {
		t.Fatal("the CA is not PEM")
	}
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

func TestTLS(t *testing.T) {
	r := startRig(t, sandbox.Listen{TLS: true})
	equal(t, "scheme", strings.HasPrefix(r.running.BaseURL, "https://127.0.0.1:"), true)
	equal(t, "refresh", r.refresh(r.issue().RefreshToken).status, 200)
	equal(t, "issuer", r.get("/.well-known/oauth-authorization-server").text("issuer"), r.running.BaseURL)

	r.client.Transport = &http.Transport{DisableKeepAlives: true}
	if _, err := r.try(r.refreshRequest("x")); err == nil {
		t.Error("a client that does not know the CA was served")
	}
	equal(t, "token_requests", r.Counters().TokenRequests, 1)
}

func TestStalledHandshake(t *testing.T) {
	r := startRig(t, sandbox.Listen{TLS: true})
	issued := r.issue()
	r.plant(sandbox.Fault{Action: sandbox.ActionStallHandshake})
	ctx, cancel := context.WithCancel(context.Background())
	failed := make(chan error)
	go func() {
		_, err := r.try(r.refreshRequest(issued.RefreshToken).WithContext(ctx))
		failed <- err
	}()
	r.waitHeld(1)
	equal(t, "stage", r.Held()[0].Stage, sandbox.Stalled)
	cancel()
	if err := <-failed; err == nil {
		t.Error("the request went through")
	}
	got := r.Counters()
	equal(t, "connections", got.Connections, 1)
	equal(t, "bytes_received", got.BytesReceived, 0)
	equal(t, "token_arrivals", got.TokenArrivals, 0)
	equal(t, "faults_fired", got.FaultsFired, 1)
	equal(t, "log", len(r.Log()), 0)
	equal(t, "released", r.Release(), 1)
	equal(t, "held", len(r.Held()), 0)

	equal(t, "the next connection", r.refresh(issued.RefreshToken).status, 200)
	equal(t, "reuse", r.Counters().ReuseDetected, 0)
	if r.Counters().BytesReceived == 0 {
		t.Error("received bytes are not counted")
	}
}

func TestStalledConnectionsGoOn(t *testing.T) {
	for name, where := range map[string]sandbox.Listen{"plain": {}, "TLS": {TLS: true}} {
		t.Run(name, func(t *testing.T) {
			r := startRig(t, where)
			issued := r.issue()
			r.plant(sandbox.Fault{Action: sandbox.ActionStallAccept, Count: 2})
			statuses := make(chan int)
			for range 2 {
				go func() {
					got, err := r.try(r.refreshRequest(issued.RefreshToken))
					if err != nil {
						r.Error(err)
					}
					statuses <- got.status
				}()
			}
			r.waitHeld(2)
			equal(t, "nothing was read", r.Counters().BytesReceived, 0)
			equal(t, "released", r.Release(), 2)
			equal(t, "one succeeds, one is reuse", <-statuses+<-statuses, 200+400)
			equal(t, "faults left", len(r.Faults()), 0)
		})
	}
}

func TestCloseEndsEverything(t *testing.T) {
	r := startRig(t, sandbox.Listen{TLS: true})
	issued := r.issue()
	failed := make(chan error)
	send := func(token string) {
		_, err := r.try(r.refreshRequest(token))
		failed <- err
	}
	r.plant(sandbox.Fault{Action: sandbox.ActionHold})
	go send("a")
	r.waitHeld(1)
	r.plant(sandbox.Fault{Action: sandbox.ActionHold, When: sandbox.After})
	go send("b")
	r.waitHeld(2)
	r.plant(sandbox.Fault{Action: sandbox.ActionHalfThenHold})
	go send(issued.RefreshToken)
	r.waitHeld(3)
	r.plant(sandbox.Fault{Action: sandbox.ActionStallAccept})
	go send("d")
	r.waitHeld(4)
	r.plant(sandbox.Fault{Action: sandbox.ActionDelay, DelayMS: 3_600_000})
	go send("e")
	for r.Counters().TokenRequests < 4 {
		runtime.Gosched()
	}
	if err := r.running.Close(); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if err := <-failed; err == nil {
			t.Error("a held request was answered")
		}
	}
	if left := ownGoroutines(); left != "" {
		t.Errorf("goroutines outlive Close:\n%s", left)
	}
	if err := r.running.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
}

// ownGoroutines returns the stacks in which the sandbox, or an HTTP server, still runs. A goroutine may need a moment
// to end after it has said goodbye, so it looks for some time; only a leak takes all of it.
func ownGoroutines() string {
	left := ""
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		left = ""
		buffer := make([]byte, 1<<20)
		for _, stack := range strings.Split(string(buffer[:runtime.Stack(buffer, true)]), "\n\n") {
			if strings.Contains(stack, "net/http.(*conn).serve") || strings.Contains(stack, "net/http.(*Server).Serve") ||
				strings.Contains(stack, "internal/sandbox.(") {
				left += stack + "\n\n"
			}
		}
		if left == "" {
			return ""
		}
	}
	return left
}

func TestStartRefuses(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "example.com:0", "192.0.2.1:0", "nonsense", "127.0.0.1:99999"} {
		server, err := sandbox.New(sandbox.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if running, err := server.Start(sandbox.Listen{Address: address}); err == nil {
			t.Errorf("Start listens on %q", address)
			_ = running.Close()
		}
	}
	r := newRig(t)
	if _, err := r.Start(sandbox.Listen{}); err == nil {
		t.Error("Start worked twice")
	}
}

// Away from loopback the main listener must not hand out secrets.
func TestAnywhereHidesTheControlAPI(t *testing.T) {
	// Loopback under a name that the sandbox does not know as such, so that the test opens no port to the world.
	r := startRig(t, sandbox.Listen{Address: "LOCALHOST:0", Anywhere: true})
	equal(t, "main listener", r.get("/_sandbox/secrets").status, 404)
	host, _, err := net.SplitHostPort(strings.TrimSuffix(strings.TrimPrefix(r.running.ControlURL, "http://"), "/_sandbox/"))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "control host", host, "127.0.0.1")
}

// A bare handler has no address of its own, and no listener that could stall.
func TestAsAHandler(t *testing.T) {
	server, err := sandbox.New(sandbox.Options{Clients: []sandbox.Client{{ID: "app", RedirectURIs: []string{"/callback"}}}})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(method, target string) *httptest.ResponseRecorder {
		recorder := httptest.NewRecorder()
		server.ServeHTTP(recorder, httptest.NewRequestWithContext(context.Background(), method, target, nil))
		return recorder
	}
	got := ask("GET", "http://as.example/.well-known/oauth-authorization-server")
	equal(t, "plain", strings.Contains(got.Body.String(), `"issuer":"http://as.example"`), true)
	got = ask("GET", "https://as.example/.well-known/oauth-authorization-server")
	equal(t, "TLS", strings.Contains(got.Body.String(), `"issuer":"https://as.example"`), true)

	callback, err := server.Approve("https://as.example/authorize?response_type=code&client_id=app")
	equal(t, "approve", err, nil)
	equal(t, "callback", strings.HasPrefix(callback, "https://as.example/callback?code="), true)

	if _, err := server.AddFault(sandbox.Fault{Action: sandbox.ActionStallAccept}); err == nil {
		t.Error("a stall was planted without a listener")
	}
	for _, when := range []string{sandbox.Before, sandbox.After} {
		if _, err := server.AddFault(sandbox.Fault{Action: sandbox.ActionDrop, Path: "/callback", When: when}); err != nil {
			t.Fatal(err)
		}
		equal(t, "a drop that is not possible, "+when, ask("GET", "http://as.example/callback").Code, 500)
	}
	server.Close()
	server.Close()
}

func TestNewRefuses(t *testing.T) {
	bad := sandbox.DefaultSettings()
	bad.Rotation = "sometimes"
	for name, options := range map[string]sandbox.Options{
		"settings":          {Settings: bad},
		"no id":             {Clients: []sandbox.Client{{}}},
		"twice":             {Clients: []sandbox.Client{{ID: "a"}, {ID: "a"}}},
		"method":            {Clients: []sandbox.Client{{ID: "a", AuthMethod: "guess"}}},
		"public secret":     {Clients: []sandbox.Client{{ID: "a", Secret: "s", AuthMethod: sandbox.AuthNone}}},
		"no secret":         {Clients: []sandbox.Client{{ID: "a", AuthMethod: sandbox.AuthBasic}}},
		"relative redirect": {Clients: []sandbox.Client{{ID: "a", RedirectURIs: []string{"callback"}}}},
		"fragment":          {Clients: []sandbox.Client{{ID: "a", RedirectURIs: []string{"https://a.example/#x"}}}},
		"no URI":            {Clients: []sandbox.Client{{ID: "a", RedirectURIs: []string{"https://a.example/%zz"}}}},
	} {
		if _, err := sandbox.New(options); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
