//go:build unix

package acceptance_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
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
	script := "#!/bin/sh\nenv > " + d.opened + ".env\nprintf %s \"$1\" > " + d.opened + ".new && mv " + d.opened + ".new " + d.opened + "\n"
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
	act := authorizeAction("laptop", "client = "+s.loginClient()+atLoopback)
	w.write(act)
	run := w.start(invokeNow...)
	page := visit(t, s.consent(w.address(run)))
	if !strings.Contains(page, "Token pair “laptop” is authorized") {
		t.Errorf("the page says:\n%s", page)
	}
	done := run.wait()
	done.mustSay(t, `To authorize token pair "laptop", open this address in a browser on this machine: `+s.base+"/authorize?", "A browser was asked to open it.",
		"Waiting up to 5m for the answer at http://127.0.0.1:", `Token pair "laptop" is authorized. Granted: read. Its access token expires at`,
		"An oauth_token_pair of this name and client takes it over when it is created", "Actions: 1 invoked")

	// A secret that is written out is shown by plans, and that is told.
	done.mustSay(t, "Secret Shown in Plans", "client.client_secret")

	w.write(act + s.pairAtLogin("laptop", ""))
	w.apply().mustSay(t, "1 added")
	s.expectCalls(calls{exchanges: 1})
	w.expectLive(s, 1)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")

	again := w.start(invokeNow...)
	visit(t, s.consent(w.address(again)))
	again.wait().mustSay(t, "A state shows that with the next plan or apply.")
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	w.apply()
	w.expect(this, values{"generation": 1, "refresh_token": s.family(1, 2).RefreshToken, "status": "active"})
	s.expectCalls(calls{exchanges: 2})
}

const atLoopback = "\n    authorization_code = {\n      redirect_uri = \"" + loopbackURI + "\"\n      scopes       = [\"read\"]\n    }\n"

// One apply makes the pair, has the person authorize it, and makes it: the action runs before the resource.
func TestAuthorizeActionBeforeCreate(t *testing.T) {
	t.Parallel()
	s, w := newLoginServer(t, nil), acting(t).desktop()
	w.write(`
variable "secret" {
  sensitive = true
}
` + authorizeAction("laptop", "client = "+strings.Replace(s.loginClient(), fmt.Sprintf("client_secret          = %q", clientSecret), "client_secret = var.secret", 1)+atLoopback) +
		s.pairAtLogin("laptop", "lifecycle {\n    action_trigger {\n      events  = [before_create]\n      actions = [action.oauth_authorize.now]\n    }\n  }") + consumersThatMayWait)
	w.env["TF_VAR_secret"] = clientSecret
	run := w.start("apply", "-input=false", "-no-color", "-auto-approve")
	visit(t, s.consent(w.address(run)))
	done := run.wait()
	done.mustSay(t, "1 added", "Actions: 1 invoked", "client_secret = (sensitive value)")
	done.mustNotSay(t, "Secret Shown in Plans")
	s.expectCalls(calls{exchanges: 1})
	w.expectLive(s, 1)
	if got, want := w.attributes("data.oauth_access_token.x")["access_token"], w.string(this, "access_token"); got != want {
		t.Errorf("the data source gives %v", got)
	}
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")

	// Replaced, it is authorized before the former resource is destroyed; that leaves the new tokens to the next one.
	run = w.start("apply", "-input=false", "-no-color", "-auto-approve", "-replace="+this)
	visit(t, s.consent(w.address(run)))
	run.wait().mustSay(t, "1 added, 0 changed, 1 destroyed", "Token Pair Left in the Token Store", "takes it over; nobody has to authorize again.")
	s.expectCalls(calls{exchanges: 2})
	w.expect(this, values{"generation": 1, "refresh_token": s.family(1, 2).RefreshToken, "status": "active"})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
}

// A pair that an apply has made is authorized by what that has offered: the action needs a name and nothing else. It runs after the
// resource was made, or when somebody invokes it.
func TestAuthorizeActionAsOffered(t *testing.T) {
	t.Parallel()
	s, w := newLoginServer(t, nil), acting(t).desktop()
	config := strings.Replace(s.pairAtLogin("laptop", "lifecycle {\n    action_trigger {\n      events  = [after_create]\n      actions = [action.oauth_authorize.now]\n    }\n  }"),
		loopbackURI, "http://127.0.0.1:"+freePort(t)+"/callback", 1) + authorizeAction("laptop", "")
	w.write(config)
	run := w.start("apply", "-input=false", "-no-color", "-auto-approve")
	visit(t, s.consent(w.address(run)))
	run.wait().mustSay(t, "1 added", "Actions: 1 invoked", `Token pair "laptop" is authorized.`)
	w.apply()
	w.expectLive(s, 1)
	s.expectCalls(calls{exchanges: 1})
}

// A person who does not come, or a run that is stopped or killed, costs nothing: the next run waits for the same answer.
func TestAuthorizeActionStopped(t *testing.T) {
	t.Parallel()
	s, w := newLoginServer(t, nil), acting(t).desktop()
	w.write(authorizeAction("laptop", "client = "+s.loginClient()+atLoopback))
	first := w.start(invokeNow...)
	address := w.address(first)
	first.says("A browser was asked to open it.") // a Terraform 1.15 that hears of progress after the signal may crash
	first.signal(syscall.SIGINT)
	stopped := first.wait()
	stopped.mustSay(t, "Interrupt received.", "Stopping operation...")
	stopped.mustNotSay(t, "TERRAFORM CRASH")
	// What it says besides is up to chance: the action's own words, a halted execution, or an apply that is complete. What counts follows.

	second := w.start(invokeNow...)
	if again := w.address(second); again != address {
		t.Errorf("another address: %s", again)
	}
	second.signalGroup(syscall.SIGKILL)
	<-second.done

	third := w.start(invokeNow...)
	if again := w.address(third); again != address {
		t.Errorf("another address: %s", again)
	}
	visit(t, s.consent(address))
	third.wait().mustSay(t, `Token pair "laptop" is authorized.`)
	s.expectCalls(calls{exchanges: 1})
}

