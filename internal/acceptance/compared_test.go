//go:build unix

package acceptance_test

import (
	"strings"
	"testing"
	"time"
)

// alternative is one of the ways to do without this provider, on the page "Other ways to do this".
type alternative struct {
	name, version string // version: what was looked at
	// In the table at a glance: when a token is refreshed, whether a discarded plan loses a single-use successor, whether the token stands in
	// the state, what runs at the same time do, and whether a person can authorize.
	refreshes, discarded, state, parallel, person string

	how, better string
	sources     []reference
	open        string // what could not be found out
}

type reference struct{ title, url string }

// Nothing is said of another tool without a source, a version and a day, and no figure that was not measured here.
func TestCompared(t *testing.T) {
	t.Parallel()
	day, err := time.Parse(time.DateOnly, lookedAt)
	if err != nil || day.Year() < 2026 {
		t.Errorf("the day is %s: %v", lookedAt, err)
	}
	seen := map[string]bool{}
	for _, w := range alternatives() {
		for name, cell := range map[string]string{
			"version": w.version, "refreshes": w.refreshes, "discarded": w.discarded, "state": w.state, "parallel": w.parallel, "person": w.person,
			"how": w.how, "better": w.better,
		} {
			if cell == "" {
				t.Errorf("%s: %s is empty", w.name, name)
			}
		}
		if len(w.sources) == 0 || seen[w.name] {
			t.Errorf("%s has no source, or stands there twice", w.name)
		}
		seen[w.name] = true
		for _, s := range w.sources {
			if s.title == "" || !strings.HasPrefix(s.url, "https://") {
				t.Errorf("%s: no source: %+v", w.name, s)
			}
		}
		for _, claim := range []string{"faster", "slower", "ms", "%"} { // that is for BENCHMARKS.md
			if strings.Contains(" "+w.how+w.better+" ", " "+claim+" ") {
				t.Errorf("%s: %q is a figure", w.name, claim)
			}
		}
	}
}

// The page is what the ways say. "make generate" writes it.
func TestOtherWays(t *testing.T) {
	t.Parallel()
	type row struct {
		Name, Anchor, Version, Refreshes, Discarded, State, Parallel, Person, How, Better, Open string
		Sources                                                                                 []string
	}
	var rows []row
	for _, w := range alternatives() {
		r := row{
			Name: w.name, Anchor: anchorOf(w.name), Version: w.version, Refreshes: w.refreshes, Discarded: w.discarded, State: w.state, Parallel: w.parallel,
			Person: w.person, How: w.how, Better: w.better, Open: w.open,
		}
		for _, s := range w.sources {
			r.Sources = append(r.Sources, "["+s.title+"]("+s.url+")")
		}
		rows = append(rows, r)
	}
	generated(t, "compared.md.tmpl", "compared.md", map[string]any{"Ways": rows, "Day": lookedAt})
}
