package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// markdown is the report. Every result of the run must have its place in it, and every place its result.
func (r run) markdown() (string, error) {
	var out strings.Builder
	out.WriteString(opening)
	fmt.Fprintf(&out, "\nThis run: %s, on %s cores (%s), %s, %s, %s, %s. %s\n",
		r.facts["date"], r.facts["cores"], r.facts["cpu"], r.facts["system"], r.facts["go"], r.facts["cli"], r.facts["postgres"], r.load())
	placed := map[string]bool{}
	for _, s := range sections() {
		table, err := s.table(r)
		if err != nil {
			return "", fmt.Errorf("%s: %w", s.title, err)
		}
		fmt.Fprintf(&out, "\n## %s\n\n%s\n\n", s.title, s.intro)
		if s.plot != "" {
			fmt.Fprintf(&out, "![%s](assets/%s)\n\n", s.alt, s.plot)
		}
		out.WriteString(table)
		if s.after != "" {
			fmt.Fprintf(&out, "\n%s\n", s.after)
		}
		for _, row := range s.rows {
			placed[row.bench] = true
		}
	}
	for name := range r.results {
		if !placed[name] {
			return "", fmt.Errorf("%s was measured, and no section tells of it", name)
		}
	}
	return out.String(), nil
}

// load tells what else the machine did. The load after a run is mostly the run's own, so it says nothing of that.
func (r run) load() string {
	told := fmt.Sprintf("The load of the machine was %s before\nand %s after it, its own work included.", r.facts["load-before"], r.facts["load-after"])
	minute, _, _ := strings.Cut(r.facts["load-before"], " ")
	if load, err := strconv.ParseFloat(minute, 64); err == nil && load >= 0.5 {
		told += " The machine was not idle before, which may widen the ratios' spread."
	}
	return told
}

func (s section) table(r run) (string, error) {
	cells := [][]string{{s.head}}
	for _, c := range s.cols {
		cells[0] = append(cells[0], c.label)
	}
	for _, row := range s.rows {
		line := []string{row.label}
		for _, c := range s.cols {
			value, ok := r.results[row.bench][c.unit]
			if !ok {
				return "", fmt.Errorf("%s was not measured, or has no %s", row.bench, c.unit)
			}
			line = append(line, figure(value))
		}
		cells = append(cells, line)
	}
	if s.turn {
		cells = transposed(cells)
	}
	align := "|---|" + strings.Repeat("---:|", len(cells[0])-1)
	var out strings.Builder
	for n, line := range cells {
		fmt.Fprintf(&out, "| %s |\n", strings.Join(line, " | "))
		if n == 0 {
			out.WriteString(align + "\n")
		}
	}
	return out.String(), nil
}

func transposed(cells [][]string) [][]string {
	out := make([][]string, len(cells[0]))
	for i := range out {
		for _, line := range cells {
			out[i] = append(out[i], line[i])
		}
	}
	return out
}

// figure writes a number with three digits that mean something.
func figure(x float64) string {
	if x == math.Trunc(x) && math.Abs(x) < 1000 {
		return strconv.Itoa(int(x))
	}
	if math.Abs(x) < 1000 {
		return strconv.FormatFloat(x, 'f', max(0, 2-int(math.Floor(math.Log10(math.Abs(x))))), 64)
	}
	digits := strconv.Itoa(int(math.Round(x)))
	var groups []string
	for len(digits) > 3 {
		groups = append(groups, digits[len(digits)-3:])
		digits = digits[:len(digits)-3]
	}
	groups = append(groups, digits)
	slices.Reverse(groups)
	return strings.Join(groups, ",")
}
