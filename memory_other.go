//go:build unix && !linux

package main

// hideMemory keeps core dumps from being written. That it is not debugged there is no portable way to ask for.
func hideMemory() { noCoreDump() }
