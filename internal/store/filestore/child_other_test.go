//go:build !unix

package filestore

// runChild has no work here: the tests with processes need signals.
func runChild(string, []string) int { return 1 }
