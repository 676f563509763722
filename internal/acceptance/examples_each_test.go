//go:build unix

package acceptance_test

import (
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// What a program has no word for, and from which minor version it has. A row that names too much or too little fails: what is left
// out has to be refused there, and everything else is applied.
var leftOut = []struct {
	since    feature
	examples []string
}{
	{ephemeralResources, []string{
		indexExample, ephemeralExample, clientTokenEphemeral, introspectionEphemeral, proxyExample, apiTokenModule,
		consumeConsumer, consumeSame, consumeTwoStores, exactConsumer, longProxy, longToken,
	}},
	{writeOnlyArguments, []string{registrationWOExample, registrationByKey, pairWOExample, consumeOwner, credentialModule, pipelineConfig}},
	{actionsAndLists, []string{authorizeExample, rotateExample, revokeExample, laptopAction, listExample}},
}

// trials are those of the examples with one program. A file counts once an apply of it has gone through, and the plan behind that
// has shown no changes.
type trials struct {
	cli   cli
	mu    sync.Mutex
	tried map[string]bool
	parts int // that have run
}

func (x *trials) did(examples ...string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, e := range examples {
		x.tried[e] = true
	}
}

func (x *trials) part() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.parts++
}

// Each configuration below examples/ is validated, planned and applied with each program that is present, but for what it has no
// word for. Tests beside this one follow single examples further, with one program.
func TestEveryExampleIsApplied(t *testing.T) {
	t.Parallel()
	parts := map[string]func(*testing.T, *trials){
		"objects": tryObjects, "owners": tryOwners, "platforms": tryPlatforms, "actions": tryActions, "authorize": tryAuthorize, "refused": tryRefused,
	}
	for _, c := range clis(t) {
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			x := &trials{cli: c, tried: map[string]bool{}}
			t.Run("all", func(t *testing.T) { // ends when its parallel parts have
				for name, try := range parts {
					t.Run(name, func(t *testing.T) {
						t.Parallel()
						x.part()
						try(t, x)
					})
				}
			})
			if t.Failed() || x.parts < len(parts) {
				return // what follows is only true of whole runs
			}
			var out []string
			for _, row := range leftOut {
				if !c.knows(row.since) {
					out = append(out, row.examples...)
				}
			}
			for _, file := range configurations(t) {
				tried := slices.ContainsFunc(slices.Collect(maps.Keys(x.tried)), func(e string) bool { return within(file, e) })
				left := slices.ContainsFunc(out, func(e string) bool { return within(file, e) })
				switch {
				case tried && left:
					t.Errorf("%s is applied with this program, and stands in leftOut as well", file)
				case !tried && !left:
					t.Errorf("%s is not applied: let a part in examples_trials_test.go do so and say it (did), or name it in leftOut", file)
				}
			}
		})
	}
}

// within tells whether a file is the example, or in its folder.
func within(file, example string) bool {
	return file == example || strings.HasPrefix(file, example+"/")
}

// configurations are the files below examples/ that a program reads, and the commands to run with them. CI files have tests of
// their own.
func configurations(t *testing.T) (all []string) {
	t.Helper()
	err := filepath.WalkDir(exampleDir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		rel, err := filepath.Rel(exampleDir, path)
		if err != nil {
			return err
		}
		switch rel = filepath.ToSlash(rel); {
		case filepath.Ext(rel) == ".md", within(rel, laptopPipeline), rel == pipelineGitHub, rel == pipelineGitLab:
		default:
			all = append(all, rel)
		}
		return nil
	})
	if err != nil || len(all) < 100 {
		t.Fatalf("%d configurations, %v", len(all), err)
	}
	return all
}

// tryRefused sees that a program refuses what is left out for it.
func tryRefused(t *testing.T, x *trials) {
	for _, row := range leftOut {
		if x.cli.knows(row.since) {
			continue
		}
		for _, example := range row.examples {
			w := newWorkspaceOn(t, x.cli)
			dir := w.copyExamples(strings.NewReplacer())
			w.dir = filepath.Join(dir, filepath.FromSlash(example))
			earlier := ""
			switch filepath.Ext(example) {
			case ".hcl":
				w.dir = filepath.Dir(w.dir)
				w.fails([]string{`has no command named "query"`}, "query", "-no-color")
				continue
			case ".tf":
				w.dir = filepath.Dir(w.dir)
				w.alone(filepath.Base(example))
			default:
				earlier = w.terraform("get", "-no-color").text() // it may be refused here already
			}
			if text := earlier + w.fails(nil, "validate", "-no-color").text(); !refusal.MatchString(text) {
				t.Errorf("%s refuses %s for another reason:\n%s", x.cli, example, text)
			}
		}
	}
}
