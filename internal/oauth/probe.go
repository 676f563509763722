package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// ProbeReply is what a protected resource answered. Only its status counts: the body is not read.
type ProbeReply struct {
	Sent   bool  // the resource may have seen the request
	Status int   // 0: no status line arrived
	Err    error // what went wrong on the way, without secrets
}

// Rejected tells whether the resource does not take the token (RFC 6750 §3.1), and Accepted whether it does. Any other answer
// says nothing about it: 403 is about what the token may do.
func (r ProbeReply) Rejected() bool { return r.Status == http.StatusUnauthorized }

// Accepted is the other half of Rejected.
func (r ProbeReply) Accepted() bool { return r.Status >= 200 && r.Status < 300 }

// Probe asks a protected resource whether it takes an access token: one GET with the token in its header (RFC 6750 §2.1).
// It follows no redirect, which would take the token elsewhere, and goes where a call to a token endpoint may go.
func (c *Caller) Probe(ctx context.Context, resource string, token secret.String) ProbeReply {
	if err := CheckEndpoint(resource, c.allowInsecureHTTP); err != nil {
		return ProbeReply{Err: err}
	}
	ctx, cancel := withRunningTime(ctx, c.timeout)
	defer cancel()
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }})
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, resource, nil)
	if err != nil { // its text quotes the URL
		return ProbeReply{Err: endpointError("it is not a URL")}
	}
	request.Header.Set("Authorization", "Bearer "+token.Reveal())
	request.Header.Set("Accept", "*/*")
	request.Header.Set("Accept-Encoding", "identity")
	if c.userAgent != "" {
		request.Header.Set("User-Agent", c.userAgent)
	}

	response, err := c.transport.RoundTrip(request) // see Post
	reply := ProbeReply{Sent: connected.Load() || response != nil}
	switch {
	case response != nil:
		_ = response.Body.Close() // what it holds is nobody's business
		reply.Status = response.StatusCode
	case err == nil:
		reply.Err = errors.New("the transport returned nothing")
	default:
		reply.Err = safeError(err, reply.Sent, request, url.Values{"access_token": {token.Reveal()}})
	}
	return reply
}
