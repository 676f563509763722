package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// pluginName is the provider's program; terraform adds the version.
const pluginName = "terraform-provider-oauth"

// process is one line of the process table.
type process struct {
	id, group int
	command   string // the path of the program
}

// providersOf returns the ids of the provider processes in a process group: those that this terraform started.
func providersOf(ctx context.Context, group int) ([]int, error) {
	table, err := processTable(ctx)
	if err != nil {
		return nil, err
	}
	var ids []int
	for _, p := range table {
		if p.group == group && strings.HasPrefix(filepath.Base(p.command), pluginName) {
			ids = append(ids, p.id)
		}
	}
	return ids, nil
}

// processTable reads /proc where there is one (small Linux images have no ps), and asks ps elsewhere.
func processTable(ctx context.Context) ([]process, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil || len(entries) == 0 {
		text, err := program(ctx, "ps", "-A", "-o", "pid=", "-o", "pgid=", "-o", "comm=").Output()
		return parseTable(string(text)), err
	}
	var table []process
	for _, entry := range entries {
		id, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		dir := filepath.Join("/proc", entry.Name())
		stat, err := os.ReadFile(filepath.Join(dir, "stat"))
		if err != nil {
			continue // it has ended meanwhile
		}
		command, err := os.Readlink(filepath.Join(dir, "exe"))
		if err != nil {
			continue // it has ended, or is another user's
		}
		table = append(table, process{id: id, group: groupOf(string(stat)), command: command})
	}
	return table, nil
}

// groupOf reads the process group out of /proc/ID/stat: "id (name) state parent group …", and the name may hold
// anything.
func groupOf(stat string) int {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 3 {
		return 0
	}
	group, err := strconv.Atoi(fields[2])
	if err != nil {
		return 0
	}
	return group
}

// parseTable reads the lines of ps: id, group, command.
func parseTable(text string) []process {
	var table []process
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 3 {
			continue
		}
		id, idErr := strconv.Atoi(fields[0])
		group, groupErr := strconv.Atoi(fields[1])
		if idErr == nil && groupErr == nil {
			table = append(table, process{id: id, group: group, command: strings.Join(fields[2:], " ")})
		}
	}
	return table
}
