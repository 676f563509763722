package login

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

// The whole way of a person: open, consent, and see what happened. Address and page hold nothing of the answer any more.
func TestByBrowser(t *testing.T) {
	t.Parallel()
	for name, redirectURI := range map[string]string{"any port": anyPort, "a port": "http://127.0.0.1:" + freePort(t) + "/callback", "another family": "http://[::1]/callback"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			u := w.authorize(Request{Setup: w.setup(), Code: code(redirectURI)})
			address := u.address()
			u.hear("Waiting up to 5m for the answer at http://")
			callback := w.consent(address)
			page := w.get(callback)
			out := u.mustEnd()
			mustHold(t, page.text, "<h1 class=\"good\">Authorized</h1>", "Token pair “exact” is authorized", "<code>read</code>")
			if page.url != strings.Split(callback, "?")[0] || page.status != http.StatusOK {
				t.Errorf("the browser ends up at %s with %d", page.url, page.status)
			}
			for _, secret := range []string{parameter(t, callback, "code"), parameter(t, callback, "state"), out.Record.Tokens.Access.Reveal()} {
				if strings.Contains(page.text, secret) || strings.Contains(strings.Join(u.all, "\n"), parameter(t, callback, "code")) {
					t.Error("a code, a state or a token is shown")
				}
			}
			for header, want := range map[string]string{
				"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
			} {
				if got := page.header.Get(header); got != want {
					t.Errorf("%s: %q", header, got)
				}
			}
			mustHold(t, page.header.Get("Content-Security-Policy"), "default-src 'none'; style-src 'sha256-", "frame-ancestors 'none'")
			r := w.record()
			if r.Status != credential.StatusActive || r.Generation != 1 || !r.Reserved() || len(r.Pending) != 0 || r.Source != sourceCode {
				t.Errorf("%s, generation %d, attachment %+v, %d pending", r.Status, r.Generation, r.Attachment, len(r.Pending))
			}
			w.exchanges(1, 0)
			if c, err := net.Dial("tcp", strings.Split(strings.TrimPrefix(callback, "http://"), "/")[0]); err == nil {
				_ = c.Close()
				t.Error("it still listens")
			}
		})
	}
}

// A browser asks for more than the answer: an icon, the page in advance, the page again. Others ask for other things. None of that
// spends or ends anything.
func TestWhatElseComes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.authorize(Request{Setup: w.setup(), Code: code(anyPort)})
	address := u.address()
	u.hear("Waiting")
	callback := w.consent(address)
	redirect := strings.Split(callback, "?")[0]
	origin := strings.TrimSuffix(redirect, "/callback")
	state := "state=" + parameter(t, callback, "state")
	host := func(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }
	for name, c := range map[string]struct {
		address string
		change  func(*http.Request)
		status  int
		text    string
	}{
		"icon":                {origin + "/favicon.ico", nil, 404, "Not Found"},
		"root":                {origin + "/", nil, 404, "Not Found"},
		"path in front":       {origin + "//callback?" + state + "&code=x", nil, 404, "Not Found"},
		"path with a turn":    {origin + "/a/../callback?" + state + "&code=x", nil, 404, "Not Found"},
		"too early":           {redirect, nil, 200, "Waiting for your consent"},
		"other parameters":    {redirect + "?" + state, nil, 200, "Waiting for your consent"},
		"posted":              {callback, func(r *http.Request) { r.Method = http.MethodPost }, 405, "Method Not Allowed"},
		"only looked at":      {callback, func(r *http.Request) { r.Method = http.MethodHead }, 405, ""},
		"with a body":         {callback, func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(strings.NewReader("x")), 1 }, 400, "Bad Request"},
		"rebound name":        {callback, host("evil.example"), 421, "Misdirected"},
		"another name of us":  {callback, host("localhost:" + strings.Split(origin, ":")[2]), 421, "Misdirected"},
		"another port":        {callback, host("127.0.0.1:1"), 421, "Misdirected"},
		"another state":       {redirect + "?code=stolen&state=mine", nil, 400, "This answer belongs to another request"},
		"no state":            {redirect + "?code=stolen", nil, 400, "This answer belongs to another request"},
		"refused by somebody": {redirect + "?error=access_denied&error_description=%3Cb%3Eno", nil, 400, "access_denied: &lt;b&gt;no"},
		"code and error":      {redirect + "?code=a&error=b&" + state, nil, 400, "This answer cannot be used"},
		"two codes":           {redirect + "?code=a&code=b&" + state, nil, 400, "This answer cannot be used"},
		"badly encoded":       {redirect + "?code=%ff&" + state, nil, 400, "This answer cannot be used"},
		"much too long":       {redirect + "?code=" + strings.Repeat("x", 20<<10) + "&" + state, nil, 400, "This answer cannot be used"},
		"endless":             {redirect + "?code=" + strings.Repeat("x", 40<<10) + "&" + state, nil, 431, "431"},
	} {
		got := w.get(c.address, func(r *http.Request) {
			if c.change != nil {
				c.change(r)
			}
		})
		if got.status != c.status || !strings.Contains(got.text, c.text) {
			t.Errorf("%s: %d\n%s", name, got.status, got.text)
		}
	}
	w.exchanges(0, 0)
	if r := w.record(); r.Generation != 0 || len(r.Pending) != 1 {
		t.Errorf("generation %d, %d pending", r.Generation, len(r.Pending))
	}

	// The answer itself comes twice at once and a third time later, with another code, as from a second tab.
	w.hold()
	both := make(chan shown, 2)
	for range 2 {
		go func() { both <- w.get(callback) }()
	}
	if err := w.server.WaitHeld(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	third := make(chan shown, 1)
	go func() { third <- w.get(w.consent(address)) }()
	w.server.Release()
	for _, page := range []shown{<-both, <-both, <-third} {
		mustHold(t, page.text, "Token pair “exact” is authorized")
	}
	u.mustEnd()
	w.exchanges(1, 0)
	ignored := 0
	for _, text := range u.all {
		if strings.Contains(text, "It was ignored.") {
			ignored++
		}
	}
	if ignored != maxWarnings {
		t.Errorf("%d answers were told to be ignored:\n%s", ignored, strings.Join(u.all, "\n"))
	}
}

