//go:build unix

package acceptance_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// outcome is what has become of a credential when all waiting is over.
type outcome string

const (
	kept     outcome = "kept"     // it works, and nobody was told anything
	waited   outcome = "waited"   // outcome_unknown was reported, and after the documented wait it works
	reported outcome = "reported" // authorization_required was reported; the reply had not reached the store
	lost     outcome = "LOST"     // it does not work and nobody says so, or it was given up without need
)

// matrix collects what became of every case.
type matrix struct {
	mu      sync.Mutex
	columns []string
	cells   map[string]map[string]string // by column and place
	totals  map[outcome]int
}

func newMatrix() *matrix {
	return &matrix{cells: map[string]map[string]string{}, totals: map[outcome]int{}}
}

// add notes one case.
func (m *matrix) add(column, place string, v outcome, n count) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cells[column] == nil {
		m.columns = append(m.columns, column)
		m.cells[column] = map[string]string{}
	}
	m.cells[column][place] = fmt.Sprintf("%-8s %d/%d/%d", v, n.refreshes, n.reuse, n.requests)
	m.totals[v]++
}

// print shows the matrix and fails the test if anything was lost.
func (m *matrix) print(t testing.TB) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var text strings.Builder
	slices.Sort(m.columns)
	for _, column := range m.columns {
		fmt.Fprintf(&text, "\n%s\n", column)
		for _, p := range places {
			if cell, ok := m.cells[column][p.name]; ok {
				fmt.Fprintf(&text, "    %-14s %s\n", p.name, cell)
			}
		}
	}
	t.Logf("what became of each credential (refreshes/reuse/requests):\n%s\nkept %d, waited %d, reported %d, lost %d",
		text.String(), m.totals[kept], m.totals[waited], m.totals[reported], m.totals[lost])
	if m.totals[lost] != 0 {
		t.Errorf("%d credentials were lost", m.totals[lost])
	}
}
