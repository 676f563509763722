// Package simulation runs the engine in a world that is made up: its clocks, its machines and processes, its stores, its
// network and its authorization server. One seed decides all that happens there, so that a run which finds a fault can be
// run again, event for event. It has no code of its own.
//
// The engine is the one that ships: credential.Manager, above store.Store and the Caller of package oauth. What the world
// stands for is what they are given: store, transport, clock, randomness and rescue folder. Every call to one of these is
// a point where the caller waits and the scheduler chooses what happens next. The scheduler runs in a synctest bubble,
// which tells when everybody waits; the time of the bubble itself stands still.
//
// Some credentials share a client whose refusals the server counts. It must never have to lock one out; client_test.go names
// the one cause for which it may.
//
// A failing test prints the command that runs its seed again, and writes every event to the file given by -sim.trace. The
// long run is TestSoak with -sim.credentials and -sim.days. With -sim.strict, what the engine is known to fall short of is
// a fault too; TestSpecialWorlds shows it.
//
// What is not simulated: sealing, the file formats of real stores, HTTP itself and Terraform.
package simulation
