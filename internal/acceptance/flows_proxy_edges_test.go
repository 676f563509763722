//go:build unix

package acceptance_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// through is a run whose proxy stands open for the test itself.
type through struct {
	t       *testing.T
	run     *running
	address string
	bearer  string
}

// open applies config, whose calls begin and go on, and hands over the proxy.
func (w *workspace) open(t *testing.T, config func(mark string) string) *through {
	t.Helper()
	path := filepath.Join(filepath.Dir(w.dir), "mark")
	w.consumes().writeConsumer(strings.Replace(config(path), `for  = "10m"`, "for  = \"10m\"\n  once = true", 1))
	r := w.start("apply", "-input=false", "-no-color", "-auto-approve")
	_, address, bearer := begun(t, r, path)
	return &through{t: t, run: r, address: address, bearer: bearer}
}

// call is a request through the proxy. It tells the status, the header and the body.
func (p *through) call(path string) (int, http.Header, string) {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.address+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+p.bearer)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Error(err)
		return 0, nil, ""
	}
	text, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil {
		p.t.Error(err)
	}
	return res.StatusCode, res.Header, string(text)
}

// problem is call for a request that the proxy answers by itself, in these words.
func (p *through) problem(path string, status int, wants ...string) http.Header {
	p.t.Helper()
	got, header, text := p.call(path)
	var problem struct{ Title, Detail string }
	if err := json.Unmarshal([]byte(text), &problem); err != nil || got != status || !strings.HasPrefix(header.Get("Proxy-Status"), "terraform-provider-oauth; error=") {
		p.t.Fatalf("%d %v %s", got, header, text)
	}
	for _, want := range wants {
		if !strings.Contains(problem.Title+"\n"+problem.Detail, want) {
			p.t.Errorf("the proxy does not say %q:\n%s\n%s", want, problem.Title, problem.Detail)
		}
	}
	return header
}

// interrupt ends the run as a person does, and returns what it said.
func (p *through) interrupt() result {
	p.t.Helper()
	p.run.signalGroup(syscall.SIGINT)
	r := p.run.wait()
	waitSilent(p.t, p.address)
	return r
}

// A hundred requests at once at the expiry cost one refresh, and so do a hundred whose token the API refuses before its time.
func TestProxyRefreshesOnce(t *testing.T) {
	t.Parallel()
	s, owner := newServer(t, nil), newWorkspace(t) // access tokens live for ten minutes
	owner.write(s.pair("race", s.issue().RefreshToken, strict, ""))
	owner.apply()
	owner.advance(0)
	user := owner.sibling()
	p := user.open(t, func(mark string) string { return s.proxied("race", "10m", mark) })
	s.expect(1, 0)
	hundred := func() {
		t.Helper()
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if status, _, text := p.call("/me"); status != http.StatusOK {
					t.Errorf("%d %s", status, text)
				}
			})
		}
		wg.Wait()
	}
	hundred()
	s.expect(1, 0)
	s.later(time.Hour, user)
	hundred()
	s.expect(2, 0)
	s.later(time.Hour) // the server alone: the provider takes the token for good
	hundred()
	s.expect(3, 0)
	if status, header, _ := p.call("/nothing"); status != http.StatusNotFound || header.Get("Proxy-Status") != "" {
		t.Errorf("the API's own refusal came as %d %v", status, header)
	}
	p.interrupt().mustNotSay(t, "Error: The API Refused")
	s.expect(3, 0)
	owner.apply()
	owner.expectLive(s, 4)
}

