// Package lintrules proves that the rules in .golangci.yml bite. Its tests plant breaches in a module made of stubs and
// require the linter to report each of them, and nothing that is allowed. It has no code of its own to call.
package lintrules
