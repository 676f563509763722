//go:build unix

package acceptance_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// feature is the minor version 1.x of Terraform and of OpenTofu that brought something; never where it has not.
type feature struct{ terraform, tofu int }

const never = 1 << 16

var (
	ephemeralResources = feature{10, 11}
	writeOnlyArguments = feature{11, 11}
	importByIdentity   = feature{12, 12}
	actionsAndLists    = feature{14, never}

	nestedAttributesShown = feature{15, never} // where an error of one stands in the configuration
)

// cli is a Terraform or OpenTofu program that is present. What it is it has said itself, whatever its file is called.
type cli struct {
	path    string
	tofu    bool
	version string // such as 1.11.4
	minor   int
}

func (c cli) String() string {
	if c.tofu {
		return "OpenTofu " + c.version
	}
	return "Terraform " + c.version
}

// knows tells whether that version has the feature, by its documentation.
func (c cli) knows(f feature) bool {
	if c.tofu {
		return c.minor >= f.tofu
	}
	return c.minor >= f.terraform
}

// answers keeps what programs have said of themselves, by path.
var answers sync.Map

// cliAt asks a program what it is.
func cliAt(path string) (cli, error) {
	answer, _ := answers.LoadOrStore(path, sync.OnceValues(func() (cli, error) {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		cmd := exec.CommandContext(ctx, path, "version") // with -json OpenTofu does not tell itself from Terraform
		cmd.Dir = os.TempDir()
		for _, v := range os.Environ() {
			if !strings.HasPrefix(v, "TF_CLI_CONFIG_FILE=") {
				cmd.Env = append(cmd.Env, v)
			}
		}
		cmd.Env = append(cmd.Env, "CHECKPOINT_DISABLE=1")
		out, err := cmd.Output()
		if err != nil {
			return cli{}, fmt.Errorf("%s does not run: %w", path, err)
		}
		return cliSaying(path, string(out))
	}))
	return answer.(func() (cli, error))()
}

// cliSaying reads the answer of a program that was asked for its version.
func cliSaying(path, answer string) (cli, error) {
	first, _, _ := strings.Cut(answer, "\n")
	name, version, _ := strings.Cut(first, " v")
	c := cli{path: path, tofu: name == "OpenTofu", version: strings.TrimSpace(version)}
	var patch int
	if _, err := fmt.Sscanf(c.version, "1.%d.%d", &c.minor, &patch); err != nil || !c.tofu && name != "Terraform" {
		return cli{}, fmt.Errorf("%s is neither Terraform nor OpenTofu 1.x: %q", path, first)
	}
	return c, nil
}

