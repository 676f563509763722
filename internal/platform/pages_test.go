package platform

import (
	"bytes"
	"embed"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

var update = flag.Bool("update", false, "write the documentation pages anew")

//go:embed testdata/*.tmpl
var pageTemplates embed.FS

// TestPages: each entry has a page in the documentation and an example for it, which say what the data says, and so do the facts themselves.
func TestPages(t *testing.T) {
	t.Parallel()
	want := map[string][]byte{"templates/guides/facts-of-platforms.md": factsPage(t)}
	for _, id := range IDs() {
		e, ok := Find(id)
		if !ok {
			t.Fatal(id)
		}
		s := shows(e)
		want["templates/guides/"+pageName(id)+".md.tmpl"] = rendered(t, "page.md.tmpl", s)
		if e.Kind == OAuth2 {
			want[exampleFile(id)] = rendered(t, "example.tf.tmpl", s)
		}
	}
	root := filepath.Join("..", "..")
	for _, pattern := range []string{"templates/guides/platform-*", "examples/guides/platform-*/*"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range found {
			name, err := filepath.Rel(root, path)
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := want[filepath.ToSlash(name)]; !ok && *update {
				_ = os.Remove(path)
			} else if !ok {
				t.Errorf("%s is of no platform", path)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		path := filepath.Join(root, filepath.FromSlash(name))
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { // #nosec G301 -- documentation
				t.Fatal(err)
			}
			if err := os.WriteFile(path, want[name], 0o644); err != nil { // #nosec G306 -- documentation
				t.Fatal(err)
			}
			continue
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want[name]) {
			t.Errorf("%s is not up to date: run make generate (%v)", path, err)
		}
	}
}

// pageName is what the page of a platform is called, and the folder of its example.
func pageName(id string) string { return "platform-" + strings.ReplaceAll(id, "_", "-") }

func exampleFile(id string) string { return "examples/guides/" + pageName(id) + "/main.tf" }

// shown is what a page needs of an entry.
type shown struct {
	Entry
	Example   map[string]string // parameters
	Register  []string          // what to register where
	Duties    []string          // what a person must do, and when
	Rules     []row
	Doubts    []row
	Unknown   []string
	Reference []row
}

type row struct{ Name, Value, Note string }

func shows(e Entry) shown {
	s := shown{Entry: e, Example: everyParameters(e)[0], Register: registering(e), Duties: duties(e), Rules: tokenRules(e)}
	for _, f := range e.All() {
		text, ok := f.Text()
		switch {
		case !f.Known():
			s.Unknown = append(s.Unknown, "`"+f.Name+"`")
			continue
		case !ok:
			text = "none"
		default:
			text = "`" + text + "`"
		}
		ev := f.Evidence()
		s.Reference = append(s.Reference, row{f.Name, text, rests(Evidence{Sources: ev.Sources, Confidence: ev.Confidence})})
		if ev.Confidence == Low || ev.Note != "" {
			s.Doubts = append(s.Doubts, row{f.Name, string(ev.Confidence), ev.Note})
		}
	}
	return s
}

// rendered is a template of testdata, filled.
func rendered(t *testing.T, name string, s shown) []byte {
	t.Helper()
	parsed, err := template.New(name).Funcs(template.FuncMap{
		"quote":  func(s string) string { return fmt.Sprintf("%q", s) },
		"pad":    aligned,
		"cell":   cell,
		"rests":  rests,
		"tffile": func(id string) string { return fmt.Sprintf("{{ tffile %q }}", exampleFile(id)) },
		"people": func() string { return "`" + strings.Join(forPeople(), "`, `") + "`" },
		"names":  func(m map[string]string) string { return "`" + strings.Join(slices.Sorted(maps.Keys(m)), "`, `") + "`" },
	}).ParseFS(pageTemplates, "testdata/"+name)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, s); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// factsPage tells of every fact how it is written.
func factsPage(t *testing.T) []byte {
	t.Helper()
	parsed, err := template.New("facts.md.tmpl").Funcs(template.FuncMap{
		"cell": cell, "acted": func(name string) bool { return !slices.Contains(forPeople(), name) },
	}).ParseFS(pageTemplates, "testdata/facts.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	type platform struct{ Name, Page string }
	var platforms []platform
	for _, id := range IDs() {
		e, ok := Find(id)
		if !ok {
			t.Fatal(id)
		}
		platforms = append(platforms, platform{e.Name, pageName(id) + ".md"})
	}
	slices.SortFunc(platforms, func(a, b platform) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	var out bytes.Buffer
	if err := parsed.Execute(&out, map[string]any{"Guides": Guides(), "Platforms": platforms}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// rests says what something rests on.
func rests(ev Evidence) string {
	said := string(ev.Confidence) + ": " + strings.Join(ev.Sources, ", ")
	if ev.Note != "" {
		said += "; " + ev.Note
	}
	return said
}

// aligned pads a name to the longest among those of m, as terraform fmt does.
func aligned(name string, m map[string]string) string {
	longest := 0
	for other := range m {
		longest = max(longest, len(other))
	}
	return fmt.Sprintf("%-*s", longest, name)
}

// duties are what a person has to do so that the credential stays alive.
func duties(e Entry) []string {
	var all []string
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	var say []string
	for _, name := range e.Doubtful(credential.RefreshTokenPolicy{}, 0) {
		attribute := "refresh_token_policy." + name
		if name == "earliest_refresh" {
			attribute = "refresh.earliest"
		}
		say = append(say, "`"+attribute+"`")
	}
	if say != nil && e.Kind == OAuth2 {
		whose := "Find out what holds, and say it"
		if e.Rotation.Or("") == credential.RotationAppSetting {
			whose = "Say what holds for your app"
		}
		add(whose+" in %s. Until then an apply warns (`Platform Facts to Confirm`), and the provider acts to be safe.", strings.Join(say, " and "))
	}
	for _, name := range e.ClientCredentialsParameters.Or(nil) {
		add("With the grant `client_credentials`, give `%s` in its `extra_parameters`.", name)
	}
	if d, ok := e.CodeLifetime.Get(); ok {
		add("Apply with the callback URL within %s of the consent: the code in it dies then.", words(d))
	}
	if d, ok := e.IdleLifetime.Get(); ok {
		add("Let a plan or an apply run at least every %s: the refresh token dies unused. `refresh_token_expires_at` says when.", words(d))
	}
	if d, ok := e.AbsoluteLifetime.Get(); ok {
		add("Authorize again within %s of the last time, however often the token is refreshed. `reauthorize_by` says when, and warnings begin 30 days before.", words(d))
	}
	if d, ok := e.ClientSecretLifetime.Get(); ok {
		add("Renew the client secret within %s.", words(d))
	}
	if m, ok := e.MaxLiveRefreshTokens.Get(); ok {
		add("Keep to %d live refresh %s for each %s: another authorization ends the oldest.", m.Count, plural(m.Count, "token"), strings.ReplaceAll(m.Per, " and ", " and each "))
	}
	return all
}

// tokenRules are the rules for tokens, in words.
func tokenRules(e Entry) []row {
	var all []row
	add := func(name, value string) { all = append(all, row{Name: name, Value: value}) }
	duration := func(name string, f Fact[Duration]) {
		if d, ok := f.Get(); ok {
			add(name, words(d))
		}
	}
	duration("Access token lives", e.AccessTokenLifetime)
	if e.introspects() {
		add("Its expiry", "is not in the reply, and asked for at the `introspection_endpoint` each time; without an answer the above is assumed")
	}
	if r, ok := e.Rotation.Get(); ok {
		add("A refresh", map[credential.Rotation]string{
			credential.RotationNone:               "leaves the refresh token as it is",
			credential.RotationNewOldValid:        "returns a new refresh token; the old one goes on working",
			credential.RotationServerDecides:      "may return a new refresh token",
			credential.RotationSingleUse:          "uses the refresh token up, and returns its successor",
			credential.RotationSingleUseGrace:     "uses the refresh token up, but takes it again for a while",
			credential.RotationUntilSuccessorUsed: "returns a successor; the old one lives until that is used",
			credential.RotationAppSetting:         "does what the app is set to: say it in `refresh_token_policy`",
		}[r])
	}
	if e.Rotation.Or("") == credential.RotationAppSetting {
		duration("Grace, where the app rotates (at least)", e.GracePeriod)
	} else {
		duration("… for", e.GracePeriod)
	}
	if r, ok := e.OnReuse.Get(); ok {
		add("A spent refresh token", map[credential.Reuse]string{
			credential.ReuseReject:           "is refused, and nothing else happens",
			credential.ReuseRevokeFamily:     "ends every token of that authorization",
			credential.ReuseRevokeClientUser: "ends every token of that client and user",
		}[r])
	}
	duration("Earliest refresh after the issue", e.EarliestRefresh)
	if r, ok := e.ErrorBudget.Get(); ok {
		add("Refusals (4xx) that lock the client out", fmt.Sprintf("%d within %s", r.Limit, words(r.Window)))
	}
	if r, ok := e.TokenCalls.Get(); ok {
		add("Calls of the token endpoint", fmt.Sprintf("at most %d within %s", r.Limit, words(r.Window)))
	}
	return all
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

// words says a duration for people, in its largest whole unit.
func words(d Duration) string {
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{365 * 24 * time.Hour, "year"}, {24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		if n := time.Duration(d) / unit.of; n > 0 && time.Duration(d)%unit.of == 0 && (n > 1 || unit.of < 365*24*time.Hour) {
			return fmt.Sprintf("%d %s", n, plural(int(n), unit.name))
		}
	}
	return d.String()
}