// What the proxy says where it has no token to give: to whoever asked it, and in the end to whoever ran it.
func TestProxyWithoutToken(t *testing.T) {
	t.Parallel()
	t.Run("never", func(t *testing.T) {
		t.Parallel()
		s, owner := newServer(t, nil), newWorkspace(t)
		issued := s.issue()
		owner.write(strings.Replace(s.pair("kept", "x", strict, `refresh = { strategy = "never" }`), `refresh_token = "x"`,
			fmt.Sprintf("access_token = %q\n    refresh_token = %q\n    expires_at = %q", issued.AccessToken, issued.RefreshToken, s.Now().Add(10*time.Minute).UTC().Format(time.RFC3339)), 1))
		owner.apply()
		owner.advance(0)
		user := owner.sibling()
		p := user.open(t, func(mark string) string { return s.proxied("kept", "10m", mark) })
		if status, _, text := p.call("/me"); status != http.StatusOK {
			t.Errorf("%d %s", status, text)
		}
		s.later(time.Hour) // the server alone: nothing can be done about its refusal
		status, header, text := p.call("/me")
		if want := `terraform-provider-oauth; received-status=401; details="the access token was refused, and there is no other one: Unable to Get Access Token"`; status != http.StatusUnauthorized || header.Get("Proxy-Status") != want || !strings.Contains(text, "invalid_token") {
			t.Errorf("%d %v %s", status, header, text)
		}
		user.advance(time.Hour)
		p.problem("/me", http.StatusBadGateway, "Unable to Get Access Token", `The access token of token pair "kept" has expired, and its refresh.strategy is never.`)
		s.expect(0, 0)
		p.interrupt()
	})
	t.Run("server down", func(t *testing.T) {
		t.Parallel()
		s, owner := newServer(t, nil), newWorkspace(t)
		owner.write(s.pair("down", s.issue().RefreshToken, strict, ""))
		owner.apply()
		owner.advance(0)
		user := owner.sibling()
		p := user.open(t, func(mark string) string { return s.proxied("down", "10m", mark) })
		s.fault(sandbox.Fault{Path: "/token", Action: sandbox.ActionStatus, Status: 401, Body: `{"error":"invalid_client","error_description":"no such secret"}`, Count: -1})
		s.later(9*time.Minute+45*time.Second, user) // 15 seconds are left
		if status, _, text := p.call("/me"); status != http.StatusOK {
			t.Errorf("%d %s", status, text)
		}
		s.later(time.Minute, user)
		p.problem("/me", http.StatusBadGateway, "Unable to Get Access Token", "does not accept the client", "was not used up and still works", "The server's own words: invalid_client: no such secret")
		n := s.Counters().TokenRequests
		for range 20 {
			p.call("/me")
		}
		if more := s.Counters().TokenRequests - n; more > 1 {
			t.Errorf("20 calls made %d requests of the token endpoint", more)
		}
		p.interrupt()
		s.ClearFaults()
		owner.apply()
		owner.expectLive(s, 3)
	})
}

// What a person has to know of the time since the proxy was opened is told when it is closed.
func TestProxyTellsInTheEnd(t *testing.T) {
	t.Parallel()
	s, owner := newServer(t, nil), newWorkspace(t)
	owner.write(s.pair("told", s.issue().RefreshToken, strict, ""))
	owner.apply()
	owner.advance(0)
	user := owner.sibling()
	p := user.open(t, func(mark string) string {
		return strings.Replace(s.proxied("told", "5s", mark), "for  =", "once = true\n  for  =", 1)
	})
	s.fault(sandbox.Fault{Path: "/token", Action: sandbox.ActionStatus, Status: 401, Body: `{"error":"invalid_client","error_description":"no such secret"}`, Count: -1})
	s.later(9*time.Minute+45*time.Second, user) // 15 seconds are left
	if status, _, text := p.call("/me"); status != http.StatusOK {
		t.Errorf("%d %s", status, text)
	}
	r := p.run.wait()
	if r.code != 0 {
		t.Errorf("exited with %d", r.code)
	}
	r.mustSay(t, "Warning: Token Pair Not Refreshed", "The current access token still works and is used.", "does not accept the client", "no such secret")
}

// A run that is interrupted in the midst of a refresh, which nobody waits for any more, keeps what the server answers.
func TestProxyInterruptedInARefresh(t *testing.T) {
	t.Parallel()
	s, owner := newServer(t, nil), newWorkspace(t)
	owner.write(s.pair("late", s.issue().RefreshToken, strict, ""))
	owner.apply()
	owner.advance(0)
	user := owner.sibling()
	p := user.open(t, func(mark string) string { return s.proxied("late", "10m", mark) })
	s.later(time.Hour, user)
	s.fault(sandbox.Fault{Path: "/token", Action: sandbox.ActionHold, When: sandbox.After})
	ctx, giveUp := context.WithCancel(t.Context())
	given := make(chan struct{})
	go func() {
		defer close(given)
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.address+"/me", nil)
		if err != nil {
			t.Error(err)
			return
		}
		r.Header.Set("Authorization", "Bearer "+p.bearer)
		if res, err := http.DefaultClient.Do(r); err == nil {
			_ = res.Body.Close()
			t.Error("there was an answer")
		}
	}()
	s.waitHeld(1)
	giveUp()
	<-given
	p.run.signalGroup(syscall.SIGINT)
	time.Sleep(500 * time.Millisecond) // core ends the provider meanwhile, and kills it two seconds later
	s.Release()
	p.run.wait()
	waitSilent(t, p.address)
	s.expect(2, 0)
	owner.apply()
	s.expect(2, 0)
	owner.expectLive(s, 3)
}