// clis are the programs that are present, each version once: the one under test first, then what TF_ACC_CLIS and TF_ACC_TERRAFORM_115
// name, terraform and tofu on the PATH, and what "make clis" has built. One that does not run is an error, and so is none.
func clis(t testing.TB) []cli {
	t.Helper()
	paths := append([]string{terraformPath(t)}, filepath.SplitList(os.Getenv("TF_ACC_CLIS"))...)
	paths = append(paths, os.Getenv("TF_ACC_TERRAFORM_115"))
	for _, name := range []string{"terraform", "tofu"} {
		if p, err := exec.LookPath(name); err == nil {
			paths = append(paths, p)
		}
	}
	made, err := filepath.Glob(filepath.Join("..", "..", ".bin", "clis", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range made {
		if info, err := os.Stat(p); err == nil && info.Mode().IsRegular() {
			paths = append(paths, p)
		}
	}

	var found []cli
	var broken []error
	for _, p := range paths {
		if p == "" {
			continue
		}
		abs, err := filepath.Abs(p)
		var c cli
		if err == nil {
			c, err = cliAt(abs)
		}
		same := func(other cli) bool { return other.String() == c.String() }
		switch {
		case err != nil:
			broken = append(broken, err)
		case !slices.ContainsFunc(found, same):
			found = append(found, c)
		}
	}
	if err := errors.Join(broken...); err != nil {
		t.Fatal(err)
	}
	return found
}

// cliWith is a program that has the feature: the one under test if it does, else the newest one present, of the same kind if there is one.
func cliWith(t testing.TB, f feature) cli {
	t.Helper()
	all := clis(t)
	if all[0].knows(f) {
		return all[0]
	}
	having := slices.DeleteFunc(slices.Clone(all), func(c cli) bool { return !c.knows(f) })
	if len(having) == 0 {
		t.Fatalf("this test needs Terraform 1.%d or later, and finds only %v; \"make clis\" builds one, or name one in TF_ACC_CLIS", f.terraform, all)
	}
	return slices.MaxFunc(having, func(a, b cli) int {
		if a.tofu != b.tofu {
			return map[bool]int{true: 1, false: -1}[a.tofu == all[0].tofu]
		}
		return cmp.Compare(a.minor, b.minor)
	})
}

// newWorkspaceOn is a workspace that drives the given program.
func newWorkspaceOn(t testing.TB, c cli) *workspace {
	t.Helper()
	w := newWorkspace(t)
	w.tf, w.pinned = c.path, true
	return w
}

// used are signs of a feature in a configuration.
var used = map[*regexp.Regexp]feature{
	regexp.MustCompile(`(?m)^ *ephemeral +"|\bephemeral += +true`): ephemeralResources,
	regexp.MustCompile(`\b\w+_wo +=`):                              writeOnlyArguments,
}

// localModule is the source of a module that lies in a folder.
var localModule = regexp.MustCompile(`\bsource += +"(\.\.?/[^"]+)"`)

// choose makes a workspace whose configuration uses what the program under test lacks drive another one. So every test runs, whichever
// program it is.
func (w *workspace) choose() {
	w.t.Helper()
	if w.pinned || w.tf != terraformPath(w.t) {
		return
	}
	text := w.configuration(w.dir)
	for sign, f := range used {
		if !w.knows(f) && sign.MatchString(text) {
			c := cliWith(w.t, f)
			if err := c.goesOnWith(w.cli(), w.statePath()); err != nil {
				w.t.Fatal(err)
			}
			w.tf = c.path
		}
	}
}

// goesOnWith tells why a program cannot take over the state of another one, if there is one.
func (c cli) goesOnWith(other cli, state string) error {
	if _, err := os.Stat(state); err != nil || c.tofu == other.tofu {
		return nil
	}
	return fmt.Errorf("%v cannot go on with a state of %v, which names providers by another host; \"make clis CLIS=all\" builds one of that kind", c, other)
}

// configuration is all that stands in the configuration of a folder and in the modules that it uses.
func (w *workspace) configuration(dir string) string {
	w.t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.tf"))
	if err != nil {
		w.t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // what cannot be read the program tells of
		}
		all.Write(text)
		for _, m := range localModule.FindAllStringSubmatch(string(text), -1) {
			all.WriteString(w.configuration(filepath.Join(dir, m[1])))
		}
	}
	return all.String()
}

// knows tells whether the program that the workspace drives has the feature.
func (w *workspace) knows(f feature) bool {
	w.t.Helper()
	return w.cli().knows(f)
}

// cli is the program that the workspace drives.
func (w *workspace) cli() cli {
	w.t.Helper()
	c, err := cliAt(w.tf)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// terraform115 finds the Terraform for what needs 1.14 or later: actions and lists. A test makes its workspace drive it by setting w.tf.
func terraform115(t testing.TB) string {
	t.Helper()
	return cliWith(t, actionsAndLists).path
}

// A state of the other kind of program is not taken over.
func TestGoesOnWith(t *testing.T) {
	t.Parallel()
	state := filepath.Join(t.TempDir(), "state")
	terraform, tofu := cli{version: "1.15.9"}, cli{tofu: true, version: "1.10.10"}
	if err := terraform.goesOnWith(tofu, state); err != nil {
		t.Errorf("without a state: %v", err)
	}
	writeFile(t, state, "{}")
	if err := terraform.goesOnWith(cli{version: "1.8.5"}, state); err != nil {
		t.Errorf("of the same kind: %v", err)
	}
	if err := terraform.goesOnWith(tofu, state); err == nil || !strings.Contains(err.Error(), "Terraform 1.15.9 cannot go on with a state of OpenTofu 1.10.10") {
		t.Errorf("of another kind: %v", err)
	}
}

// Programs are known by what they say, not by the names of their files.
func TestCLISaying(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]cli{
		"Terraform v1.11.4\non linux_amd64\n\nYour version of Terraform is out of date!\n": {"p", false, "1.11.4", 11},
		"Terraform v1.16.0-dev\non linux_amd64\n":                                          {"p", false, "1.16.0-dev", 16},
		"OpenTofu v1.10.10\non linux_amd64\n":                                              {"p", true, "1.10.10", 10},
		"Terragrunt v1.2.3\n":                                                              {}, "Terraform v2.0.0\n": {}, "": {},
	} {
		got, err := cliSaying("p", answer)
		if got != want || (err == nil) != (want != cli{}) {
			t.Errorf("%q: %+v, %v; want %+v", answer, got, err, want)
		}
	}
}
