package licences

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/licensecheck"
)

var update = flag.Bool("update", false, "write THIRD_PARTY_LICENSES anew")

const (
	root    = "../.."
	notices = root + "/THIRD_PARTY_LICENSES"
)

// allowed are the licences of what may be linked into a program that is distributed under the MPL-2.0, by their SPDX names. They ask
// for notices, and the MPL for a way to the source, which the list of notices tells.
var allowed = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MPL-2.0"}

// enough is how much of a file must be the words of a known licence, in per cent: the rest may be names, years and headings.
const enough = 75

// platforms are those of .goreleaser.yml: each links something of its own.
var platforms = []string{"darwin", "freebsd", "linux", "windows"}

// module is one that is linked.
type module struct {
	path, version, dir string
}

// linked lists the modules of a release and Go itself. With a filled module cache that takes no network.
func linked(t *testing.T) []module {
	t.Helper()
	all := map[module]bool{}
	for _, platform := range platforms {
		cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=Module", ".")
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "GOOS="+platform, "GOARCH=amd64", "CGO_ENABLED=0", "GOFLAGS=-mod=readonly")
		text, err := cmd.Output()
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		for packages := json.NewDecoder(bytes.NewReader(text)); ; {
			var p struct {
				Module *struct {
					Path, Version, Dir string
					Main               bool
					Replace            *struct{ Path string }
				}
			}
			if err := packages.Decode(&p); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			switch {
			case p.Module == nil || p.Module.Main:
			case p.Module.Replace != nil:
				t.Errorf("%s is replaced: a release builds from what go.mod names", p.Module.Path)
			default:
				all[module{p.Module.Path, p.Module.Version, p.Module.Dir}] = true
			}
		}
	}
	list := slices.SortedFunc(maps.Keys(all), func(a, b module) int { return strings.Compare(a.path, b.path) })
	return append([]module{{"the Go standard library", "", goroot(t)}}, list...)
}

var (
	licenceFile = regexp.MustCompile(`(?i)^(licen[sc]e|copying)(\.(md|txt))?$`)
	noticeFile  = regexp.MustCompile(`(?i)^notice(\.(md|txt))?$`)
)

// texts returns the files of a module that are the licence, and those that must be passed on besides.
func texts(t *testing.T, dir string) (licences, more []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || !licenceFile.MatchString(e.Name()) && !noticeFile.MatchString(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		clean := strings.TrimSpace(strings.ReplaceAll(string(text), "\r\n", "\n"))
		if licenceFile.MatchString(e.Name()) {
			licences = append(licences, clean)
		} else {
			more = append(more, clean)
		}
	}
	return licences, more
}

// judge returns the licences that a text is, or an error if it is, in part even, none that is allowed.
func judge(text string) ([]string, error) {
	cover := licensecheck.Scan([]byte(text))
	var names []string
	for _, m := range cover.Match {
		if !slices.Contains(allowed, m.ID) {
			return nil, fmt.Errorf("it is %s, which is not on the list", m.ID)
		}
		names = append(names, m.ID)
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) == 0 || cover.Percent < enough {
		return nil, fmt.Errorf("%.0f %% of it are the words of a licence that is known: %v", cover.Percent, names)
	}
	return names, nil
}

// Every module that a release holds may be distributed with it, and the release tells so. "make licences" writes the list.
func TestLicences(t *testing.T) {
	t.Parallel()
	var page strings.Builder
	page.WriteString("terraform-provider-oauth is distributed under the Mozilla Public License 2.0: see LICENSE. The program contains what is listed here, each\n" +
		"under its own licence, whose words follow the list. The source of each module is what the Go module proxy serves under its name and\n" +
		"version: go mod download NAME@VERSION\n\n")
	of := map[string][]string{} // the modules, by the words of their licence
	var order []string
	for _, m := range linked(t) {
		name := strings.TrimSpace(m.path + " " + m.version)
		licences, more := texts(t, m.dir)
		if len(licences) == 0 {
			t.Errorf("%s has no licence", name)
		}
		var kinds []string
		for _, text := range licences {
			found, err := judge(text)
			if err != nil {
				t.Errorf("the licence of %s: %v", name, err)
			}
			kinds = append(kinds, found...)
		}
		fmt.Fprintf(&page, "  %-70s %s\n", name, strings.Join(kinds, ", "))
		for _, text := range append(licences, more...) {
			if of[text] == nil {
				order = append(order, text)
			}
			of[text] = append(of[text], m.path)
		}
	}
	for _, text := range order {
		fmt.Fprintf(&page, "\n%s\n%s\n\n%s\n", strings.Repeat("=", 80), strings.Join(of[text], "\n"), text)
	}
	if t.Failed() {
		return
	}
	if *update {
		if err := os.WriteFile(notices, []byte(page.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got, err := os.ReadFile(notices); err != nil || string(got) != page.String() {
		t.Errorf("THIRD_PARTY_LICENSES is not up to date: run make licences (%v)", err)
	}
}

// What may not be linked is told from what may: the check is not blind.
func TestJudge(t *testing.T) {
	t.Parallel()
	bsd, err := os.ReadFile(filepath.Join(goroot(t), "LICENSE"))
	if err != nil {
		t.Fatal(err)
	}
	if names, err := judge(string(bsd)); err != nil || !slices.Equal(names, []string{"BSD-3-Clause"}) {
		t.Errorf("of Go: %v, %v", names, err)
	}
	for _, text := range []string{
		"",
		"All rights reserved. Ask before you use this.",
		// Beside one that is allowed, too.
		string(bsd) + "\n\nThis program is free software: you can redistribute it and/or modify it under the terms of the GNU General Public License as published by " +
			"the Free Software Foundation, either version 3 of the License, or (at your option) any later version.\n\nThis program is distributed in the hope that it will be " +
			"useful, but WITHOUT ANY WARRANTY; without even the implied warranty of MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the GNU General Public License " +
			"for more details.",
		"Business Source License 1.1\n\nLicensor: HashiCorp, Inc.\nChange License: Mozilla Public License 2.0",
	} {
		if names, err := judge(text); err == nil {
			t.Errorf("%.40q is taken for %v", text, names)
		}
	}
}

func goroot(t *testing.T) string {
	t.Helper()
	text, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// Whatever has a lock file gets its updates proposed.
func TestDependabotKnowsEveryModule(t *testing.T) {
	t.Parallel()
	config, err := os.ReadFile(root + "/.github/dependabot.yml")
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := e.Name()
		if e.IsDir() && path != root && (name == "node_modules" || strings.HasPrefix(name, ".")) {
			return filepath.SkipDir
		}
		if name == "go.mod" || name == "package.json" {
			dir := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), root)
			if dir == "" {
				dir = "/"
			}
			if !strings.Contains(string(config), fmt.Sprintf("- %q\n", dir)) {
				t.Errorf(".github/dependabot.yml does not name %q, which has a %s", dir, name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
