//go:build unix

package acceptance_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// screensBegin is when the time of the screens begins. It goes on by what a test adds, and by what the provider sleeps.
var screensBegin = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

// What stands in the golden files for the server and for the folder of the token stores. Terraform breaks lines by their length, so
// these have that of the originals.
const (
	shownServer = "https://id.example.com" // http://127.0.0.1:12345
	shownFolder = "/srv/terraform/tokens"  // /tmp/oauth-0123456789
)

// clockFile is a time that stands still but for what is added to it in a file, by a test or by whoever sleeps.
type clockFile struct {
	credential.Clock
	path  string
	slept *atomic.Int64 // by this process
}

func newClockFile(c credential.Clock, path string) clockFile {
	return clockFile{c, path, new(atomic.Int64)}
}

func (c clockFile) Now() time.Time { return screensBegin.Add(offsetIn(c.path)) }

func (c clockFile) Monotonic() time.Duration {
	return c.Clock.Monotonic() + time.Duration(c.slept.Load())
}

// Sleep takes no time, and moves the clock on by whole seconds, so that jitter does not show.
func (c clockFile) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d = (max(d, 0) + time.Second - 1).Truncate(time.Second)
	c.slept.Add(int64(d))
	text := strconv.FormatInt(int64(offsetIn(c.path)+d), 10)
	if err := os.WriteFile(c.path+".slept", []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(c.path+".slept", c.path)
}

// changes are what an apply is going to do, attribute by attribute.
var changes = regexp.MustCompile(`(?s)((?:^|\n)\w+ used the selected providers .*?actions:\n\n).*?\n\n(Plan: )`)

// screens runs commands as a user would, and keeps what they print, in sections.
type screens struct {
	t      *testing.T
	s      *server
	w      *workspace
	name   string // of the golden file
	folder string
	ids    map[string]string // what stands for random ones
	whole  bool              // this is the command line whose own words are in the golden files
	paper  *paper
}

// paper is what the commands have printed.
type paper struct {
	raw  []byte
	text strings.Builder // normalised, in sections
}

// newScreens starts a server whose time is the workspace's. change may be nil.
func newScreens(t *testing.T, name string, change func(*sandbox.Settings)) *screens {
	t.Helper()
	random := make([]byte, 5)
	if _, err := rand.Read(random); err != nil {
		t.Fatal(err)
	}
	folder := "/tmp/oauth-" + hex.EncodeToString(random) // not t.TempDir(): its length differs from run to run
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	settings := sandbox.DefaultSettings()
	if change != nil {
		change(&settings)
	}
	clock := filepath.Join(folder, "clock")
	s := startServer(t, sandbox.Options{
		Clients:  []sandbox.Client{{ID: clientID, Secret: clientSecret, RedirectURIs: []string{redirectURI}}},
		Settings: settings, Now: newClockFile(nil, clock).Now,
	}, sandbox.Listen{})
	sc := &screens{t: t, s: s, name: name, folder: folder, ids: map[string]string{}, paper: &paper{}}
	sc.w = newWorkspace(t)
	sc.w.env[envClock], sc.w.env[envFrozen] = clock, "true"
	sc.store("main")
	c := sc.w.cli()
	sc.whole = !c.tofu && c.minor == 11
	return sc
}

// store makes the token store of that name the one in use.
func (sc *screens) store(name string) {
	sc.w.store = filepath.Join(sc.folder, name)
	sc.w.env["OAUTH_TOKEN_STORE"] = "file://" + sc.w.store
}

// sibling is another configuration that shares store and time.
func (sc *screens) sibling() *screens {
	other := *sc
	other.w = sc.w.sibling()
	return &other
}

// write puts a configuration in place whose secrets come from variables, as they should: Terraform quotes the line that a diagnostic is
// about.
func (sc *screens) write(config string) {
	sc.t.Helper()
	for _, name := range []string{"client_secret", "refresh_token", "callback_url"} {
		literal := regexp.MustCompile(`(` + name + `(?:_wo)? +=) ("[^"]*")`)
		found := literal.FindStringSubmatch(config)
		if found == nil {
			continue
		}
		value, err := strconv.Unquote(found[2])
		if err != nil {
			sc.t.Fatal(err)
		}
		sc.w.env["TF_VAR_"+name] = value
		config = literal.ReplaceAllString(config, "$1 var."+name) + fmt.Sprintf("variable %q {\n  type      = string\n  sensitive = true\n}\n", name)
	}
	sc.w.write(config)
}

// later moves the time of all.
func (sc *screens) later(d time.Duration) { sc.w.advance(d) }

