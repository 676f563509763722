package main

// hideMemory does nothing: the Go runtime has turned Windows Error Reporting off, unless GOTRACEBACK=wer asks for it.
func hideMemory() {}
