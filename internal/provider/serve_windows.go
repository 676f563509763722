package provider

// ignoreSignals does nothing: Windows has no SIGPIPE, and a closed console ends the process in any case.
func ignoreSignals() {}
