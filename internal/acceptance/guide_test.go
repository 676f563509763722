//go:build unix

package acceptance_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// The guide's configuration works as it stands, and terraform prints what the guide quotes.
func TestFirstAuthorizationGuide(t *testing.T) {
	t.Parallel()
	const address, secret = "http://127.0.0.1:8080", "not-a-secret"
	config := guideExample(t, firstCredential)
	s := startServer(t, sandbox.Options{
		Clients:  []sandbox.Client{{ID: "terraform", Secret: secret, RedirectURIs: []string{"/callback"}}},
		Settings: sandbox.DefaultSettings(),
	}, sandbox.Listen{})

	w := newWorkspace(t)
	w.env["TF_VAR_client_secret"] = secret
	writeFile(t, filepath.Join(w.dir, "main.tf"), strings.ReplaceAll(config, address, s.base))
	screen := w.apply().text()
	callback, err := s.Approve(w.string("oauth_token_pair.crm", "authorization_url"))
	if err != nil {
		t.Fatal(err)
	}
	w.env["TF_VAR_callback_url"] = callback
	second := w.apply()
	second.mustNotSay(t, "Authorization Required")
	screen = strings.ReplaceAll(screen+second.text(), s.base, address)
	w.expect("oauth_token_pair.crm", values{"status": "active"})

	screen = regexp.MustCompile(`after \d+s`).ReplaceAllString(screen, "after 0s") // on a slow machine
	quotes := guideScreens(t, "first-authorization")
	if len(quotes) != 3 {
		t.Fatalf("the guide quotes %d screens, want both applies and the URL of a pushed request", len(quotes))
	}
	mustPrint(t, screen, quotes[:2])
	mustPrint(t, pushedScreen(t, s, config, address), quotes[2:])
}

// pushedScreen is the first apply of the guide's configuration where the request is pushed, at the guide's own address and time.
func pushedScreen(t *testing.T, s *server, config, address string) string {
	t.Helper()
	w := newWorkspace(t)
	w.env["TF_VAR_client_secret"] = "not-a-secret"
	pushing := strings.Replace(config, `resource "oauth_app_registration" "crm" {`, `resource "oauth_app_registration" "crm" {
  require_pushed_authorization_requests = true
  pushed_authorization_request_endpoint = "`+address+`/par"`, 1)
	writeFile(t, filepath.Join(w.dir, "main.tf"), strings.ReplaceAll(pushing, address, s.base))
	screen := strings.ReplaceAll(w.apply().text(), s.base, "https://login.example.com")
	return regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC`).ReplaceAllString(screen, "2026-11-26 13:04:11 UTC")
}

// mustPrint holds the screens that a guide quotes against one that was seen.
func mustPrint(t *testing.T, screen string, quotes []string) {
	t.Helper()
	for _, quote := range quotes {
		for paragraph := range strings.SplitSeq(quote, "\n\n") {
			want := strings.Join(strings.Fields(paragraph), " ")
			for _, random := range []string{"&code_challenge=", "urn%3A"} { // what follows is
				want, _, _ = strings.Cut(want, random)
			}
			if !strings.Contains(screen, want) {
				t.Errorf("terraform does not print %q:\n%s", want, screen)
			}
		}
	}
}

// fenced returns the code blocks of a page in the given language.
func fenced(page, language string) []string {
	var blocks []string
	_, rest, ok := strings.Cut(page, "```"+language+"\n")
	for ok {
		block, after, _ := strings.Cut(rest, "```")
		blocks = append(blocks, strings.TrimSpace(block))
		_, rest, ok = strings.Cut(after, "```"+language+"\n")
	}
	return blocks
}
