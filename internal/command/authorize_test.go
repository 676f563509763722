package command

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

const (
	appSecret = "app-secret-5d1c"
	elsewhere = "https://example.com/callback"
)

// person is who sits before the browser: it gets the address, and whatever it returns is pasted.
type person func(t *testing.T, s *sandbox.Server, address string) string

// authorizes runs a command line with a person, against a sandbox.
func (n *bench) authorizes(change func(*sandbox.Settings), p person, args ...string) int {
	n.t.Helper()
	settings := sandbox.DefaultSettings()
	settings.RequirePKCE, settings.DeviceInterval = true, time.Second
	if change != nil {
		change(&settings)
	}
	server, err := sandbox.New(sandbox.Options{Settings: settings, Clients: []sandbox.Client{
		{ID: "app", Secret: appSecret, RedirectURIs: []string{defaultRedirect, elsewhere}},
	}})
	if err != nil {
		n.t.Fatal(err)
	}
	running, err := server.Start(sandbox.Listen{})
	if err != nil {
		n.t.Fatal(err)
	}
	defer func() { _ = running.Close() }()
	n.secrets = append(n.secrets, appSecret)
	n.env["DISPLAY"], n.env["CI"] = ":0", ""
	input, output := io.Pipe()
	defer input.Close()
	n.typing = input
	typed := make(chan struct{})
	close(typed)
	n.browser = func(_ context.Context, address string) error {
		typed = make(chan struct{})
		go func() {
			defer close(typed)
			_, _ = io.WriteString(output, p(n.t, server, address))
		}()
		return nil
	}
	for i, arg := range args {
		args[i] = strings.ReplaceAll(arg, "BASE", running.BaseURL)
	}
	code := n.run(n.t.Context(), append([]string{"authorize", "--store", n.a, "--name", "laptop"}, args...)...)
	_ = input.Close()
	<-typed
	for _, s := range server.Secrets() {
		n.secrets = append(n.secrets, s.Value)
	}
	n.mustBeQuiet(args)
	return code
}

// consents says yes. The browser is sent to the redirect URI, and goes there if it is of this machine.
func consents(t *testing.T, s *sandbox.Server, address string) string {
	t.Helper()
	callback, err := s.Approve(address)
	if err != nil {
		t.Error(err)
		return ""
	}
	return ends(t, callback)
}

func refuses(t *testing.T, s *sandbox.Server, address string) string {
	t.Helper()
	callback, err := s.Deny(address)
	if err != nil {
		t.Error(err)
		return ""
	}
	return ends(t, callback)
}

func ends(t *testing.T, callback string) string {
	t.Helper()
	if strings.HasPrefix(callback, elsewhere) {
		return "nonsense\n" + elsewhere + "?code=stolen&state=mine\n" + callback + "\n"
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(callback)
	if err != nil {
		t.Error(err)
		return ""
	}
	_ = resp.Body.Close()
	return ""
}

// confirms enters the user code.
func confirms(t *testing.T, s *sandbox.Server, address string) string {
	t.Helper()
	_, userCode, _ := strings.Cut(address, "user_code=")
	if err := s.ConfirmDevice(userCode); err != nil {
		t.Error(err)
	}
	return ""
}

// A person authorizes in each of the three ways, and the credential waits for its resource.
func TestAuthorize(t *testing.T) {
	t.Parallel()
	client := []string{"--client-id", "app", "--authorization-endpoint", "BASE/authorize", "--token-endpoint", "BASE/token", "--device-authorization-endpoint", "BASE/device_authorization"}
	for name, c := range map[string]struct {
		person person
		args   []string
		code   int
		says   []string
		status credential.Status
	}{
		"browser": {consents, []string{"--scope", "read"}, 0, []string{"open this address in a browser on this machine: http://", "A browser was asked to open it."}, credential.StatusActive},
		"paste": {consents, []string{"--redirect-uri", elsewhere}, 0, []string{"Then paste the whole address that the browser ends up at", "That cannot be used: paste it whole, from the scheme (https://) on.",
			"That cannot be used: the state of the callback URL is not one that is waiting."}, credential.StatusActive},
		"device":  {confirms, []string{"--device"}, 0, []string{"and enter the code", "the server is asked every 1s"}, credential.StatusActive},
		"refused": {refuses, nil, 3, []string{"error: the person, or the authorization server, has refused the access for credential laptop: access_denied, the user said no.", "Run it again"}, credential.StatusAuthorizationRequired},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newBench(t)
			n.env[clientSecretVariable] = appSecret
			if code := n.authorizes(nil, c.person, append(append([]string{}, client...), c.args...)...); code != c.code {
				t.Errorf("code %d\n%s%s", code, &n.out, &n.err)
			}
			for _, text := range c.says {
				if !strings.Contains(n.err.String(), text) {
					t.Errorf("%q is missing in\n%s", text, &n.err)
				}
			}
			if c.code == 0 && !strings.Contains(n.out.String(), "credential laptop is authorized; its access token expires at ") {
				t.Errorf("standard output:\n%s", &n.out)
			}
			r, err := n.manager(n.a).Peek(t.Context(), "laptop")
			if err != nil || r.Status != c.status || !r.Reserved() {
				t.Errorf("%v, %s, %+v", err, r.Status, r.Attachment)
			}
		})
	}
}

