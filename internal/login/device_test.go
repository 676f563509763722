package login

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// userCode is what the person is shown.
func (u *run) userCode() string {
	u.t.Helper()
	_, code, _ := strings.Cut(u.hear("enter the code"), "user_code=")
	return code
}

// A person confirms a code, refuses it, comes too late or not at all; each ends in an error that says what to do, or in tokens.
func TestByDevice(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		polls   []string // the server's answers, before whatever is true
		decide  func(*sandbox.Server, string) error
		reason  Reason          // of the Error; empty: none
		kind    credential.Kind // of the engine's error; empty: none
		devices int
	}{
		"confirmed":  {decide: (*sandbox.Server).ConfirmDevice, devices: 1},
		"in a while": {polls: []string{"authorization_pending", "slow_down", "authorization_pending"}, decide: (*sandbox.Server).ConfirmDevice, devices: 1},
		"refused":    {decide: (*sandbox.Server).RefuseDevice, kind: credential.KindDenied, devices: 1},
		"over":       {polls: []string{"authorization_pending", "expired_token"}, reason: ReasonExpired, devices: 1},
		"nobody":     {reason: ReasonTime, devices: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.server.PlanPolls(c.polls...)
			opened := make(chan string, 1)
			u := w.authorize(Request{Setup: w.setup(), Device: &credential.DeviceRequest{Scopes: []string{"read"}}, Wait: 2 * time.Minute}, func(o *Options) {
				o.Open = func(_ context.Context, url string) error { opened <- url; return nil }
			})
			code := u.userCode()
			if url := <-opened; url != w.base+"/device?user_code="+code {
				t.Errorf("opened %s", url)
			}
			if c.decide != nil {
				if err := c.decide(w.server, code); err != nil {
					t.Fatal(err)
				}
			}
			out, err := u.end()
			var e *Error
			switch {
			case c.reason != "":
				if !errors.As(err, &e) || e.Reason != c.reason || !e.Device {
					t.Errorf("error %v, want %s", err, c.reason)
				}
			case c.kind != "":
				if !credential.IsKind(err, c.kind) {
					t.Errorf("error %v, want %s", err, c.kind)
				}
			case err != nil || out.Record.Status != credential.StatusActive || !out.Record.Reserved():
				t.Errorf("%v, %s", err, out.Record.Status)
			}
			if n := w.server.Counters().DeviceCodes; n != c.devices {
				t.Errorf("%d device codes", n)
			}
		})
	}
}

// A run that is stopped or killed leaves its code to the next one, and of two at once one collects the tokens and the other says so.
func TestDeviceOfTwoRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := func() Request {
		return Request{Setup: w.setup(), Device: &credential.DeviceRequest{Scopes: []string{"read"}}}
	}
	first := w.authorize(q())
	code := first.userCode()
	first.hear("Waiting")
	first.stop()
	if e := first.fails(ReasonStopped); !e.Device || !strings.Contains(strings.Join(e.Parts(), " "), "The device code stays good") {
		t.Errorf("%v", e.Parts())
	}
	second, third := w.authorize(q()), w.authorize(Request{})
	if a, b := second.userCode(), third.userCode(); a != code || b != code {
		t.Errorf("other codes: %s, %s", a, b)
	}
	if err := w.server.ConfirmDevice(code); err != nil {
		t.Fatal(err)
	}
	a, b := second.mustEnd(), third.mustEnd()
	if a.Others == b.Others || a.Record.Family != b.Record.Family {
		t.Errorf("collected by others: %v and %v", a.Others, b.Others)
	}
	if c := w.server.Counters(); c.DeviceCodes != 1 || c.CodeReplays != 0 {
		t.Errorf("%+v", c)
	}
}

