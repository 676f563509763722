// Package credential is the engine: it keeps token pairs in a store and rotates them without ever losing a successor.
//
// Manager is the entry point. What to do next is decided by pure functions (Decide, and the apply functions beside the
// record); a rotation or a code exchange is always claim → call → commit, with the store's compare-and-swap as the
// only primitive.
//
// The package knows neither Terraform nor the encryption at rest: it is given a store of plain records (sealed below it), a caller for
// the token endpoint, a clock and randomness. It writes no diagnostics; its errors say what happened, and the
// provider puts them into words.
package credential
