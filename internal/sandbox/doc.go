// Package sandbox is an OAuth 2.0 authorization server that misbehaves on demand. Tests, the demo and people who try
// the provider run against it. It is an independent fake: it is written from RFC 6749, 7009, 7523, 7591, 7592, 7636, 7662, 8414, 8628,
// 8693, 8705, 8707, 9126, 9207 and 9449 and from what platforms do, and it imports nothing of this project, so that it can prove the client wrong.
//
// New makes a Server, which is an http.Handler; Start serves it on a loopback port, plain or over TLS. The Server's
// methods (and the JSON control API under /_sandbox/, see control.go) move its clock, change its rotation rules,
// plant faults, hold requests at a named stage, and tell afterwards exactly what arrived and what it did.
//
// # What it serves
//
//	GET  /authorize                               the consent page
//	POST /authorize                               the decision of that page
//	POST /token                                   authorization_code, refresh_token, client_credentials, device_code;
//	                                              with Options.Grants also password, jwt-bearer, token-exchange and others
//	POST /par                                     RFC 9126
//	POST /device_authorization                    RFC 8628
//	GET  /device                                  where a person enters a user code
//	POST /device                                  the decision of that page
//	POST /revoke                                  RFC 7009
//	POST /introspect                              RFC 7662
//	POST /register                                RFC 7591, if Settings.Registration enables it
//	GET  /register/ID                             RFC 7592; likewise PUT and DELETE
//	GET  /.well-known/oauth-authorization-server  RFC 8414
//	GET  /.well-known/openid-configuration        the same, where OpenID Connect Discovery looks for it
//	GET  /api/me                                  a resource that wants a live access token; some profiles have others
//	GET  /callback                                shows the callback URL to a person, to be copied
//	GET  /…                                       what a profile has of its platform's API (manners.resources)
//	     /redirected                              where the redirect fault leads; being asked is counted
//
// # What it does not do
//
// It has no users to log in, keeps everything in memory, and hands out every secret it knows through its control API.
// It must never face a network.
//
// # Platform profiles
//
// A profile makes the sandbox answer like one platform: Options.Profile names it. It is a row of a table (profile.go, and
// a file for each platform), in three parts: Settings (rotation, reuse, lifetimes, earliest refresh), manners (what the
// endpoints ask for, and what replies have on top), and a table from a refusal's reason (refusal.go) to the status and body
// that the platform sends. Every refusal passes through Server.refuse, which looks it up in Server.refusals.
//
// The table is written from what platforms document and clients report, each line with its source, and never from what
// the provider believes: a fact that was copied proves nothing. What sources contradict each other about is a variant.
// Endpoint code must not ask which profile is active; when a platform needs behaviour that no setting and no manner
// expresses, add a manner.
package sandbox