// hold has the server wait before it processes the next token request.
func (w *world) hold() {
	w.t.Helper()
	if _, err := w.server.AddFault(sandbox.Fault{Action: sandbox.ActionHold, When: sandbox.Before}); err != nil {
		w.t.Fatal(err)
	}
}

// Once an answer was taken, neither the end of the time nor a signal costs its tokens; the browser still gets its page.
func TestEndsWhileExchanging(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*world, *run){
		"time over": func(w *world, _ *run) { w.clock.pass(MinWait) },
		"stopped":   func(_ *world, u *run) { u.stop() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			u := w.authorize(Request{Setup: w.setup(), Code: code(anyPort), Wait: MinWait})
			address := u.address()
			u.hear("Waiting")
			w.hold()
			page := make(chan shown, 1)
			callback := w.consent(address)
			go func() {
				defer close(page)
				page <- w.get(callback)
			}()
			if err := w.server.WaitHeld(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			end(w, u)
			w.server.Release()
			mustHold(t, (<-page).text, "is authorized")
			if out := u.mustEnd(); out.Record.Status != credential.StatusActive {
				t.Errorf("%s", out.Record.Status)
			}
			w.exchanges(1, 0)
		})
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.authorize(Request{Setup: w.setup(), Code: code(anyPort)})
	address := u.address()
	u.hear("Waiting")
	callback, err := w.server.Deny(address)
	if err != nil {
		t.Fatal(err)
	}
	page := w.get(callback + "%3Cscript%3E")
	mustHold(t, page.text, "<h1 class=\"bad\">Refused</h1>", "access_denied: the user said no", "To try again, run it again")
	_, err = u.end()
	if !credential.IsKind(err, credential.KindDenied) {
		t.Errorf("%v", err)
	}
	w.exchanges(0, 0)
	if r := w.record(); len(r.Pending) != 1 || r.Generation != 0 {
		t.Errorf("%d pending", len(r.Pending))
	}
}

// A person who does not come costs nothing: the next run waits at the same port for the same answer, and so does one after a run that
// was killed or stopped.
func TestFoundAgain(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*world, *run) *Error{
		"not come": func(w *world, u *run) *Error { w.clock.pass(DefaultWait); return u.fails(ReasonTime) },
		"stopped":  func(_ *world, u *run) *Error { u.stop(); return u.fails(ReasonStopped) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			first := w.authorize(Request{Setup: w.setup(), Code: code(anyPort)})
			address := first.address()
			first.hear("Waiting")
			e := end(w, first)
			mustHold(t, strings.Join(e.Parts(), "\n"), "The URL stays good, and nothing is lost.", "Run it again")
			callback := w.consent(address) // in a tab that was left open
			second := w.authorize(Request{Setup: w.setup(), Code: code(anyPort)})
			if again := second.address(); again != address {
				t.Errorf("another address: %s", again)
			}
			second.hear("Waiting")
			mustHold(t, w.get(callback).text, "is authorized")
			second.mustEnd()
			w.exchanges(1, 0)
		})
	}
}

// Without a wish of its own a run goes on with what an apply has offered, where it can.
func TestAsOffered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.manager(w.clock)
	if _, err := m.Attach(t.Context(), theName, "a1", *w.setup()); err != nil {
		t.Fatal(err)
	}
	w.authorize(Request{}).fails(ReasonNothingOffered)
	if _, err := m.OfferAuthorization(t.Context(), theName, *code(remote)); err != nil {
		t.Fatal(err)
	}
	mustHold(t, strings.Join(w.authorize(Request{}).fails(ReasonNoLoopback).Parts(), "\n"), remote, "device_code", "twice")
	r, err := m.OfferAuthorization(t.Context(), theName, *code("http://127.0.0.1:" + freePort(t) + "/callback"))
	if err != nil {
		t.Fatal(err)
	}
	u := w.authorize(Request{})
	if p, _ := r.NewestPending(); u.address() != p.URL {
		t.Error("another address")
	}
	u.hear("Waiting")
	p, _ := r.NewestPending()
	w.get(w.consent(p.URL))
	out := u.mustEnd()
	if out.Record.Attachment.ID != "a1" || len(out.Record.Pending) != 1 {
		t.Errorf("%+v, %d pending", out.Record.Attachment, len(out.Record.Pending))
	}
}