// Nothing starts without a token: the error is that of oauth_access_token.
func TestProxyNotOpened(t *testing.T) {
	t.Parallel()
	s, owner := newServer(t, nil), newWorkspace(t)
	owner.write(s.codePair("waiting", ""))
	owner.apply()
	url := owner.string(this, "authorization_url")
	user := owner.sibling().consumes()
	user.writeConsumer(s.proxied("waiting", "1s", ""))
	user.fails([]string{
		"Error: Unable to Get Access Token", "with ephemeral.oauth_api_proxy.x", `token_pair = "waiting"`, `Token pair "waiting" has not been authorized yet.`, strings.ReplaceAll(url, " ", ""),
	}, "plan", "-input=false", "-no-color")
	user.writeConsumer(s.proxied("nobody", "1s", ""))
	user.fails([]string{"Error: Unable to Get Access Token", `holds no token pair "nobody".`}, "plan", "-input=false", "-no-color")
	user.writeConsumer(strings.Replace(s.proxied("waiting", "1s", ""), s.base+"/api", "http://api.example.com", 1))
	user.fails([]string{"Error: Invalid Upstream", "http to \"api.example.com\" would send secrets in the clear; use https. Nothing was sent."}, "plan", "-input=false", "-no-color")
	user.env["OAUTH_TOKEN_STORE"] = "state"
	user.fails([]string{"Error: No Token Store", "ephemeral.oauth_api_proxy looks tokens up by name"}, "plan", "-input=false", "-no-color")
	s.expect(0, 0)
}

// A client's own token goes through the proxy, too, without a store and without a pair; here over TLS that only the provider's
// ca_certificate_pem makes good.
func TestProxyOfAClient(t *testing.T) {
	t.Parallel()
	s, w := newServerOn(t, sandbox.Listen{TLS: true}, func(set *sandbox.Settings) { set.AccessTokenLifetime = brief }), newWorkspace(t).consumes()
	w.env["OAUTH_TOKEN_STORE"] = "state"
	config := strings.Replace(s.proxied("x", "7s", ""), `token_pair = "x"`, "client_credentials = {}\n  client = "+s.client(strict), 1)
	w.writeConsumer(config + fmt.Sprintf("provider \"oauth\" {\n  ca_certificate_pem = %q\n}\n", s.running.CAPEM))
	w.apply()
	if c := s.Counters(); c.TokenRequests < 3 || c.TokenRequests > 6 || c.APIUnauthorized != 0 {
		t.Errorf("%d token requests, %d refusals", c.TokenRequests, c.APIUnauthorized)
	}
}

// Bound tokens go with a proof of each request, and with the API's own nonces; whoever uses the proxy knows nothing of it.
func TestProxyOfBoundTokens(t *testing.T) {
	t.Parallel()
	s, owner := newBinder(t, false, func(s *sandbox.Settings) { s.Nonces, s.NoncesAtAPI = sandbox.NonceSingleUse, sandbox.NonceSingleUse }), newWorkspace(t)
	owner.write(s.bound("bound", "", ""))
	owner.apply()
	owner.write(s.bound("bound", attribute("callback_url", s.consent(owner.string(this, "authorization_url"))), ""))
	owner.apply()
	user := owner.sibling().consumes()
	user.writeConsumer(s.proxied("bound", "2s", ""))
	user.apply().mustNotSay(t, "Not Bound", "Requests Without")
	// The first proof lacked the nonce; each answer has brought the next one.
	if c := s.Counters(); c.APIUnauthorized != 1 || c.APIOK < 5 {
		t.Errorf("%d calls were refused, %d taken", c.APIUnauthorized, c.APIOK)
	}
	if nonces, malformed := s.refusedProofs(); malformed != 0 || nonces != 1 {
		t.Errorf("%d proofs lacked the nonce at the token endpoint, %d did not hold", nonces, malformed)
	}
}

// Refusals of the API count where they would lock the client out: the proxy stops by itself, and says until when.
func TestProxyKeepsTheErrorBudget(t *testing.T) {
	t.Parallel()
	s, owner := newServer(t, nil), newWorkspace(t)
	owner.write(s.pair("dear", s.issue().RefreshToken, budget, "")) // three refusals within an hour lock it out
	owner.apply()
	owner.advance(0)
	user := owner.sibling()
	p := user.open(t, func(mark string) string { return s.proxied("dear", "10m", mark) })
	for range 2 {
		if status, _, _ := p.call("/nothing"); status != http.StatusNotFound {
			t.Fatalf("answered %d", status)
		}
	}
	n := len(s.Log())
	header := p.problem("/nothing", http.StatusTooManyRequests, "Error Budget Spent", "(call of the API)")
	if header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	p.problem("/me", http.StatusTooManyRequests, "Error Budget Spent")
	for _, e := range s.Log()[n:] {
		if e.Path == "/api/nothing" {
			t.Error("the third refusal was asked for")
		}
	}
	p.interrupt()
	s.expect(1, 0)
}
