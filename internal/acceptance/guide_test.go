//go:build unix

package acceptance_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// The guide's configuration works as it stands, and terraform prints what the guide quotes.
func TestFirstAuthorizationGuide(t *testing.T) {
	t.Parallel()
	const address, secret = "http://127.0.0.1:8080", "not-a-secret"
	guide := readFile(t, filepath.Join("..", "..", "templates", "guides", "first-authorization.md"))
	blocks := fenced(guide, "terraform")
	if len(blocks) == 0 || !strings.Contains(blocks[0], address) {
		t.Fatal("the guide does not begin with a configuration")
	}
	s := startServer(t, sandbox.Options{
		Clients:  []sandbox.Client{{ID: "terraform", Secret: secret, RedirectURIs: []string{"/callback"}}},
		Settings: sandbox.DefaultSettings(),
	}, sandbox.Listen{})

	w := newWorkspace(t)
	w.env["TF_VAR_client_secret"] = secret
	writeFile(t, filepath.Join(w.dir, "main.tf"), strings.ReplaceAll(blocks[0], address, s.base))
	w.ok("validate")
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
	quotes := fenced(guide, "text")
	if len(quotes) != 3 {
		t.Fatalf("the guide quotes %d screens, want both applies and the URL of a pushed request", len(quotes))
	}
	mustPrint(t, screen, quotes[:2])
	mustPrint(t, pushedScreen(t, s, blocks[0], address), quotes[2:])
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

// The configurations of the guides on platforms work as they stand, but for the servers that they name.
func TestPlatformGuides(t *testing.T) {
	t.Parallel()
	for name, says := range map[string]string{
		"exact-online-pipeline": "https://start.exactonline.nl/api/oauth2/auth?client_id=" + exampleClient,
		"adopt-credentials":     "2 added",
		"refresh-window":        "1 added",
		"any-server":            "/authorize?client_id=" + exampleClient,
		"refresh-strategies":    "4 added",
	} {
		blocks := guideBlocks(t, name)
		if len(blocks) == 0 {
			t.Fatalf("%s shows no configuration", name)
		}
		s := newExampleServer(t)
		issued, err := s.Issue(exampleClient)
		if err != nil {
			t.Fatal(err)
		}
		w := newWorkspace(t)
		for variable, value := range map[string]string{"client_id": exampleClient, "client_secret": clientSecret, "refresh_token": issued.RefreshToken} {
			w.env["TF_VAR_"+variable] = value
		}
		main := filepath.Join(w.dir, "main.tf")
		writeFile(t, main, blocks[0]+"\n")
		w.ok("fmt", "-check", "-diff")
		writeFile(t, main, strings.NewReplacer(
			exampleServer, s.base, `"00000000-0000-0000-0000-000000000000"`, strconv.Quote(exampleClient),
			`platform      = "teamleader"`, fmt.Sprintf("platform = \"teamleader\"\n  token_endpoint = %q", s.base+"/token"),
		).Replace(blocks[0]))
		w.ok("validate")
		w.apply().mustSay(t, says)
		w.plan("-detailed-exitcode").mustSay(t, "No changes.")
		for _, block := range blocks[1:] { // of other repositories
			if w.knows(ephemeralResources) {
				other := w.sibling()
				if strings.HasPrefix(block, "terraform {") {
					writeFile(t, filepath.Join(other.dir, "main.tf"), block+"\n")
				} else {
					other.write(block + "\n")
				}
				other.ok("validate")
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
