package provider

// ignoreSignals does nothing: Windows has no SIGPIPE, and a closed console ends the process in any case.
func ignoreSignals() {}

// orphaned is not told on Windows, where a process keeps the id of a parent that is gone; nor is there a SIGPIPE to
// ignore.
func orphaned(int) bool { return false }