// By a device code, with a refusal first.
func TestAuthorizeActionDevice(t *testing.T) {
	t.Parallel()
	s, w := newLoginServer(t, nil), acting(t).desktop()
	w.write(authorizeAction("tv", "client = "+s.loginClient()+"\n    device_code = { scopes = [\"read\"] }\n"))
	for _, decide := range []func(string) error{s.RefuseDevice, s.ConfirmDevice} {
		run := w.start(invokeNow...)
		_, userCode, _ := strings.Cut(w.address(run), "user_code=")
		if err := decide(userCode); err != nil {
			t.Fatal(err)
		}
		done := run.wait()
		done.mustSay(t, `To authorize token pair "tv", open `+s.base+"/device on any device before", "and enter the code "+userCode, "the server is asked every 1s")
		if done.code == 0 {
			done.mustSay(t, `Token pair "tv" is authorized. Granted: read.`)
		} else {
			done.mustSay(t, `The device authorization of token pair "tv" was refused, by the person or by the server.`, "Invoke the action again")
		}
	}
	w.write(s.device(`scopes = ["read"]`, ""))
	w.apply().mustSay(t, "1 added")
	w.expectLive(s, 1)
	s.expectDevices(2, 2)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
}

// What cannot work is told by a plan, before anything is sent or written.
func TestAuthorizeActionRefused(t *testing.T) {
	t.Parallel()
	s, w := newLoginServer(t, nil), acting(t)
	client := "client = " + s.loginClient() + "\n"
	plan := append([]string{"plan"}, "-input=false", "-no-color", "-invoke=action.oauth_authorize.now")
	for config, wants := range map[string][]string{
		client: {"Missing Grant", "authorization_code = { redirect_uri = … }"},
		client + `authorization_code = { redirect_uri = "` + redirectURI + `" }`: {"Unable to Receive the Answer", "terraform-provider-oauth authorize", "apply an oauth_token_pair twice"},
		client + atLoopback + "device_code = {}":                                 {"Contradicting Grants"},
		client + atLoopback + `wait = "2h"`:                                      {"Invalid Attribute Value", "wait"},
	} {
		w.write(authorizeAction("laptop", config))
		w.fails(wants, plan...)
	}
	w.write(authorizeAction("laptop", ""))
	w.fails([]string{"Unable to Authorize Token Pair", `holds no token pair "laptop"`, "Nothing was sent.", "Say in client, and in authorization_code or device_code"}, invokeNow...)
	w.write("provider \"oauth\" {\n  token_store = \"state\"\n}\n" + authorizeAction("laptop", client+atLoopback))
	w.fails([]string{"No Token Store", "action.oauth_authorize"}, plan...)
	s.expectCalls(calls{})
}

// On a CLI without actions the subcommand does it; one apply takes it over, in every store.
func TestCommandAuthorize(t *testing.T) {
	t.Parallel()
	for name, on := range map[string]func(*workspace){
		"folder":     func(*workspace) {},
		"PostgreSQL": func(w *workspace) { w.onPostgres(sharedPostgres(w.t)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorkspace(t)
			on(w)
			commandAuthorizes(t, w)
		})
	}
}

func commandAuthorizes(t *testing.T, w *workspace) {
	s := newLoginServer(t, nil)
	d := w.desktop()
	w.env["OAUTH_CLIENT_SECRET"] = clientSecret
	run := w.startShell("authorize", "--name", "laptop", "--client-id", clientID, "--authorization-endpoint", s.base+"/authorize", "--token-endpoint", s.base+"/token", "--scope", "read")
	visit(t, s.consent(d.address(run)))
	done := run.wait()
	done.mustSay(t, "credential laptop is authorized", "An oauth_token_pair of this name, with the same client, takes it over")
	w.write(s.pairAtLogin("laptop", ""))
	w.apply().mustSay(t, "1 added")
	s.expectCalls(calls{exchanges: 1})
	w.expectLive(s, 1)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")

	// Ctrl-C ends the waiting at once.
	again := w.startShell("authorize", "--name", "laptop", "--scope", "read")
	d.address(again)
	again.signal(syscall.SIGINT)
	if stopped := again.wait(); stopped.code != 1 {
		t.Errorf("code %d:\n%s", stopped.code, stopped.stderr)
	} else {
		stopped.mustSay(t, "error: The run was stopped while it waited", "Run it again")
	}
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
}

// startShell starts the binary that ships.
func (w *workspace) startShell(args ...string) *running {
	w.t.Helper()
	tf := w.tf
	defer func() { w.tf = tf }()
	w.tf = shippedBinary(w.t)
	return w.start(args...)
}

func (r *running) signal(s syscall.Signal) {
	r.w.t.Helper()
	if err := syscall.Kill(r.cmd.Process.Pid, s); err != nil {
		r.w.t.Fatal(err)
	}
}

func freePort(t testing.TB) string {
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

// pairAtLogin is a pair "this" that a person authorizes before this machine.
func (s *server) pairAtLogin(name, more string) string {
	return fmt.Sprintf("resource \"oauth_token_pair\" \"this\" {\n  name   = %q\n  client = %s\n  authorization_code = {\n    redirect_uri = %q\n    scopes = [\"read\"]\n  }\n  %s\n}\n",
		name, s.loginClient(), loopbackURI, more)
}