func TestPortTaken(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	w := newWorld(t)
	e := w.authorize(Request{Setup: w.setup(), Code: code("http://" + l.Addr().String() + "/callback")}).fails(ReasonPort)
	mustHold(t, strings.Join(e.Parts(), "\n"), l.Addr().String(), "another program uses this port", "Another run may be waiting there")
	if r := w.record(); len(r.Pending) != 0 {
		t.Error("something was offered that nobody can answer")
	}
}

// Two runs at once, of two that want different things and of two that want the same: each waits for its own answer, or says that it cannot.
func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one := w.authorize(Request{Setup: w.setup(), Code: code(anyPort)})
	first := one.address()
	one.hear("Waiting")
	two := w.authorize(Request{Setup: w.setup(), Code: code(anyPort)})
	second := two.address()
	two.hear("Waiting")
	if first == second {
		t.Fatal("both wait for the same answer")
	}
	mustHold(t, w.get(w.consent(second)).text, "is authorized")
	two.mustEnd()
	mustHold(t, w.get(w.consent(first)).text, "is authorized")
	last := one.mustEnd()
	w.exchanges(2, 0)
	if r := w.record(); r.Family != last.Record.Family || r.Status != credential.StatusActive {
		t.Errorf("%s", r.Status)
	}
}

// What goes wrong at the token endpoint or in the store is told in the browser and in the error, and no code is sent twice.
func TestExchangeFaults(t *testing.T) {
	t.Parallel()
	drop := func(when string) func(*world) {
		return func(w *world) {
			if _, err := w.server.AddFault(sandbox.Fault{Action: sandbox.ActionDrop, When: when, Count: -1}); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	status := func(code int, body string) func(*world) {
		return func(w *world) {
			if _, err := w.server.AddFault(sandbox.Fault{Action: sandbox.ActionStatus, Status: code, Body: body, Count: -1}); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	for name, c := range map[string]struct {
		fault func(*world)
		want  credential.Kind
		text  string
		sent  int
	}{
		"lost, not done":  {drop(sandbox.Before), credential.KindUnknown, "The code is not sent again.", 1},
		"lost, but done":  {drop(sandbox.After), credential.KindUnknown, "The code is not sent again.", 1},
		"refused":         {status(400, `{"error":"invalid_grant","error_description":"<b>too old"}`), credential.KindAuthorize, "invalid_grant: &lt;b&gt;too old (HTTP 400)", 1},
		"client":          {status(401, `{"error":"invalid_client"}`), credential.KindBadClient, "invalid_client", 1},
		"store, not done": {failing(storetest.NothingDone), credential.KindStore, "the token store could not be used", 0},
		"store, but done": {failing(storetest.Done), credential.KindStore, "the token store could not be used", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			first := w.authorize(Request{Setup: w.setup(), Code: code(anyPort)}) // so that everything is offered before the fault
			first.hear("Waiting")
			first.stop()
			first.fails(ReasonStopped)
			u := w.authorize(Request{Code: code(anyPort)})
			address := u.address()
			u.hear("Waiting")
			c.fault(w)
			page := make(chan shown, 1)
			callback := w.consent(address)
			go func() { page <- w.get(callback) }()
			_, err := u.end() // which lets the time pass that the engine tries the store again
			mustHold(t, (<-page).text, c.text)
			if !credential.IsKind(err, c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
			w.exchanges(c.sent, 0)
		})
	}
}

// failing is a store all of whose writes fail from now on.
func failing(fault storetest.Fault) func(*world) {
	return func(w *world) { w.writes.Store(int32(fault)) }
}

// A request that has to be pushed expires soon: it is pushed again while the run waits, and the former address still leads back.
func TestPushedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *sandbox.Settings) { s.RequirePushedRequests, s.PushedRequestLifetime = true, time.Minute })
	setup := w.setup()
	setup.Client.RequirePushedAuthorizationRequests, setup.Client.PushedAuthorizationRequestEndpoint = true, w.base+"/par"
	u := w.authorize(Request{Setup: setup, Code: code(anyPort)})
	first := u.address()
	u.hear("Waiting")
	callback := w.consent(first)
	w.clock.pass(61 * time.Second)
	said := u.hear("The address has expired. If you have opened it in time, go on; else open this one before 12:02:01 UTC: ")
	if again := said[strings.LastIndex(said, " ")+1:]; again == first {
		t.Error("the address is the same")
	}
	mustHold(t, w.get(callback).text, "is authorized")
	u.mustEnd()
	w.exchanges(1, 0)
}