// What a server calls the granted scopes moves no cursor and turns no writing.
func TestAuthorizeShowsNoControls(t *testing.T) {
	t.Parallel()
	n := newBench(t)
	hostile := func(t *testing.T, s *sandbox.Server, address string) string {
		t.Helper()
		body := `{"access_token":"a1-7f3b","refresh_token":"r1-7f3b","token_type":"Bearer","expires_in":600,"scope":"read \u001b[31mred \u202eturned"}`
		if _, err := s.AddFault(sandbox.Fault{Action: sandbox.ActionStatus, Status: 200, Body: body}); err != nil {
			t.Error(err)
		}
		return consents(t, s, address)
	}
	if code := n.authorizes(nil, hostile, "--client-id", "app", "--authorization-endpoint", "BASE/authorize", "--token-endpoint", "BASE/token"); code != 0 {
		t.Fatalf("code %d\n%s", code, &n.err)
	}
	if text := n.out.String(); !strings.Contains(text, "granted: [31mred read turned.") || strings.ContainsAny(text+n.err.String(), "\x1b\u202e") {
		t.Errorf("%q", text)
	}
}

func TestAuthorizeJSON(t *testing.T) {
	t.Parallel()
	n := newBench(t)
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(appSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code := n.authorizes(nil, consents, "--json", "--client-id", "app", "--client-secret-file", file, "--authorization-endpoint", "BASE/authorize", "--token-endpoint", "BASE/token", "--scope", "read", "--scope", "write")
	var got authorizeReport
	if err := json.Unmarshal(n.out.Bytes(), &got); err != nil || code != 0 {
		t.Fatalf("%v, code %d\n%s%s", err, code, &n.out, &n.err)
	}
	if got.Name != "laptop" || got.Outcome != "authorized" || got.Generation != 1 || strings.Join(got.Scopes, " ") != "read write" || got.Managed == nil || *got.Managed || got.ExpiresAt == "" {
		t.Errorf("%+v", got)
	}
	if code := n.run(t.Context(), "authorize", "--store", n.b, "--name", "nobody", "--json"); code != 2 {
		t.Errorf("code %d", code)
	}
	got = authorizeReport{}
	if err := json.Unmarshal(n.out.Bytes(), &got); err != nil || got.Outcome != "not_found" || len(got.Error) != 3 {
		t.Errorf("%v, %+v", err, got)
	}
}

// Whatever is wrong with the command line, nothing is opened or written, and no value is printed.
func TestAuthorizeUsage(t *testing.T) {
	t.Parallel()
	open := filepath.Join(t.TempDir(), "open")
	if err := os.WriteFile(open, []byte("hunter2"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"no name":          {nil, "--name is missing"},
		"bad name":         {[]string{"--name", "hunter2/"}, "--name is no name"},
		"no option":        {[]string{"--name", "x", "--client-secret", "hunter2"}, "there is an argument that is no option of authorize"},
		"argument":         {[]string{"--name", "x", "hunter2"}, "there is an argument behind the options"},
		"short wait":       {[]string{"--name", "x", "--wait", "1s"}, "--wait must be from 10s to 1h0m0s"},
		"two ways":         {[]string{"--name", "x", "--device", "--redirect-uri", elsewhere}, "--device and --redirect-uri exclude each other"},
		"no client_id":     {[]string{"--name", "x", "--platform", "github"}, "--client-id is missing"},
		"no platform":      {[]string{"--name", "x", "--client-id", "a", "--platform", "hunter"}, "the client cannot be used: "},
		"no endpoint":      {[]string{"--name", "x", "--client-id", "a"}, "the client has no token_endpoint, and neither a platform nor an issuer tells it"},
		"no device":        {[]string{"--name", "x", "--client-id", "a", "--token-endpoint", "https://as.example/t", "--device"}, "the client has no device_authorization_endpoint"},
		"clear text":       {[]string{"--name", "x", "--client-id", "a", "--issuer", "http://as.example"}, "issuer cannot be used: "},
		"fragment":         {[]string{"--name", "x", "--redirect-uri", "https://hunter2.example/#a"}, "--redirect-uri cannot be used: it has a fragment"},
		"no URI":           {[]string{"--name", "x", "--redirect-uri", "hunter2"}, "--redirect-uri cannot be used: it is no absolute URI"},
		"two scopes":       {[]string{"--name", "x", "--scope", "hunter2 b"}, "--scope takes one scope"},
		"own parameter":    {[]string{"--name", "x", "--parameter", "state=hunter2"}, "the request cannot be made: "},
		"no value":         {[]string{"--name", "x", "--parameter", "hunter2"}, "there is an argument that is no option of authorize"},
		"secret for all":   {[]string{"--name", "x", "--client-id", "a", "--issuer", "https://as.example", "--client-secret-file", open}, "can be read by others (mode 0644)"},
		"no key":           {[]string{"--name", "x", "--client-id", "a", "--issuer", "https://as.example", "--private-key-file", open + "2"}, "the file of --private-key-file cannot be read"},
		"the state itself": {[]string{"--name", "x", "--store", "state"}, "tokens that are kept in the Terraform state alone are out of reach here"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newBench(t)
			n.env["OAUTH_TOKEN_STORE"] = n.a
			if code := n.run(t.Context(), append([]string{"authorize"}, c.args...)...); code != 2 {
				t.Errorf("code %d", code)
			}
			n.want("", "terraform-provider-oauth authorize: ", c.says, "Nothing was done.")
			if _, err := os.Stat(strings.TrimPrefix(n.a, "file://")); err == nil {
				t.Error("the store was made")
			}
		})
	}
}
