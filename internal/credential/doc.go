// Package credential is the engine: it keeps token pairs in a store and rotates them without ever losing a successor.
//
// Manager is the entry point. What to do next is decided by pure functions (Decide, and the apply functions beside the
// record); a rotation or a code exchange is always claim → call → commit, with the store's compare-and-swap as the
// only primitive.
//
// The package knows nothing of Terraform, and next to nothing of encryption: the records that it gives to a store are sealed
// below it, and only RescueDir, which keeps replies that no store takes, seals by itself. Caller, clock and randomness
// are handed in. It writes no diagnostics; its errors say what happened, and the provider puts them into words.
package credential
