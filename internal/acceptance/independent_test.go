//go:build unix

package acceptance_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// oidcProvider is npm's oidc-provider, a certified authorization server, as a process.
type oidcProvider struct {
	t      testing.TB
	issuer string
}

func newOIDCProvider(t testing.TB) *oidcProvider {
	t.Helper()
	const dir = "testdata/oidc-provider"
	if _, err := os.Stat(dir + "/node_modules/oidc-provider"); err != nil {
		t.Fatalf("oidc-provider is not installed. Install Node.js and npm, then run: npm ci --prefix internal/acceptance/%s", dir)
	}
	cmd := exec.CommandContext(context.Background(), "node", "server.js")
	cmd.Dir = dir
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close() // the server ends with its standard input
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	var ready struct {
		Issuer string `json:"issuer"`
	}
	if err != nil || json.Unmarshal([]byte(line), &ready) != nil {
		t.Fatalf("oidc-provider did not start: %q %v", line, err)
	}
	return &oidcProvider{t: t, issuer: ready.Issuer}
}

type oidcCounters struct {
	Token   int `json:"token"`
	Refresh int `json:"refresh"`
	Refused int `json:"refused"`
}

func (p *oidcProvider) counters() oidcCounters {
	p.t.Helper()
	reply, err := http.Get(p.issuer + "/counters")
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = reply.Body.Close() }()
	var c oidcCounters
	if err := json.NewDecoder(reply.Body).Decode(&c); err != nil {
		p.t.Fatal(err)
	}
	return c
}

// browse opens the URL as a browser does, and returns the address at which it leaves the server.
func (p *oidcProvider) browse(authorizationURL string) string {
	p.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		p.t.Fatal(err)
	}
	left := ""
	browser := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), p.issuer) {
			return nil
		}
		left = r.URL.String()
		return http.ErrUseLastResponse
	}}
	reply, err := browser.Get(authorizationURL)
	if err != nil {
		p.t.Fatal(err)
	}
	page, err := io.ReadAll(reply.Body)
	_ = reply.Body.Close()
	if left == "" {
		p.t.Fatalf("the server did not send the browser back: %s %s %v", reply.Status, page, err)
	}
	return left
}

// The same life as against our own sandbox, at a server that others wrote and certified: it rotates refresh tokens, and a
// second use of one revokes the whole grant.
func TestIndependentServer(t *testing.T) {
	t.Parallel()
	p := newOIDCProvider(t)
	p.wholeLife(fmt.Sprintf(`
    authorization_endpoint = "%[1]s/auth"
    token_endpoint         = "%[1]s/token"
    revocation_endpoint    = "%[1]s/token/revocation"`, p.issuer))
}

// Its endpoints are not the ones that anybody would guess: what it says of itself is enough.
func TestIndependentServerByIssuer(t *testing.T) {
	t.Parallel()
	newOIDCProvider(t).wholeLife("")
}

func (p *oidcProvider) wholeLife(endpoints string) {
	t, w := p.t, newWorkspace(p.t)
	t.Helper()
	config := func(callbackURL string) string {
		return fmt.Sprintf(`
resource "oauth_token_pair" "this" {
  name = "independent"
  client = {
    client_id              = "acceptance"
    client_secret          = "acceptance secret/+%%"
    issuer                 = "%[1]s"
    refresh_token_policy   = { rotation = "single_use", on_reuse = "revoke_family" }%[3]s
  }
  authorization_code = {
    callback_url     = %[2]s
    redirect_uri     = "http://127.0.0.1/callback"
    scopes           = ["openid", "offline_access"]
    extra_parameters = { prompt = "consent" }
  }
}
`, p.issuer, callbackURL, endpoints)
	}
	w.write(config("null"))
	w.apply().mustSay(t, "has not been authorized yet")
	url, ok := w.attributes("oauth_token_pair.this")["authorization_url"].(string)
	if !ok {
		t.Fatal("there is no authorization_url")
	}
	w.write(config(fmt.Sprintf("%q", p.browse(url))))
	w.apply()

	// Its access tokens live 5 seconds, which is the shortest margin: every read refreshes.
	before := p.counters()
	if before.Refused != 0 || before.Token == 0 {
		t.Fatalf("after the authorization: %+v", before)
	}
	const plans = 5
	for range plans {
		w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	}
	after := p.counters()
	if after.Refresh-before.Refresh != plans || after.Refused != 0 {
		t.Errorf("%d discarded plans: %+v, then %+v; want one refresh each and none refused", plans, before, after)
	}
	w.ok("destroy", "-auto-approve", "-no-color").mustNotSay(t, "Not Revoked")
	if c := p.counters(); c.Refused != 0 {
		t.Errorf("in the end: %+v; want none refused", c)
	}
}
