package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// TestReportIsWhatWasMeasured compares what is committed with what the last run comes to: words, tables and plots.
func TestReportIsWhatWasMeasured(t *testing.T) {
	measured, err := os.ReadFile("measured.txt")
	if err != nil {
		t.Fatal(err)
	}
	want, err := report(string(measured))
	if err != nil {
		t.Fatalf("%v; make bench measures anew", err)
	}
	for name, text := range want {
		got, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != text {
			t.Errorf("%s is not what was measured: go run -C tools ./benchreport writes it", name)
		}
	}
}

// TestEveryBenchmarkHasASection reads the names from the sources, so a benchmark that is added, renamed or dropped shows.
func TestEveryBenchmarkHasASection(t *testing.T) {
	declaration := regexp.MustCompile(`(?m)^func Benchmark(\w+)\(`)
	var written, told []string
	for _, dir := range []string{"internal/acceptance", "internal/store/pgstore"} {
		files, err := filepath.Glob(filepath.Join(root, dir, "*bench*_test.go"))
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range declaration.FindAllSubmatch(text, -1) {
				written = append(written, string(m[1]))
			}
		}
	}
	for _, s := range sections() {
		for _, r := range s.rows {
			name, _, _ := strings.Cut(r.bench, "/")
			told = append(told, name)
		}
	}
	slices.Sort(written)
	slices.Sort(told)
	if told = slices.Compact(told); !slices.Equal(written, told) {
		t.Errorf("benchmarks: %v\nin sections: %v", written, told)
	}
}

// TestParse shows what is no measurement.
func TestParse(t *testing.T) {
	var told strings.Builder
	for _, name := range facts {
		told.WriteString(name + ": x\n")
	}
	r, err := parse(told.String() + "BenchmarkA/b-2 \t 1\t 1.5 ratio\t 0 reuses\n")
	if err != nil || r.results["A/b"]["ratio"] != 1.5 || r.facts["cores"] != "x" {
		t.Fatal(r, err)
	}
	for _, bad := range []string{"PASS", "BenchmarkA 1 1.5", "BenchmarkA 1 x ratio", "BenchmarkA 1 1 ratio\nBenchmarkA 1 1 ratio"} {
		if _, err := parse(told.String() + bad); err == nil {
			t.Errorf("%q passed", bad)
		}
	}
	if _, err := parse("date: x\n"); err == nil {
		t.Error("a run without facts passed")
	}
}

func TestFigure(t *testing.T) {
	for value, want := range map[float64]string{0: "0", 15: "15", 1.5049: "1.50", 0.0461: "0.0461", 183.42: "183", 21672.4: "21,672", 1234567: "1,234,567"} {
		if got := figure(value); got != want {
			t.Errorf("%v: %s, want %s", value, got, want)
		}
	}
}

func TestLoad(t *testing.T) {
	for before, idle := range map[string]bool{"0.05 2.00 3.00": true, "0.50 0.10 0.10": false, "8.97 10.61 10.04": false, "unknown": true} {
		told := run{facts: map[string]string{"load-before": before, "load-after": "2.00 1.00 1.00"}}.load()
		if strings.Contains(told, "not idle") == idle {
			t.Errorf("%s: %s", before, told)
		}
	}
}
