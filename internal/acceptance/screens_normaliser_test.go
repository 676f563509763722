//go:build unix

package acceptance_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// normaliser takes out of a screen what differs from run to run, and nothing else.
type normaliser struct {
	server, folder, work string
	ids                  map[string]string
}

var (
	overridden = regexp.MustCompile(`(?s)\n?(?:│ )?Warning: Provider development overrides are in effect\n.*?\n(?:│ )?releases\.\n`)
	elapsed    = regexp.MustCompile(`(?m)^(.* (?:after|elapsed) )\d+s( |$)`)
	waiting    = regexp.MustCompile(`(?m)^\S+: Still .*\n`)
	progress   = regexp.MustCompile(`^[a-z_.]+: [A-Z][a-z ]+(\.\.\.| complete )`)
	blankLines = regexp.MustCompile(`\n{3,}`)
	// What is random, by what stands before it.
	random = []struct {
		name string
		text *regexp.Regexp
	}{
		{"store-id", regexp.MustCompile(`(store_id +[=~]? *(?:"[^"]*" -> )?")([0-9a-zA-Z-]{20,})"`)},
		{"store-id", regexp.MustCompile(`(store_id +[=~]? *")([0-9a-zA-Z-]{20,})" ->`)},
		{"store-id", regexp.MustCompile(`(with\s+the\s+id\s+)([0-9a-zA-Z-]{20,})`)},
		{"state", regexp.MustCompile(`([?&]state=)([0-9a-zA-Z_-]{20,})`)},
		{"code-challenge", regexp.MustCompile(`([?&]code_challenge=)([0-9a-zA-Z_-]{43})`)},
		{"request", regexp.MustCompile(`(request_uri%3A)([0-9a-zA-Z_-]{20,})`)},
		{"client-id", regexp.MustCompile(`()(registered-[0-9a-f]{16})`)},
		{"key", regexp.MustCompile(`(sealed for )([0-9a-f]{16})`)},
		{"attempt", regexp.MustCompile(`( attempt +[=:] ")([0-9a-f]{32})"`)},
		{"CODE", regexp.MustCompile(`()\b([BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4})\b`)},
	}
)

func (n normaliser) normalise(out string) string {
	out = strings.ReplaceAll(out, "\r\n", "\n")
	out = overridden.ReplaceAllString(out, "")
	out = strings.ReplaceAll(out, n.server, shownServer)
	out = strings.ReplaceAll(out, n.folder, shownFolder)
	out = strings.ReplaceAll(out, n.work, "/srv/terraform/work")
	out = waiting.ReplaceAllString(out, "")
	out = elapsed.ReplaceAllString(out, "${1}0s$2")
	for _, r := range random {
		out = r.text.ReplaceAllStringFunc(out, func(found string) string {
			id := r.text.FindStringSubmatch(found)[2]
			if n.ids[id] == "" {
				n.ids[id] = fmt.Sprintf("%s-%d", r.name, n.count(r.name)+1)
			}
			return strings.Replace(found, id, n.ids[id], 1)
		})
	}
	lines := strings.Split(out, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	sortRuns(lines, progress.MatchString)
	return strings.TrimSpace(blankLines.ReplaceAllString(strings.Join(lines, "\n"), "\n\n"))
}

// count is how many ids of a kind were seen.
func (n normaliser) count(kind string) int {
	seen := 0
	for _, shown := range n.ids {
		if strings.HasPrefix(shown, kind+"-") {
			seen++
		}
	}
	return seen
}

// sortRuns sorts lines that follow each other and match: resources that know nothing of each other report in any order.
func sortRuns(lines []string, matches func(string) bool) {
	for start := 0; start < len(lines); start++ {
		end := start
		for end < len(lines) && matches(lines[end]) {
			end++
		}
		slices.Sort(lines[start:end])
		start = max(start, end-1)
	}
}

// The normaliser takes out what is random or measured, and leaves every word: one that changes is a change of the screen.
func TestScreensNormaliser(t *testing.T) {
	t.Parallel()
	n := func(out string) string {
		return normaliser{"http://127.0.0.1:45678", "/tmp/oauth-0123456789", "/tmp/TestX1/001", map[string]string{}}.normalise(out)
	}
	for _, tt := range []struct{ name, out, want string }{
		{"words stay", "Warning: Authorization Required\n\nIt works until 2026-03-02 09:10:00 UTC.", "Warning: Authorization Required\n\nIt works until 2026-03-02 09:10:00 UTC."},
		{"the override of the tests", "\nWarning: Provider development overrides are in effect\n\nThe following\n - x in /tmp/plugin1\n\ncause the state to become incompatible with published\nreleases.\nNo changes.", "No changes."},
		{"the server", `  token_endpoint = "http://127.0.0.1:45678/token"`, `token_endpoint = "https://id.example.com/token"`},
		{"another server stays", `x http://127.0.0.1:9/token`, `x http://127.0.0.1:9/token`},
		{"the folder", "in file:///tmp/oauth-0123456789/main.", "in file:///srv/terraform/tokens/main."},
		{"how long it took", "x.y: Creation complete after 12s [id=a]", "x.y: Creation complete after 0s [id=a]"},
		{"a time that is told stays", "waited for up to 1m, and 12s after that", "waited for up to 1m, and 12s after that"},
		{"still going on", "a.b: Modifying...\na.b: Still modifying... [id=tv, 10s elapsed]\na.b: Modifications complete after 12s [id=tv]", "a.b: Modifications complete after 0s [id=tv]\na.b: Modifying..."},
		{"the same id is the same", "a&state=abcdefghijklmnopqrstu b&state=bbbbbbbbbbbbbbbbbbbbbb c?state=abcdefghijklmnopqrstu", "a&state=state-1 b&state=state-2 c?state=state-1"},
		{"a state that is a word", "a&state=x", "a&state=x"},
		{"the id of a store", `~ store_id = "0123456789abcdef0123456789" -> (known after apply)`, `~ store_id = "store-id-1" -> (known after apply)`},
		{"another id stays", `family = "0123456789abcdef0123456789"`, `family = "0123456789abcdef0123456789"`},
		{"what looks like a token stays", `+ token = "sat_0123456789abcdef0123456789"`, `+ token = "sat_0123456789abcdef0123456789"`},
		{"who is first is chance", "b.c: Reading...\na.b: Refreshing state... [id=x]\n\nb.c: Reading...", "a.b: Refreshing state... [id=x]\nb.c: Reading...\n\nb.c: Reading..."},
		{"lines are not joined", "one\ntwo  \n\n\n\nthree", "one\ntwo\n\nthree"},
	} {
		if got := n(tt.out); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
	const screen = "Warning: Refresh Put Off\n\n  with oauth_token_pair.this,\n  on main.tf line 7, in resource \"oauth_token_pair\" \"this\":\n   7: resource \"x\" {\n\nIt is used as it is.\n\nApply complete! Resources: 1 added."
	if n(screen) == n(strings.Replace(screen, "used", "kept", 1)) || n(screen) == n(strings.Replace(screen, "Put Off", "Late", 1)) {
		t.Error("a changed word makes no difference")
	}
	if got := diagnosticsOf(screen); len(got) != 1 || got[0] != "Refresh Put Off It is used as it is." {
		t.Errorf("the diagnostics are %q", got)
	}
	if got := sectionsOf("=== One\n$ a\n\n1\n\n=== Two\n$ b\n\n2\n"); len(got) != 2 || got["Two"] != "$ b\n\n2" {
		t.Errorf("the sections are %q", got)
	}
}
