package main

import (
	"strings"
	"testing"
)

// Memory is left open to others for a debugger alone, however the flag is written.
func TestDebugged(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]bool{
		"": false, "-debug": true, "--debug": true, "-debug=true": true, "--debug=1": true, "-debug=false": false, "-debug=": false, "debug": false, "-debugger": false,
		"status -debug": false, "authorize --name -debug": false,
	} {
		if got := debugged(strings.Fields(line)); got != want {
			t.Errorf("%q: %v", line, got)
		}
	}
}