// A person pastes what the browser shows, in several tries. What is of no use is never sent.
func TestByPaste(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		pastes func(callback string) []string // "": nothing can be read
		reason Reason
		says   int // how often it was of no use
	}{
		"at once": {pastes: func(cb string) []string { return []string{"  " + cb + "\n"} }},
		"in the end": {pastes: func(cb string) []string {
			return []string{"code", remote, remote + "?code=a&state=b", remote + "?code=a", cb}
		}, says: 4},
		"never":        {pastes: func(string) []string { return []string{"a", "b", "c", "d", "e"} }, reason: ReasonTries, says: 5},
		"no input":     {pastes: func(string) []string { return []string{""} }, reason: ReasonNoInput},
		"from the app": {pastes: func(cb string) []string { return []string{strings.Replace(cb, "https://example.com", "app:", 1)} }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			asked := make(chan struct{}, 10)
			answers := make(chan string, 10)
			u := w.authorize(Request{Setup: w.setup(), Code: code(remote)}, func(o *Options) {
				o.Paste = func(ctx context.Context) (secret.String, error) {
					asked <- struct{}{}
					select {
					case text := <-answers:
						if text == "" {
							return secret.String{}, errors.New("it has ended")
						}
						return secret.New(text), nil
					case <-ctx.Done():
						return secret.String{}, ctx.Err()
					}
				}
			})
			address := u.address()
			for _, text := range c.pastes(w.consent(address)) {
				<-asked
				answers <- text
			}
			out, err := u.end()
			var e *Error
			if c.reason != "" && (!errors.As(err, &e) || e.Reason != c.reason) || c.reason == "" && (err != nil || out.Record.Generation != 1) {
				t.Errorf("error %v, want %q", err, c.reason)
			}
			said := 0
			for _, text := range u.all {
				if strings.HasPrefix(text, "That cannot be used: ") {
					said++
				}
			}
			if said != c.says {
				t.Errorf("%d were of no use:\n%s", said, strings.Join(u.all, "\n"))
			}
			sent := 1
			if c.reason != "" {
				sent = 0
			}
			w.exchanges(sent, 0)
		})
	}
}

// Nobody is there to paste: that is told before anything is written.
func TestNoLoopback(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorize(Request{Setup: w.setup(), Code: code(remote)}).fails(ReasonNoLoopback)
	if _, err := w.plain.Get(t.Context(), credential.PairKey(theName)); err == nil {
		t.Error("a record was made")
	}
}

// A client that gets its tokens by itself has nobody who could authorize it, and one that another resource has in hand is left alone.
func TestNobodyToAuthorize(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := *w.setup()
	s.Grant = &credential.Grant{Type: "client_credentials"}
	if _, err := w.manager(w.clock).Attach(t.Context(), theName, "a1", s); err != nil {
		t.Fatal(err)
	}
	w.authorize(Request{}).fails(ReasonNoPerson)
	other := w.setup()
	other.Client.ClientID = "another"
	if _, err := w.authorize(Request{Setup: other, Code: code(anyPort)}).end(); !credential.IsKind(err, credential.KindAttached) {
		t.Errorf("%v", err)
	}
}

func TestTargets(t *testing.T) {
	t.Parallel()
	for uri, want := range map[string]string{
		"http://127.0.0.1/callback": "http://127.0.0.1:1/callback", "http://127.0.0.1:80": "http://127.0.0.1:1", "http://[::1]:7/a%2fb?c=d": "http://[::1]:1/a%2fb?c=d",
		"http://LOCALHOST:8080/": "http://localhost:1/", "http://localhost?": "http://localhost:1?",
		"https://127.0.0.1/cb": "", "http://127.0.0.1:0/cb": "", "http://127.0.0.1:08912/cb": "", "http://127.0.0.1:65536/cb": "", "http://127.0.0.2/cb": "", "http://127.0.0.1.example/cb": "", "http://me@localhost/cb": "",
		"http://localhost:/cb": "", "http://localhost/cb#a": "", "http://[::ffff:127.0.0.1]/cb": "", "http://0.0.0.0/cb": "", "http:127.0.0.1/cb": "", "app:/callback": "", "": "",
	} {
		got, ok := parseTarget(uri)
		if ok != (want != "") || ok && got.uri("1") != want {
			t.Errorf("%s: %v, %s", uri, ok, got.uri("1"))
		}
	}
}

func FuzzTarget(f *testing.F) {
	for _, uri := range []string{"http://127.0.0.1/callback", "http://[::1]:8912/a%2fb?c=d", "http://localhost:1", "https://x/y", "http://127.0.0.1:80#"} {
		f.Add(uri)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		got, ok := parseTarget(uri)
		if !ok {
			return
		}
		if got.host != "127.0.0.1" && got.host != "::1" && got.host != "localhost" || !strings.HasPrefix(got.path, "/") {
			t.Errorf("%q is taken as %+v", uri, got)
		}
		if again, ok := parseTarget(got.uri("4711")); !ok || again.host != got.host || again.path != got.path || again.tail != got.tail || again.port != "4711" {
			t.Errorf("%q becomes %s", uri, got.uri("4711"))
		}
	})
}
