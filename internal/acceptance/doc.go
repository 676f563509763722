// Package acceptance holds the tests that drive a real terraform binary, the provider as a real process, and a real
// authorization server over loopback. It has no code of its own.
//
// The test binary is also the provider: when core starts it as a plugin, TestMain serves the provider with the stores
// and the transport that ship, wrapped so that a test can stop the process at a named step. The shipped binary has no
// such thing.
package acceptance
