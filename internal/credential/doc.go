// Package credential is the engine: it keeps token pairs, and registrations of clients, in a store, and rotates tokens without ever
// losing a successor.
//
// Manager is the entry point, and Mover for credentials that go to another store. What to do next is decided by pure functions (Decide,
// and the apply functions beside the record); whatever may be used up goes through claim → call → commit, with the store's
// compare-and-swap as the only primitive. What uses nothing up goes through postBooked.
//
// The package knows nothing of Terraform, of encryption and of files: the records that it gives to a store are sealed below it, and
// replies that no store takes go to a Rescue. Caller, clock and randomness are handed in. It writes no diagnostics; its errors say what
// happened, and the provider puts them into words.
package credential
