package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// run is what one run has measured: facts about the machine, and the metrics of each benchmark by their units.
type run struct {
	facts   map[string]string
	results map[string]map[string]float64
}

// facts that a run has to tell.
var facts = []string{"date", "cores", "cpu", "system", "go", "cli", "postgres", "load-before", "load-after"}

var (
	resultLine = regexp.MustCompile(`^Benchmark(\S+?)(?:-\d+)?\s+\d+\s+(.*)$`)
	factLine   = regexp.MustCompile(`^([a-z-]+): (.*)$`)
)

// parse reads the format of "go test -bench", with lines "fact: value" among them.
func parse(text string) (run, error) {
	r := run{map[string]string{}, map[string]map[string]float64{}}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if m := factLine.FindStringSubmatch(line); m != nil {
			r.facts[m[1]] = m[2]
			continue
		}
		m := resultLine.FindStringSubmatch(line)
		if m == nil {
			return r, fmt.Errorf("neither fact nor result: %q", line)
		}
		if r.results[m[1]] != nil {
			return r, fmt.Errorf("%s was measured twice", m[1])
		}
		fields := strings.Fields(m[2])
		if len(fields)%2 != 0 {
			return r, fmt.Errorf("%s: not pairs of value and unit: %q", m[1], m[2])
		}
		metrics := map[string]float64{}
		for i := 0; i < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return r, fmt.Errorf("%s: %w", m[1], err)
			}
			metrics[fields[i+1]] = value
		}
		r.results[m[1]] = metrics
	}
	for _, name := range facts {
		if r.facts[name] == "" {
			return r, fmt.Errorf("the run does not tell its %s", name)
		}
	}
	return r, nil
}
