package command

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// guide is the page "Command line".
func guide(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "templates", "guides", "command-line.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// rows are the first cells of the tables behind a line, the headings left out, up to the next heading or the next table's lead.
func rows(t *testing.T, text, behind string) []string {
	t.Helper()
	_, text, found := strings.Cut(text, "\n"+behind)
	if !found {
		t.Fatalf("the guide has no %q", behind)
	}
	_, text, _ = strings.Cut(text, "\n|---|")
	var cells []string
	for line := range strings.Lines(text[strings.IndexByte(text, '\n')+1:]) {
		if !strings.HasPrefix(line, "|") {
			break
		}
		cells = append(cells, strings.TrimSpace(strings.Split(line, "|")[1]))
	}
	return cells
}

// TestGuideNamesEveryMember: the JSON of the guide is that of the code, member by member, in order, and says which are always there.
func TestGuideNamesEveryMember(t *testing.T) {
	t.Parallel()
	text := guide(t)
	for behind, document := range map[string]any{
		"### `status --json`":        statusReport{},
		"Of each of `credentials`":   credentialStatus{},
		"Of each of `history`":       eventStatus{},
		"Of each of `registrations`": registrationStatus{},
		"Of each of `rescue_files`":  rescueStatus{},
		"### `token --format json`":  tokenJSON{},
		"### `authorize --json`":     authorizeReport{},
		"### `move --json`":          moveDocument{},
		"Of each of `lines`":         moveLine{},
	} {
		var want []string
		kind := reflect.TypeOf(document)
		for i := range kind.NumField() {
			name, options, tagged := strings.Cut(kind.Field(i).Tag.Get("json"), ",")
			switch {
			case name == "":
				continue
			case !tagged || options != "omitempty":
				name = "`" + name + "` *"
			default:
				name = "`" + name + "`"
			}
			want = append(want, name)
		}
		if got := rows(t, text, behind); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s\nthe guide has\n%s\nthe code has\n%s", behind, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// TestGuideNamesExitCodesAndSubcommands likewise; the overview has the same.
func TestGuideNamesExitCodesAndSubcommands(t *testing.T) {
	t.Parallel()
	text := guide(t)
	_, table, _ := strings.Cut(text, "## Exit codes")
	shown := overview(subcommands())
	for _, c := range exitCodes() {
		if row := fmt.Sprintf("| %d | %s |", c.code, c.means); !strings.Contains(table, row) {
			t.Errorf("the guide lacks %q", row)
		}
		if !strings.Contains(shown, c.means) {
			t.Errorf("the overview lacks %d", c.code)
		}
	}
	if got := rows(t, text, "## Exit codes"); len(got) != len(exitCodes()) {
		t.Errorf("the guide lists the exit codes %v", got)
	}
	want := []string{}
	for _, c := range subcommands() {
		want = append(want, "`"+c.name+"`")
	}
	want = append(want, "`version`")
	if got := rows(t, text, "# Command line"); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("the guide lists %v, there are %v", got, want)
	}
	formats := []string{}
	for _, format := range []string{formatPlain, formatHeader, formatJSON, formatExec, formatGit} {
		formats = append(formats, "`"+format+"`")
	}
	if got := rows(t, text, "## A token for a script"); strings.Join(got, " ") != strings.Join(formats, " ") {
		t.Errorf("the guide lists %v", got)
	}
}

// TestGuideShowsStatus: the screen that the guide shows is one that the code prints.
func TestGuideShowsStatus(t *testing.T) {
	t.Parallel()
	at := func(days, hours float64) *time.Time {
		return when(noon.Add(time.Duration((days*24 + hours) * float64(time.Hour))))
	}
	report := &statusReport{
		At: noon, StoreLocation: "postgres://db.example.com/oauth",
		Credentials: []credentialStatus{
			{Name: "exact-prod", Status: "active", Generation: 412, ExpiresAt: at(0, 0.15), Deadline: "idle", DeadlineAt: at(29.9, 0), Needs: needsNothing, server: "exact_online"},
			{
				Name: "mail", Status: "active", Generation: 7, ExpiresAt: at(-5, 0), Deadline: "idle", DeadlineAt: at(2, 6), Needs: needsSoon, server: "as.example",
				Notes: []string{noteUnused},
			},
			{
				Name: "crm", Status: "authorization_required", Generation: 3, ExpiresAt: at(-2, 0), Needs: needsNow, server: "salesforce",
				Notes: []string{"it is dead, since 2026-02-28 03:00:12Z: refused: authorization required" + fmt.Sprintf(noteAuthorize, "crm")},
			},
			{
				Name: "visma", Status: "active", Generation: 58, ExpiresAt: at(0, 0.52), Needs: needsNothing, server: "visma", ClaimedBy: "runner-7", ClaimedFor: "refresh",
				ClaimedAt: when(noon.Add(-2 * time.Second)),
			},
		},
		Registrations: []registrationStatus{{
			Name: "keycloak", Status: "active", ClientID: "a1b2", ClientSecretExpiresAt: at(5.5, 0), Registered: true, Managed: true, Needs: needsSoon, server: "sso.example",
			Notes: []string{noteSecretSoon},
		}},
	}
	var out strings.Builder
	if err := report.printTables(&out); err != nil {
		t.Fatal(err)
	}
	if screen := "```text\n" + out.String() + "```\n"; !strings.Contains(guide(t), screen) {
		t.Errorf("the guide does not show\n%s", screen)
	}
	for line := range strings.Lines(out.String()) {
		if _, _, note := strings.Cut(line, ": "); !note && len(line) > 101 && !strings.Contains(line, "runner") {
			t.Errorf("a line of %d columns:\n%s", len(line)-1, line)
		}
	}
}
