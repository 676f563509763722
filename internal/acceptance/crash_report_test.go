//go:build unix

package acceptance_test

import (
	"fmt"
	"maps"
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
	// As reported, but the reply was there: its process stood still for longer than its claim lives, and what the others
	// did by the rules for a reply that never comes has killed it.
	overtaken outcome = "overtaken"
	lost      outcome = "LOST" // it does not work and nobody says so, or it was given up without need
)

// matrix collects what became of every case.
type matrix struct {
	mu      sync.Mutex
	columns []string
	cells   map[string]map[string]string // by column and place
	totals  map[string]map[outcome]int   // by token store and behaviour of the server
}

func newMatrix() *matrix {
	return &matrix{cells: map[string]map[string]string{}, totals: map[string]map[outcome]int{}}
}

// add notes one case.
func (m *matrix) add(c *site, column, place string, v outcome, n count) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cells[column] == nil {
		m.columns = append(m.columns, column)
		m.cells[column] = map[string]string{}
	}
	m.cells[column][place] = fmt.Sprintf("%-8s %d/%d/%d", v, n.refreshes, n.reuse, n.requests)
	store := "file"
	if c.table != nil {
		store = "postgres"
	}
	row := fmt.Sprintf("%-8s  %-13s", store, c.b.name)
	if m.totals[row] == nil {
		m.totals[row] = map[outcome]int{}
	}
	m.totals[row][v]++
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
	outcomes := []outcome{kept, waited, reported, overtaken, lost}
	fmt.Fprintf(&text, "\n%-23s", "store, reuse")
	for _, v := range outcomes {
		fmt.Fprintf(&text, "  %9s", v)
	}
	for _, row := range slices.Sorted(maps.Keys(m.totals)) {
		fmt.Fprintf(&text, "\n%s", row)
		for _, v := range outcomes {
			fmt.Fprintf(&text, "  %9d", m.totals[row][v])
		}
		if n := m.totals[row][lost]; n != 0 {
			t.Errorf("%s: %d credentials were lost", row, n)
		}
	}
	t.Logf("what became of each credential (refreshes/reuse/requests):\n%s", text.String())
}
