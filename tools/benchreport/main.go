// Command benchreport writes BENCHMARKS.md and its plots from what scripts/bench has measured. It measures nothing itself:
// measured.txt, or the file that is named, is the output of one run of the benchmarks, and every figure in the report stands in it.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	measured := filepath.Join("benchreport", "measured.txt")
	if len(os.Args) > 1 {
		measured = os.Args[1]
	}
	if err := write(measured, ".."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// write writes every file of the report below root.
func write(measured, root string) error {
	text, err := os.ReadFile(measured)
	if err != nil {
		return err
	}
	made, err := report(string(text))
	if err != nil {
		return err
	}
	for name, content := range made {
		if err := os.WriteFile(filepath.Join(root, name), []byte(content), 0o644); err != nil { //nolint:gosec // it is published
			return err
		}
	}
	return nil
}

// report is every file of the report, by its path in the repository.
func report(measured string) (map[string]string, error) {
	r, err := parse(measured)
	if err != nil {
		return nil, err
	}
	text, err := r.markdown()
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"BENCHMARKS.md":           text,
		"assets/bench-people.svg": peoplePlot(r),
		"assets/bench-ratios.svg": ratioPlot(r),
	}, nil
}
