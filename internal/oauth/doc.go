// Package oauth speaks OAuth 2.0 over HTTP: it builds requests, sends each of them exactly once, and says what the
// server's reply means.
//
// Caller.Post sends a form to a token-like endpoint. The forms come from ExchangeForm, RefreshForm and RevokeForm; the
// reply goes through Judge or JudgeRevocation, which are pure. AuthorizationURL and ParseCallback are the two ends of a
// login in a browser.
//
// Caller.Probe asks a protected resource whether it takes an access token. Caller.Discover asks an authorization server for its
// metadata.
//
// A refresh token may be single-use, so everything here serves two aims: the caller always knows whether the server may
// have seen the request, and a token that can be read in a reply is never dropped, however odd the rest of it is.
//
// The package keeps nothing, reads no clock, and decides nothing about retries: that is the engine's work. It knows no
// platform either; what a platform does beyond the RFCs is for the caller to say.
package oauth
