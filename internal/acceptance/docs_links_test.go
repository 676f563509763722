//go:build unix

package acceptance_test

import (
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// repository is where pages link to what the registry does not show.
const repository = "https://github.com/seed-55355b43/terraform-provider-oauth/"

var (
	docsRoot = filepath.Join("..", "..")
	linked   = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading  = regexp.MustCompile(`(?m)^#{1,6} +(.+?) *#*$`)
	marked   = regexp.MustCompile(`<a id="([^"]+)">`)
	code     = regexp.MustCompile("(?ms)^ *```.*?^ *```$|`[^`\n]*`")
)

// documents are all pages of the repository: those that stand there for people, and those that the registry shows.
func documents(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(docsRoot, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"docs", "examples"} {
		err := filepath.WalkDir(filepath.Join(docsRoot, dir), func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && strings.HasSuffix(path, ".md") {
				all = append(all, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Contains(all, filepath.Join(docsRoot, "README.md")) || len(all) < 60 {
		t.Fatalf("found only %v", all)
	}
	return all
}

// linksOf are the targets of a page's links, without those that stand in code.
func linksOf(text string) []string {
	var all []string
	text = code.ReplaceAllStringFunc(text, func(found string) string {
		return strings.Map(func(r rune) rune {
			if r == '(' || r == '[' || r == ']' {
				return '.'
			}
			return r
		}, found)
	})
	for _, found := range linked.FindAllStringSubmatch(text, -1) {
		all = append(all, found[1])
	}
	return all
}

// Every link leads somewhere, and every #anchor to a heading. Of other sites nothing is asked.
func TestDocumentationLinks(t *testing.T) {
	t.Parallel()
	texts := map[string]string{}
	read := func(path string) string {
		if _, ok := texts[path]; !ok {
			texts[path] = readFile(t, path)
		}
		return texts[path]
	}
	for _, page := range documents(t) {
		for _, link := range linksOf(read(page)) {
			target, anchor, _ := strings.Cut(link, "#")
			file := page
			switch {
			case strings.HasPrefix(target, repository+"blob/main/"), strings.HasPrefix(target, repository+"tree/main/"):
				file = filepath.Join(docsRoot, target[len(repository+"blob/main/"):])
			case strings.Contains(target, "://"), strings.HasPrefix(target, "mailto:"):
				continue
			case target != "":
				file = filepath.Join(filepath.Dir(page), target)
			}
			if strings.HasPrefix(page, filepath.Join(docsRoot, "docs")) && !strings.HasPrefix(target, repository) &&
				!strings.HasPrefix(file, filepath.Join(docsRoot, "docs")) {
				t.Errorf("%s links to %s, which the registry does not show: link to %s", page, link, repository+"blob/main/…")
			}
			if found, err := filepath.Glob(file); err != nil || len(found) != 1 {
				t.Errorf("%s links to %s, which does not exist", page, link)
				continue
			}
			if anchor != "" && !slices.Contains(anchors(read(file)), anchor) {
				t.Errorf("%s links to %s, which has no such heading", page, link)
			}
		}
	}
}

// anchorOf is what GitHub and the registry make of a heading.
func anchorOf(heading string) string {
	heading = linked.ReplaceAllString(strings.ReplaceAll(heading, "[", ""), "")
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789_-", r) {
			return r
		}
		return -1
	}, strings.ReplaceAll(strings.ToLower(heading), " ", "-"))
}

// anchors returns what headings, and the generator's own marks, can be linked to as. A heading that stands there again gets a number.
func anchors(page string) []string {
	var all []string
	times := map[string]int{}
	page = regexp.MustCompile("(?ms)^ *```.*?^ *```$").ReplaceAllString(page, "")
	for _, found := range heading.FindAllStringSubmatch(page, -1) {
		anchor := anchorOf(found[1])
		if n := times[anchor]; n > 0 {
			all = append(all, anchor+"-"+string(rune('0'+n)))
		} else {
			all = append(all, anchor)
		}
		times[anchor]++
	}
	for _, mark := range marked.FindAllStringSubmatch(page, -1) {
		all = append(all, mark[1])
	}
	return all
}

// guideLinks are the guides, and which other guides each links to. "index" is the start page.
func guideLinks(t *testing.T) map[string]map[string]bool {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(docsRoot, "docs", "guides", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]bool{}
	for _, path := range append(paths, filepath.Join(docsRoot, "docs", "index.md")) {
		name := strings.TrimSuffix(filepath.Base(path), ".md")
		all[name] = map[string]bool{}
		for _, link := range linksOf(readFile(t, path)) {
			target, _, _ := strings.Cut(link, "#")
			to := strings.TrimSuffix(filepath.Base(target), ".md")
			if strings.HasSuffix(target, ".md") && !strings.Contains(target, "://") && to != name {
				all[name][to] = true
			}
		}
	}
	for _, to := range all {
		maps.DeleteFunc(to, func(name string, _ bool) bool { return all[name] == nil }) // pages of the schema
	}
	return all
}

// Who reads one guide finds the others: each is reached from the start page by links, platforms stand in the registry's menu besides, and
// each of the others is named on the start page itself, links to two neighbours at least and is linked from two.
func TestGuidesAreLinked(t *testing.T) {
	t.Parallel()
	links := guideLinks(t)
	if len(links) < 40 {
		t.Fatalf("found only %d guides", len(links))
	}
	from, reached := map[string]int{}, map[string]bool{}
	for name, to := range links {
		for target := range to {
			if name != "index" {
				from[target]++
			}
		}
	}
	var follow func(name string)
	follow = func(name string) {
		if !reached[name] {
			reached[name] = true
			for to := range links[name] {
				follow(to)
			}
		}
	}
	follow("index")
	delete(links["index"], "index")
	for name, to := range links {
		text := readFile(t, filepath.Join(docsRoot, "docs", guidePath(name)))
		platform := strings.HasPrefix(name, "platform-")
		if !reached[name] {
			t.Errorf("no link leads from the start page (templates/index.md.tmpl) to %s", name)
		}
		if platform != strings.Contains(text, `subcategory: "Platforms"`) {
			t.Errorf("%s is in the wrong place of the registry's menu", name)
		}
		if platform || name == "index" {
			continue
		}
		if !links["index"][name] {
			t.Errorf("the start page does not name the guide %s", name)
		}
		delete(to, "index")
		if len(to) < 2 || from[name] < 2 {
			t.Errorf("the guide %s links to %d others, and %d link to it: want two each at least", name, len(to), from[name])
		}
	}
}

func guidePath(name string) string {
	if name == "index" {
		return "index.md"
	}
	return filepath.Join("guides", name+".md")
}