// show runs a command and adds what it prints. command is as a user types it; the options of a run without a terminal are added.
func (sc *screens) show(title, command string) {
	sc.t.Helper()
	args := strings.Fields(command)
	switch args[0] {
	case "plan":
		args = append(args, "-input=false", "-no-color")
	case "apply", "destroy":
		args = append(args, "-input=false", "-no-color", "-auto-approve")
	case "import":
		args = slices.Insert(args, 1, "-input=false", "-no-color")
	}
	r := sc.w.terraform(args...)
	out := r.stdout + "\n" + r.stderr
	sc.paper.raw = append(sc.paper.raw, out...)
	code := ""
	if r.code != 0 {
		code = fmt.Sprintf(" (exit code %d)", r.code)
	}
	screen := sc.normalise(out)
	if args[0] == "apply" || args[0] == "destroy" { // which a plan shows as well
		screen = changes.ReplaceAllString(screen, "$1(the changes)\n\n$2")
	}
	fmt.Fprintf(&sc.paper.text, "=== %s\n$ terraform %s%s\n\n%s\n\n", title, command, code, screen)
}

// quietly runs a command whose screen is of no interest.
func (sc *screens) quietly(args ...string) {
	sc.t.Helper()
	sc.w.ok(append(args, "-input=false", "-no-color", "-auto-approve")...)
}

func (sc *screens) normalise(out string) string {
	return normaliser{server: sc.s.base, folder: sc.folder, work: filepath.Dir(sc.w.dir), ids: sc.ids}.normalise(out)
}

// compare holds the sections against the golden file, and looks for secrets in what was printed.
func (sc *screens) compare() {
	sc.t.Helper()
	needles := []needle{{"client secret", clientSecret}}
	for i, secret := range sc.s.Secrets() {
		needles = append(needles, needle{fmt.Sprintf("%s %d", secret.Kind, i), secret.Value})
	}
	report(sc.t, newSearcher(sc.t, needles).search(sc.t, artefact{"screen", sc.name, sc.paper.raw}))

	path := filepath.Join("testdata", "screens", sc.name+".txt")
	got := strings.TrimSpace(sc.paper.text.String()) + "\n"
	if *update && sc.whole {
		writeFile(sc.t, path, got)
		return
	}
	want := readFile(sc.t, path)
	if !sc.whole {
		sc.compareWords(got, want)
		return
	}
	if got != want {
		sc.t.Errorf("the screens differ from %s (go test ./internal/acceptance -run %s -update writes them anew):\n%s", path, sc.t.Name(), differing(want, got))
	}
}

// compareWords compares our own words alone: another command line has its own around them. What it does not know was not shown.
func (sc *screens) compareWords(got, want string) {
	sc.t.Helper()
	gotSections, wantSections := sectionsOf(got), sectionsOf(want)
	for title, section := range gotSections {
		got, want := diagnosticsOf(section), diagnosticsOf(wantSections[title])
		if !slices.Equal(got, want) {
			sc.t.Errorf("%s: section %q has other diagnostics:\n%s\nwant:\n%s", sc.name, title, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// sectionsOf are the screens of a golden file by their titles.
func sectionsOf(text string) map[string]string {
	all := map[string]string{}
	for section := range strings.SplitSeq("\n"+text, "\n=== ") {
		if title, screen, ok := strings.Cut(section, "\n"); ok && title != "" {
			all[title] = strings.TrimSpace(screen)
		}
	}
	return all
}

// diagnosticsOf are the warnings and errors of a screen, sorted, without what frames them and where they stand.
func diagnosticsOf(screen string) []string {
	var all []string
	place := regexp.MustCompile(`(?m)^  (with|on) .*\n|^ +\d+: .*\n`)
	end := regexp.MustCompile(`(?m)^(Apply complete|Destroy complete|Plan:|Import |No changes|Changes to|Terraform |OpenTofu ).*`)
	for i, part := range regexp.MustCompile(`(?m)^(?:Warning|Error): `).Split(screen, -1) {
		if i == 0 {
			continue
		}
		if at := end.FindStringIndex(part); at != nil {
			part = part[:at[0]]
		}
		all = append(all, strings.Join(strings.Fields(place.ReplaceAllString(part, "")), " "))
	}
	slices.Sort(all)
	return all
}

// differing shows the first lines that differ, with some before them.
func differing(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	n := 0
	for n < min(len(w), len(g)) && w[n] == g[n] {
		n++
	}
	part := func(lines []string) string {
		return strings.Join(lines[max(0, min(n, len(lines))-5):min(len(lines), n+12)], "\n")
	}
	return fmt.Sprintf("from line %d on, want:\n%s\n\ngot:\n%s", n+1, part(w), part(g))
}
