//go:build unix

package acceptance_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// loopbackURI is registered without a port, as native apps do (RFC 8252 §7.3).
const loopbackURI = "http://127.0.0.1/callback"

// newLoginServer is a sandbox whose client lets answers come to this machine, and to an address that nobody serves.
func newLoginServer(t testing.TB, change func(*sandbox.Settings)) *server {
	t.Helper()
	settings := sandbox.DefaultSettings()
	settings.RequirePKCE = true
	settings.DeviceInterval = time.Second
	if change != nil {
		change(&settings)
	}
	return startServer(t, sandbox.Options{Settings: settings, Clients: []sandbox.Client{
		{ID: clientID, Secret: clientSecret, RedirectURIs: []string{loopbackURI, redirectURI}},
	}}, sandbox.Listen{})
}

// loginClient is the client object, with where device codes come from.
func (s *server) loginClient() string {
	return strings.Replace(s.client(strict), "token_endpoint  ", fmt.Sprintf("device_authorization_endpoint = \"%s/device_authorization\"\n    token_endpoint  ", s.base), 1)
}

// authorizeAction is an action "now" that has a person authorize the pair of that name.
func authorizeAction(name, more string) string {
	return fmt.Sprintf("action \"oauth_authorize\" \"now\" {\n  config {\n    name = %q\n    %s\n  }\n}\n", name, more)
}

// desktop is a workspace with a browser, of which tests play the person.
type desktop struct {
	*workspace
	opened string // the file that has the address
}

// desktop gives w a browser.
func (w *workspace) desktop() *desktop {
	w.t.Helper()
	dir := w.t.TempDir()
	d := &desktop{w, filepath.Join(dir, "opened")}
	script := "#!/bin/sh\nprintf %s \"$1\" > " + d.opened + ".new && mv " + d.opened + ".new " + d.opened + "\n"
	if err := os.WriteFile(filepath.Join(dir, "xdg-open"), []byte(script), 0o700); err != nil {
		w.t.Fatal(err)
	}
	w.env["PATH"] = dir + string(os.PathListSeparator) + w.env["PATH"]
	w.env["DISPLAY"] = ":0"
	return d
}

// address waits for what the browser was asked to open.
func (d *desktop) address(r *running) string {
	d.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if text, err := os.ReadFile(d.opened); err == nil {
			if err := os.Remove(d.opened); err != nil {
				d.t.Fatal(err)
			}
			return string(text)
		}
		select {
		case <-r.done:
			d.t.Fatalf("it ended without opening anything:\n%s\n%s", r.stdout.String(), r.stderr.String())
		case <-time.After(5 * time.Millisecond):
		}
	}
	d.t.Fatal("nothing was opened")
	return ""
}

// visit opens an address as the browser does, and returns the page that it ends up at.
func visit(t testing.TB, address string) string {
	t.Helper()
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var invokeNow = []string{"apply", "-input=false", "-no-color", "-auto-approve", "-invoke=action.oauth_authorize.now"}

// The action makes a pair that does not exist yet, and the resource takes it over, without another authorization. Invoked again, it
// authorizes anew, in place.
func TestAuthorizeAction(t *testing.T) {
	t.Parallel()
	s, w := newLoginServer(t, nil), acting(t).desktop()
	act := authorizeAction("laptop", "client = "+s.loginClient()+"\n    authorization_code = {\n      redirect_uri = \""+loopbackURI+"\"\n      scopes = [\"read\"]\n    }")
	w.write(act)
	run := w.start(invokeNow...)
	page := visit(t, s.consent(w.address(run)))
	if !strings.Contains(page, "Token pair “laptop” is authorized") {
		t.Errorf("the page says:\n%s", page)
	}
	done := run.wait()
	fmt.Println(done.stdout, done.stderr)
	if done.code != 0 {
		t.Fatal("failed")
	}

	w.write(act + s.pairAtLogin("laptop", ""))
	p := w.plan()
	fmt.Println(p.stdout)
	a := w.apply()
	fmt.Println(a.stdout)
	s.expectCalls(calls{exchanges: 1})
	w.expectLive(s, 1)
	fmt.Println(w.plan().stdout)

	again := w.start(invokeNow...)
	visit(t, s.consent(w.address(again)))
	fmt.Println(again.wait().stdout)
	fmt.Println(w.plan().stdout)
}

// pairAtLogin is a pair "this" that a person authorizes before this machine.
func (s *server) pairAtLogin(name, more string) string {
	return fmt.Sprintf("resource \"oauth_token_pair\" \"this\" {\n  name   = %q\n  client = %s\n  authorization_code = {\n    redirect_uri = %q\n    scopes = [\"read\"]\n  }\n  %s\n}\n",
		name, s.loginClient(), loopbackURI, more)
}
