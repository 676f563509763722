//go:build unix

package acceptance_test

import (
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// seen is what a browser has seen of a page.
type seen struct {
	URL, Title, Text, Source, Bar string
	Scripts                       int
}

// tour is what browse.js prints.
type tour struct {
	First, Back          string // where it was before the reload, and where the history leads back to
	Shown                seen   // after the reload
	Requests, Complaints []string
}

// browses has a real browser, Chromium, open an address and press a button there.
func browses(t testing.TB, address, button string) tour {
	t.Helper()
	const dir = "testdata/browser"
	if _, err := os.Stat(dir + "/node_modules/playwright-core"); err != nil {
		t.Fatalf("the driver of the browser is not installed. Install Node.js and npm, then run: npm ci --prefix internal/acceptance/%s", dir)
	}
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("this test needs Chromium (Debian: apt-get install chromium)")
	}
	cmd := exec.CommandContext(t.Context(), "node", "browse.js", chromium, address, button)
	cmd.Dir = dir
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("the browser failed: %v\n%s", err, complaint.String())
	}
	var all tour
	if err := json.Unmarshal(out, &all); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	return all
}

// A person with a real browser: the page says what happened, also after a reload; its address holds neither code nor state, and it loads
// nothing from elsewhere and runs nothing.
func TestAuthorizeInBrowser(t *testing.T) {
	t.Parallel()
	for button, c := range map[string]struct {
		title, text, bar string
		exchanges        int
	}{
		"Allow": {"Authorized", "Token pair “laptop” is authorized, and its tokens are in the token store. You can close this page.", "rgb(34, 170, 119)", 1},
		"Deny":  {"Refused", "You or the authorization server have refused the access for token pair “laptop”. Nothing has changed.", "rgb(204, 51, 51)", 0},
	} {
		t.Run(button, func(t *testing.T) {
			t.Parallel()
			s, w := newLoginServer(t, nil), newWorkspace(t).desktop()
			w.env["OAUTH_CLIENT_SECRET"] = clientSecret
			run := w.startShell("authorize", "--name", "laptop", "--client-id", clientID, "--authorization-endpoint", s.base+"/authorize", "--token-endpoint", s.base+"/token", "--scope", "read")
			saw := browses(t, w.address(run), button)
			run.wait()
			page := saw.Shown
			for _, address := range []string{saw.First, page.URL} {
				u, err := url.Parse(address)
				if err != nil || u.Hostname() != "127.0.0.1" || u.Path != "/callback" || u.RawQuery != "" || u.Fragment != "" {
					t.Errorf("the page is at %s", address)
				}
			}
			if page.Title != c.title+" – terraform-provider-oauth" || !strings.Contains(page.Text, c.text) || page.Bar != c.bar || page.Scripts != 0 {
				t.Errorf("%s, %s, %d scripts:\n%s", page.Title, page.Bar, page.Scripts, page.Text)
			}
			for _, secret := range s.Secrets() {
				if strings.Contains(page.Source, secret.Value) {
					t.Errorf("the page holds a %s", secret.Kind)
				}
			}
			if len(saw.Complaints) > 0 {
				t.Errorf("the browser complains: %v", saw.Complaints)
			}
			for _, request := range saw.Requests {
				_, address, _ := strings.Cut(request, " ")
				if u, err := url.Parse(address); err != nil || u.Hostname() != "127.0.0.1" && u.Scheme != "data" {
					t.Errorf("the browser has asked for %s", request)
				}
			}
			// A browser may put what follows a page that has just loaded into the place of that page.
			if !strings.HasPrefix(saw.Back, s.base) && saw.Back != "about:blank" {
				t.Errorf("the history leads back to %s", saw.Back)
			}
			s.expectCalls(calls{exchanges: c.exchanges})
		})
	}
}
