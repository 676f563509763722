// Package oauth speaks OAuth 2.0 over HTTP: it builds requests, sends each of them exactly once, and says what the
// server's reply means.
//
// Caller.Post sends a form to a token-like endpoint. A request is made by one of the …Form functions or by GrantRequest, or by
// RegisterRequest and its like; its reply goes through the Judge function of the same endpoint, which is pure. AuthorizationURL and
// ParseCallback are the two ends of a login in a browser.
//
// Caller.Probe and Caller.LookUp ask a protected resource; Caller.Discover asks an authorization server for its metadata. NewAPITransport
// is for calls of an API that this package does not make itself.
//
// A refresh token may be single-use, so everything here serves two aims: the caller always knows whether the server may
// have seen the request, and a token that can be read in a reply is never dropped, however odd the rest of it is.
//
// The package keeps nothing, goes by no clock but the one it is given, and decides nothing about retries: that is the engine's work. It
// knows no platform either; what a platform does beyond the RFCs is for the caller to say (Dialect).
package oauth
