package fuzzing

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is one with two fuzz targets, and a go that notes what it is asked for.
type module struct {
	t   *testing.T
	dir string
}

func newModule(t *testing.T) *module {
	t.Helper()
	m := &module{t, t.TempDir()}
	script, err := os.ReadFile("../../scripts/fuzz")
	if err != nil {
		t.Fatal(err)
	}
	m.write("scripts/fuzz", string(script))
	m.write("internal/one/one_test.go", "package one\n\nfunc FuzzOne(f *testing.F) {}\n")
	m.write("cmd/two/two_test.go", "package two\n\nfunc FuzzTwo(f *testing.F) {}\n")
	m.write("bin/go", `#!/bin/sh
case "$1" in
env) echo "`+m.dir+`/cache" ;;
list) echo example.com/m ;;
test) echo "$@" >> "`+m.dir+`/asked" ;;
esac
`)
	return m
}

func (m *module) write(name, text string) {
	m.t.Helper()
	path := filepath.Join(m.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		m.t.Fatal(err)
	}
}

// found is an input of a length that fuzzing has found, by that name.
func (m *module) found(name string, length int) {
	m.write("cache/fuzz/example.com/m/internal/one/FuzzOne/"+name, strings.Repeat("x", length))
}

func (m *module) fuzz(args ...string) (string, error) {
	cmd := exec.Command("scripts/fuzz", args...)
	cmd.Dir = m.dir
	cmd.Env = []string{"PATH=" + filepath.Join(m.dir, "bin") + string(os.PathListSeparator) + os.Getenv("PATH")}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// asked are the calls of go test.
func (m *module) asked() []string {
	text, err := os.ReadFile(filepath.Join(m.dir, "asked"))
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// kept are the lengths of what is in testdata, sorted.
func (m *module) kept() []int {
	m.t.Helper()
	files, err := filepath.Glob(filepath.Join(m.dir, "internal/one/testdata/fuzz/FuzzOne/*"))
	if err != nil {
		m.t.Fatal(err)
	}
	var lengths []int
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			m.t.Fatal(err)
		}
		lengths = append(lengths, int(info.Size()))
	}
	slices.Sort(lengths)
	return lengths
}

// An input is shortened a few times only: for a minute, as by default, a long one would take all the time there is.
func TestRun(t *testing.T) {
	t.Parallel()
	m := newModule(t)
	out, err := m.fuzz("run", "7s")
	want := []string{
		"test -run=^$ -fuzz=^FuzzTwo$ -fuzztime=7s -fuzzminimizetime=10x ./cmd/two",
		"test -run=^$ -fuzz=^FuzzOne$ -fuzztime=7s -fuzzminimizetime=10x ./internal/one",
	}
	if err != nil || !slices.Equal(m.asked(), want) || !strings.HasSuffix(out, "2 targets\n") {
		t.Errorf("%q\n%s%v", m.asked(), out, err)
	}
	m = newModule(t)
	if out, err := m.fuzz("run", "7s", "One$"); err != nil || !slices.Equal(m.asked(), want[1:]) || !strings.HasSuffix(out, "1 targets\n") {
		t.Errorf("%q\n%s%v", m.asked(), out, err)
	}
}

func TestNothingToRunFails(t *testing.T) {
	t.Parallel()
	m := newModule(t)
	if out, err := m.fuzz("run", "7s", "Onn"); err == nil || out != "scripts/fuzz: no fuzz target fits Onn\n" {
		t.Errorf("%s%v", out, err)
	}
	if err := os.RemoveAll(filepath.Join(m.dir, "cmd")); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"run", "7s"}, {"keep"}} {
		if out, err := m.fuzz(args...); err == nil || !strings.HasSuffix(out, "scripts/fuzz: the fuzz targets cannot be listed\n") {
			t.Errorf("%q: %s%v", args, out, err)
		}
	}
	if asked := m.asked(); len(asked) > 0 {
		t.Errorf("%q", asked)
	}
}

func TestATargetThatFailsFails(t *testing.T) {
	t.Parallel()
	m := newModule(t)
	m.write("bin/go", "#!/bin/sh\nexit 1\n")
	if out, err := m.fuzz("run", "7s"); err == nil || strings.Contains(out, "targets") {
		t.Errorf("%s%v", out, err)
	}
}

// Short and long ones are kept, within bounds, and what is kept already stays and counts.
func TestKeep(t *testing.T) {
	t.Parallel()
	m := newModule(t)
	for i := 1; i <= 100; i++ {
		m.found("n"+strconv.Itoa(i), i)
	}
	m.found("whole", 10_000)
	m.found("too-long", 12_289)
	for range 2 { // a second time changes nothing
		if out, err := m.fuzz("keep"); err != nil || out != "" {
			t.Fatalf("%s%v", out, err)
		}
		kept := m.kept()
		if len(kept) != 24 || kept[0] > 5 || kept[12] < 40 || kept[23] != 10_000 {
			t.Errorf("%v", kept)
		}
	}

	m = newModule(t)
	m.write("internal/one/testdata/fuzz/FuzzOne/before", strings.Repeat("x", 9_000))
	for i := range 10 {
		m.found("n"+strconv.Itoa(i), 10_000)
	}
	m.found("short", 10)
	if out, err := m.fuzz("keep"); err != nil {
		t.Fatalf("%s%v", out, err)
	}
	if kept := m.kept(); !slices.Equal(kept, []int{10, 9_000, 10_000, 10_000, 10_000, 10_000}) {
		t.Errorf("%v", kept)
	}
}
